/** Which devices and links only one source tells of. The service counts them; this finds them. */

import type { Claim, Link, Node } from "../api/types";

/** Reporters that call devices by names, and hear nothing. */
const PEOPLE = new Set(["a person", "another program"]);

/** True where one source, and no other, stands behind something: a name that a person gave is no second witness. */
export function isAlone(claims: readonly Claim[] | undefined, source: string): boolean {
  const heard = (claims ?? []).filter(({ reporter }) => !PEOPLE.has(reporter));
  return heard.length > 0 && heard.every((claim) => claim.source === source);
}

/** What would be missing without a source. What is gone does not count. */
export function alone(picture: { nodes: readonly Node[]; links: readonly Link[] }, source: string): { nodes: Node[]; links: Link[] } {
  const only = <T extends { state: string; claims?: Claim[] | undefined }>(things: readonly T[]): T[] =>
    things.filter(({ state, claims }) => state !== "gone" && isAlone(claims, source));
  return { nodes: only(picture.nodes), links: only(picture.links) };
}
