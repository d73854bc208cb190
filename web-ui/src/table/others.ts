/** Rows and columns of links and of networks. */

import type { Finding, Link, Network, Node } from "../api/types";
import { isRouter, nameOf, networkName, STATES } from "../words/words";
import type { Mesh } from "../state/mesh.svelte";
import type { Column } from "./columns";
import { findingKey, findingWords, linkQuality, type MeshView } from "./devices";

export interface LinkRow {
  id: string;
  link: Link;
  a: Node | null;
  b: Node | null;
  aName: string;
  bName: string;
  network: string | null;
  networkId: string | null;
  quality: number | null;
  heardAt: string | null;
  findings: readonly Finding[];
}

const KINDS: Record<Link["kind"], string> = { router: "Between routers", "parent-child": "Parent and child", neighbor: "Neighbours" };
const MEDIA: Record<Link["medium"], string> = { radio: "Radio", trel: "LAN (TREL)", unknown: "Not known" };

export function linkRow(link: Link, mesh: MeshView): LinkRow {
  const a = mesh.node(link.a) ?? null;
  const b = mesh.node(link.b) ?? null;
  const networkId = a?.network ?? b?.network ?? null;
  const times = [link.a_hears_b?.observed_at, link.b_hears_a?.observed_at].filter((time) => typeof time === "string");
  return {
    id: link.id,
    link,
    a,
    b,
    aName: a ? nameOf(a) : link.a,
    bName: b ? nameOf(b) : link.b,
    networkId,
    network: networkId ? networkName(mesh.networks.get(networkId), networkId) : null,
    quality: linkQuality(link),
    heardAt: times.sort().at(-1) ?? null,
    findings: mesh.findingsAbout(link.id),
  };
}

const number = (value: number | null | undefined): string | null => (value === null || value === undefined ? null : String(value));

/** "One way" and "no report" are told apart from bad quality. */
function hears(direction: Link["a_hears_b"], other: Link["a_hears_b"]): string | null {
  const quality = number(direction?.link_quality);
  if (quality !== null) return quality;
  return other ? "no report" : null;
}

export const LINK_COLUMNS: Column<LinkRow>[] = [
  { id: "a", title: "One end", width: 13, isFirstChoice: true, text: (row) => row.aName },
  { id: "b", title: "Other end", width: 13, isFirstChoice: true, text: (row) => row.bName },
  { id: "kind", title: "Kind", width: 10, isFirstChoice: true, text: (row) => KINDS[row.link.kind] },
  { id: "medium", title: "Carried by", width: 7.5, isFirstChoice: true, text: (row) => MEDIA[row.link.medium] },
  {
    id: "a-hears",
    title: "One hears other",
    hint: "Link quality 0 to 3 at the first end",
    width: 8,
    isFirstChoice: true,
    look: "quality",
    text: (row) => hears(row.link.a_hears_b, row.link.b_hears_a),
    key: (row) => row.link.a_hears_b?.link_quality ?? null,
  },
  {
    id: "b-hears",
    title: "Other hears one",
    hint: "Link quality 0 to 3 at the second end",
    width: 8,
    isFirstChoice: true,
    look: "quality",
    text: (row) => hears(row.link.b_hears_a, row.link.a_hears_b),
    key: (row) => row.link.b_hears_a?.link_quality ?? null,
  },
  { id: "state", title: "State", width: 10.5, isFirstChoice: true, look: "state", text: (row) => STATES[row.link.state].word },
  { id: "heard", title: "Reported", width: 7, isFirstChoice: true, look: "age", text: (row) => row.heardAt },
  {
    id: "findings",
    title: "Findings",
    width: 7,
    isFirstChoice: true,
    look: "findings",
    text: (row) => findingWords(row.findings),
    key: (row) => findingKey(row.findings),
  },
  { id: "network", title: "Network", width: 10, isFirstChoice: false, text: (row) => row.network },
  ...(["a", "b"] as const).flatMap((end): Column<LinkRow>[] => {
    const of = (row: LinkRow): Link["a_hears_b"] => (end === "a" ? row.link.a_hears_b : row.link.b_hears_a);
    const who = end === "a" ? "one end" : "other end";
    return [
      {
        id: `${end}-rssi`,
        title: `RSSI at ${who}, dBm`,
        width: 8,
        isFirstChoice: false,
        isNumber: true,
        text: (row) => number(of(row)?.average_rssi_dbm),
        key: (row) => of(row)?.average_rssi_dbm ?? null,
      },
      {
        id: `${end}-margin`,
        title: `Margin at ${who}, dB`,
        width: 8,
        isFirstChoice: false,
        isNumber: true,
        text: (row) => number(of(row)?.link_margin_db),
        key: (row) => of(row)?.link_margin_db ?? null,
      },
      {
        id: `${end}-frames`,
        title: `Frame errors at ${who}, %`,
        width: 9,
        isFirstChoice: false,
        isNumber: true,
        text: (row) => number(of(row)?.frame_error_percent),
        key: (row) => of(row)?.frame_error_percent ?? null,
      },
    ];
  }),
];

export interface NetworkRow {
  id: string;
  network: Network;
  name: string;
  devices: number;
  borderRouters: number;
  routers: number;
  endDevices: number;
  leaders: string | null;
  findings: readonly Finding[];
}

/** Findings by the network that they, or anything that they are about, belong to. */
export function findingsByNetwork(mesh: Pick<Mesh, "findings" | "node" | "links" | "networks">): ReadonlyMap<string, Finding[]> {
  const found = new Map<string, Finding[]>();
  for (const finding of mesh.findings.values()) {
    const networks = new Set<string>();
    for (const id of finding.subjects) {
      const link = mesh.links.get(id);
      const said = mesh.networks.has(id)
        ? [id]
        : link
          ? [mesh.node(link.a)?.network, mesh.node(link.b)?.network]
          : [mesh.node(id)?.network];
      for (const network of said) if (network) networks.add(network);
    }
    for (const network of networks) found.set(network, [...(found.get(network) ?? []), finding]);
  }
  return found;
}

export function networkRow(
  network: Network,
  mesh: MeshView & { members: (id: string | null) => readonly Node[] },
  findings: ReadonlyMap<string, Finding[]>,
): NetworkRow {
  const members = mesh.members(network.id);
  return {
    id: network.id,
    network,
    name: networkName(network),
    devices: members.length,
    borderRouters: members.filter((node) => node.border_router).length,
    routers: members.filter((node) => isRouter(node) && !node.border_router).length,
    endDevices: members.filter((node) => !isRouter(node) && !node.border_router).length,
    leaders:
      network.partitions.map(({ leader }) => (leader ? nameOf(mesh.node(leader) ?? ({ id: leader } as Node)) : "not known")).join(", ") ||
      null,
    findings: findings.get(network.id) ?? [],
  };
}

export const NETWORK_COLUMNS: Column<NetworkRow>[] = [
  { id: "name", title: "Network", width: 13, isFirstChoice: true, text: (row) => row.name },
  {
    id: "devices",
    title: "Devices",
    width: 6,
    isFirstChoice: true,
    isNumber: true,
    text: (row) => String(row.devices),
    key: (row) => row.devices,
  },
  {
    id: "border-routers",
    title: "Border routers",
    width: 8,
    isFirstChoice: true,
    isNumber: true,
    text: (row) => String(row.borderRouters),
    key: (row) => row.borderRouters,
  },
  {
    id: "routers",
    title: "Other routers",
    width: 8,
    isFirstChoice: true,
    isNumber: true,
    text: (row) => String(row.routers),
    key: (row) => row.routers,
  },
  {
    id: "end-devices",
    title: "End devices",
    width: 7,
    isFirstChoice: true,
    isNumber: true,
    text: (row) => String(row.endDevices),
    key: (row) => row.endDevices,
  },
  {
    id: "partitions",
    title: "Partitions",
    hint: "More than one: the mesh has come apart",
    width: 7,
    isFirstChoice: true,
    isNumber: true,
    text: (row) => String(row.network.partitions.length),
    key: (row) => row.network.partitions.length,
  },
  { id: "leader", title: "Leader", width: 11, isFirstChoice: true, text: (row) => row.leaders },
  {
    id: "channel",
    title: "Channel",
    width: 6,
    isFirstChoice: true,
    isNumber: true,
    text: (row) => number(row.network.channel),
    key: (row) => row.network.channel ?? null,
  },
  { id: "pan", title: "PAN id", width: 6, isFirstChoice: true, look: "mono", text: (row) => row.network.pan_id ?? null },
  {
    id: "findings",
    title: "Findings",
    width: 7,
    isFirstChoice: true,
    look: "findings",
    text: (row) => findingWords(row.findings),
    key: (row) => findingKey(row.findings),
  },
  {
    id: "extended-pan",
    title: "Extended PAN id",
    width: 11,
    isFirstChoice: false,
    look: "mono",
    text: (row) => row.network.extended_pan_id ?? null,
  },
  {
    id: "mesh-local",
    title: "Mesh-local prefix",
    width: 14,
    isFirstChoice: false,
    look: "mono",
    text: (row) => row.network.mesh_local_prefix ?? null,
  },
  {
    id: "omr",
    title: "OMR prefixes",
    width: 14,
    isFirstChoice: false,
    look: "mono",
    text: (row) => row.network.omr_prefixes.join(", ") || null,
  },
];
