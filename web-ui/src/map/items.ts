/** Things on the map as they are drawn: plain data in screen pixels, measured from where the map's (0, 0) is on the screen. */

import type { Severity } from "../api/types";
import { count, isRouter, networkName, roleOf, STATES } from "../words/words";
import { type CardArt, cardArt } from "./art";
import { short } from "./geometry";
import { RADIUS } from "./glyphs";
import { groundsOf, type Ground } from "./grounds";
import type { LabelPlace } from "./labels";
import { type Line, linesOf } from "./links";
import { isMain, shortName } from "./naming";
import type { Part, Structure } from "./structure";
import { LAN, type Look, type Mark, type Marks, type PartLink, type PartNode, type Point } from "./types";

/** A card narrower than this shows routers only. */
const SMALL_CARD_PX = 105;
/** A frame narrower than this has room for no more than its name. */
const NARROW_FRAME_PX = 420;
const SMALL_SCALE = 0.45;
/** What the title takes of the top of a frame, with half a device. */
const TITLE_PX = 46;
const COUNTS = new Intl.NumberFormat();

export interface NodeItem {
  id: string;
  x: number;
  y: number;
  look: Look;
  badge: Severity | null;
  pinned: boolean;
  mark: Mark | null;
  c: string;
  name: string;
  label: LabelPlace | null;
  /** Role, state, room and parent in words. */
  said: string;
}

export interface LinkItem {
  id: string;
  lines: Line[];
  c: string;
  mark: { mark: Mark; x: number; y: number } | null;
}

/** Quiet links of one look in one path: a dense mesh has thousands. */
export interface BatchItem {
  id: string;
  d: string;
  /** Class of the links. */
  c: string;
  /** Class of their lines. */
  line: string;
}

/** A network from near: its frame and what lies under its devices. */
export interface FrameItem {
  id: string;
  x: number;
  y: number;
  width: number;
  height: number;
  title: string;
  /** Where the title's base line begins. */
  titleAt: Point;
  facts: string;
  worst: Severity | null;
  grounds: Ground[];
  c: string;
}

/** A network from far. */
export interface CardItem {
  id: string;
  x: number;
  y: number;
  width: number;
  height: number;
  title: string;
  count: string;
  worst: Severity | null;
  art: CardArt;
  /** Too small for end devices: only routers and their links are drawn. */
  isSmall: boolean;
  /** Dots are drawn that large, in CSS pixels. */
  dot: number;
  c: string;
  said: string;
}

/** Shapes shrink and grow less than the map does: always to be seen, never in each other's way. */
export const shapeScale = (k: number): number => Math.round(Math.max(0.5, Math.min(1.35, k ** 0.65)) * 100) / 100;

/** What a device looks like beside its own looks. */
export interface NodeState {
  mark: Mark | null;
  label: LabelPlace | null;
  c: string;
  isCompared: boolean;
}

/** A device as it is drawn at a scale. */
export function nodeItem(node: PartNode, part: Part, k: number, { mark, label, c, isCompared }: NodeState): NodeItem {
  return {
    id: node.id,
    x: short(node.x * k),
    y: short(node.y * k),
    look: node.look,
    badge: isCompared ? null : node.badge,
    pinned: node.pinned,
    mark,
    c: [c, isMain(node) ? "main" : "", isCompared && !mark ? "same" : "", mark ? `m-${mark}` : ""].filter(Boolean).join(" "),
    name: shortName(node.name, k),
    label,
    said: say(node, part),
  };
}

/** A link as it is drawn at a scale. */
export function linkItem(link: PartLink, k: number, scale: number, marks: Marks | null = null, c = ""): LinkItem {
  const { a, b } = link;
  const from = { x: a.x * k, y: a.y * k };
  const to = { x: b.x * k, y: b.y * k };
  const rim = (node: PartNode): number => (RADIUS[node.look.kind] + 1.5) * scale;
  const mark = marks?.get(link.id) ?? null;
  const compared = marks ? (mark ? `m-${mark}` : "same") : "";
  return {
    id: link.id,
    lines: linesOf(from, to, rim(a), rim(b), link.look),
    c: [c, link.strong || mark ? "" : "faint", compared].filter(Boolean).join(" "),
    mark: mark ? { mark, x: short((from.x + to.x) / 2), y: short((from.y + to.y) / 2) } : null,
  };
}

/** What a network is called on the map. */
export const titleOf = (part: Part): string => (part.id === LAN ? "Outside all networks" : networkName(part.network, part.id));

/** A network from far, at a scale. */
export function cardItem(part: Part, k: number, c: string): CardItem {
  const { x, y, width, height } = part.card;
  const title = titleOf(part);
  const finding = part.worst ? `, ${part.worst === "problem" ? "has a problem" : "has a warning"}` : "";
  return {
    id: part.id,
    x: short(x * k),
    y: short(y * k),
    width: short(width * k),
    height: short(height * k),
    title,
    count: COUNTS.format(part.allNodes),
    worst: part.worst,
    art: cardArt(part),
    isSmall: width * k < SMALL_CARD_PX,
    dot: Math.max(2.2, Math.min(9, 32 * k)),
    c,
    said: `${title}, ${part.devices}${finding}`,
  };
}

/** A network from near, at a scale. */
export function frameItem(part: Part, k: number, structure: Structure, c: string): FrameItem {
  const { x, y, width, height } = part.card;
  const { network } = part;
  const partitions = network?.partitions.filter((partition) => partition.state !== "gone").length ?? 0;
  const facts = [
    network?.channel ? `channel ${network.channel}` : null,
    network?.pan_id ? `PAN ${network.pan_id}` : null,
    partitions > 1 ? count(partitions, "partition") : null,
    part.id === LAN ? "seen on the LAN, not known to be in a mesh" : null,
    part.devices,
  ];
  // Where the devices need the top of the frame, the title goes over it.
  const isTitleAbove = k < SMALL_SCALE || part.nodes.some((node) => (node.y - y) * k < TITLE_PX);
  return {
    id: part.id,
    x: short(x * k),
    y: short(y * k),
    width: short(width * k),
    height: short(height * k),
    title: titleOf(part),
    titleAt: isTitleAbove ? { x: short(x * k + 2), y: short(y * k - 7) } : { x: short(x * k + 16), y: short(y * k + 24) },
    facts: k >= SMALL_SCALE && width * k > NARROW_FRAME_PX ? facts.filter(Boolean).join(" · ") : "",
    worst: part.worst,
    grounds: groundsOf(part, k, structure.choices.rooms),
    c,
  };
}

/** A device in words, for those who do not see it. */
export function say(drawn: PartNode, part: Part): string {
  const { node } = drawn;
  const words = [drawn.name];
  if (drawn.look.kind === "ghost") words.push("ghost: named by others only");
  words.push(roleOf(node));
  if (node.state !== "confirmed") words.push(STATES[node.state].word.toLowerCase());
  if (node.room) words.push(`in ${node.room}`);
  const parent = part.byId.get(node.parent?.node ?? "");
  if (parent) words.push(`parent ${parent.name}`);
  else if (!isRouter(node) && !node.border_router && drawn.look.kind !== "ghost") words.push("parent not known");
  if (drawn.badge) words.push(drawn.badge === "problem" ? "has a problem" : "has a warning");
  if (drawn.pinned) words.push("pinned");
  return words.join(", ");
}
