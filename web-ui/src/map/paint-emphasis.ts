/** Marks of what stands out: where a lost child was, the numbers on a selected link. */

import type { Emphasis } from "./emphasis";
import { element, set } from "./layer";
import type { Point } from "./types";

/** How far from the middle of a device an arrow ends. */
const ARROW_GAP_PX = 20;
/** An arrow shorter than this is no longer than its words. */
const SHORT_ARROW_PX = 160;

/** A dashed arrow to where a device was, with its words. */
export function wasHere({ from, to, text }: NonNullable<Emphasis["wasHere"]>): SVGElement[] {
  const radians = Math.atan2(to.y - from.y, to.x - from.x);
  const end = { x: Math.round(to.x - Math.cos(radians) * ARROW_GAP_PX), y: Math.round(to.y - Math.sin(radians) * ARROW_GAP_PX) };
  const line = element("path", "was-line");
  set(line, "d", `M${from.x} ${from.y}L${end.x} ${end.y}`);
  const head = element("path", "was-head");
  set(head, "d", "M-8 -4.5L0 0L-8 4.5");
  set(head, "transform", `translate(${end.x} ${end.y}) rotate(${Math.round((radians * 180) / Math.PI)})`);
  const words = element("text", "was-text");
  words.textContent = text;
  const middle = { x: Math.round((from.x + to.x) / 2), y: Math.round((from.y + to.y) / 2 - 6) };
  // A short arrow has no room for words on it: they go beside it.
  const isShort = Math.hypot(to.x - from.x, to.y - from.y) < SHORT_ARROW_PX;
  set(words, "x", String(isShort ? Math.min(from.x, to.x) - ARROW_GAP_PX : middle.x));
  set(words, "y", String(isShort ? middle.y + 10 : middle.y));
  if (isShort) words.classList.add("aside");
  return [line, head, words];
}

/** A number on a half of a link. */
export function numberOn(at: Point, text: string, c: string): SVGElement {
  const group = element("g", `number ${c}`);
  group.setAttribute("transform", `translate(${Math.round(at.x)} ${Math.round(at.y)})`);
  const disc = element("circle", "number-disc");
  disc.setAttribute("r", "9");
  const digits = element("text", "number-text");
  digits.setAttribute("y", "4.2");
  digits.textContent = text;
  group.append(disc, digits);
  return group;
}

/** The path through points; empty for fewer than two. */
export const wayThrough = (route: readonly Point[]): string =>
  route.length < 2 ? "" : `M${route.map(({ x, y }) => `${Math.round(x)} ${Math.round(y)}`).join("L")}`;
