/** What stands out for a selection or under the pointer: links, the way to the border router, where a lost child was. */

import type { Finding } from "../api/types";
import { isRouter } from "../words/words";
import { RADIUS } from "./glyphs";
import { halfPoint } from "./links";
import { type LinkItem, linkItem, shapeScale } from "./items";
import { partLink, partWith, type Part, type Structure } from "./structure";
import type { PartLink, PartNode, Point } from "./types";

/** What stands out for now: under the pointer, selected, on the way to the border router. */
export interface Emphasis {
  hovered: string | null;
  selected: string | null;
  /** Devices that belong to what is emphasised: parent, border router, ends of a link. */
  near: ReadonlySet<string>;
  /** Links at full strength, over the quiet ones. */
  links: readonly LinkItem[];
  /** The way of a device to its border router. */
  route: readonly Point[];
  /** Where a device was until it lost its parent. */
  wasHere: { from: Point; to: Point; text: string } | null;
  /** The numbers on the halves of the selected link. */
  numbers: readonly { at: Point; text: string; c: string }[];
}

export const CALM: Emphasis = {
  hovered: null,
  selected: null,
  near: new Set(),
  links: [],
  route: [],
  wasHere: null,
  numbers: [],
};

/** What is selected, as the page's state has it. */
export interface Selected {
  kind: "node" | "link" | "network" | "finding";
  id: string;
}

interface Asked {
  structure: Structure;
  k: number;
  hovered: Selected | null;
  selected: Selected | null;
  finding(id: string): Finding | undefined;
  /** A moment in words. */
  when(time: string): string;
}

const at = (node: Point, k: number): Point => ({ x: Math.round(node.x * k), y: Math.round(node.y * k) });

function linkIn(part: Part, id: string): PartLink | null {
  const drawn = part.links.find((link) => link.id === id);
  if (drawn) return drawn;
  const hidden = part.share.links.find((link) => link.id === id);
  const a = hidden && part.byId.get(hidden.a);
  const b = hidden && part.byId.get(hidden.b);
  return hidden && a && b ? partLink(hidden, a, b, true) : null;
}

/** Finds a link that is drawn, or hidden by a filter. */
export function findLink(structure: Structure, id: string): { link: PartLink; part: Part } | null {
  const part = partWith(structure, id.split("~")[0] ?? "");
  for (const candidate of part ? [part, ...structure.parts.values()] : structure.parts.values()) {
    const link = linkIn(candidate, id);
    if (link) return { link, part: candidate };
  }
  return null;
}

/** A thing of a network whose devices are drawn one by one, and null for others: a card has nothing that could stand out. */
export function whereDrawn(one: Selected | null, structure: Structure, near: ReadonlySet<string>): Selected | null {
  if (!one || one.kind === "finding") return one;
  const part = one.kind === "link" ? findLink(structure, one.id)?.part : partWith(structure, one.id);
  return part && near.has(part.id) ? one : null;
}

/** The way of a device to its border router: itself, then every hop. A device with a hop that has no place has no way here. */
export function routeOf(node: PartNode, part: Part): PartNode[] {
  const hops = node.node.path?.hops ?? [];
  const way = [node, ...hops.map((hop) => part.byId.get(hop.node))];
  return hops.length > 0 && way.every((one) => one !== undefined) ? (way as PartNode[]) : [];
}

/** Everything that stands out. */
export function emphasisOf(asked: Asked): Emphasis {
  const { structure, k, hovered, selected } = asked;
  if (!hovered && !selected) return CALM;
  const near = new Set<string>();
  const links = new Map<string, LinkItem>();
  const scale = shapeScale(k);
  const light = (link: PartLink): void => {
    links.set(link.id, linkItem({ ...link, strong: true }, k, scale));
  };
  const linksOf = (id: string, part: Part): void => {
    for (const { id: linkId, a, b, state } of part.share.links) {
      if ((a !== id && b !== id) || state === "gone") continue;
      const link = linkIn(part, linkId);
      if (link) light(link);
    }
  };
  let route: Point[] = [];
  let wasHere: Emphasis["wasHere"] = null;
  let numbers: Emphasis["numbers"] = [];
  const about = (one: Selected, isSelected: boolean): void => {
    if (one.kind === "node") {
      const part = partWith(structure, one.id);
      const node = part?.byId.get(one.id);
      if (!part || !node) return;
      linksOf(node.id, part);
      if (!isSelected) return;
      const way = routeOf(node, part);
      for (const step of way.slice(1)) near.add(step.id);
      route = way.map((step) => at(step, k));
      if (node.node.parent) near.add(node.node.parent.node);
      wasHere = lastPlace(node, part, k, asked.when);
    } else if (one.kind === "link") {
      const found = findLink(structure, one.id);
      if (!found) return;
      light(found.link);
      near.add(found.link.a.id).add(found.link.b.id);
      if (!isSelected) return;
      route = [at(found.link.a, k), at(found.link.b, k)];
      numbers = numbersOn(found.link, k, scale);
    } else if (one.kind === "finding") {
      for (const subject of asked.finding(one.id)?.subjects ?? []) {
        if (subject.includes("~")) about({ kind: "link", id: subject }, false);
        else near.add(subject);
      }
    }
  };
  if (selected) about(selected, true);
  if (hovered) about(hovered, false);
  return {
    hovered: hovered?.kind === "network" ? null : (hovered?.id ?? null),
    selected: selected?.id ?? null,
    near,
    links: [...links.values()],
    route,
    wasHere,
    numbers,
  };
}

/** The links of a device that is somewhere else for now. */
export function linksWhileMoved(structure: Structure, id: string, at: Point, k: number): LinkItem[] {
  const moved = (node: PartNode): PartNode => (node.id === id ? { ...node, ...at } : node);
  const links = partWith(structure, id)?.links.filter(({ a, b }) => a.id === id || b.id === id) ?? [];
  return links.map((link) => linkItem({ ...link, a: moved(link.a), b: moved(link.b), strong: true }, k, shapeScale(k)));
}

function lastPlace(node: PartNode, part: Part, k: number, when: (time: string) => string): Emphasis["wasHere"] {
  const { parent, last_parent: last } = node.node;
  // A router has no parent: that it had one says nothing.
  const to = parent || !last || isRouter(node.node) ? undefined : part.byId.get(last.node);
  return to && last ? { from: at(node, k), to: at(to, k), text: `was here until ${when(last.until)}` } : null;
}

function numbersOn({ a, b, link, look }: PartLink, k: number, scale: number): Emphasis["numbers"] {
  if (look.medium === "trel") return [];
  const text = (quality: number | null | undefined): string => (quality === null || quality === undefined ? "?" : String(quality));
  const rim = Math.max(RADIUS[a.look.kind], RADIUS[b.look.kind]) * scale;
  const short = Math.hypot(a.x - b.x, a.y - b.y) * k < 2 * rim + 70;
  const share = short ? 0.22 : 0.28;
  return [
    {
      at: halfPoint(at(a, k), at(b, k), rim, share),
      text: text(link.a_hears_b?.link_quality),
      c: `q-${look.a === "child" ? "q3" : look.a}`,
    },
    {
      at: halfPoint(at(b, k), at(a, k), rim, share),
      text: text(link.b_hears_a?.link_quality),
      c: `q-${look.b === "child" ? "q3" : look.b}`,
    },
  ];
}
