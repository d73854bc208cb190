import { describe, expect, it } from "vitest";
import type { Node, PairingJob } from "../api/types";
import { endedWords, enteredWords, inOrder, meshNode, queueWords, took } from "./job-words";

const job = (id: number, state: PairingJob["state"], name: string | null = null): PairingJob =>
  ({ id, state, name, code: "•••••••••32" }) as PairingJob;

describe("jobs in words", () => {
  it("puts first what a person has to decide", () => {
    const jobs = [job(1, "done"), job(2, "waiting"), job(3, "failed"), job(4, "decide"), job(5, "running"), job(6, "waiting")];
    expect(inOrder(jobs).map((one) => one.id)).toEqual([4, 5, 3, 2, 6, 1]);
    expect(queueWords(jobs)).toBe("1 of 6 joined · 1 to decide · 1 did not join · 2 waiting");
  });

  it("says what ended, once", () => {
    const before = new Map<number, PairingJob["state"]>([
      [1, "running"],
      [2, "done"],
    ]);
    const jobs = [job(1, "failed", "Hall plug"), job(2, "done"), job(3, "done", "never seen before")];
    expect(endedWords(before, jobs)).toBe("Hall plug: did not join.");
    const many = [1, 2, 3, 4, 5].map((id) => job(id, "done"));
    expect(endedWords(new Map(many.map((one) => [one.id, "running"])), many)).toBe("5 devices: joined.");
  });

  it("says what became of codes", () => {
    expect([enteredWords(0, 0), enteredWords(1, 0), enteredWords(2, 1)]).toEqual([
      "No code was found in it.",
      "1 device will join.",
      "2 devices will join, 1 code not taken.",
    ]);
  });

  it("writes times", () => {
    expect([took(320), took(4_230), took(65_000)]).toEqual(["320 ms", "4.2 s", "1 min 5 s"]);
  });

  it("finds a device in the mesh by both of its ids", () => {
    const nodes = [
      { id: "a", known_as: { matter: ["00AA-01"] } },
      { id: "b", known_as: { matter: ["00AA-02"] } },
    ] as unknown as Node[];
    expect(meshNode(nodes, "00aa", { node: "02" })?.id).toBe("b");
    expect(meshNode(nodes, "00bb", { node: "02" })).toBeUndefined();
    expect(meshNode(nodes, null, { node: "02" })).toBeUndefined();
  });
});
