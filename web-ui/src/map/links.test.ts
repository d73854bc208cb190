import { describe, expect, it } from "vitest";
import { link } from "../bench/generate";
import { linesOf, lookOfLink } from "./links";

const from = { x: 0, y: 0 };
const to = { x: 100, y: 0 };

describe("lookOfLink", () => {
  it("gives each half what the device at its end hears", () => {
    expect(lookOfLink(link("a", "b", 3, 1))).toMatchObject({ a: "q3", b: "q1", dash: "solid" });
  });

  it("dots only the silent half of a link that is heard one way", () => {
    expect(lookOfLink(link("a", "b", 3, null, { state: "one-sided" }))).toMatchObject({ a: "q3", b: "none", dash: "solid" });
  });

  it("shows belief by dashes", () => {
    const dash = (state: Parameters<typeof link>[4]) => lookOfLink(link("a", "b", 3, 3, state)).dash;
    expect(dash({ state: "stale" })).toBe("old");
    expect(dash({ state: "inferred" })).toBe("unconfirmed");
    expect(dash({ state: "one-sided" })).toBe("unconfirmed");
    expect(dash({ state: "contradicted" })).toBe("contradicted");
    expect(dash({ state: "gone" })).toBe("gone");
  });

  it("colours a child's link only where it is not good", () => {
    expect(lookOfLink(link("a", "b", 3, 3, { kind: "parent-child" }))).toMatchObject({ a: "child", b: "child", thin: true });
    expect(lookOfLink(link("a", "b", 3, 1, { kind: "parent-child" }))).toMatchObject({ a: "child", b: "q1" });
  });

  it("sets links over the LAN apart", () => {
    expect(lookOfLink(link("a", "b", null, null, { medium: "trel" }))).toMatchObject({ a: "trel", b: "trel" });
  });
});

describe("linesOf", () => {
  it("draws unequal halves apart, and each from its own device", () => {
    const lines = linesOf(from, to, 10, 10, lookOfLink(link("a", "b", 3, 1)));
    expect(lines.map((line) => line.c)).toEqual(["q-q3", "q-q1"]);
    expect(lines[0]!.d).toMatch(/^M10 0L48/);
    expect(lines[1]!.d).toMatch(/^M90 0L51/);
  });

  it("draws equal halves with one path", () => {
    expect(linesOf(from, to, 10, 10, lookOfLink(link("a", "b", 2, 2)))).toHaveLength(1);
  });

  it("draws two lines over the LAN", () => {
    expect(linesOf(from, to, 10, 10, lookOfLink(link("a", "b", null, null, { medium: "trel" })))[0]!.d.match(/M/g)).toHaveLength(2);
  });

  it("draws nothing between devices that touch", () => {
    expect(linesOf(from, { x: 15, y: 0 }, 10, 10, lookOfLink(link("a", "b", 3, 3)))).toEqual([]);
  });
});
