/** Claims in words: who said what, through which source. */

import type { Claim } from "../../api/types";

/** Names of facts, as claims give them, in plain words. */
const FACTS: Record<string, string> = {
  "extended-address": "extended address",
  "hardware-address": "Thread hardware address",
  eui64: "factory EUI-64",
  rloc16: "RLOC16",
  "answered-for-by": "router that answers for it",
  "ipv6-addresses": "addresses",
  mode: "mode",
  "routing-role": "role",
  "thread-version": "Thread version",
  "border-agent-id": "border agent id",
  "network-name": "network name",
  "extended-pan-id": "extended PAN id",
  "pan-id": "PAN id",
  channel: "channel",
  "mesh-local-prefix": "mesh-local prefix",
  "omr-prefix": "OMR prefix",
  "leader-data": "leader data",
  "partition-id": "partition",
  "leader-router-id": "leader's router id",
  "active-timestamp": "active timestamp",
  "pending-timestamp": "pending timestamp",
  dataset: "operational dataset",
  "router-count": "number of routers",
  "thread-networks": "directory of Thread networks",
  "preferred-extended-pan-id": "preferred network",
  "neighbor-table": "neighbour table",
  "route-table": "route table",
  route64: "Route64 routing table",
  "enhanced-route": "enhanced route table",
  "child-table": "child table",
  children: "list of children",
  "child-addresses": "children's addresses",
  "router-neighbors": "list of router neighbours",
  connectivity: "connectivity",
  "radio-summary": "frames on the air",
  "vendor-name": "vendor",
  "vendor-id": "vendor id",
  "model-name": "model",
  "product-id": "product id",
  "node-label": "label, set by its owner",
  "software-version": "software version",
  "stack-version": "Thread stack version",
  "vendor-app-url": "vendor app",
  "serial-number": "serial number",
  "unique-id": "unique id",
  "device-types": "device types",
  "network-interfaces": "network interfaces",
  "power-source": "power source",
  "battery-percent": "battery",
  "supply-millivolts": "supply voltage",
  "timeout-seconds": "poll timeout",
  "max-child-timeout-seconds": "longest child timeout",
  "channel-pages": "channel pages",
  "mac-counters": "frame counters",
  "mle-counters": "role counters",
  service: "announcement",
  "service-type": "announced service type",
  annotation: "remark",
};

const SOURCES: Record<string, string> = {
  mdns: "announcement on the LAN (mDNS)",
  lan: "announcement on the LAN (mDNS)",
  matter: "Matter, asked directly",
  "matter-server": "Matter server",
  "matterjs-server": "matter.js server",
  "border-agent": "diagnostics over a border agent",
  otbr: "border router's REST API",
  "otbr-rest": "border router's REST API",
  mesh: "Thread diagnostics, asked of the whole network",
  "home-assistant": "Home Assistant",
  "border-router-rest": "border router's REST API",
  air: "radio dongle",
  dongle: "radio dongle",
  sniffer: "radio dongle",
  annotation: "a person",
  annotations: "a person",
  people: "a person",
};

/** The words for a fact's name; unknown ones stay as they are, without the dashes. */
export function factName(name: string): string {
  const attribute = /^attribute-(\d+)-(0x[0-9a-f]+)-(0x[0-9a-f]+)$/.exec(name);
  if (attribute) return `Matter attribute ${attribute[3]} of cluster ${attribute[2]}, endpoint ${attribute[1]}`;
  const tlv = /^tlv-(\d+)$/.exec(name);
  if (tlv) return `unknown TLV ${tlv[1]}`;
  return FACTS[name] ?? name.replaceAll("-", " ");
}

/** The words for a source, by its configured name. */
export const sourceName = (source: string): string => SOURCES[source] ?? source;

/** A claim, taken apart. */
export interface Said {
  claim: Claim;
  /** "lists it as its child", "told its neighbour table". */
  what: string;
  /** Which table or fact it stands in; null where `what` says it all. */
  where: string | null;
  /** "quality 3, −64 dBm"; null where there is none. */
  value: string | null;
  /** The device was asked and has none. */
  isEmpty: boolean;
}

/** Statements that tables make about another device, as the service words them. */
const RELATIONS: Record<string, string> = {
  "hears it": "hears it",
  "lists it as a child": "lists it as its child",
  "has a route to it": "has a route to it",
  polls: "polls it",
  sends: "was heard sending",
};

/** What a claim says, in words. */
export function read(claim: Claim): Said {
  const service = /^registered as (.+) \((_[^)]+)\)$/.exec(claim.fact);
  if (service) return { claim, what: `announced as ${service[1]}`, where: service[2] ?? null, value: null, isEmpty: false };
  const split = /^([a-z0-9-]+)(?:: (.*))?$/.exec(claim.fact);
  if (!split || !isFactName(split[1] ?? "")) {
    return { claim, what: claim.fact, where: null, value: null, isEmpty: false };
  }
  const name = factName(split[1] ?? "");
  const rest = split[2] ?? "";
  if (rest === "null" || rest === "none")
    return { claim, what: `was asked for its ${name}: none`, where: null, value: null, isEmpty: true };
  const [first = "", ...more] = rest.split(", ");
  const relation = RELATIONS[first];
  if (relation) return { claim, what: relation, where: name, value: more.length ? plain(more.join(", ")) : null, isEmpty: false };
  return { claim, what: `told its ${name}`, where: null, value: rest ? plain(rest) : null, isEmpty: false };
}

const isFactName = (name: string): boolean => name in FACTS || /^(attribute-|tlv-)/.test(name);

const plain = (value: string): string => value.replaceAll(/-(\d+) dBm/g, "−$1 dBm").replace("link quality", "quality");

/** What one capture of a reporter holds. */
export interface Batch {
  seq: number;
  source: string;
  said: Said[];
}

/** Claims of one reporter, newest first. */
export interface Reported {
  /** A node id, or a name of its own where it is no node. */
  reporter: string;
  batches: Batch[];
  newest: string | null;
}

/** Claims of one sort of reporter. */
export interface Group {
  kind: "self" | "weft" | "others" | "announced" | "people";
  reported: Reported[];
}

const ORDER: Group["kind"][] = ["self", "weft", "people", "others", "announced"];

/**
 * Claims by who makes them: the ends themselves first, then Weft, people, other devices, and registrations on the LAN; within each the newest
 * first. `ends` are ids that count as the thing itself: a device's id, both ends of a link.
 */
export function group(claims: readonly Claim[], ends: readonly string[]): Group[] {
  const groups = new Map<Group["kind"], Map<string, Said[]>>();
  for (const claim of claims) {
    const kind = kindOf(claim, ends);
    const reporters = groups.get(kind) ?? new Map<string, Said[]>();
    groups.set(kind, reporters);
    const said = reporters.get(claim.reporter) ?? [];
    reporters.set(claim.reporter, said);
    said.push(read(claim));
  }
  return ORDER.flatMap((kind) => {
    const reporters = groups.get(kind);
    if (!reporters) return [];
    const reported = [...reporters].map(([reporter, said]) => {
      said.sort((a, b) => newerFirst(a.claim.observed_at, b.claim.observed_at));
      return { reporter, batches: batches(said), newest: said[0]?.claim.observed_at ?? null };
    });
    return [{ kind, reported: reported.sort((a, b) => newerFirst(a.newest, b.newest)) }];
  });
}

function batches(said: readonly Said[]): Batch[] {
  const byCapture = new Map<string, Batch>();
  for (const one of said) {
    const { capture, source } = one.claim;
    const key = JSON.stringify([capture, source]);
    const batch = byCapture.get(key) ?? { seq: capture.seq, source, said: [] };
    byCapture.set(key, batch);
    batch.said.push(one);
  }
  return [...byCapture.values()];
}

function kindOf(claim: Claim, ends: readonly string[]): Group["kind"] {
  if (/^(calls it|puts it in|remarks:|was told the role|put it in a place|(un)?muted )/.test(claim.fact)) {
    // Of its own node, Weft says by itself who that is.
    return claim.source.startsWith("dongle") ? "weft" : "people";
  }
  if (claim.fact.startsWith("registered as ")) return "announced";
  return ends.includes(claim.reporter) ? "self" : "others";
}

const newerFirst = (a: string | null | undefined, b: string | null | undefined): number => (b ?? "").localeCompare(a ?? "");

/** How many claims are in groups. */
export const claimCount = (groups: readonly Group[]): number =>
  groups.flatMap(({ reported }) => reported.flatMap(({ batches }) => batches.flatMap(({ said }) => said))).length;
