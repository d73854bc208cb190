/** What is under a pointer. */

import { distanceToLine } from "./geometry";
import { RADIUS } from "./glyphs";
import { shapeScale } from "./items";
import type { Part } from "./structure";
import type { PartLink, PartNode, Point, View } from "./types";

export type Picked = { kind: "node"; node: PartNode; part: Part } | { kind: "link"; link: PartLink; part: Part };

/** How far beside a thing a pointer may be, in CSS pixels. A finger is 44 wide, a link is at least 10 thick to a mouse. */
const REACH = { mouse: { node: 4, link: 5.5 }, finger: { node: 22, link: 12 } };

/** The device under a point of the screen, else the link. Devices come first: they are smaller. */
export function pick(at: Point, view: View, parts: Iterable<Part>, pointer: "mouse" | "finger"): Picked | null {
  const { camera } = view;
  const scale = shapeScale(camera.k);
  const reach = REACH[pointer];
  const onMap = { x: (at.x - camera.x) / camera.k, y: (at.y - camera.y) / camera.k };
  let best: Picked | null = null;
  let least = Infinity;
  const all = [...parts];
  for (const part of all) {
    for (const node of part.nodes) {
      const distance = Math.hypot(node.x - onMap.x, node.y - onMap.y) * camera.k;
      const radius = RADIUS[node.look.kind] * scale;
      const allowed = pointer === "finger" ? Math.max(radius, reach.node) : radius + reach.node;
      if (distance > allowed || distance >= least) continue;
      least = distance;
      best = { kind: "node", node, part };
    }
  }
  if (best) return best;
  for (const part of all) {
    for (const link of part.links) {
      const distance = distanceToLine(onMap, link.a, link.b) * camera.k + (link.strong ? 0 : 1.5);
      if (distance > reach.link || distance >= least) continue;
      least = distance;
      best = { kind: "link", link, part };
    }
  }
  return best;
}
