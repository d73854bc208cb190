/** A network from far: a handful of paths instead of hundreds of elements. */

import { short } from "./geometry";
import type { Part } from "./structure";

/** Paths in the map's own pixels, relative to the card's corner. Dots are lines without length, to be drawn with round ends. */
export interface CardArt {
  /** The same without end devices, unless there is nothing else. */
  small: Omit<CardArt, "small">;
  links: { d: string; c: string }[];
  dots: { d: string; c: string; size: number }[];
}

const known = new WeakMap<Part, CardArt>();

/** The art of a part; the same object as long as the part is. */
export function cardArt(part: Part): CardArt {
  const before = known.get(part);
  if (before) return before;
  const { x: left, y: top } = part.card;
  const links: Record<string, string> = {};
  const dots: Record<string, string> = {};
  for (const { a, b, look, strong } of part.links) {
    if (!strong || look.dash === "gone") continue;
    const weaker = look.thin ? "child" : look.a < look.b ? look.a : look.b;
    const c = `q-${weaker === "none" ? "q0" : weaker}`;
    links[c] = `${links[c] ?? ""}M${short(a.x - left)} ${short(a.y - top)}L${short(b.x - left)} ${short(b.y - top)}`;
  }
  for (const { x, y, look } of part.nodes) {
    const c = look.outline === "gone" ? "k-ghost" : `k-${look.kind}`;
    dots[c] = `${dots[c] ?? ""}M${short(x - left)} ${short(y - top)}h0`;
  }
  const isSmall = (c: string): boolean => c !== "k-border-router" && c !== "k-router";
  const order = (c: string): number => (c === "k-border-router" ? 2 : isSmall(c) ? 0 : 1);
  const lines = Object.entries(links)
    .map(([c, d]) => ({ c, d }))
    .sort((one, other) => (one.c === "q-child" ? -1 : other.c === "q-child" ? 1 : one.c < other.c ? -1 : 1));
  const points = Object.entries(dots)
    .map(([c, d]) => ({ c, d, size: c === "k-border-router" ? 1.6 : isSmall(c) ? 0.6 : 1 }))
    .sort((one, other) => order(one.c) - order(other.c));
  const small = {
    links: lines.filter(({ c }) => c !== "q-child"),
    dots: points.some(({ c }) => !isSmall(c)) ? points.filter(({ c }) => !isSmall(c)) : points,
  };
  const art: CardArt = { links: lines, dots: points, small };
  known.set(part, art);
  return art;
}
