/** The mesh as the page holds it: the API's objects by id, where they stand, and the indexes that views ask for. */

import type { Card, Delta, Finding, LayoutDelta, Link, Network, Node, NodePosition, Positions, Topology } from "../api/types";

interface Indexes {
  children: Map<string, Node[]>;
  links: Map<string, Link[]>;
  members: Map<string | null, Node[]>;
  findings: Map<string, Finding[]>;
  previous: Map<string, string>;
}

const NOTHING: never[] = [];

/** One moment's mesh. Reading any part of it makes the reader run again when the mesh changes. */
export class Mesh {
  #version = $state(0);
  #networks = new Map<string, Network>();
  #nodes = new Map<string, Node>();
  #links = new Map<string, Link>();
  #findings = new Map<string, Finding>();
  #cards = new Map<string, Card>();
  #places = new Map<string, NodePosition>();
  #indexes: Indexes | null = null;
  #asOf = "";

  /** Counts changes. */
  get version(): number {
    return this.#version;
  }

  /** The moment that it is about; empty until something is known. */
  get asOf(): string {
    return this.#read(this.#asOf);
  }

  get networks(): ReadonlyMap<string, Network> {
    return this.#read(this.#networks);
  }

  get nodes(): ReadonlyMap<string, Node> {
    return this.#read(this.#nodes);
  }

  get links(): ReadonlyMap<string, Link> {
    return this.#read(this.#links);
  }

  get findings(): ReadonlyMap<string, Finding> {
    return this.#read(this.#findings);
  }

  /** Rectangles of networks on the map; devices outside all networks have one of their own. */
  get cards(): ReadonlyMap<string, Card> {
    return this.#read(this.#cards);
  }

  /** Middles of devices on the map. */
  get places(): ReadonlyMap<string, NodePosition> {
    return this.#read(this.#places);
  }

  /** A device by its id, or by one that it had before. */
  node(id: string | null | undefined): Node | undefined {
    if (!id) return undefined;
    return this.nodes.get(id) ?? this.#nodes.get(this.#index().previous.get(id) ?? "");
  }

  /** Children of a router, by name. */
  children(id: string): readonly Node[] {
    return this.#read(this.#index().children.get(id) ?? NOTHING);
  }

  /** Links that end at a device. */
  linksOf(id: string): readonly Link[] {
    return this.#read(this.#index().links.get(id) ?? NOTHING);
  }

  /** Devices of a network; of `null`, those outside all networks. */
  members(network: string | null): readonly Node[] {
    return this.#read(this.#index().members.get(network) ?? NOTHING);
  }

  /** Findings about a device, link or network. */
  findingsAbout(id: string): readonly Finding[] {
    return this.#read(this.#index().findings.get(id) ?? NOTHING);
  }

  /** Takes a whole picture in place of what was there. Without positions, what is still there stays where it stands. */
  replace(topology: Topology, positions: Positions | null): void {
    this.#asOf = topology.as_of;
    this.#networks = byId(topology.networks);
    this.#nodes = byId(topology.nodes);
    this.#links = byId(topology.links);
    this.#findings = byId(topology.findings);
    if (positions) this.place(positions);
    else this.changed();
  }

  /** Takes over what changed, without telling anybody: call {@link changed} when a batch is in. */
  apply(delta: Delta, layout: LayoutDelta | null): void {
    this.#asOf = delta.as_of;
    patch(this.#networks, delta.networks);
    patch(this.#nodes, delta.nodes);
    patch(this.#links, delta.links);
    patch(this.#findings, delta.findings);
    if (!layout) return;
    for (const id of layout.networks_removed) this.#cards.delete(id);
    for (const id of layout.nodes_removed) this.#places.delete(id);
    for (const [id, card] of Object.entries(layout.networks)) this.#cards.set(id, card);
    for (const [id, place] of Object.entries(layout.nodes)) this.#places.set(id, place);
  }

  /** New positions for everything. */
  place(positions: Positions): void {
    this.#cards = new Map(Object.entries(positions.networks));
    this.#places = new Map(Object.entries(positions.nodes));
    this.changed();
  }

  /** Tells readers. */
  changed(): void {
    this.#indexes = null;
    this.#version++;
  }

  #read<T>(value: T): T {
    void this.#version;
    return value;
  }

  #index(): Indexes {
    if (this.#indexes) return this.#indexes;
    const indexes: Indexes = { children: new Map(), links: new Map(), members: new Map(), findings: new Map(), previous: new Map() };
    for (const node of this.#nodes.values()) {
      if (node.parent) add(indexes.children, node.parent.node, node);
      add(indexes.members, node.network ?? null, node);
      for (const id of node.previous_ids ?? NOTHING) indexes.previous.set(id, node.id);
    }
    for (const link of this.#links.values()) {
      add(indexes.links, link.a, link);
      add(indexes.links, link.b, link);
    }
    for (const finding of this.#findings.values()) for (const subject of finding.subjects) add(indexes.findings, subject, finding);
    this.#indexes = indexes;
    return indexes;
  }
}

function byId<T extends { id: string }>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [item.id, item]));
}

function patch<T extends { id: string }>(map: Map<string, T>, changes: { upserted: readonly T[]; removed: readonly string[] }): void {
  for (const id of changes.removed) map.delete(id);
  for (const item of changes.upserted) map.set(item.id, item);
}

function add<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
