/** Which thing an arrow key goes to. */

import type { Point } from "./types";

export type Arrow = "ArrowUp" | "ArrowDown" | "ArrowLeft" | "ArrowRight";

const DIRECTIONS: Record<Arrow, Point> = {
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
};

/** How much a step to the side costs against one forward: what lies straight ahead wins unless it is far. */
const SIDE_COST = 2.2;

export const isArrow = (key: string): key is Arrow => key in DIRECTIONS;

/**
 * The nearest thing in a direction: within 60 degrees of it, sideways distance counting more than distance ahead. Nothing where the last one is
 * reached.
 */
export function nearest<T extends Point>(from: Point, arrow: Arrow, things: Iterable<T>): T | null {
  const direction = DIRECTIONS[arrow];
  let best: T | null = null;
  let least = Infinity;
  for (const thing of things) {
    const dx = thing.x - from.x;
    const dy = thing.y - from.y;
    const ahead = dx * direction.x + dy * direction.y;
    const aside = Math.abs(dx * direction.y) + Math.abs(dy * direction.x);
    if (ahead <= 0.5 || aside > ahead * 1.75) continue;
    const cost = ahead + SIDE_COST * aside;
    if (cost < least) {
      least = cost;
      best = thing;
    }
  }
  return best;
}
