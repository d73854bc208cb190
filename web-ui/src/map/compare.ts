/** Two moments as one picture: everything that is there in either, and what became of it. */

import type { Comparison, Link, Node } from "../api/types";
import type { Mark, MeshLike } from "./types";

/** The union of two moments and the marks of what differs. What was removed stands where it stood. */
export interface Union {
  mesh: MeshLike;
  marks: Map<string, Mark>;
}

const isThere = (thing: { state: string } | undefined): boolean => thing !== undefined && thing.state !== "gone";

function nodeMark(a: Node | undefined, b: Node | undefined): Mark | null {
  if (!isThere(a) && !isThere(b)) return null;
  if (!isThere(a)) return "added";
  if (!isThere(b)) return "removed";
  const moved = (a?.parent?.node ?? null) !== (b?.parent?.node ?? null);
  const isOther =
    a?.role !== b?.role || a?.border_router !== b?.border_router || a?.network !== b?.network || a?.partition_id !== b?.partition_id;
  return moved || isOther ? "changed" : null;
}

/** Puts two moments together. Which links are better or worse is the service's word: it knows what is noise. */
export function union(a: MeshLike, b: MeshLike, comparison: Pick<Comparison, "changes">): Union {
  const marks = new Map<string, Mark>();
  const nodes = new Map(a.nodes);
  const places = new Map(a.places);
  const cards = new Map(a.cards);
  const networks = new Map(a.networks);
  const links = new Map(a.links);
  for (const [id, node] of b.nodes) nodes.set(id, node);
  for (const [id, place] of b.places) places.set(id, place);
  for (const [id, card] of b.cards) cards.set(id, card);
  for (const [id, network] of b.networks) networks.set(id, network);
  for (const [id, link] of b.links) links.set(id, link);
  // A device that had another id before is the same device.
  for (const node of b.nodes.values()) {
    for (const earlier of node.previous_ids ?? []) {
      if (b.nodes.has(earlier) || !a.nodes.has(earlier)) continue;
      nodes.delete(earlier);
      places.delete(earlier);
    }
  }
  const before = (node: Node): Node | undefined => a.nodes.get(node.id) ?? node.previous_ids?.map((id) => a.nodes.get(id)).find(Boolean);
  for (const node of nodes.values()) {
    const now = b.nodes.get(node.id);
    const mark = nodeMark(now ? before(now) : a.nodes.get(node.id), now);
    if (mark) marks.set(node.id, mark);
  }
  const said = new Map<string, Mark>();
  for (const change of comparison.changes) {
    if (change.group === "links") for (const id of change.subjects) if (links.has(id)) said.set(id, change.effect);
  }
  for (const link of links.values()) {
    const mark = linkMark(a.links.get(link.id), b.links.get(link.id)) ?? said.get(link.id);
    if (mark) marks.set(link.id, mark);
  }
  return { mesh: { networks, nodes, links, findings: new Map(), cards, places }, marks };
}

function linkMark(a: Link | undefined, b: Link | undefined): Mark | null {
  if (isThere(a) === isThere(b)) return null;
  return isThere(b) ? "added" : "removed";
}
