/** How high the sheet of a phone stands. */

/** Its resting places. */
export type Height = "peek" | "half" | "full";

const SHARES: Record<Height, number> = { peek: 0.28, half: 0.55, full: 1 };

/** Where a sheet comes to rest that is let go at a share of the space; far enough down, it closes. */
export function nearest(share: number): Height | "closed" {
  if (share < 0.14) return "closed";
  const heights = Object.keys(SHARES) as Height[];
  return heights.reduce((best, height) => (Math.abs(SHARES[height] - share) < Math.abs(SHARES[best] - share) ? height : best));
}

/** What the handle does when it is pressed rather than dragged. */
export const next = (height: Height): Height => (height === "peek" ? "half" : height === "half" ? "full" : "peek");
