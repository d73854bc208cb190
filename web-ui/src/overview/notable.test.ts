import { expect, test } from "vitest";
import type { TimelineEvent } from "../api/types";
import { notable } from "./notable";

const event = (minute: number, kind: TimelineEvent["kind"], severity: TimelineEvent["severity"] = "info"): TimelineEvent => ({
  at: new Date(Date.UTC(2026, 10, 20, 6, minute)).toISOString(),
  kind,
  severity,
  group: "devices",
  effect: "changed",
  subjects: [],
  text: `${kind} at ${minute}`,
});
const texts = (events: TimelineEvent[]): string[] => events.map(({ text }) => text);

test("names and the crowd of the beginning come after what happened to the mesh", () => {
  const events = [event(0, "joined"), event(1, "renamed"), event(10, "gone", "warning"), event(20, "renamed"), event(30, "moved")];
  expect(texts(notable(events, null, 3))).toEqual(["moved at 30", "gone at 10", "renamed at 20"]);
  expect(texts(notable(events, null, 9))).toHaveLength(5);
});

test("a device that joins later is news", () => {
  expect(texts(notable([event(0, "joined"), event(40, "joined"), event(50, "renamed")], null, 1))).toEqual(["joined at 40"]);
});

test("a moment of the past knows nothing of what came after", () => {
  const events = [event(10, "gone", "warning"), event(20, "returned")];
  expect(texts(notable(events, Date.UTC(2026, 10, 20, 6, 15), 6))).toEqual(["gone at 10"]);
});
