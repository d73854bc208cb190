/** The line of a rate over time. */

import { type Stretch, WINDOW_MILLISECONDS } from "../state/rates.svelte";

/** Width of the drawing: one unit a second. */
export const WIDTH = WINDOW_MILLISECONDS / 1_000;
export const HEIGHT = 40;

const round = (value: number): number => Math.round(value * 10) / 10;

/** A line of steps that ends at `now`, on the right. Where nothing is known it is broken. */
export function ratePath(stretches: readonly Stretch[], now: number, scale: number): string {
  const x = (time: number): number => round(WIDTH - (now - time) / 1_000);
  const y = (perSecond: number): number => round(HEIGHT - (HEIGHT * Math.min(perSecond, scale)) / scale);
  let path = "";
  let end: number | null = null;
  for (const { from, until, perSecond } of stretches) {
    path += end === from ? `V${y(perSecond)}` : `M${x(from)} ${y(perSecond)}`;
    path += `H${x(until ?? now)}`;
    end = until;
  }
  return path;
}
