import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Change, TimelineEvent, Topology } from "../api/types";
import { Mesh } from "../state/mesh.svelte";
import { byGroup, byTime, effects, fromField, presets, targetOf, toField } from "./changes";

const change = (group: Change["group"], effect: Change["effect"], text: string): Change => ({
  kind: "other",
  group,
  effect,
  severity: "info",
  text,
  detail: null,
  subjects: [],
});

test("every change stands in its group, groups in the order of reading", () => {
  const changes = [
    change("links", "worse", "1"),
    change("devices", "added", "2"),
    change("links", "better", "3"),
    change("findings", "added", "4"),
  ];
  expect(byGroup(changes).map((group) => [group.words, group.changes.map(({ text }) => text).join()])).toEqual([
    ["Devices", "2"],
    ["Links", "1,3"],
    ["Findings", "4"],
  ]);
  expect(effects(changes)).toEqual([
    { effect: "added", number: 2 },
    { effect: "better", number: 1 },
    { effect: "worse", number: 1 },
  ]);
});

test("a change selects what is known of its subjects, in the newer mesh first", () => {
  const topology = JSON.parse(readFileSync("../fixtures/mesh20-after-kill/topology.json", "utf8")) as Topology;
  const mesh = new Mesh();
  mesh.replace(topology, { networks: {}, nodes: {} });
  const empty = new Mesh();
  const [node, link, finding] = [topology.nodes[3]!, topology.links[0]!, topology.findings[0]];
  expect(targetOf(["nobody", node.id], mesh)).toEqual({ kind: "node", id: node.id });
  expect(targetOf([link.id], empty, mesh)).toEqual({ kind: "link", id: link.id });
  if (finding) expect(targetOf([finding.id], mesh)).toEqual({ kind: "finding", id: finding.id });
  expect(targetOf(["nobody"], mesh, empty)).toBeNull();
});

test("events are read newest first, under their day or hour", () => {
  const now = new Date(2026, 10, 21, 14, 30).getTime();
  const event = (milliseconds: number): TimelineEvent => ({
    ...change("devices", "added", String(milliseconds)),
    at: new Date(now - milliseconds).toISOString(),
  });
  const hour = 3_600_000;
  const short = byTime([event(20 * hour), event(1), event(hour / 4), event(2 * hour)], now);
  expect(short).toHaveLength(3);
  expect(short[0]!.words).toMatch(/^Today/);
  expect(short[0]!.events.map(({ text }) => text)).toEqual(["1", String(hour / 4)]);
  expect(short[2]!.words).toMatch(/^Yesterday/);
  const long = byTime([event(100 * hour), event(99 * hour), event(hour)], now);
  expect(long.map((group) => group.events.length)).toEqual([1, 2]);
});

test("fields and moments say the same", () => {
  const time = new Date(2026, 1, 3, 4, 5).getTime();
  expect(toField(time)).toBe("2026-02-03T04:05");
  expect(fromField(toField(time))).toBe(time);
  expect(fromField("")).toBeNull();
});

test("only moments that are kept are offered", () => {
  const now = 1_000_000_000_000;
  expect(presets(now, now - 7_200_000, []).map(({ words }) => words)).toEqual(["An hour ago", "Oldest kept"]);
  const [, last] = presets(now, now - 7_200_000, [now - 500_000, now]);
  expect(last).toEqual({ words: "Before the last change", time: now - 501_000 });
  expect(presets(now, now, [])).toEqual([]);
});
