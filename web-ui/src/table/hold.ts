/** Keeps rows in their places while values change: nothing moves under the eyes of a reader. */

/** The order that was shown last, and for which wish. */
export interface Held {
  wish: string;
  ids: string[];
}

/**
 * Rows in the order held, as long as the wish and the set of rows are the same; else in the fresh order.
 * `isOld` tells that sorting again would change something.
 */
export function hold<Row extends { id: string }>(
  held: Held | null,
  wish: string,
  fresh: Row[],
): { held: Held; rows: Row[]; isOld: boolean } {
  const anew = { held: { wish, ids: fresh.map((row) => row.id) }, rows: fresh, isOld: false };
  if (!held || held.wish !== wish || held.ids.length !== fresh.length) return anew;
  const byId = new Map(fresh.map((row) => [row.id, row]));
  const rows: Row[] = [];
  let isOld = false;
  for (const [place, id] of held.ids.entries()) {
    const row = byId.get(id);
    if (!row) return anew;
    rows.push(row);
    if (fresh[place]?.id !== id) isOld = true;
  }
  return { held, rows, isOld };
}
