/** Rows and columns of the devices table: everything that the map tells of a device, in words. */

import type { Finding, Link, Node } from "../api/types";
import { isGhost, isRouter, isUnnamed, isUnplaced, nameOf, networkName, roleOf, SEVERITY_RANK, STATES } from "../words/words";
import type { Mesh } from "../state/mesh.svelte";
import type { Column } from "./columns";

/** What is read of a mesh. */
export type MeshView = Pick<Mesh, "nodes" | "links" | "networks" | "node" | "children" | "linksOf" | "findingsAbout">;

export interface DeviceRow {
  id: string;
  node: Node;
  name: string;
  network: string | null;
  parent: Node | null;
  children: number;
  /** Links that are not to a child. */
  links: number;
  /** Of the link to the parent, else the best link: 0 to 3, the worse direction. */
  quality: number | null;
  /** … and how each side hears, "3 / 2". */
  qualities: string | null;
  rssi: number | null;
  borderRouter: Node | null;
  findings: readonly Finding[];
  ways: number | null;
  /** Drawn indented below its parent. */
  level: 0 | 1;
  /** Stands there only because a row below belongs to it. */
  isContext: boolean;
}

/** The worse of what is known of both directions, 0 to 3. */
export function linkQuality(link: Link): number | null {
  const known = [link.a_hears_b?.link_quality, link.b_hears_a?.link_quality].filter((quality) => quality !== null && quality !== undefined);
  return known.length ? Math.min(...known) : null;
}

const said = (quality: number | null | undefined): string => (quality === null || quality === undefined ? "–" : String(quality));

/** "3 / 2": how this end hears the other, and how it is heard. Null where neither is known. */
export function qualitiesOf(link: Link, from: string): string | null {
  const [hears, heard] = link.a === from ? [link.a_hears_b, link.b_hears_a] : [link.b_hears_a, link.a_hears_b];
  if (linkQuality(link) === null) return null;
  return `${said(hears?.link_quality)} / ${said(heard?.link_quality)}`;
}

export function deviceRow(node: Node, mesh: MeshView): DeviceRow {
  const links = mesh.linksOf(node.id);
  const own = links.filter((link) => link.kind !== "parent-child" || link.a !== node.id);
  const parent = node.parent ? (mesh.node(node.parent.node) ?? null) : null;
  const toParent = own.find((link) => link.kind === "parent-child");
  let best: Link | null = toParent ?? null;
  if (!toParent) {
    for (const link of own) if (link.state !== "gone" && (linkQuality(link) ?? -1) > (best ? (linkQuality(best) ?? -1) : -1)) best = link;
  }
  const heard = best ? (best.a === node.id ? best.a_hears_b : best.b_hears_a) : null;
  return {
    id: node.id,
    node,
    name: nameOf(node),
    network: node.network ? networkName(mesh.networks.get(node.network), node.network) : null,
    parent,
    children: mesh.children(node.id).length,
    links: own.length,
    quality: best ? linkQuality(best) : null,
    qualities: best ? qualitiesOf(best, node.id) : null,
    rssi: heard?.average_rssi_dbm ?? heard?.last_rssi_dbm ?? null,
    borderRouter: node.path ? (mesh.node(node.path.to) ?? null) : null,
    findings: mesh.findingsAbout(node.id),
    ways: node.independent_paths ?? null,
    level: 0,
    isContext: false,
  };
}

/** Most urgent finding first; nothing last. */
export const findingKey = (findings: readonly Finding[]): number | null =>
  findings.length ? Math.min(...findings.map((finding) => SEVERITY_RANK[finding.severity])) : null;

export const findingWords = (findings: readonly Finding[]): string | null => findings.map((finding) => finding.title).join("; ") || null;

/** Words for where it stands in the mesh. */
export function placeWords(row: DeviceRow): string | null {
  if (row.parent) return nameOf(row.parent);
  const { node } = row;
  if (node.parent) return node.parent.node;
  if (isRouter(node)) return "None, it is a router";
  return node.last_parent ? "Lost its parent" : isUnplaced(node) ? "Not placed yet" : null;
}

const list = (values: readonly string[] | undefined): string | null => (values?.length ? values.join(", ") : null);

const ROLE_ORDER = ["leader", "router", "reed", "end-device", "sleepy-end-device", "unknown"];

export const DEVICE_COLUMNS: Column<DeviceRow>[] = [
  { id: "name", title: "Name", width: 15, isFirstChoice: true, look: "device", text: (row) => row.name },
  {
    id: "role",
    title: "Role",
    width: 11,
    isFirstChoice: true,
    text: (row) => roleOf(row.node),
    key: (row) => (row.node.border_router ? 0 : 10) + ROLE_ORDER.indexOf(row.node.role),
  },
  { id: "room", title: "Room", width: 8, isFirstChoice: true, text: (row) => row.node.room ?? null },
  { id: "network", title: "Network", width: 10, isFirstChoice: true, text: (row) => row.network },
  {
    id: "state",
    title: "State",
    hint: "How far it can be trusted that the device is there",
    width: 10.5,
    isFirstChoice: true,
    look: "state",
    text: (row) => STATES[row.node.state].word,
  },
  { id: "parent", title: "Parent", hint: "The router that it hangs on", width: 12, isFirstChoice: true, text: placeWords },
  {
    id: "quality",
    title: "Signal",
    hint: "Link quality 0 to 3 of the link to the parent, or of a router's best link: how it hears / is heard",
    width: 7.5,
    isFirstChoice: true,
    look: "quality",
    text: (row) => row.qualities,
    key: (row) => row.quality,
  },
  {
    id: "cost",
    title: "Way out",
    hint: "Sum of link costs to the border router, and hops",
    width: 8.5,
    isFirstChoice: true,
    text: (row) => {
      const { path } = row.node;
      if (!path) return null;
      return path.hops.length ? `cost ${path.cost}, ${path.hops.length === 1 ? "1 hop" : `${path.hops.length} hops`}` : "is one itself";
    },
    key: (row) => row.node.path?.cost ?? null,
  },
  { id: "heard", title: "Heard", width: 7, isFirstChoice: true, look: "age", text: (row) => row.node.last_heard_at ?? null },
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
    id: "rssi",
    title: "RSSI dBm",
    hint: "Average signal strength on that link",
    width: 6,
    isFirstChoice: false,
    isNumber: true,
    text: (row) => (row.rssi === null ? null : String(row.rssi)),
    key: (row) => row.rssi,
  },
  {
    id: "dongle",
    title: "At the dongle",
    hint: "How strong the radio dongle hears it, dBm: no measure of any link",
    width: 7,
    isFirstChoice: false,
    isNumber: true,
    text: (row) => (row.node.heard_by_dongle ? String(row.node.heard_by_dongle.rssi_average_dbm ?? "heard") : null),
    key: (row) => row.node.heard_by_dongle?.rssi_average_dbm ?? null,
  },
  {
    id: "children",
    title: "Children",
    width: 6,
    isFirstChoice: false,
    isNumber: true,
    text: (row) => (isRouter(row.node) || row.children ? String(row.children) : null),
    key: (row) => row.children,
  },
  {
    id: "links",
    title: "Links",
    hint: "Links that are not to a child",
    width: 5,
    isFirstChoice: false,
    isNumber: true,
    text: (row) => String(row.links),
    key: (row) => row.links,
  },
  {
    id: "ways",
    title: "Good ways",
    hint: "Independent good ways to the border routers: 0, 1 or 2",
    width: 7,
    isFirstChoice: false,
    isNumber: true,
    text: (row) => (row.ways === null ? null : String(row.ways)),
    key: (row) => row.ways,
  },
  {
    id: "border-router",
    title: "Border router",
    hint: "Where its way out of the mesh ends",
    width: 11,
    isFirstChoice: false,
    text: (row) => (row.borderRouter ? nameOf(row.borderRouter) : null),
  },
  { id: "rloc16", title: "RLOC16", width: 6, isFirstChoice: false, look: "mono", text: (row) => row.node.rloc16 ?? null },
  {
    id: "extended-address",
    title: "Extended address",
    width: 11,
    isFirstChoice: false,
    look: "mono",
    text: (row) => row.node.extended_address ?? null,
  },
  { id: "vendor", title: "Vendor", width: 9, isFirstChoice: false, text: (row) => row.node.vendor ?? null },
  { id: "model", title: "Model", width: 9, isFirstChoice: false, text: (row) => row.node.model ?? null },
  { id: "host", title: "Host name", width: 12, isFirstChoice: false, text: (row) => list(row.node.known_as?.hosts) },
  { id: "matter", title: "Matter node", width: 17, isFirstChoice: false, look: "mono", text: (row) => list(row.node.known_as?.matter) },
  { id: "eui64", title: "EUI-64", width: 10, isFirstChoice: false, look: "mono", text: (row) => row.node.known_as?.eui64 ?? null },
  { id: "addresses", title: "Addresses", width: 20, isFirstChoice: false, look: "mono", text: (row) => list(row.node.addresses) },
  {
    id: "agent",
    title: "Border agent",
    width: 17,
    isFirstChoice: false,
    look: "mono",
    text: (row) => row.node.known_as?.border_agent_id ?? null,
  },
  { id: "note", title: "Note", width: 12, isFirstChoice: false, text: (row) => row.node.note ?? null },
];

const BORDER_ROUTER_COLUMNS_FIRST = [
  "name",
  "network",
  "role",
  "state",
  "vendor",
  "model",
  "host",
  "children",
  "links",
  "heard",
  "findings",
];

/** Border routers are devices; other columns come first. */
export const BORDER_ROUTER_COLUMNS: Column<DeviceRow>[] = [
  ...BORDER_ROUTER_COLUMNS_FIRST.flatMap((id) =>
    DEVICE_COLUMNS.filter((column) => column.id === id).map((column) => ({ ...column, isFirstChoice: true })),
  ),
  ...DEVICE_COLUMNS.filter((column) => !BORDER_ROUTER_COLUMNS_FIRST.includes(column.id)).map((column) => ({
    ...column,
    isFirstChoice: false,
  })),
];

export const isWeak = (row: DeviceRow): boolean => row.quality !== null && row.quality <= 1 && row.node.state !== "gone";

export { isGhost, isUnnamed, isUnplaced };
