/** What lies under devices: tinted rooms, outlines of partitions, the shelf of devices that are named but not placed. */

import { count } from "../words/words";
import { boxAround, hull, outline, short } from "./geometry";
import type { Part } from "./structure";
import { LAN, type PartNode } from "./types";

/** An outline with its caption, in screen pixels. */
export interface Ground {
  id: string;
  d: string;
  c: string;
  caption: string;
  x: number;
  y: number;
}

const TINTS = 8;
const ROOM_RADIUS_PX = 30;
const PARTITION_RADIUS_PX = 40;
/** About the width of a letter of a caption. */
const LETTER_PX = 6.8;
/** The title of a network has so much of the top of its frame. */
const TITLE_PX = 44;
const ORDINALS = ["", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"];

function groups(nodes: Iterable<PartNode>, by: (node: PartNode) => string | number | null | undefined): Map<string, PartNode[]> {
  const all = new Map<string, PartNode[]>();
  for (const node of nodes) {
    const key = by(node);
    if (key === null || key === undefined) continue;
    const list = all.get(String(key));
    if (list) list.push(node);
    else all.set(String(key), [node]);
  }
  return all;
}

/** The same room has the same tint in every network and at any time. */
export function tintOf(room: string): number {
  let sum = 7;
  for (const letter of room) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return sum % TINTS;
}

/** Everything under the devices of a network. */
export function groundsOf(part: Part, k: number, rooms: boolean): Ground[] {
  const grounds: Ground[] = [];
  const partitions = groups(part.nodes, ({ node, look, onShelf }) => (onShelf || look.outline === "gone" ? null : node.partition_id));
  if (partitions.size > 1) {
    const bySize = [...partitions].sort(([one, a], [other, b]) => b.length - a.length || (one < other ? -1 : 1));
    bySize.forEach(([id, nodes], index) => {
      const leader = nodes.find((node) => node.look.leader)?.name;
      const title = index === 0 ? "main partition" : `${ORDINALS[index] ?? `${index + 1}th`} partition`;
      const caption = [title, leader ? `led by ${leader}` : "leader not known", count(nodes.length, "device")].join(" · ");
      grounds.push(
        captionInside(
          around(`partition-${id}`, nodes, PARTITION_RADIUS_PX, k, `partition${index === 0 ? "" : " other"}`, caption),
          part,
          nodes,
          k,
        ),
      );
    });
  }
  if (rooms) {
    for (const [room, nodes] of groups(part.nodes, ({ node }) => node.room || null)) {
      grounds.push(around(`room-${room}`, nodes, ROOM_RADIUS_PX, k, `room tint-${tintOf(room)}`, room));
    }
  }
  const shelf =
    part.id === LAN
      ? null
      : boxAround(
          part.nodes.filter((node) => node.onShelf),
          30,
        );
  if (shelf) {
    const { x, y, width, height } = shelf;
    const corners = [
      { x, y },
      { x: x + width, y },
      { x: x + width, y: y + height },
      { x, y: y + height },
    ];
    grounds.push({
      id: "shelf",
      d: outline(corners, k),
      c: "shelf",
      caption: "named, not placed",
      x: short(x * k + 8),
      y: short(y * k - 5),
    });
  }
  return grounds;
}

function around(id: string, nodes: readonly PartNode[], radius: number, k: number, c: string, caption: string): Ground {
  const points = hull(nodes, radius);
  const top = points.reduce((best, point) => (point.y < best.y ? point : best), points[0] ?? { x: 0, y: 0 });
  return { id, d: outline(points, k), c, caption, x: short(top.x * k), y: short(top.y * k - 5) };
}

/** Keeps the caption of a partition inside its network's frame, and off its title. */
function captionInside(ground: Ground, { card }: Part, nodes: readonly PartNode[], k: number): Ground {
  const half = (ground.caption.length * LETTER_PX) / 2;
  const left = card.x * k + half + 12;
  const right = (card.x + card.width) * k - half - 12;
  const x = short(Math.max(left, Math.min(right, ground.x)));
  if (ground.y - card.y * k > TITLE_PX) return { ...ground, x };
  const box = boxAround(nodes, PARTITION_RADIUS_PX);
  return { ...ground, x, y: box ? short((box.y + box.height) * k + 14) : ground.y };
}
