import { describe, expect, it } from "vitest";
import { contributionWords, size, sourceState } from "./source-words";

const nothing = { nodes: 0, links: 0, parents: 0, nodes_alone: 0, links_alone: 0, parents_alone: 0 };

describe("sources in words", () => {
  it("says what would be missing", () => {
    expect(contributionWords({ ...nothing, nodes: 20, links: 30, nodes_alone: 3, links_alone: 12 })).toBe(
      "It tells of 20 devices and 30 links. Without it, 3 devices and 12 links would be missing.",
    );
    expect(contributionWords({ ...nothing, nodes: 1, nodes_alone: 1 })).toBe(
      "It tells of 1 device. Without it, 1 device would be missing.",
    );
    expect(contributionWords({ ...nothing, nodes: 1, links: 1 })).toContain("other sources too");
    expect(contributionWords(nothing)).toContain("Nothing on the map");
  });

  it("does not call a deaf source good, nor hide a state that is new", () => {
    expect(sourceState({ state: "deaf" }).tone).toBe("problem");
    expect(sourceState({ state: "working" }).tone).toBe("good");
    expect(sourceState({ state: "dreaming" })).toMatchObject({ word: "dreaming", tone: "info" });
  });

  it("writes sizes", () => {
    expect([size(900), size(78_096), size(12_340_000), size(2_500)]).toEqual(["900 bytes", "78 KB", "12 MB", "2.5 KB"]);
  });
});
