import { expect, test } from "vitest";
import type { Timeline, TimelineEvent } from "../api/types";
import { changeAfter, changeBefore, changesAt, changeTimes, eventsNear, heights, placeMarks, windowOf } from "./events";
import { share, stepOf, ticks, timeAt, windowFor } from "./spans";

const at = (minute: number): string => new Date(Date.UTC(2026, 10, 21, 12, minute)).toISOString();

function event(minute: number, kind: TimelineEvent["kind"], severity: TimelineEvent["severity"] = "info"): TimelineEvent {
  return { at: at(minute), kind, group: "devices", effect: "changed", severity, text: kind, detail: null, subjects: [] };
}

const history: Timeline = {
  from: at(0),
  to: at(60),
  oldest_at: at(0),
  newest_at: at(60),
  buckets: [0, 4, 0, 1, 0, 100].map((changes, index) => ({ at: at(index * 10), changes, worst: changes ? "info" : null })),
  events: [event(12, "joined"), event(13, "gone", "problem"), event(55, "leader", "warning")],
  omitted: 0,
  complete_until: null,
};

test("marks keep their distance, and the urgent one is the face", () => {
  const marks = placeMarks(history.events, windowOf(history), 600);
  expect(marks.map(({ mark, more }) => [mark, more])).toEqual([
    ["gone", 1],
    ["leader", 0],
  ]);
  expect(placeMarks(history.events, windowOf(history), 6_000)).toHaveLength(3);
});

test("every event inside the window is a face or counted, none outside is", () => {
  const events = Array.from({ length: 200 }, (_, index) => event(index % 90, "moved"));
  const inside = events.filter((one) => Date.parse(one.at) <= Date.parse(history.to)).length;
  const marks = placeMarks(events, windowOf(history), 300);
  expect(marks.reduce((sum, { more }) => sum + 1 + more, 0)).toBe(inside);
});

test("previous and next change step over every change, also those without an event", () => {
  const times = changeTimes(history);
  // 12:12, 12:13, the bucket of 12:30 by its end, 12:55.
  expect(times.map((time) => new Date(time).getUTCMinutes())).toEqual([12, 13, 40, 55]);
  expect(changeBefore(times, Date.parse(at(13)))).toBe(Date.parse(at(12)));
  expect(changeBefore(times, Date.parse(at(12)))).toBeUndefined();
  expect(changeAfter(times, Date.parse(at(13)))).toBe(Date.parse(at(40)));
  expect(changeAfter(times, Date.parse(at(55)))).toBeUndefined();
});

test("a bar of one change is seen beside one of a hundred; none is nothing", () => {
  const [none, some, , one, , most] = heights(history);
  expect(none).toBe(0);
  expect(most).toBe(1);
  expect(one).toBeGreaterThan(0.1);
  expect(some).toBeGreaterThan(one!);
});

test("what happened near a moment, nearest first", () => {
  expect(eventsNear(history.events, Date.parse(at(13)), 90_000).map(({ kind }) => kind)).toEqual(["gone", "joined"]);
  expect(changesAt(history, Date.parse(at(15)))).toBe(4);
  expect(changesAt(history, Date.parse(at(60)))).toBe(100);
  expect(changesAt(history, Date.parse(at(80)))).toBe(0);
});

test("the window ends now, or holds the moment shown", () => {
  const now = Date.parse(at(60));
  expect(windowFor("1h", now, null)).toEqual({ from: Date.parse(at(0)), to: now });
  expect(windowFor("1h", now, Date.parse(at(30)))?.to).toBe(now);
  const long = now - 100 * 3_600_000;
  const past = windowFor("1h", now, long)!;
  expect(past.from).toBeLessThan(long);
  expect(past.to).toBeGreaterThan(long);
  expect(windowFor("all", now, null)).toBeNull();
  expect(timeAt(share(long, past), past)).toBeCloseTo(long);
  expect(timeAt(7, past)).toBe(past.to);
  expect(stepOf("all", past)).toBe(18_000);
});

test("ticks are round, inside, and few", () => {
  const window = { from: Date.UTC(2026, 10, 20, 14, 37), to: Date.UTC(2026, 10, 21, 14, 37) };
  const found = ticks(window, 8);
  expect(found.length).toBeGreaterThan(3);
  expect(found.length).toBeLessThanOrEqual(8);
  for (const time of found) {
    expect(time).toBeGreaterThanOrEqual(window.from);
    expect(time).toBeLessThanOrEqual(window.to);
    expect(new Date(time).getMinutes()).toBe(0);
  }
  expect(ticks({ from: 5, to: 5 }, 8)).toEqual([]);
});
