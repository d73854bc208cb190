/** Spans of the time bar, and where on it a moment lies. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export type SpanId = "1h" | "6h" | "24h" | "7d" | "all";

/** The choices. `milliseconds` null: everything that is kept. `step`: one press of an arrow key. */
export const SPANS: readonly { id: SpanId; words: string; short: string; milliseconds: number | null; step: number }[] = [
  { id: "1h", words: "1 hour", short: "1 h", milliseconds: HOUR, step: 30_000 },
  { id: "6h", words: "6 hours", short: "6 h", milliseconds: 6 * HOUR, step: 2 * MINUTE },
  { id: "24h", words: "24 hours", short: "24 h", milliseconds: DAY, step: 10 * MINUTE },
  { id: "7d", words: "7 days", short: "7 d", milliseconds: 7 * DAY, step: HOUR },
  { id: "all", words: "everything kept", short: "All", milliseconds: null, step: 0 },
];

/** A stretch of time, milliseconds since 1970. */
export interface Window {
  from: number;
  to: number;
}

/** The stretch to ask for: it ends now, or has the moment shown in its middle. Null: everything. */
export function windowFor(id: SpanId, now: number, at: number | null): Window | null {
  const { milliseconds } = SPANS.find((span) => span.id === id) ?? SPANS[2]!;
  if (milliseconds === null) return null;
  const isInside = at === null || at >= now - milliseconds;
  const to = isInside ? now : Math.min(now, at + milliseconds / 2);
  return { from: to - milliseconds, to };
}

/** How far an arrow key goes. */
export function stepOf(id: SpanId, window: Window): number {
  const { step } = SPANS.find((span) => span.id === id) ?? SPANS[2]!;
  return step || Math.max(1_000, (window.to - window.from) / 200);
}

/** Where a moment lies, 0 to 1 inside the window. */
export const share = (time: number, { from, to }: Window): number => (to > from ? (time - from) / (to - from) : 1);

/** The moment at a share of the window, kept inside it. */
export const timeAt = (part: number, { from, to }: Window): number => from + Math.min(1, Math.max(0, part)) * (to - from);

const TICK_STEPS = [
  MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  4 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  7 * DAY,
  14 * DAY,
  30 * DAY,
  90 * DAY,
  365 * DAY,
];

/** Round moments of the reader's own clock, at most `most` of them. */
export function ticks(window: Window, most: number): number[] {
  const length = window.to - window.from;
  if (length <= 0 || most < 1) return [];
  const step = TICK_STEPS.find((candidate) => length / candidate <= most) ?? length;
  // Whole hours and days of the reader's clock, not of Greenwich's.
  const offset = new Date(window.to).getTimezoneOffset() * MINUTE;
  const found: number[] = [];
  for (let time = Math.ceil((window.from - offset) / step) * step + offset; time <= window.to; time += step) found.push(time);
  return found;
}

/** A tick's words: the hour, and the day where it begins or is the first named. */
export function tickWords(time: number, window: Window, isFirst: boolean): string {
  const date = new Date(time);
  const isMidnight = date.getHours() === 0 && date.getMinutes() === 0;
  if (window.to - window.from > 4 * DAY) return date.toLocaleDateString(undefined, { day: "numeric", month: "short" });
  const clock = date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  return isMidnight || isFirst ? `${date.toLocaleDateString(undefined, { weekday: "short" })} ${clock}` : clock;
}
