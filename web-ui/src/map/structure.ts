/** The mesh, sorted for drawing: one part for each network, with what the filters leave. A part that nothing changed in stays the same object. */

import type { Card, Link, Network, Node, NodePosition, Severity } from "../api/types";
import { devicesInWords, isGhost, isRouter, nameOf } from "../words/words";
import { backbone, weakerQuality } from "./backbone";
import { lookOf } from "./glyphs";
import { lookOfLink } from "./links";
import { NO_SHARES, type Share, type Shares, sharesOf, worse } from "./shares";
import { type Choices, LAN, type Marks, type MeshLike, type PartLink, type PartNode } from "./types";

/** One network as it is drawn. */
export interface Part {
  readonly id: string;
  readonly network: Network | undefined;
  readonly card: Card;
  readonly nodes: readonly PartNode[];
  readonly links: readonly PartLink[];
  /** By node id, hidden ones too: what is hovered or selected shows all its links. */
  readonly byId: ReadonlyMap<string, PartNode>;
  readonly hiddenNodes: number;
  readonly hiddenLinks: number;
  readonly allNodes: number;
  /** "43 devices, 1 gone". */
  readonly devices: string;
  readonly worst: Severity | null;
  /** Ids of the links of the backbone. */
  readonly backbone: ReadonlySet<string>;
  readonly share: Share;
}

/** Everything that could be drawn. */
export interface Structure {
  readonly parts: ReadonlyMap<string, Part>;
  readonly choices: Choices;
  readonly marks: Marks | null;
  /** Devices without a place on the map yet. */
  readonly withoutPlace: number;
  readonly hiddenNodes: number;
  readonly hiddenLinks: number;
  readonly shares: Shares;
}

export const EMPTY: Structure = {
  parts: new Map(),
  choices: { links: "best", endDevices: true, ghosts: true, rooms: false },
  marks: null,
  withoutPlace: 0,
  hiddenNodes: 0,
  hiddenLinks: 0,
  shares: NO_SHARES,
};

const sameChoices = (one: Choices, other: Choices): boolean =>
  one.links === other.links && one.endDevices === other.endDevices && one.ghosts === other.ghosts && one.rooms === other.rooms;

/** True where the filters leave the device out. */
export function isFiltered(node: Node, choices: Choices): boolean {
  if (isGhost(node)) return !choices.ghosts;
  return !choices.endDevices && !isRouter(node) && !node.border_router && node.role !== "unknown";
}

function isLinkShown(link: Link, strong: boolean, choices: Choices): boolean {
  if (link.state === "gone") return choices.ghosts && choices.links !== "best";
  if (link.kind === "parent-child") return choices.links !== "weak" || weakerQuality(link) <= 1;
  if (choices.links === "all") return true;
  return choices.links === "best" ? strong : weakerQuality(link) <= 1;
}

function partNode(node: Node, place: NodePosition, badge: Severity | null): PartNode {
  return {
    id: node.id,
    node,
    x: place.x,
    y: place.y,
    look: lookOf(node),
    badge,
    name: nameOf(node),
    pinned: place.pinned ?? false,
    onShelf: place.spot === "shelf",
  };
}

/** A link between devices that are drawn. */
export function partLink(link: Link, a: PartNode, b: PartNode, strong: boolean): PartLink {
  return { id: link.id, link, a, b, look: lookOfLink(link), strong };
}

/** Keeps objects of the part before that are still true, so that the painter sees at a glance what is new. */
function kept(known: PartNode | undefined, node: Node, place: NodePosition, badge: Severity | null): PartNode | null {
  if (!known || known.node !== node || known.badge !== badge || known.x !== place.x || known.y !== place.y) return null;
  return known.pinned === (place.pinned ?? false) && known.onShelf === (place.spot === "shelf") ? known : null;
}

function partOf(id: string, share: Share, choices: Choices, marks: Marks | null, before: Part | undefined): Part {
  const linksBefore = new Map(before?.links.map((link) => [link.id, link]));
  const byId = new Map<string, PartNode>();
  const nodes: PartNode[] = [];
  let worst = share.own;
  share.nodes.forEach((node, index) => {
    const badge = share.badges[index] ?? null;
    const place = share.places[index]!;
    const drawn = kept(before?.byId.get(node.id), node, place, badge) ?? partNode(node, place, badge);
    byId.set(node.id, drawn);
    worst = worse(badge, worst);
    if (marks?.has(node.id) || !isFiltered(node, choices)) nodes.push(drawn);
  });
  const visible = new Set(nodes.map((node) => node.id));
  const strong = before?.share.links === share.links ? before.backbone : backbone(share.links);
  const links: PartLink[] = [];
  let hiddenLinks = 0;
  for (const link of share.links) {
    const a = byId.get(link.a);
    const b = byId.get(link.b);
    if (!a || !b || !visible.has(a.id) || !visible.has(b.id)) continue;
    const isStrong = strong.has(link.id) || link.kind === "parent-child" || link.medium === "trel";
    if (!marks?.has(link.id) && !isLinkShown(link, isStrong, choices)) {
      hiddenLinks++;
      continue;
    }
    const isFull = isStrong || choices.links === "weak";
    const known = linksBefore.get(link.id);
    const isSame = known && known.link === link && known.a === a && known.b === b && known.strong === isFull;
    links.push(isSame ? known : partLink(link, a, b, isFull));
  }
  // What says least lies lowest.
  links.sort((one, other) => Number(one.strong) - Number(other.strong) || Number(other.look.thin) - Number(one.look.thin));
  const { network, card } = share;
  const devices = devicesInWords([...byId.values()].map(({ node }) => node));
  return {
    id,
    network,
    card,
    nodes,
    links,
    byId,
    hiddenNodes: byId.size - nodes.length,
    hiddenLinks,
    allNodes: byId.size,
    devices,
    worst,
    backbone: strong,
    share,
  };
}

/** Sorts a mesh for drawing, and takes over every part of `before` that is still true. */
export function structureOf(mesh: MeshLike, choices: Choices, before: Structure = EMPTY, marks: Marks | null = null): Structure {
  const shares = sharesOf(mesh, before.shares);
  const canKeep = sameChoices(choices, before.choices) && marks === before.marks;
  const parts = new Map<string, Part>();
  let hiddenNodes = 0;
  let hiddenLinks = 0;
  for (const [id, share] of shares.all) {
    // A place for devices outside all networks is kept when there are none; an empty card says nothing.
    if (id === LAN && share.nodes.length === 0) continue;
    const known = before.parts.get(id);
    const part = canKeep && known?.share === share ? known : partOf(id, share, choices, marks, known);
    parts.set(id, part);
    hiddenNodes += part.hiddenNodes;
    hiddenLinks += part.hiddenLinks;
  }
  return { parts, choices: { ...choices }, marks, withoutPlace: shares.withoutPlace, hiddenNodes, hiddenLinks, shares };
}

/** The part that a device or network is drawn in. */
export function partWith(structure: Structure, id: string): Part | undefined {
  return structure.parts.get(id) ?? structure.parts.get(structure.shares.seen?.home.get(id) ?? "");
}
