/** What the legend explains: drawn by the functions that draw the map. */

import { badge, changeMark, CROWN_ALONE, colourClass, glyph, PIN, type Stroke } from "./glyphs";
import { type Line, linesOf } from "./links";
import type { Part } from "./structure";
import type { Kind, LinkLook, Look, Mark } from "./types";

/** A shape and what it means. */
export interface ShapeEntry {
  key: string;
  word: string;
  meaning: string;
  c: string;
  strokes: Stroke[];
}

/** A line and what it means. */
export interface LineEntry {
  key: string;
  word: string;
  meaning: string;
  c: string;
  lines: Line[];
}

/** Length of a sample line, in pixels. */
export const SAMPLE_PX = 38;

const shape = (word: string, meaning: string, kind: Kind, outline: Look["outline"] = "fresh"): ShapeEntry => {
  const look: Look = { kind, leader: false, outline };
  return { key: outline === "fresh" ? kind : outline, word, meaning, c: colourClass(look), strokes: glyph(look) };
};

/** Roles, then marks. */
export const SHAPES: ShapeEntry[] = [
  shape("Border router", "joins the mesh to the LAN", "border-router"),
  shape("Router", "passes frames on for others", "router"),
  { key: "leader", word: "Leader", meaning: "the router that manages router ids of its partition", c: "", strokes: CROWN_ALONE },
  shape("Can become router", "an end device that may take over as a router", "reed"),
  shape("Always-on device", "an end device whose radio always listens", "end-device"),
  shape("Sleepy device", "sleeps, and asks its parent for what waits", "sleepy-end-device"),
  shape("Role unknown", "nobody says what it is in the mesh", "unknown"),
  shape("Ghost", "others name it; nobody ever heard it", "ghost"),
  shape("Old", "not heard for longer than usual for its kind", "router", "old"),
  shape("Gone", "said goodbye, or nobody lists it any more", "router", "gone"),
  { key: "problem", word: "Problem", meaning: "a finding that needs something done", c: "", strokes: badge("problem") },
  { key: "warning", word: "Warning", meaning: "a finding to look at", c: "", strokes: badge("warning") },
  { key: "pinned", word: "Pinned", meaning: "a person put it there", c: "", strokes: PIN },
];

const look = (rest: Partial<LinkLook>): LinkLook => ({ a: "q3", b: "q3", dash: "solid", medium: "radio", thin: false, ...rest });
const line = (key: string, word: string, meaning: string, rest: Partial<LinkLook>, c = ""): LineEntry => ({
  key,
  word,
  meaning,
  c,
  lines: linesOf({ x: 0, y: 7 }, { x: SAMPLE_PX, y: 7 }, 1, 1, look(rest)),
});

/** Each half of a link shows how well the device at its end hears the other one. */
export const LINES: LineEntry[] = [
  line("q3", "3 good", "each half: how well the device at its end hears the other", {}),
  line("q2", "2 fair", "each half: how well the device at its end hears the other", { a: "q2", b: "q2" }),
  line("q1", "1 weak", "each half: how well the device at its end hears the other", { a: "q1", b: "q1" }),
  line("one-way", "heard one way", "the device at the dotted half does not report hearing the other", { b: "none" }),
  line("faint", "faint: not the best", "a radio link outside the strongest tree and the good links beside it", {}, "faint"),
  line("child", "to a child", "a device and its parent; coloured only where it is not good", { a: "child", b: "child", thin: true }),
  line("link-old", "old evidence", "nobody confirmed it for longer than usual", { a: "q2", b: "q2", dash: "old" }),
  line("link-unconfirmed", "unconfirmed", "one side says so, or it follows by arithmetic", { a: "none", b: "none", dash: "unconfirmed" }),
  line("link-contradicted", "contradicted", "fresh statements exclude each other", { a: "q2", b: "q2", dash: "contradicted" }),
  line("link-gone", "gone", "nobody lists it any more", { a: "none", b: "none", dash: "gone" }),
  line("trel", "over the LAN", "Thread over Ethernet or Wi-Fi (TREL) between border routers", { a: "trel", b: "trel", medium: "trel" }),
  line("medium", "radio or LAN", "nobody says what carries it", { medium: "unknown" }),
];

const change = (word: string, meaning: string, mark: Mark): ShapeEntry => ({ key: mark, word, meaning, c: "", strokes: changeMark(mark) });

/** Marks of a comparison. */
export const CHANGES: ShapeEntry[] = [
  change("new", "there at B, not at A", "added"),
  change("gone", "there at A, not at B", "removed"),
  change("changed", "another parent, role, network or partition", "changed"),
  change("better", "the link is better at B", "better"),
  change("worse", "the link is worse at B", "worse"),
];

/** What of the legend a network's drawing uses. */
const used = new WeakMap<Part, ReadonlySet<string>>();

function keysOf(part: Part): ReadonlySet<string> {
  const known = used.get(part);
  if (known) return known;
  const keys = new Set<string>();
  for (const {
    look: { kind, leader, outline },
    badge: finding,
    pinned,
  } of part.nodes) {
    keys.add(outline === "fresh" ? kind : outline);
    if (leader) keys.add("leader");
    if (finding) keys.add(finding);
    if (pinned) keys.add("pinned");
  }
  for (const {
    look: { a, b, dash, medium, thin },
    strong,
  } of part.links) {
    keys.add(a).add(b);
    if (dash !== "solid") keys.add(`link-${dash}`);
    else if (a !== b && (a === "none" || b === "none")) keys.add("one-way");
    if (!strong) keys.add("faint");
    if (medium === "unknown" && !thin) keys.add("medium");
  }
  used.set(part, keys);
  return keys;
}

/** Keys of all entries that the map uses now, sorted. */
export function keysInUse(parts: Iterable<Part>): string[] {
  const keys = new Set<string>();
  for (const part of parts) for (const key of keysOf(part)) keys.add(key);
  return [...keys].sort();
}
