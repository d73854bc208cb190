/** Boxes, hulls and distances. */

import type { Box, Camera, Point, View } from "./types";

const ROUND_CORNERS = 12;

/** The smallest box around points; null for none. */
export function boxAround(points: Iterable<Point>, padding = 0): Box | null {
  let left = Infinity;
  let top = Infinity;
  let right = -Infinity;
  let bottom = -Infinity;
  for (const { x, y } of points) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x);
    bottom = Math.max(bottom, y);
  }
  if (left > right) return null;
  return { x: left - padding, y: top - padding, width: right - left + 2 * padding, height: bottom - top + 2 * padding };
}

/** The smallest box around boxes; null for none. */
export function boxAroundBoxes(boxes: Iterable<Box>): Box | null {
  const corners: Point[] = [];
  for (const box of boxes) corners.push({ x: box.x, y: box.y }, { x: box.x + box.width, y: box.y + box.height });
  return boxAround(corners);
}

/** The part of the map that a view shows, and `margin` of its size more on each side. */
export function seenBox({ camera, width, height }: View, margin = 0): Box {
  return {
    x: (-width * margin - camera.x) / camera.k,
    y: (-height * margin - camera.y) / camera.k,
    width: (width * (1 + 2 * margin)) / camera.k,
    height: (height * (1 + 2 * margin)) / camera.k,
  };
}

export const overlaps = (one: Box, other: Box): boolean =>
  one.x < other.x + other.width && other.x < one.x + one.width && one.y < other.y + other.height && other.y < one.y + one.height;

export const contains = (box: Box, { x, y }: Point): boolean =>
  x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height;

/** Free space that floating controls leave, in CSS pixels. */
export interface Insets {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

/** The camera that shows a box as large as it fits between the insets, at most at scale `most`. */
export function fitting(box: Box, width: number, height: number, insets: Insets, most: number): Camera {
  const room = { width: Math.max(80, width - insets.left - insets.right), height: Math.max(80, height - insets.top - insets.bottom) };
  const k = Math.min(most, room.width / Math.max(1, box.width), room.height / Math.max(1, box.height));
  return {
    k,
    x: insets.left + (room.width - box.width * k) / 2 - box.x * k,
    y: insets.top + (room.height - box.height * k) / 2 - box.y * k,
  };
}

/** The convex outline around discs of one radius, clockwise. */
export function hull(points: readonly Point[], radius: number): Point[] {
  const around: Point[] = [];
  for (const { x, y } of points) {
    for (let corner = 0; corner < ROUND_CORNERS; corner++) {
      const angle = (corner / ROUND_CORNERS) * 2 * Math.PI;
      around.push({ x: x + radius * Math.cos(angle), y: y + radius * Math.sin(angle) });
    }
  }
  around.sort((one, other) => one.x - other.x || one.y - other.y);
  const half = (sorted: readonly Point[]): Point[] => {
    const chain: Point[] = [];
    for (const point of sorted) {
      for (let last = chain.at(-1), before = chain.at(-2); last && before; last = chain.at(-1), before = chain.at(-2)) {
        if ((last.x - before.x) * (point.y - before.y) - (last.y - before.y) * (point.x - before.x) > 0) break;
        chain.pop();
      }
      chain.push(point);
    }
    return chain.slice(0, -1);
  };
  return [...half(around), ...half([...around].reverse())];
}

/** How far a point is from a line between two others. */
export function distanceToLine(at: Point, from: Point, to: Point): number {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.max(0, Math.min(1, ((at.x - from.x) * dx + (at.y - from.y) * dy) / length));
  return Math.hypot(at.x - from.x - along * dx, at.y - from.y - along * dy);
}

/** A number for SVG: a tenth of a pixel is enough. */
export const short = (value: number): number => Math.round(value * 10) / 10;

/** A closed path through points. */
export const outline = (points: readonly Point[], k: number): string =>
  points.length === 0 ? "" : `M${points.map(({ x, y }) => `${short(x * k)} ${short(y * k)}`).join("L")}Z`;
