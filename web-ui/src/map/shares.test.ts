import { describe, expect, it } from "vitest";
import type { Finding, Link, Node, NodePosition } from "../api/types";
import { generate, hears } from "../bench/generate";
import { sharesOf } from "./shares";
import type { MeshLike } from "./types";

const byId = <T extends { id: string }>(list: readonly T[]): Map<string, T> => new Map(list.map((one) => [one.id, one]));

interface Changeable extends MeshLike {
  nodes: Map<string, Node>;
  links: Map<string, Link>;
  findings: Map<string, Finding>;
  places: Map<string, NodePosition>;
}

function campus(): Changeable {
  const { topology, positions } = generate(400);
  return {
    networks: byId(topology.networks),
    nodes: byId(topology.nodes),
    links: byId(topology.links),
    findings: byId(topology.findings as Finding[]),
    cards: new Map(Object.entries(positions.networks)),
    places: new Map(Object.entries(positions.nodes)),
  };
}

/** What a change makes new, compared with sorting everything again. */
function after(change: (mesh: Changeable) => void): string[] {
  const mesh = campus();
  const before = sharesOf(mesh);
  change(mesh);
  const now = sharesOf(mesh, before);
  expect(now.all).toEqual(sharesOf(mesh).all);
  return [...now.all].filter(([id, share]) => before.all.get(id) !== share).map(([id]) => id);
}

const first = (mesh: Changeable): Node => [...mesh.nodes.values()][0]!;
const second = (mesh: Changeable): Node => [...mesh.nodes.values()].find((node) => node.network !== first(mesh).network)!;

describe("sharesOf", () => {
  const [home, other] = ((mesh) => [first(mesh).network!, second(mesh).network!])(campus());

  it("keeps everything where nothing is new", () => expect(after(() => undefined)).toEqual([]));

  it("renews the network of a device that changed, and no other", () => {
    expect(after((mesh) => mesh.nodes.set(first(mesh).id, { ...first(mesh), name: "Other" }))).toEqual([home]);
  });

  it("renews the network of a link that changed", () => {
    expect(
      after((mesh) => {
        const link = [...mesh.links.values()].find(({ a }) => mesh.nodes.get(a)?.network === other)!;
        mesh.links.set(link.id, { ...link, a_hears_b: hears(1) });
      }),
    ).toEqual([other]);
  });

  it("follows devices that come, go and change their network", () => {
    expect(after((mesh) => mesh.nodes.delete(first(mesh).id))).toEqual([home]);
    const moved = after((mesh) => mesh.nodes.set(first(mesh).id, { ...first(mesh), network: other }));
    expect(moved.sort()).toEqual([home, other].sort());
  });

  it("follows places, but not positions that say the same again", () => {
    expect(after((mesh) => mesh.places.set(first(mesh).id, { x: 1, y: 2 }))).toEqual([home]);
    expect(after((mesh) => (mesh.places = new Map([...mesh.places].map(([id, place]) => [id, { ...place }]))))).toEqual([]);
  });

  it("follows findings about devices, links and networks", () => {
    const finding = (subject: string): Finding => ({
      id: "new",
      kind: "weak-only",
      severity: "problem",
      subjects: [subject],
      title: "",
      detail: "",
      advice: "",
    });
    expect(after((mesh) => mesh.findings.set("new", finding(second(mesh).id)))).toEqual([other]);
    expect(after((mesh) => mesh.findings.set("new", finding(home)))).toEqual([home]);
    expect(after((mesh) => mesh.findings.set("new", finding([...mesh.links.keys()][0]!)))).toEqual([home]);
  });
});
