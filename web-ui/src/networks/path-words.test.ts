import { describe, expect, it } from "vitest";
import type { DataPath, NetworkWays } from "../api/types";
import { ahead, broughtWords, guess, networkState } from "./path-words";

const NOW = Date.parse("2026-11-20T12:00:00Z");

const path = (state: DataPath["state"], more: Partial<DataPath> = {}): DataPath => ({
  id: `border-agent:${state}`,
  kind: "border-agent",
  name: "Hall hub",
  addresses: [],
  state,
  since: "2026-11-20T11:00:00Z",
  detail: "",
  waits_for_passcode: false,
  is_by_hand: false,
  abilities: [],
  ...more,
});

const network = (paths: DataPath[], hasCredential = false): NetworkWays => ({
  extended_pan_id: "dead1111beef2222",
  name: "home",
  credential: hasCredential
    ? {
        origin: "by-hand",
        added_at: "2026-11-20T11:00:00Z",
        has_network_key: true,
        has_pskc: true,
        check: "matches",
        detail: "",
      }
    : null,
  paths,
  airtime_last_hour: { frames: 0, bytes: 0 },
  frames_per_hour: 6000,
});

describe("a network in one line", () => {
  it("is what works, whatever else does not", () => {
    const ways = [path("wrong-credential"), path("working", { name: "Attic hub", last_success_at: "2026-11-20T11:58:00Z" })];
    expect(networkState(network(ways), false, NOW)).toEqual({ word: "Read through Attic hub, 2 min ago", tone: "good" });
  });

  it("is the pause before everything", () => {
    expect(networkState(network([path("working", { last_success_at: "2026-11-20T11:58:00Z" })]), true, NOW).tone).toBe("warning");
  });

  it("names the fault that a person can mend first", () => {
    const state = networkState(network([path("unreachable"), path("wrong-credential")], true), false, NOW);
    expect(state.word).toBe("Credential refused");
  });

  it("tells a missing credential from a turn to wait for", () => {
    expect(networkState(network([path("needs-credential")]), false, NOW).word).toBe("Nothing opens it yet");
    expect(networkState(network([path("untried")], true), false, NOW).word).toBe("Waits for its turn");
    expect(networkState(network([]), false, NOW).word).toBe("No way in is known");
  });
});

describe("what an attempt brought", () => {
  it("says who did not answer, and what it cost", () => {
    const brought = {
      routers: 9,
      silent_routers: 1,
      children: 1,
      answers: 30,
      milliseconds: 1_400,
      airtime: { frames: 180, bytes: 9_000 },
    };
    expect(broughtWords(brought)).toBe("9 routers and 1 child in 1.4 s, with about 180 radio frames; 1 router did not answer");
  });

  it("looks ahead in the same words", () => {
    expect(ahead("2026-11-20T12:04:00Z", NOW)).toBe("in 4 min");
    expect(ahead("2026-11-20T11:59:00Z", NOW)).toBe("now");
  });
});

describe("what somebody enters", () => {
  it("is judged without being repeated", () => {
    for (const [text, kind] of [
      ["0e08 0000000000010000 0003000014", "dataset"],
      ["> 0e0800000000000100000003000014\nDone\n", "dataset"],
      ["0x0e0800000000000100000003000014", "dataset"],
      ["0e080000000000010000".repeat(30), "other"],
      ["00112233445566778899aabbccddeeff", "pskc"],
      ["0e080000000000010", "other"],
      ["correct horse", "other"],
      ["  ", "nothing"],
    ] as const) {
      const said = guess(text);
      expect(said.kind).toBe(kind);
      expect(said.words).not.toContain(text.trim().slice(0, 8) || "nothing");
    }
  });
});
