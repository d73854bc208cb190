/** Entries that may be one device: one is named and has no place in the mesh, the other has a place and no name. */

import type { Annotation, Node } from "../../api/types";
import { isUnnamed, isUnplaced, nameOf } from "../../words/words";
import { ipv6Groups, locatorOf } from "./addresses";

/** Another entry that may be the same device. */
export interface Candidate {
  node: Node;
  /** Higher: likelier. */
  score: number;
  /** Why, in words; empty where nothing speaks for it. */
  reasons: string[];
  /** What speaks against it. */
  against: string[];
}

/** Which half of a device an entry is; null where it is whole. */
export function half(node: Node): "named-not-placed" | "placed-not-named" | null {
  if (isUnplaced(node)) return isUnnamed(node) ? null : "named-not-placed";
  return node.name ? null : "placed-not-named";
}

/** What the other half of `node` may be, the likeliest first. */
export function candidates(node: Node, all: Iterable<Node>): Candidate[] {
  const mine = half(node);
  if (!mine) return [];
  const wanted = mine === "named-not-placed" ? "placed-not-named" : "named-not-placed";
  return [...all]
    .filter((other) => other.id !== node.id && half(other) === wanted && mayShareNetwork(node, other))
    .map((other) => weigh(node, other))
    .sort((a, b) => b.score - a.score || nameOf(a.node).localeCompare(nameOf(b.node)) || a.node.id.localeCompare(b.node.id));
}

const mayShareNetwork = (a: Node, b: Node): boolean => !a.network || !b.network || a.network === b.network;

function weigh(node: Node, other: Node): Candidate {
  const candidate: Candidate = { node: other, score: 0, reasons: [], against: [] };
  const speaks = (score: number, reason: string): void => {
    candidate.score += score;
    (score > 0 ? candidate.reasons : candidate.against).push(reason);
  };
  const addresses = new Set(node.addresses);
  if (other.addresses.some((address) => addresses.has(address))) speaks(100, "has the same address");
  const interfaces = new Set(node.addresses.map(interfaceId));
  const endsAlike = (address: string): boolean => interfaceId(address) !== null && interfaces.has(interfaceId(address));
  if (other.addresses.some((address) => !addresses.has(address) && endsAlike(address))) speaks(40, "has an address that ends alike");
  if (alike(node.model, other.model)) speaks(20, "same model");
  else if (node.model && other.model) speaks(-20, "another model");
  if (alike(node.vendor, other.vendor)) speaks(10, "same vendor");
  else if (node.vendor && other.vendor) speaks(-20, "another vendor");
  if (node.room && alike(node.room, other.room)) speaks(5, "same room");
  if (node.border_router !== other.border_router) speaks(-50, "only one of the two is a border router");
  if (other.state === "gone") speaks(-5, "gone by now");
  return candidate;
}

const alike = (a: string | null | undefined, b: string | null | undefined): boolean =>
  Boolean(a && b && a.toLowerCase() === b.toLowerCase());

/** The lower half of an address, where it may be the same under several prefixes; a locator says where, not who. */
function interfaceId(address: string): string | null {
  const groups = ipv6Groups(address);
  return groups && !locatorOf(address) ? groups.slice(4).join(":") : null;
}

/** What a person said of two entries being one device, as far as captures hold it and it was not taken back; the newest of each. */
export function unions(captures: readonly Record<string, unknown>[]): { identify: Annotation["identify"]; same_as: string }[] {
  const said = new Map<string, { identify: Annotation["identify"]; same_as: string }>();
  for (const capture of captures) {
    if (capture.kind !== "annotation" || typeof capture.same_as !== "string" || typeof capture.identify !== "object" || !capture.identify)
      continue;
    const key = JSON.stringify(capture.identify);
    if (capture.same_as) said.set(key, { identify: capture.identify as Annotation["identify"], same_as: capture.same_as });
    else said.delete(key);
  }
  return [...said.values()];
}
