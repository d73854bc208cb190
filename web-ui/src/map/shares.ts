/** What of a mesh belongs to which network. After a change only the networks that it touches are looked at again. */

import type { Card, Finding, Link, Network, Node, NodePosition, Severity } from "../api/types";
import { SEVERITY_RANK } from "../words/words";
import { LAN, type MeshLike } from "./types";

/** What of the mesh belongs to one network; `LAN`: to none. */
export interface Share {
  card: Card;
  network: Network | undefined;
  nodes: Node[];
  places: NodePosition[];
  badges: (Severity | null)[];
  /** The same list as before where no link is another one. */
  links: Link[];
  /** The worst finding about the network itself or one of its links. */
  own: Severity | null;
}

/** All shares, and what they were made from: the next call compares with that. */
export interface Shares {
  readonly all: ReadonlyMap<string, Share>;
  /** Devices without a place on the map yet. */
  readonly withoutPlace: number;
  readonly seen: Seen | null;
}

interface Seen {
  nodes: readonly Node[];
  links: readonly Link[];
  places: readonly (readonly [string, NodePosition])[];
  findings: readonly Finding[];
  worst: ReadonlyMap<string, Severity>;
  /** Network of each device that has a place. */
  home: ReadonlyMap<string, string>;
}

export const NO_SHARES: Shares = { all: new Map(), withoutPlace: 0, seen: null };

export const worse = (one: Severity | null, other: Severity | null): Severity | null =>
  one === null ? other : other === null || SEVERITY_RANK[one] <= SEVERITY_RANK[other] ? one : other;

/** The worst finding about each thing; what a person muted counts no more. */
export function worstBySubject(findings: Iterable<Finding>): Map<string, Severity> {
  const worst = new Map<string, Severity>();
  for (const finding of findings) {
    if (finding.muted || finding.severity === "info") continue;
    for (const subject of finding.subjects) worst.set(subject, worse(finding.severity, worst.get(subject) ?? null)!);
  }
  return worst;
}

const samePlace = (one: NodePosition, other: NodePosition): boolean =>
  one === other || (one.x === other.x && one.y === other.y && one.pinned === other.pinned && one.spot === other.spot);

const sameCard = (one: Card, other: Card): boolean =>
  one === other || (one.x === other.x && one.y === other.y && one.width === other.width && one.height === other.height);

function sameList<T>(one: readonly T[], other: readonly T[], same: (one: T, other: T) => boolean = (a, b) => a === b): boolean {
  return one === other || (one.length === other.length && one.every((item, index) => same(item, other[index] as T)));
}

function sameShare(one: Share, other: Share): boolean {
  return (
    sameCard(one.card, other.card) &&
    one.network === other.network &&
    one.own === other.own &&
    sameList(one.nodes, other.nodes) &&
    sameList(one.places, other.places, samePlace) &&
    sameList(one.badges, other.badges) &&
    sameList(one.links, other.links)
  );
}

const badgeOf = (node: Node, worst: ReadonlyMap<string, Severity>): Severity | null => (node.muted ? null : (worst.get(node.id) ?? null));

/** Sorts a mesh by networks. A share that nothing changed in stays the same object as in `before`. */
export function sharesOf(mesh: MeshLike, before: Shares = NO_SHARES): Shares {
  return (before.seen && refreshed(mesh, before, before.seen)) ?? sorted(mesh, before);
}

function sorted(mesh: MeshLike, before: Shares): Shares {
  const worst = worstBySubject(mesh.findings.values());
  const all = new Map<string, Share>();
  for (const [id, card] of mesh.cards) {
    all.set(id, { card, network: mesh.networks.get(id), nodes: [], places: [], badges: [], links: [], own: worst.get(id) ?? null });
  }
  let withoutPlace = 0;
  const home = new Map<string, string>();
  for (const node of mesh.nodes.values()) {
    const place = mesh.places.get(node.id);
    const network = node.network ?? LAN;
    const share = all.get(network);
    if (!place || !share) {
      withoutPlace++;
      continue;
    }
    home.set(node.id, network);
    share.nodes.push(node);
    share.places.push(place);
    share.badges.push(badgeOf(node, worst));
  }
  for (const link of mesh.links.values()) {
    const share = home.has(link.b) ? all.get(home.get(link.a) ?? "") : undefined;
    if (!share) continue;
    share.links.push(link);
    const own = worst.get(link.id);
    if (own) share.own = worse(own, share.own);
  }
  for (const [id, share] of all) {
    const known = before.all.get(id);
    if (known && sameShare(known, share)) all.set(id, known);
  }
  const seen: Seen = {
    nodes: [...mesh.nodes.values()],
    links: [...mesh.links.values()],
    places: [...mesh.places],
    findings: [...mesh.findings.values()],
    worst,
    home,
  };
  return { all, withoutPlace, seen };
}

/** What is another object in a list that has the same ids in the same order; null where ids came or went. */
function changed<T>(now: Iterable<T>, size: number, before: readonly T[], same: (one: T, other: T) => boolean): T[] | null {
  if (size !== before.length) return null;
  const others: T[] = [];
  let index = 0;
  for (const item of now) {
    const known = before[index++] as T;
    if (item === known) continue;
    if (!same(item, known)) return null;
    others.push(item);
  }
  return others;
}

/** Takes over everything but the networks that something changed in; null where things came, went or changed their network. */
function refreshed(mesh: MeshLike, before: Shares, seen: Seen): Shares | null {
  if (mesh.cards.size !== before.all.size) return null;
  const nodes = changed(
    mesh.nodes.values(),
    mesh.nodes.size,
    seen.nodes,
    (one, other) => one.id === other.id && one.network === other.network,
  );
  const links = changed(
    mesh.links.values(),
    mesh.links.size,
    seen.links,
    (one, other) => one.id === other.id && one.a === other.a && one.b === other.b,
  );
  if (!nodes || !links || mesh.places.size !== seen.places.length) return null;
  const touched = new Set<string>();
  let index = 0;
  let isMoved = false;
  for (const [id, place] of mesh.places) {
    const [knownId, known] = seen.places[index++]!;
    if (id !== knownId) return null;
    if (place === known) continue;
    isMoved = true;
    if (!samePlace(place, known)) touched.add(seen.home.get(id) ?? "");
  }
  for (const node of nodes) touched.add(seen.home.get(node.id) ?? "");
  const withLinks = new Set(links.map((link) => seen.home.get(link.a) ?? ""));
  for (const id of withLinks) touched.add(id);
  const isFound = changed(mesh.findings.values(), mesh.findings.size, seen.findings, () => false) === null;
  const worst = isFound ? worstBySubject(mesh.findings.values()) : seen.worst;
  if (isFound) {
    const about = (subject: string): void => {
      if (worst.get(subject) === seen.worst.get(subject)) return;
      touched.add(before.all.has(subject) ? subject : (seen.home.get(subject.split("~")[0] ?? "") ?? ""));
    };
    for (const subject of worst.keys()) about(subject);
    for (const subject of seen.worst.keys()) about(subject);
  }
  const all = new Map<string, Share>();
  for (const [id, card] of mesh.cards) {
    const known = before.all.get(id);
    if (!known) return null;
    const network = mesh.networks.get(id);
    const isOther = touched.has(id) || known.network !== network || !sameCard(known.card, card);
    all.set(id, isOther ? again(mesh, id, card, known, withLinks.has(id), worst) : known);
  }
  return {
    all,
    withoutPlace: before.withoutPlace,
    seen: {
      nodes: nodes.length ? [...mesh.nodes.values()] : seen.nodes,
      links: links.length ? [...mesh.links.values()] : seen.links,
      places: isMoved ? [...mesh.places] : seen.places,
      findings: isFound ? [...mesh.findings.values()] : seen.findings,
      worst,
      home: seen.home,
    },
  };
}

function again(mesh: MeshLike, id: string, card: Card, known: Share, hasOtherLinks: boolean, worst: ReadonlyMap<string, Severity>): Share {
  const nodes = known.nodes.map((node) => mesh.nodes.get(node.id) ?? node);
  const links = hasOtherLinks ? known.links.map((link) => mesh.links.get(link.id) ?? link) : known.links;
  const share: Share = {
    card,
    network: mesh.networks.get(id),
    nodes,
    places: nodes.map((node, index) => mesh.places.get(node.id) ?? known.places[index]!),
    badges: nodes.map((node) => badgeOf(node, worst)),
    links,
    own: links.reduce<Severity | null>((own, link) => worse(worst.get(link.id) ?? null, own), worst.get(id) ?? null),
  };
  return sameShare(known, share) ? known : share;
}
