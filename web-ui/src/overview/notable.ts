/** Which of the changes of a day are worth one of the few lines beside the map. */

import type { TimelineEvent } from "../api/types";

/** What a device is called, and by what address, is said once and changes nothing in the mesh. */
const LESSER = new Set<TimelineEvent["kind"]>(["renamed", "address", "other"]);

/** Milliseconds within which a network is being heard for the first time: everything in it is new then. */
const BEGINNING = 120_000;

/**
 * At most so many changes, the newest first, and none after `until` (milliseconds; null: now). Names and addresses, and what was there when
 * the recording began, take only the places that nothing else wants.
 */
export function notable(events: readonly TimelineEvent[], until: number | null, most: number): TimelineEvent[] {
  const newest = events
    .map((event) => ({ event, time: Date.parse(event.at) }))
    .filter(({ time }) => until === null || time <= until)
    .sort((a, b) => b.time - a.time);
  const first = newest.at(-1)?.time ?? 0;
  const isLesser = ({ event, time }: (typeof newest)[number]): boolean =>
    event.severity === "info" && (LESSER.has(event.kind) || (time - first < BEGINNING && event.kind === "joined"));
  const chosen = newest.filter((one) => !isLesser(one)).slice(0, most);
  const others = newest.filter(isLesser).slice(0, most - chosen.length);
  return [...chosen, ...others].map(({ event }) => event);
}
