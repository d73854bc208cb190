/** Which devices a reader wants to see, and how they are grouped. */

import type { Node, State } from "../api/types";
import { matches, parse } from "../search/find";
import { isRouter } from "../words/words";
import { type Order, sorted } from "./columns";
import { DEVICE_COLUMNS, type DeviceRow, isGhost, isUnnamed, isUnplaced, isWeak } from "./devices";

/** Roles as a reader groups them. */
export type RoleGroup = "border-router" | "router" | "reed" | "end-device" | "sleepy-end-device" | "unknown";

export const ROLE_GROUPS: readonly { id: RoleGroup; words: string }[] = [
  { id: "border-router", words: "Border routers" },
  { id: "router", words: "Routers" },
  { id: "reed", words: "Can become router" },
  { id: "end-device", words: "Always-on" },
  { id: "sleepy-end-device", words: "Sleepy" },
  { id: "unknown", words: "Role unknown" },
];

/** Switches that stand beside the roles. */
export const SWITCHES = [
  { id: "finding", words: "With finding" },
  { id: "weak", words: "Weak only" },
  { id: "unplaced", words: "Not placed" },
  { id: "unnamed", words: "Not named" },
  { id: "ghosts", words: "Ghosts" },
  { id: "dongle", words: "Heard by the dongle" },
] as const;

export type Switch = (typeof SWITCHES)[number]["id"];

/** What is asked for. Empty lists and nulls ask for nothing. */
export interface Filters {
  roles: RoleGroup[];
  switches: Switch[];
  state: State | null;
  /** Empty text: devices without a room. */
  room: string | null;
}

export const NO_FILTERS: Filters = { roles: [], switches: [], state: null, room: null };

export const roleGroupOf = (node: Node): RoleGroup =>
  node.border_router ? "border-router" : isRouter(node) ? "router" : (node.role as RoleGroup);

const SWITCHED: Record<Switch, (row: DeviceRow) => boolean> = {
  finding: (row) => row.findings.length > 0,
  weak: isWeak,
  unplaced: (row) => isUnplaced(row.node),
  unnamed: (row) => isUnnamed(row.node),
  ghosts: (row) => isGhost(row.node),
  dongle: (row) => row.node.heard_by_dongle != null,
};

/** Rows that answer everything that is asked. Roles add up; everything else narrows. */
export function filtered(rows: readonly DeviceRow[], filters: Filters, network: string | null, text: string): DeviceRow[] {
  const query = parse(text);
  return rows.filter((row) => {
    const { node } = row;
    if (network !== null && node.network !== network) return false;
    if (filters.roles.length && !filters.roles.includes(roleGroupOf(node))) return false;
    if (filters.state && node.state !== filters.state) return false;
    if (filters.room !== null && (node.room ?? "") !== filters.room) return false;
    return filters.switches.every((one) => SWITCHED[one](row)) && matches(node, query);
  });
}

/** Routers in order, each with its children below; then what hangs on nothing. Parents that the filters hide stand there as context. */
export function byParent(shown: readonly DeviceRow[], all: ReadonlyMap<string, DeviceRow>, order: Order): DeviceRow[] {
  const children = new Map<string, DeviceRow[]>();
  const tops = new Map<string, DeviceRow>();
  for (const row of shown) {
    const parent = row.parent?.id;
    if (!parent) tops.set(row.id, row);
    else if (children.has(parent)) children.get(parent)!.push(row);
    else children.set(parent, [row]);
  }
  for (const parent of children.keys()) {
    if (tops.has(parent)) continue;
    const row = all.get(parent);
    if (row) tops.set(parent, { ...row, isContext: true });
  }
  const isInMesh = (row: DeviceRow): boolean => isRouter(row.node) || row.node.border_router || children.has(row.id);
  const ordered = sorted([...tops.values()], DEVICE_COLUMNS, order);
  return [...ordered.filter(isInMesh), ...ordered.filter((row) => !isInMesh(row))].flatMap((row) => [
    row,
    ...sorted(children.get(row.id) ?? [], DEVICE_COLUMNS, order).map((child) => ({ ...child, level: 1 as const })),
  ]);
}

/** Rooms that devices are in, in order. */
export const roomsOf = (nodes: Iterable<Node>): string[] =>
  [...new Set([...nodes].flatMap((node) => node.room ?? []))].sort(new Intl.Collator(undefined, { numeric: true }).compare);
