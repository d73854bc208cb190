/** The shapes of devices and their marks, around (0, 0). The map, its legend and every list draw with these: they cannot differ. */

import type { Node, Severity } from "../api/types";
import { isGhost, isRouter } from "../words/words";
import type { Kind, Look, Mark } from "./types";

/** A path and the classes that colour it. */
export interface Stroke {
  d: string;
  c: string;
}

/** How far each shape reaches, in pixels at scale 1. */
export const RADIUS: Record<Kind, number> = {
  "border-router": 15,
  router: 12.5,
  reed: 8.5,
  "end-device": 8.5,
  "sleepy-end-device": 7.5,
  unknown: 7.5,
  ghost: 10.5,
};

/** How a device looks: its role is the service's word, nothing is guessed here. */
export function lookOf(node: Pick<Node, "role" | "border_router" | "state" | "unheard">): Look {
  const outline = node.state === "gone" ? "gone" : node.state === "stale" ? "old" : "fresh";
  const leader = node.role === "leader" && outline !== "gone";
  if (isGhost(node as Node) && node.state !== "gone") return { kind: "ghost", leader: false, outline: "fresh" };
  if (node.border_router) return { kind: "border-router", leader, outline };
  if (isRouter(node)) return { kind: "router", leader, outline };
  return { kind: node.role as Kind, leader: false, outline };
}

const circle = (r: number, x = 0, y = 0): string => `M${x - r} ${y}a${r} ${r} 0 1 1 ${2 * r} 0a${r} ${r} 0 1 1 ${-2 * r} 0Z`;

function square(half: number): string {
  const corner = 3;
  const side = 2 * (half - corner);
  const turn = (x: number, y: number): string => `a${corner} ${corner} 0 0 1 ${x} ${y}`;
  return `M${-half + corner} ${-half}h${side}${turn(corner, corner)}v${side}${turn(-corner, corner)}h${-side}${turn(-corner, -corner)}v${-side}${turn(corner, -corner)}Z`;
}

const HEXAGON =
  "M0 -15L12.4 -8.2Q13 -7.8 13 -7V7Q13 7.8 12.4 8.2L.7 14.7Q0 15.1 -.7 14.7L-12.4 8.2Q-13 7.8 -13 7V-7Q-13 -7.8 -12.4 -8.2L-.7 -14.7Q0 -15.1 0 -15Z";
const QUESTION = "M-2.9 -2.3a2.9 2.9 0 1 1 4.3 2.5c-1 .6-1.4 1-1.4 2.1M0 5.3v.1";

const BODY: Record<Kind, string> = {
  "border-router": HEXAGON,
  router: circle(12.5),
  reed: square(8.5),
  "end-device": square(7.7),
  "sleepy-end-device": circle(7.5),
  unknown: circle(6.7),
  ghost: circle(10.5),
};

const SIGN: Record<Kind, Stroke[]> = {
  "border-router": [{ d: "M0 4.5V-6M-4.6 -1.8L0 -6.4L4.6 -1.8M-4.8 7.2H4.8", c: "g-sign" }],
  router: [
    { d: "M0 -7.5V-3.6M0 3.6V7.5M-7.5 0H-3.6M3.6 0H7.5", c: "g-sign" },
    { d: circle(1.9), c: "g-sign-fill" },
  ],
  reed: [{ d: "M-3.7 1.9L0 -1.9L3.7 1.9", c: "g-sign" }],
  "end-device": [],
  "sleepy-end-device": [{ d: "M1 -4.4A4.5 4.5 0 1 0 4.4 1.6A3.6 3.6 0 1 1 1 -4.4Z", c: "g-sign-fill" }],
  unknown: [],
  ghost: [{ d: QUESTION, c: "g-sign" }],
};

const HOLLOW: ReadonlySet<Kind> = new Set(["end-device", "unknown", "ghost"]);
/** A crown whose foot is at `y`. */
const crown = (y: number): Stroke => ({
  d: `M-7 ${y - 7.5}L-3.9 ${y - 4.3}L0 ${y - 9.5}L3.9 ${y - 4.3}L7 ${y - 7.5}L5.7 ${y}H-5.7Z`,
  c: "g-crown",
});

/** The strokes of a device's shape. */
export function glyph(look: Look): Stroke[] {
  const hollow = HOLLOW.has(look.kind) || look.outline !== "fresh";
  const dash = look.kind === "ghost" || look.outline !== "fresh" ? " g-dashed" : "";
  const strokes: Stroke[] = [{ d: BODY[look.kind], c: hollow ? `g-hollow${dash}` : "g-body" }];
  if (look.outline === "gone") strokes.push({ d: "M-4 -4L4 4M4 -4L-4 4", c: "g-sign g-on-hollow" });
  else for (const sign of SIGN[look.kind]) strokes.push(hollow ? { d: sign.d, c: `${sign.c} g-on-hollow` } : sign);
  if (look.leader) strokes.push(crown(look.kind === "border-router" ? -13.5 : -11.5));
  return strokes;
}

/** The crown alone, in the middle, for the legend. */
export const CROWN_ALONE: Stroke[] = [crown(5)];

/** The class that gives a device its colour. */
export const colourClass = (look: Look): string => (look.outline === "gone" ? "k-ghost" : `k-${look.kind}`);

/** A finding's mark, around its own (0, 0). Notes have none. */
export function badge(severity: Severity): Stroke[] {
  const sign: Stroke = { d: "M0 -2.6V.8M0 3.2v.1", c: severity === "problem" ? "b-sign b-on-problem" : "b-sign" };
  if (severity === "problem") return [{ d: "M0 -7.5L7.5 0L0 7.5L-7.5 0Z", c: "b-problem" }, sign];
  if (severity === "warning")
    return [
      { d: "M0 -7L7.5 6H-7.5Z", c: "b-warning" },
      { ...sign, d: "M0 -2.2V1.3M0 3.7v.1" },
    ];
  return [];
}

/** The mark of a device that a person put where it is. */
export const PIN: Stroke[] = [{ d: "M0 4.5V1M-2.6 1H2.6L1.7 -1V-3.6H2.3V-4.5H-2.3V-3.6H-1.7V-1Z", c: "b-pin" }];

const MARK_SIGNS: Record<Mark, string> = {
  added: "M-3.2 0H3.2M0 -3.2V3.2",
  removed: "M-3.2 0H3.2",
  changed: "M-3.6 .9C-2.4 -1.9 -.9 -1.2 0 0S2.4 1.9 3.6 -.9",
  better: "M0 -3.4L3.6 2.8H-3.6Z",
  worse: "M0 3.4L-3.6 -2.8H3.6Z",
};

/** The mark of what changed between two moments. */
export function changeMark(mark: Mark): Stroke[] {
  const solid = mark === "better" || mark === "worse" ? " c-solid" : "";
  return [
    { d: circle(7), c: `c-${mark} c-disc` },
    { d: MARK_SIGNS[mark], c: `c-${mark} c-sign${solid}` },
  ];
}

/** A ring around a device: focus and selection. */
export const ring = (kind: Kind): string => circle(RADIUS[kind] + 5);
