import { describe, expect, it } from "vitest";
import type { Finding, Network, Node, NodePosition } from "../api/types";
import { device } from "../bench/generate";
import { fitCamera } from "./fit";
import { RADIUS } from "./glyphs";
import { type Area, covered, labelArea } from "./labels";
import { captionArea } from "./naming";
import { captionsOf, SceneBuilder, type Scene } from "./scene";
import { structureOf } from "./structure";
import home from "./testdata/home44.json";
import type { Camera, MeshLike } from "./types";

const CHOICES = { links: "best", endDevices: true, ghosts: true, rooms: false } as const;
/** As wide as letters are in the widest font that pages are read in: where there is room for these, there is room for others. */
const measure = (text: string, strong: boolean): number => text.length * (strong ? 8.1 : 6.3);

const nodes = home.nodes.map((node) => device(node.id, node as Partial<Node>));
const mesh: MeshLike = {
  networks: new Map([[home.network.id, { ...home.network, partitions: [] } as unknown as Network]]),
  nodes: new Map(nodes.map((node) => [node.id, node])),
  links: new Map(),
  findings: new Map(home.findings.map((finding) => [finding.id, { title: "", detail: "", advice: "", ...finding } as Finding])),
  cards: new Map([[home.network.id, home.card]]),
  places: new Map(Object.entries(home.places as Record<string, NodePosition>)),
};

/** The home as the page shows it when everything is to be seen. */
function picture(width: number, height: number): { scene: Scene; camera: Camera } {
  const structure = structureOf(mesh, CHOICES);
  const insets = { top: 54, right: 68, bottom: 84, left: 20 };
  const wishes = { network: null, selected: null, measure };
  const builder = new SceneBuilder();
  const camera = fitCamera(structure, { camera: { k: 1, x: 0, y: 0 }, width, height }, wishes, insets, builder)!;
  return { scene: builder.build(structure, { camera, width, height }, wishes), camera };
}

describe("names of a home of 44 devices", () => {
  // The map's area in a window of 1400 x 900, with the overview beside it.
  const { scene, camera } = picture(1044, 730);
  const named = scene.nodes.filter((node) => node.label);
  const areaOf = (node: (typeof named)[number]): Area => {
    const main = node.c.includes("main");
    return labelArea({ x: node.x, y: node.y, width: measure(node.name, main), height: 14 }, node.label!);
  };

  it("nearly all have a place in a window of 1400 x 900", () => {
    expect(scene.nodes).toHaveLength(44);
    expect(named.length).toBeGreaterThanOrEqual(40);
  });

  it("all routers are named", () => {
    expect(scene.nodes.filter((node) => node.c.includes("main") && !node.label).map((node) => node.name)).toEqual([]);
  });

  it("lie on no other name, no device and no title", () => {
    const titles = scene.frames.flatMap((frame) => captionsOf(frame).map((caption) => captionArea(caption, measure)));
    expect(titles).toHaveLength(1);
    for (const node of named) {
      const own = areaOf(node);
      const names = named.filter((other) => other !== node).map(areaOf);
      const shapes = scene.nodes
        .filter((other) => other !== node)
        .map(({ x, y, look }) => {
          const radius = RADIUS[look.kind] * scene.scale;
          return { left: x - radius, top: y - radius, right: x + radius, bottom: y + radius };
        });
      for (const other of [...names, ...shapes, ...titles]) expect(covered(own, other), node.name).toBe(0);
    }
  });

  it("are all in the free part of the map when everything is shown", () => {
    for (const area of named.map(areaOf)) {
      expect(area.left + camera.x).toBeGreaterThanOrEqual(20);
      expect(area.right + camera.x).toBeLessThanOrEqual(1044 - 68);
      expect(area.top + camera.y).toBeGreaterThanOrEqual(54);
      expect(area.bottom + camera.y).toBeLessThanOrEqual(730 - 84);
    }
  });

  it("go to the routers first where there is little room", () => {
    const { scene: small } = picture(420, 420);
    const isNamed = (main: boolean): number => {
      const all = small.nodes.filter((node) => node.c.includes("main") === main);
      return all.filter((node) => node.label).length / all.length;
    };
    expect(isNamed(true)).toBeGreaterThan(isNamed(false));
  });
});
