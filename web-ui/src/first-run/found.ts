/** What the first minutes show, in words. */

import type { Network, Node, Status } from "../api/types";
import { count, span } from "../words/words";

/** Border routers, and where each stands. */
export interface Found {
  borderRouters: Node[];
  /** Networks that border routers are in. */
  networks: number;
  vendors: number;
}

/** What is there of border routers; those that are gone do not count. */
export function found(nodes: Iterable<Node>, networks: ReadonlyMap<string, Network>): Found {
  const borderRouters = [...nodes].filter((node) => node.border_router && node.state !== "gone");
  const known = new Set(borderRouters.map((node) => node.network).filter((network) => network != null && networks.has(network)));
  return { borderRouters, networks: known.size, vendors: new Set(borderRouters.map((node) => node.vendor).filter(Boolean)).size };
}

/** "Listening for border routers for 12 s"; where nobody listens, that. */
export function listening(status: Status | null, serviceNow: number): { listens: boolean; words: string } {
  const mdns = status?.sources.find((source) => source.kind === "mdns");
  if (!mdns) return { listens: false, words: "This service does not listen for border routers" };
  if (mdns.state !== "working" && mdns.state !== "started")
    return { listens: false, words: "Weft cannot listen for border routers at the moment" };
  const since = mdns.since ? ` for ${span(serviceNow - Date.parse(mdns.since))}` : "";
  return { listens: true, words: `Listening for border routers${since}` };
}

/** The heading: how many there are. */
export function heading({ borderRouters }: Found): string {
  if (borderRouters.length === 0) return "No border router has answered yet.";
  return borderRouters.length === 1
    ? "1 border router is here. Its devices come next."
    : `${borderRouters.length} border routers are here. Their devices come next.`;
}

/** "6 units from 5 makers, by their own announcements (mDNS)." */
export function foundWords({ borderRouters, vendors }: Found): string {
  const makers = vendors > 0 ? ` from ${count(vendors, "maker")}` : "";
  return `${count(borderRouters.length, "unit")}${makers}, by their own announcements (mDNS).`;
}
