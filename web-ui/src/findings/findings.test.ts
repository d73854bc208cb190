import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Finding, TimelineEvent, Topology } from "../api/types";
import { Mesh } from "../state/mesh.svelte";
import { byUrgency, chosen, grouped, isMuted, kindWords, networksOf, sinceOf, subjectsOf } from "./findings";

function meshOf(fixture: string, change: (topology: Topology) => void = () => undefined): Mesh {
  const topology = JSON.parse(readFileSync(`../fixtures/${fixture}/topology.json`, "utf8")) as Topology;
  change(topology);
  const mesh = new Mesh();
  mesh.replace(topology, { networks: {}, nodes: {} });
  return mesh;
}

const ALL = { severity: null, kind: null, network: null };
const withFindings = "home44-matter-server";

test("every finding of the fixtures is listed once, most urgent first, about things that have names", () => {
  for (const fixture of [withFindings, "mesh20-after-kill", "home44-all", "otbr-rest-2026"]) {
    const mesh = meshOf(fixture);
    const { open, muted, hidden } = chosen(mesh, ALL);
    expect(open.length + muted.length + hidden).toBe(mesh.findings.size);
    const ranks = open.map((finding) => ["problem", "warning", "info"].indexOf(finding.severity));
    expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
    for (const finding of open) for (const subject of subjectsOf(finding, mesh)) expect(subject.name).toBeTruthy();
  }
});

test("filters say how much they hide", () => {
  const mesh = meshOf(withFindings);
  const kind = [...mesh.findings.values()][0]!.kind;
  const some = chosen(mesh, { ...ALL, kind });
  expect(some.open.every((finding) => finding.kind === kind)).toBe(true);
  expect(some.open.length + some.muted.length + some.hidden).toBe(mesh.findings.size);
  expect(chosen(mesh, { ...ALL, network: "no such network" }).open).toEqual([]);
  const network = [...mesh.networks.keys()][0]!;
  expect(chosen(mesh, { ...ALL, network }).open.every((finding) => networksOf(finding, mesh).includes(network))).toBe(true);
});

test("a muted finding, and one about a muted device, are apart and not gone", () => {
  const mesh = meshOf(withFindings, (topology) => {
    (topology.findings[0] as Finding).muted = { reason: "known", since: "2026-11-21T12:00:00Z" };
    const about = topology.findings
      .slice(1)
      .find((finding) => finding.subjects.length === 1 && topology.nodes.some((node) => node.id === finding.subjects[0]));
    for (const node of topology.nodes) if (node.id === about?.subjects[0]) node.muted = true;
  });
  const { open, muted } = chosen(mesh, ALL);
  expect(muted.length).toBeGreaterThanOrEqual(2);
  expect(open.length + muted.length).toBe(mesh.findings.size);
  expect(open.some((finding) => isMuted(finding, mesh))).toBe(false);
});

test("groups hold every finding, the urgent and the full ones first", () => {
  const make = (id: string, kind: string, severity: Finding["severity"]): Finding => ({
    id,
    kind,
    severity,
    subjects: [],
    title: id,
    detail: "",
    advice: "",
  });
  const findings = [
    make("1", "weak-only", "warning"),
    make("2", "gone", "warning"),
    make("3", "weak-only", "warning"),
    make("4", "gone", "problem"),
  ];
  expect(grouped(findings).map((group) => [group.severity, group.kind, group.findings.length])).toEqual([
    ["problem", "gone", 1],
    ["warning", "weak-only", 2],
    ["warning", "gone", 1],
  ]);
  expect([...findings].sort(byUrgency)[0]!.id).toBe("4");
  expect(kindWords("weak-only")).toBe("Weak only");
});

test("its age comes from the event that brought it last", () => {
  const finding = { id: "weak-only:x" } as Finding;
  const event = (at: string, kind: TimelineEvent["kind"], subject: string): TimelineEvent => ({
    at,
    kind,
    group: "findings",
    effect: "added",
    severity: "info",
    text: "",
    detail: null,
    subjects: [subject],
  });
  const events = [
    event("2026-11-20T01:00:00Z", "finding-new", "weak-only:x"),
    event("2026-11-20T02:00:00Z", "finding-over", "weak-only:x"),
    event("2026-11-20T03:00:00Z", "finding-new", "weak-only:x"),
    event("2026-11-20T04:00:00Z", "finding-new", "other"),
  ];
  expect(sinceOf(finding, events)).toBe("2026-11-20T03:00:00Z");
  expect(sinceOf(finding, [])).toBeNull();
});
