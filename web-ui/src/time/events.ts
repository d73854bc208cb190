/** Events of the stored history: which mark they get, which of them fit, what comes before and after. */

import type { ChangeKind, Timeline, TimelineEvent } from "../api/types";
import { SEVERITY_RANK } from "../words/words";
import { share, type Window } from "./spans";

/** The shape of a mark. Shape tells the kind; colour only repeats it. */
export type Mark = "leader" | "joined" | "gone" | "worse" | "better" | "moved" | "split" | "other";

const MARKS: Record<ChangeKind, Mark> = {
  joined: "joined",
  returned: "joined",
  gone: "gone",
  silent: "gone",
  "lost-parent": "gone",
  moved: "moved",
  placed: "joined",
  leader: "leader",
  role: "other",
  partition: "split",
  split: "split",
  merged: "split",
  "link-new": "better",
  "link-gone": "worse",
  "link-better": "better",
  "link-worse": "worse",
  renamed: "other",
  address: "other",
  "border-router": "other",
  network: "split",
  "finding-new": "worse",
  "finding-over": "better",
  channel: "other",
  other: "other",
};

/** What each mark looks like in text, and what it says. */
export const MARK_WORDS: Record<Mark, { sign: string; word: string }> = {
  leader: { sign: "♛", word: "new leader" },
  joined: { sign: "+", word: "joined or came back" },
  gone: { sign: "×", word: "gone or silent" },
  worse: { sign: "!", word: "got worse" },
  better: { sign: "▲", word: "got better" },
  moved: { sign: "›", word: "moved to another parent" },
  split: { sign: "⑂", word: "network or partition changed" },
  other: { sign: "~", word: "changed" },
};

export const markOf = (event: Pick<TimelineEvent, "kind">): Mark => MARKS[event.kind] ?? "other";

const MARK_RANK: Record<Mark, number> = { split: 0, gone: 1, leader: 2, worse: 3, joined: 4, moved: 5, better: 6, other: 7 };

/** What is worth a mark: most urgent first, then by kind, then newest. */
function byWeight(a: TimelineEvent, b: TimelineEvent): number {
  return (
    SEVERITY_RANK[a.severity] - SEVERITY_RANK[b.severity] ||
    MARK_RANK[markOf(a)] - MARK_RANK[markOf(b)] ||
    Date.parse(b.at) - Date.parse(a.at)
  );
}

/** A mark on the bar: one event, and how many near it have no room for a mark of their own. */
export interface PlacedMark {
  event: TimelineEvent;
  mark: Mark;
  /** Pixels from the left. */
  x: number;
  more: number;
}

/** Marks that stand at least `gap` pixels apart. Every event is in one: as its face, or counted in it. */
export function placeMarks(events: readonly TimelineEvent[], window: Window, width: number, gap = 20): PlacedMark[] {
  const placed: PlacedMark[] = [];
  for (const event of [...events].sort(byWeight)) {
    const part = share(Date.parse(event.at), window);
    if (!(part >= 0 && part <= 1)) continue;
    const x = Math.min(width - gap / 2, Math.max(gap / 2, part * width));
    const near = placed.find((other) => Math.abs(other.x - x) < gap);
    if (near) near.more++;
    else placed.push({ event, mark: markOf(event), x, more: 0 });
  }
  return placed.sort((a, b) => a.x - b.x);
}

/** Moments that something happened at, oldest first: of events, and of buckets whose events were left out. */
export function changeTimes(timeline: Timeline): number[] {
  const times = new Set(timeline.events.map((event) => Date.parse(event.at)));
  const { from, to } = windowOf(timeline);
  const length = timeline.buckets.length ? (to - from) / timeline.buckets.length : 0;
  const sorted = [...times].sort((a, b) => a - b);
  for (const bucket of timeline.buckets) {
    const begin = Date.parse(bucket.at);
    if (bucket.changes > 0 && !sorted.some((time) => time >= begin && time < begin + length)) times.add(Math.min(to, begin + length));
  }
  return [...times].filter((time) => Number.isFinite(time)).sort((a, b) => a - b);
}

/** The change before a moment; undefined where there is none. A second apart, so that the one shown is not found again. */
export const changeBefore = (times: readonly number[], at: number): number | undefined => times.findLast((time) => time < at - 500);

/** The change after a moment; undefined: go to now. */
export const changeAfter = (times: readonly number[], at: number): number | undefined => times.find((time) => time > at + 500);

/** Events around a moment, nearest first. */
export function eventsNear(events: readonly TimelineEvent[], at: number, reach: number): TimelineEvent[] {
  const away = (event: TimelineEvent): number => Math.abs(Date.parse(event.at) - at);
  return events.filter((event) => away(event) <= reach).sort((a, b) => away(a) - away(b));
}

/** How many changes the bucket around a moment holds. */
export function changesAt(timeline: Timeline, at: number): number {
  const { from, to } = windowOf(timeline);
  const part = share(at, { from, to });
  if (part < 0 || part > 1 || !timeline.buckets.length) return 0;
  return timeline.buckets[Math.min(timeline.buckets.length - 1, Math.floor(part * timeline.buckets.length))]?.changes ?? 0;
}

export const windowOf = (timeline: Timeline): Window => ({ from: Date.parse(timeline.from), to: Date.parse(timeline.to) });

/** Heights of bars, 0 to 1. A square root, so that one change beside a hundred can still be seen. */
export function heights(timeline: Timeline): number[] {
  const most = Math.max(1, ...timeline.buckets.map((bucket) => bucket.changes));
  return timeline.buckets.map((bucket) => (bucket.changes > 0 ? Math.max(0.12, Math.sqrt(bucket.changes / most)) : 0));
}
