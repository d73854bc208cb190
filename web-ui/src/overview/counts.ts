/** The figures that stand above the map. */

import type { Network, Node, Severity } from "../api/types";
import type { Mesh } from "../state/mesh.svelte";
import { findingsByNetwork } from "../table/others";
import { isGhost, isRouter, isUnnamed, isUnplaced, networkName, SEVERITY_RANK } from "../words/words";

export interface Counts {
  devices: number;
  borderRouters: number;
  /** Routers that are not border routers. */
  routers: number;
  endDevices: number;
  unplaced: number;
  unnamed: number;
  /** Named by others only, and never heard. */
  ghosts: number;
  /** Was there, and is not any more. */
  gone: number;
  /** Devices with two independent good ways, of those whose ways are known. Null: the service tells of none. */
  twoWays: { good: number; known: number } | null;
}

/** Counts devices. Ghosts and those that are gone are counted apart. */
export function countsOf(nodes: Iterable<Node>): Counts {
  const counts: Counts = {
    devices: 0,
    borderRouters: 0,
    routers: 0,
    endDevices: 0,
    unplaced: 0,
    unnamed: 0,
    ghosts: 0,
    gone: 0,
    twoWays: null,
  };
  for (const node of nodes) {
    if (isGhost(node)) {
      if (node.state === "gone") counts.gone++;
      else counts.ghosts++;
      continue;
    }
    counts.devices++;
    if (node.border_router) counts.borderRouters++;
    else if (isRouter(node)) counts.routers++;
    else if (node.role !== "unknown") counts.endDevices++;
    if (isUnplaced(node)) counts.unplaced++;
    if (isUnnamed(node)) counts.unnamed++;
    const ways = node.independent_paths ?? null;
    if (ways !== null) {
      counts.twoWays ??= { good: 0, known: 0 };
      counts.twoWays.known++;
      if (ways >= 2) counts.twoWays.good++;
    }
  }
  return counts;
}

export interface NetworkLine {
  id: string;
  name: string;
  devices: number;
  findings: number;
  worst: Severity | null;
}

/** Networks, the troubled ones first. */
export function networkLines(mesh: Mesh, isCounted: (finding: { id: string }) => boolean): NetworkLine[] {
  const byNetwork = findingsByNetwork(mesh);
  return [...mesh.networks.values()]
    .map((network: Network): NetworkLine => {
      const findings = (byNetwork.get(network.id) ?? []).filter((finding) => isCounted(finding));
      const worst = findings.map((finding) => finding.severity).sort((a, b) => SEVERITY_RANK[a] - SEVERITY_RANK[b])[0] ?? null;
      return { id: network.id, name: networkName(network), devices: mesh.members(network.id).length, findings: findings.length, worst };
    })
    .sort((a, b) => rank(a) - rank(b) || new Intl.Collator(undefined, { numeric: true }).compare(a.name, b.name));
}

const rank = (line: NetworkLine): number => (line.worst ? SEVERITY_RANK[line.worst] : 3);
