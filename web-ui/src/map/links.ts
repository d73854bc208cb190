/** How links look, and the lines that they are drawn with. The legend draws with the same. */

import type { Link } from "../api/types";
import { short } from "./geometry";
import type { Half, LinkLook, Point } from "./types";

/** The free space between the halves of a link. */
const MIDDLE_GAP_PX = 2.4;
/** The space between the two lines of a link over the LAN. */
const DOUBLE_PX = 2;

const BY_QUALITY = ["q0", "q1", "q2", "q3"] as const;

function half(quality: number | null | undefined): Half {
  return quality === null || quality === undefined ? "none" : (BY_QUALITY[quality] ?? "q3");
}

/** How a link looks. A link to a child is grey as long as it is good, so that colour points to where something is. */
export function lookOfLink(link: Link): LinkLook {
  const { medium, kind, state } = link;
  let a = half(link.a_hears_b?.link_quality);
  let b = half(link.b_hears_a?.link_quality);
  const knowsNothing = a === "none" && b === "none";
  let dash: LinkLook["dash"] = "solid";
  if (state === "gone") dash = "gone";
  else if (state === "stale") dash = "old";
  else if (state === "contradicted") dash = "contradicted";
  else if (state === "inferred") dash = "unconfirmed";
  // One end alone says so: where it is known which half it speaks for, that half says it; the other one is dotted anyway.
  else if (state === "one-sided" && (knowsNothing || (a !== "none" && b !== "none"))) dash = "unconfirmed";
  if (medium === "trel") {
    a = "trel";
    b = "trel";
  } else if (kind === "parent-child") {
    const plain = (one: Half): Half => (one === "q3" || (one === "none" && (knowsNothing || dash === "old")) ? "child" : one);
    a = plain(a);
    b = plain(b);
  }
  return { a, b, dash, medium, thin: kind !== "router" };
}

/** A line of a link: its path, and the classes for colour and dashes. */
export interface Line {
  d: string;
  c: string;
}

const move = (at: Point, along: Point, length: number): Point => ({ x: at.x + along.x * length, y: at.y + along.y * length });
const at = ({ x, y }: Point): string => `${short(x)} ${short(y)}`;

/** The lines of a link from the rim of one device to the rim of the other; `rimA` and `rimB` are distances from the middles. */
export function linesOf(from: Point, to: Point, rimA: number, rimB: number, look: LinkLook): Line[] {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  if (length < rimA + rimB + 1) return [];
  const along = { x: (to.x - from.x) / length, y: (to.y - from.y) / length };
  const start = move(from, along, rimA);
  const end = move(to, along, -rimB);
  const thin = look.thin ? " thin" : "";
  const dash = look.dash === "solid" ? "" : ` d-${look.dash}`;
  if (look.medium === "trel") {
    const side = { x: -along.y, y: along.x };
    const pair = [DOUBLE_PX, -DOUBLE_PX].map((shift) => `M${at(move(start, side, shift))}L${at(move(end, side, shift))}`);
    return [{ d: pair.join(""), c: `q-trel${dash}` }];
  }
  const middle = { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 };
  const ring = look.medium === "unknown" && !look.thin ? 3.5 : MIDDLE_GAP_PX / 2;
  const first = `M${at(start)}L${at(move(middle, along, -ring))}`;
  const second = `M${at(end)}L${at(move(middle, along, ring))}`;
  const lines: Line[] =
    look.a === look.b
      ? [{ d: look.thin && look.a === "child" ? `M${at(start)}L${at(end)}` : first + second, c: `q-${look.a}${thin}${dash}` }]
      : [
          { d: first, c: `q-${look.a}${thin}${dash}` },
          { d: second, c: `q-${look.b}${thin}${dash}` },
        ];
  if (look.medium === "unknown" && !look.thin) {
    lines.push({ d: `M${at({ x: middle.x - 3, y: middle.y })}a3 3 0 1 1 6 0a3 3 0 1 1 -6 0`, c: "q-medium" });
  }
  return lines;
}

/** Where the number of a half stands. */
export function halfPoint(from: Point, to: Point, rim: number, share: number): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const along = { x: (to.x - from.x) / length, y: (to.y - from.y) / length };
  return move(from, along, rim + (length - 2 * rim) * share);
}
