import { describe, expect, it } from "vitest";
import type { Comparison } from "../api/types";
import { device, link } from "../bench/generate";
import { union } from "./compare";
import { distanceToLine, fitting, hull } from "./geometry";
import { glyph, lookOf } from "./glyphs";
import { nearest } from "./nearest";
import type { MeshLike } from "./types";

describe("nearest", () => {
  const things = [
    { id: "right", x: 100, y: 10 },
    { id: "far right", x: 300, y: 0 },
    { id: "aside", x: 40, y: 90 },
    { id: "up", x: 0, y: -80 },
  ];
  const from = { x: 0, y: 0 };
  it("goes to what lies ahead rather than aside", () => expect(nearest(from, "ArrowRight", things)?.id).toBe("right"));
  it("goes on from there", () => expect(nearest({ x: 100, y: 10 }, "ArrowRight", things)?.id).toBe("far right"));
  it("knows all four directions", () => {
    expect(nearest(from, "ArrowUp", things)?.id).toBe("up");
    expect(nearest(from, "ArrowDown", things)?.id).toBe("aside");
    expect(nearest(from, "ArrowLeft", things)).toBeNull();
  });
});

describe("geometry", () => {
  it("fits a box between the insets", () => {
    const camera = fitting({ x: 100, y: 100, width: 500, height: 100 }, 700, 500, { top: 50, right: 100, bottom: 50, left: 100 }, 2);
    expect(camera).toEqual({ k: 1, x: 0, y: 100 });
  });
  it("wraps discs", () => {
    const points = hull(
      [
        { x: 0, y: 0 },
        { x: 100, y: 0 },
        { x: 50, y: 10 },
      ],
      10,
    );
    expect(Math.min(...points.map((point) => point.x))).toBeCloseTo(-10);
    expect(Math.max(...points.map((point) => point.x))).toBeCloseTo(110);
  });
  it("measures to the line, not to its ends only", () => {
    expect(distanceToLine({ x: 50, y: 7 }, { x: 0, y: 0 }, { x: 100, y: 0 })).toBeCloseTo(7);
    expect(distanceToLine({ x: 110, y: 0 }, { x: 0, y: 0 }, { x: 100, y: 0 })).toBeCloseTo(10);
  });
});

describe("glyphs", () => {
  it("give every role a shape of its own", () => {
    const shapes = (["router", "reed", "end-device", "sleepy-end-device", "unknown"] as const).map((role) =>
      JSON.stringify(glyph(lookOf(device("a", { role })))),
    );
    shapes.push(JSON.stringify(glyph(lookOf(device("a", { border_router: true })))));
    shapes.push(JSON.stringify(glyph(lookOf(device("a", { unheard: true, state: "one-sided" })))));
    expect(new Set(shapes).size).toBe(shapes.length);
  });
  it("crown the leader, but not one that is gone", () => {
    const crowned = (state: "confirmed" | "gone") =>
      glyph(lookOf(device("a", { role: "leader", state }))).some((stroke) => stroke.c === "g-crown");
    expect(crowned("confirmed")).toBe(true);
    expect(crowned("gone")).toBe(false);
  });
});

describe("union", () => {
  const moment = (nodes: ReturnType<typeof device>[], links: ReturnType<typeof link>[], x: number): MeshLike => ({
    networks: new Map(),
    nodes: new Map(nodes.map((node) => [node.id, node])),
    links: new Map(links.map((one) => [one.id, one])),
    findings: new Map(),
    cards: new Map(),
    places: new Map(nodes.map((node) => [node.id, { x, y: 0 }])),
  });
  const parent = (node: string) => ({ node, state: "confirmed" as const, reasons: [] });
  const a = moment(
    [device("r"), device("old"), device("c", { role: "end-device", parent: parent("r") })],
    [link("r", "old", 3, 3), link("r", "s", 3, 3)],
    1,
  );
  const b = moment([device("r"), device("s"), device("c", { role: "end-device", parent: parent("s") })], [link("r", "s", 2, 2)], 2);
  const change = {
    kind: "link-worse",
    group: "links",
    effect: "worse",
    severity: "info",
    text: "",
    detail: null,
    subjects: ["r~s", "r"],
  } as Comparison["changes"][number];
  const both = union(a, b, { changes: [change] });
  it("marks what joined, left and changed, and nothing else", () => {
    expect(Object.fromEntries(both.marks)).toEqual({ s: "added", old: "removed", c: "changed", "r~old": "removed", "r~s": "worse" });
  });
  it("keeps what left where it stood", () => {
    expect(both.mesh.places.get("old")?.x).toBe(1);
    expect(both.mesh.places.get("r")?.x).toBe(2);
  });
});
