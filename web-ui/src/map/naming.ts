/** Which names a network wants, and what they must not cover. */

import { boxAround } from "./geometry";
import { RADIUS } from "./glyphs";
import { type Area, type LabelPlace, type LabelWish, placeLabels } from "./labels";
import type { Part } from "./structure";
import type { PartNode } from "./types";

/** From this scale on end devices are named where there is room. */
const CHILD_NAMES_SCALE = 0.45;
/** How high a name is. */
export const LABEL_HEIGHT_PX = 14;
/** How long a name may be while the scale is small. */
const SHORT_NAME = 16;
/** How far a name may reach over its network's frame. */
const CARD_SLACK_PX = 4;
/** How far a name may reach over the outermost device while the scale is small: the frame may be wider than the screen then. */
const SMALL_SLACK_PX = 38;
/** Titles and captions are measured in the font of names: theirs is a little larger. */
const TITLE_FACTOR = 1.07;
const LINE_PX = 15;

/** How large a text is, in CSS pixels. */
export type Measure = (text: string, strong: boolean) => number;

/** A text that stands where it is. */
export interface Caption {
  x: number;
  /** Of its base line. */
  y: number;
  text: string;
  strong: boolean;
  /** What goes on in the lighter font. */
  rest?: string;
  middle: boolean;
}

/** Routers and border routers have the larger names. */
export const isMain = (node: PartNode): boolean => node.look.kind === "border-router" || node.look.kind === "router";

/** A name as it is drawn at a scale. */
export const shortName = (name: string, k: number): string =>
  k < CHILD_NAMES_SCALE && name.length > SHORT_NAME ? `${name.slice(0, SHORT_NAME - 1).trimEnd()}…` : name;

/** What a text covers. */
export function captionArea({ x, y, text, strong, rest, middle }: Caption, measure: Measure): Area {
  const width = (measure(text, strong) + (rest ? measure(rest, false) : 0)) * TITLE_FACTOR;
  const left = middle ? x - width / 2 : x;
  return { left: left - 2, top: y - LINE_PX + 2, right: left + width + 2, bottom: y + 4 };
}

interface Names {
  key: string;
  places: Map<string, LabelPlace>;
}

/** Where names stand, remembered so that they stay there. */
export class Naming {
  readonly #names = new Map<string, Names>();

  place(
    part: Part,
    nodes: readonly PartNode[],
    k: number,
    scale: number,
    selected: string | null,
    captions: readonly Caption[],
    measure: Measure,
  ): Map<string, LabelPlace> {
    const known = this.#names.get(part.id);
    const own = selected !== null && part.byId.has(selected) ? selected : null;
    const texts = captions.map((caption) => `${caption.x},${caption.y},${caption.text}`).join("|");
    const key = `${k}|${own}|${texts}|${nodes.map((node) => `${node.x},${node.y},${node.name},${node.badge},${node.pinned},${node.look.kind}`).join("|")}`;
    if (known?.key === key) return known.places;
    const obstacles = captions.map((caption) => captionArea(caption, measure));
    for (const node of nodes) obstacles.push(...marksOf(node, k, scale));
    const wishes = nodes.map((node) => wish(node, part, k, scale, own, measure));
    const places = placeLabels(wishes, known?.places, namesBetween(part, nodes, k), obstacles);
    this.#names.set(part.id, { key, places });
    return places;
  }
}

/** The areas of what a shape wears: a finding, a pin, a crown. */
function marksOf(node: PartNode, k: number, scale: number): Area[] {
  const areas: Area[] = [];
  const reach = RADIUS[node.look.kind] * scale * 0.78 + 2;
  const around = (x: number, y: number, half: number): void => {
    areas.push({ left: x - half, top: y - half, right: x + half, bottom: y + half });
  };
  if (node.badge) around(node.x * k + reach, node.y * k - reach, 7);
  if (node.pinned) around(node.x * k + reach, node.y * k + reach, 5);
  if (node.look.leader) around(node.x * k, node.y * k - RADIUS[node.look.kind] * scale - 3 * scale, 7 * scale);
  return areas;
}

function wish(node: PartNode, part: Part, k: number, scale: number, selected: string | null, measure: Measure): LabelWish {
  const isSelected = node.id === selected;
  const main = isMain(node);
  const isNamed = main || isSelected || k >= CHILD_NAMES_SCALE || node.badge !== null;
  const parent = part.byId.get(node.node.parent?.node ?? "");
  const length = parent ? Math.hypot(node.x - parent.x, node.y - parent.y) || 1 : 1;
  const result: LabelWish = {
    id: node.id,
    x: node.x * k,
    y: node.y * k,
    radius: RADIUS[node.look.kind] * scale,
    width: isNamed ? measure(shortName(node.name, k), main) : 0,
    height: LABEL_HEIGHT_PX,
    priority:
      (isSelected ? 100 : 0) +
      (main ? 10 : 0) +
      (node.look.leader ? 3 : 0) +
      (node.look.kind === "border-router" ? 2 : 0) +
      (node.badge ? 5 : 0),
    forced: isSelected,
    mayBeFar: main,
  };
  if (parent) result.away = { x: (node.x - parent.x) / length, y: (node.y - parent.y) / length };
  // On the shelf, names stand below like those of icons.
  else if (node.onShelf) result.away = { x: 0, y: 1 };
  return result;
}

function namesBetween(part: Part, nodes: readonly PartNode[], k: number): { left: number; right: number } {
  const { x, width } = part.card;
  const left = x * k - CARD_SLACK_PX;
  const right = (x + width) * k + CARD_SLACK_PX;
  const box = k < CHILD_NAMES_SCALE ? boxAround(nodes) : null;
  if (!box) return { left, right };
  return { left: Math.max(left, box.x * k - SMALL_SLACK_PX), right: Math.min(right, (box.x + box.width) * k + SMALL_SLACK_PX) };
}
