import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Node, Topology } from "../api/types";
import { Mesh } from "../state/mesh.svelte";
import { devicesInWords } from "../words/words";
import { countsOf, networkLines } from "./counts";

const topology = JSON.parse(readFileSync("../fixtures/home44-all/topology.json", "utf8")) as Topology;

test("every device of a real home is counted once", () => {
  const counts = countsOf(topology.nodes);
  expect(counts.devices + counts.ghosts + counts.gone).toBe(topology.nodes.length);
  expect(counts.borderRouters).toBe(topology.nodes.filter((node) => node.border_router).length);
  expect(counts.borderRouters + counts.routers + counts.endDevices).toBeLessThanOrEqual(counts.devices);
  expect(counts.routers).toBeGreaterThan(5);
});

test("the share of good ways is of those that are known, and nothing where none is", () => {
  const plain = topology.nodes.map((node): Node => ({ ...node, independent_paths: null }) as Node);
  expect(countsOf(plain).twoWays).toBeNull();
  const ways = [2, 2, 1, 0, null];
  const told = plain.slice(0, 5).map((node, index) => ({ ...node, state: "confirmed", independent_paths: ways[index] }) as Node);
  expect(countsOf(told).twoWays).toEqual({ good: 2, known: 4 });
});

test("networks with trouble come first", () => {
  const mesh = new Mesh();
  const network = { ...topology.networks[0]!, id: "calm", name: "A calm one" };
  mesh.replace({ ...topology, networks: [network, ...topology.networks] }, { networks: {}, nodes: {} });
  const lines = networkLines(mesh, () => true);
  expect(lines).toHaveLength(topology.networks.length + 1);
  if (topology.findings.length) expect(lines[0]!.findings).toBeGreaterThan(0);
  expect(lines.find((line) => line.id === "calm")).toMatchObject({ devices: 0, findings: 0, worst: null });
  expect(networkLines(mesh, () => false).every((line) => line.worst === null)).toBe(true);
});

test("words and figures of how many there are agree", () => {
  const [one, ...others] = topology.nodes;
  const nodes: Node[] = [{ ...one!, state: "gone" }, ...others];
  const { devices, gone, ghosts } = countsOf(nodes);
  expect(gone).toBeGreaterThan(0);
  const words = devicesInWords(nodes);
  expect(words.startsWith(`${devices} devices, ${gone} gone`)).toBe(true);
  expect(words.includes("ghost")).toBe(ghosts > 0);
});
