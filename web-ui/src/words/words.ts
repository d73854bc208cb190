/** The same plain words everywhere: roles, states, ages, names. */

import type { Network, Node, Role, Severity, State } from "../api/types";

const ROLES: Record<Role, string> = {
  leader: "Leader",
  router: "Router",
  reed: "Can become router",
  "end-device": "Always-on device",
  "sleepy-end-device": "Sleepy device",
  unknown: "Role unknown",
};

/** A device's role in a few words; the leader is a router that leads. */
export function roleOf(node: Pick<Node, "role" | "border_router">): string {
  if (!node.border_router) return node.role === "leader" ? "Router, leads the mesh" : ROLES[node.role];
  if (node.role === "leader") return "Border router, leads the mesh";
  return isRouter(node) || node.role === "unknown" ? "Border router" : `Border router (${ROLES[node.role].toLowerCase()})`;
}

export const isRouter = (node: Pick<Node, "role">): boolean => node.role === "leader" || node.role === "router";

/** What each state of a statement means. */
export const STATES: Record<State, { word: string; mark: string; meaning: string }> = {
  confirmed: { word: "Confirmed", mark: "●", meaning: "both ends say so, or two radios heard it" },
  "one-sided": { word: "One side says so", mark: "◐", meaning: "one end, or one reporter, says so" },
  inferred: { word: "Derived", mark: "○", meaning: "nobody said it; it follows by arithmetic" },
  contradicted: { word: "Contradicted", mark: "▲", meaning: "fresh statements exclude each other" },
  stale: { word: "Old", mark: "◇", meaning: "the evidence is older than it should be" },
  gone: { word: "Gone", mark: "✕", meaning: "it said goodbye, or nobody lists or hears it any more" },
};

export const SEVERITIES: Record<Severity, { word: string; mark: string }> = {
  problem: { word: "Problem", mark: "◆" },
  warning: { word: "Warning", mark: "▲" },
  info: { word: "Note", mark: "ℹ" },
};

/** Most urgent first. */
export const SEVERITY_RANK: Record<Severity, number> = { problem: 0, warning: 1, info: 2 };

/** Characters that would turn the text around a name about. */
const TURNING = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** What to call a device: its name, else a host name, else its locator, else its id. */
export function nameOf(node: Node): string {
  const name = node.name ?? node.known_as?.hosts?.[0]?.replace(/\.local\.?$/, "") ?? (node.rloc16 ? `Unnamed ${node.rloc16}` : node.id);
  return name.replace(TURNING, "");
}

/** True where nobody has given the device a name. */
export const isUnnamed = (node: Node): boolean => !node.name && !node.known_as?.hosts?.[0];

/** Named, but nobody knows where in the mesh. */
export const isUnplaced = (node: Node): boolean => !node.rloc16 && !node.parent && !isRouter(node);

/** A ghost: named by others only, never heard itself, or gone. Drawn as what it is. A border router announces itself, so it is none. */
export const isGhost = (node: Node): boolean =>
  node.state === "gone" || (node.unheard && node.state !== "confirmed" && !node.border_router);

export const networkName = (network: Network | undefined, id?: string | null): string =>
  network?.name ?? network?.id ?? id ?? "Outside all networks";

/** "4 s", "3 min", "2 h", "5 days": a span in words. */
export function span(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 36 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}

/** "4 s ago", "just now"; of what lies ahead, "now". */
export function age(time: string | null | undefined, now: number): string {
  if (!time) return "never";
  const milliseconds = now - Date.parse(time);
  if (Number.isNaN(milliseconds)) return "at an unknown time";
  return milliseconds < 2_000 ? "just now" : `${span(milliseconds)} ago`;
}

const sameDay = (a: Date, b: Date): boolean => a.toDateString() === b.toDateString();

/** A moment as people say it: "14:32", "Thu 14:32", "19 Nov 14:32". */
export function moment(time: string | number, now: number, seconds = false): string {
  const date = new Date(time);
  const clock = date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", ...(seconds ? { second: "2-digit" } : {}) });
  if (sameDay(date, new Date(now))) return clock;
  const days = (now - date.getTime()) / 86_400_000;
  const day =
    days < 6
      ? date.toLocaleDateString(undefined, { weekday: "short" })
      : date.toLocaleDateString(undefined, { day: "numeric", month: "short" });
  return `${day} ${clock}`;
}

/** "43 devices, 1 gone, 2 ghosts": what may not be there is never among the devices, and never left out. */
export function devicesInWords(nodes: Iterable<Node>): string {
  let there = 0;
  let gone = 0;
  let ghosts = 0;
  for (const node of nodes) {
    if (!isGhost(node)) there++;
    else if (node.state === "gone") gone++;
    else ghosts++;
  }
  return [count(there, "device"), gone && `${gone.toLocaleString()} gone`, ghosts && count(ghosts, "ghost")].filter(Boolean).join(", ");
}

/** "1 device", "3 devices". */
export const count = (number: number, one: string, many = `${one}s`): string => `${number.toLocaleString()} ${number === 1 ? one : many}`;
