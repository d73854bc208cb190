/** Topologies that the service's golden tests pin, for tests of what the page makes of them. */

import { readFileSync } from "node:fs";
import type { Link, Node, Topology } from "../../api/types";

/** What the service concludes of a fixture. */
export function fixture(name: string): Topology {
  return JSON.parse(readFileSync(`../fixtures/${name}/topology.json`, "utf8")) as Topology;
}

/** One device of a topology. */
export function device(topology: Topology, id: string): Node {
  const found = topology.nodes.find((node) => node.id === id);
  if (!found) throw new Error(`The fixture holds no device ${id}: it was made anew, and this test looks for one of before.`);
  return found;
}

/** Links that end at a device. */
export const linksOf =
  (topology: Topology) =>
  (id: string): Link[] =>
    topology.links.filter(({ a, b }) => a === id || b === id);
