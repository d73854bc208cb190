/** What keys do on the map: the focus goes from device to device, along arrows and along the mesh. */

import type { Selected } from "./emphasis";
import { type Arrow, isArrow, nearest } from "./nearest";
import type { Scene } from "./scene";
import { partWith, type Structure } from "./structure";
import type { Box, Point } from "./types";

/** How much larger a key makes the map. */
const STEP = 1.4;

/** What keys need of a map. */
export interface KeyActions {
  structure(): Structure;
  scene(): Scene | null;
  selected(): Selected | null;
  focus(id: string): void;
  open(network: string): void;
  select(selected: Selected | null): void;
  fit(): void;
  zoom(factor: number): void;
}

/** Does what a key asks for on a device or card; false where the key means nothing here. */
export function act({ key, shiftKey }: KeyboardEvent, id: string, map: KeyActions): boolean {
  if (isArrow(key)) walk(id, key, map);
  else if (key === "Enter" || key === " ") {
    if (map.structure().parts.has(id)) map.open(id);
    else map.select({ kind: "node", id });
  } else if (key === "Escape") map.select(null);
  else if (key === "f" || key === "F") map.fit();
  else if (key === "+" || key === "=") map.zoom(STEP);
  else if (key === "-") map.zoom(1 / STEP);
  else if (key === "p" || key === "P") toParent(id, map);
  else if (key === "l" || key === "L") nextLink(id, shiftKey, map);
  else return false;
  return true;
}

function walk(id: string, arrow: Arrow, map: KeyActions): void {
  const scene = map.scene();
  if (!scene) return;
  const middle = (card: { id: string } & Box): { id: string } & Point => ({
    id: card.id,
    x: card.x + card.width / 2,
    y: card.y + card.height / 2,
  });
  const things = [...scene.nodes.map(({ id: node, x, y }) => ({ id: node, x, y })), ...scene.cards.map(middle)];
  const from = things.find((thing) => thing.id === id);
  const next = from && nearest(from, arrow, things);
  if (next) map.focus(next.id);
}

function toParent(id: string, map: KeyActions): void {
  const parent = partWith(map.structure(), id)?.byId.get(id)?.node.parent?.node;
  if (parent) map.focus(parent);
}

/** Goes round the links of a device, the best first, and selects them. */
function nextLink(id: string, backwards: boolean, map: KeyActions): void {
  const part = partWith(map.structure(), id);
  const mine = part?.links.filter(({ a, b }) => a.id === id || b.id === id) ?? [];
  if (mine.length === 0) return;
  const now = mine.findIndex((link) => link.id === map.selected()?.id);
  const next = mine.at((now + (backwards ? -1 : 1) + mine.length) % mine.length);
  if (next) map.select({ kind: "link", id: next.id });
}
