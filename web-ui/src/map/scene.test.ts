import { describe, expect, it } from "vitest";
import type { Finding } from "../api/types";
import { device, generate, link, type Generated } from "../bench/generate";
import { isNear, SceneBuilder, type Scene } from "./scene";
import { structureOf } from "./structure";
import type { Camera, Choices, MeshLike } from "./types";

const ALL: Choices = { links: "all", endDevices: true, ghosts: true, rooms: false };

function mesh({
  topology,
  positions,
}: Generated): MeshLike & { nodes: Map<string, Generated["topology"]["nodes"][number]>; findings: Map<string, Finding> } {
  const byId = <T extends { id: string }>(list: readonly T[]): Map<string, T> => new Map(list.map((one) => [one.id, one]));
  return {
    networks: byId(topology.networks),
    nodes: byId(topology.nodes),
    links: byId(topology.links),
    findings: byId(topology.findings as Finding[]),
    cards: new Map(Object.entries(positions.networks)),
    places: new Map(Object.entries(positions.nodes)),
  };
}

function scene(of: MeshLike, choices: Choices, camera: Camera, selected: string | null = null): Scene {
  const structure = structureOf(of, choices);
  return new SceneBuilder().build(
    structure,
    { camera, width: 1200, height: 800 },
    { network: null, selected, measure: (text) => text.length * 6 },
  );
}

const HOME: Camera = { k: 1, x: 0, y: 0 };

describe("zoom levels", () => {
  it("draws a campus as cards, with counts and the worst finding", () => {
    const campus = mesh(generate(2_000));
    const { cards, nodes } = scene(campus, ALL, { k: 0.1, x: 0, y: 0 });
    expect(nodes).toHaveLength(0);
    expect(cards).toHaveLength(20);
    expect(cards.find((card) => card.title === "Net 9")?.worst).toBe("warning");
    expect(cards[0]?.said).toBe("Net 1, 100 devices");
    expect(cards[0]!.art.links.length + cards[0]!.art.dots.length).toBeLessThan(12);
  });

  it("draws devices of the networks in view only", () => {
    const { near, nodes, cards } = scene(mesh(generate(2_000)), ALL, { k: 0.8, x: 0, y: 0 });
    expect(near.map((part) => part.network?.name)).toContain("Net 1");
    expect(near.length).toBeLessThan(6);
    expect(nodes.length).toBeGreaterThan(0);
    expect(cards).toHaveLength(0);
  });

  it("counts a network as near by its width on the screen", () => {
    const part = [...structureOf(mesh(generate(100)), ALL).parts.values()][0]!;
    expect(isNear(part, 430 / part.card.width, 1200)).toBe(true);
    expect(isNear(part, 400 / part.card.width, 1200)).toBe(false);
    expect(isNear(part, 330 / part.card.width, 390)).toBe(true);
    expect(isNear(part, 0.3, 1200, true), "a home is not folded into a card").toBe(true);
    expect(isNear(part, 0.2, 1200, true)).toBe(false);
  });

  it("names every device from near", () => {
    const { nodes } = scene(mesh(generate(100)), ALL, { k: 1.6, x: 0, y: 0 });
    expect(nodes.every((node) => node.label !== null)).toBe(true);
  });
});

describe("filters", () => {
  const home = generate(60);
  it("leave nothing out without counting it", () => {
    const of = mesh(home);
    for (const choices of [ALL, { ...ALL, endDevices: false }, { ...ALL, links: "best" as const }, { ...ALL, links: "weak" as const }]) {
      const structure = structureOf(of, choices);
      const shown = [...structure.parts.values()].reduce((sum, part) => sum + part.nodes.length, 0);
      expect(shown + structure.hiddenNodes).toBe(home.topology.nodes.length);
    }
    expect(structureOf(of, { ...ALL, links: "best" }).hiddenLinks).toBeGreaterThan(0);
    expect(structureOf(of, ALL).hiddenLinks).toBe(0);
  });

  it("hide ghosts only when asked to", () => {
    const of = mesh(home);
    const [id, node] = [...of.nodes][3]!;
    of.nodes.set(id, { ...node, state: "one-sided", unheard: true });
    expect(scene(of, ALL, HOME).nodes.find((one) => one.id === id)?.look.kind).toBe("ghost");
    expect(scene(of, { ...ALL, ghosts: false }, HOME).nodes.some((one) => one.id === id)).toBe(false);
  });

  it("draw what is not in the backbone faintly", () => {
    const { batches } = scene(mesh(home), ALL, HOME);
    expect(batches.some((one) => one.c === "faint")).toBe(true);
    expect(scene(mesh(home), { ...ALL, links: "best" }, HOME).batches.some((one) => one.c === "faint")).toBe(false);
  });
});

describe("findings", () => {
  it("put a badge on what they are about, unless they are muted", () => {
    const of = mesh(generate(44));
    const id = [...of.nodes.keys()][4]!;
    const finding: Finding = { id: "f", kind: "weak-only", severity: "problem", subjects: [id], title: "", detail: "", advice: "" };
    of.findings.set("f", finding);
    expect(scene(of, ALL, HOME).nodes.find((node) => node.id === id)?.badge).toBe("problem");
    of.findings.set("f", { ...finding, muted: { reason: null, since: "2026-11-20T12:00:00Z" } });
    expect(scene(of, ALL, HOME).nodes.find((node) => node.id === id)?.badge).toBeNull();
  });
});

describe("live data", () => {
  it("leaves parts that nothing changed in as they are", () => {
    const data = generate(400);
    const of = mesh(data);
    const before = structureOf(of, ALL);
    const [first, node] = [...of.nodes][0]!;
    of.nodes.set(first, { ...node, name: "Other" });
    const after = structureOf(of, ALL, before);
    const same = [...after.parts].filter(([id, part]) => before.parts.get(id) === part);
    expect(same).toHaveLength(3);
  });

  it("moves nothing when nothing moved", () => {
    const of = mesh(generate(150));
    const builder = new SceneBuilder();
    const view = { camera: HOME, width: 1200, height: 800 };
    const wishes = { network: null, selected: null, measure: (text: string) => text.length * 6 };
    const one = builder.build(structureOf(of, ALL), view, wishes);
    const other = builder.build(structureOf(of, ALL), view, wishes);
    expect(other.nodes).toEqual(one.nodes);
  });
});

describe("what is said of a device", () => {
  it("names role, state, room and parent", () => {
    const of = mesh({
      topology: {
        ...generate(44).topology,
        nodes: [
          device("r", { name: "Hall plug" }),
          device("c", {
            name: "Door",
            role: "sleepy-end-device",
            state: "stale",
            room: "Hall",
            parent: { node: "r", state: "confirmed", reasons: [] },
          }),
        ],
        links: [link("r", "c", 3, null, { kind: "parent-child" })],
      },
      positions: { networks: { net: { x: 0, y: 0, width: 500, height: 300 } }, nodes: { r: { x: 100, y: 100 }, c: { x: 150, y: 100 } } },
    });
    expect(scene(of, ALL, HOME).nodes.find((node) => node.id === "c")?.said).toBe("Door, Sleepy device, old, in Hall, parent Hall plug");
  });
});
