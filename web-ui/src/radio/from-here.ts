/** Routers as the dongle and they hear each other. */

import type { Node, OwnNodeView, RouterFromHere } from "../api/types";

/** One router. */
export interface FromHereRow {
  /** Node id; null where the picture does not know it. */
  id: string | null;
  rloc16: string;
  extendedAddress: string;
  isParent: boolean;
  marginDb: number;
  /** 0 to 3, as Thread makes a link quality of a margin. */
  quality: number;
  rssiDbm: number | null;
  at: string;
}

/** Margins that are above these make link qualities 3, 2 and 1 (Thread, "Link Quality"; OpenThread, `LinkQualityForLinkMargin`). */
const QUALITY_ABOVE_DB = [20, 10, 2] as const;

/** Thread's link quality for a margin. */
export function qualityOf(marginDb: number): number {
  const index = QUALITY_ABOVE_DB.findIndex((least) => marginDb > least);
  return index < 0 ? 0 : 3 - index;
}

/** A device by its radio, or by its place in a network. */
export function nodeOf(
  nodes: Iterable<Node>,
  { extended_address, rloc16, network }: { extended_address: string; rloc16?: string | null; network: string | null },
): Node | null {
  let byPlace: Node | null = null;
  for (const node of nodes) {
    if (node.extended_address === extended_address || node.id === extended_address) return node;
    // An address of the mesh means nothing without its network, and nothing of a device whose radio is known to be another.
    if (rloc16 && network && node.rloc16 === rloc16 && node.network === network && !node.extended_address && node.state !== "gone")
      byPlace ??= node;
  }
  return byPlace;
}

/** Routers, those that hear the dongle best first. */
export function fromHere(node: Pick<OwnNodeView, "routers" | "parent" | "extended_pan_id">, nodes: Iterable<Node>): FromHereRow[] {
  const all = [...nodes];
  const row = (router: RouterFromHere): FromHereRow => ({
    id: nodeOf(all, { ...router, network: node.extended_pan_id })?.id ?? null,
    rloc16: router.rloc16,
    extendedAddress: router.extended_address,
    isParent: router.extended_address === node.parent,
    marginDb: router.link_margin_db,
    quality: qualityOf(router.link_margin_db),
    rssiDbm: router.rssi_dbm ?? null,
    at: router.at,
  });
  return node.routers.map(row).sort((one, other) => other.marginDb - one.marginDb || one.rloc16.localeCompare(other.rloc16));
}
