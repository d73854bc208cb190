/** Meshes of any size for measurements and tests: 32 routers a network, qualities by distance, the same for the same number. */

import type { Direction, Link, LayoutDelta, Node, Positions, Topology } from "../api/types";

const ROUTERS = 32;
const PER_NETWORK = 100;
const AT = "2026-11-20T12:00:00.000Z";

/** Numbers between 0 and 1 that look random and are the same every time. */
export function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A device with everything unknown but what is given. */
export function device(id: string, given: Partial<Node> = {}): Node {
  return {
    id,
    previous_ids: [],
    network: "net",
    partition_id: 1,
    extended_address: id,
    rloc16: "0x0400",
    role: "router",
    border_router: false,
    name: id,
    room: null,
    pin: null,
    note: null,
    muted: false,
    vendor: null,
    model: null,
    state: "confirmed",
    parent: null,
    last_parent: null,
    parents: [],
    heard_by_dongle: null,
    last_heard_at: AT,
    path: null,
    addresses: [],
    known_as: { matter: [], hap: [], hosts: [] },
    unheard: false,
    ...given,
  };
}

/** One direction of a link. */
export function hears(link_quality: number): Direction {
  return { link_quality, link_margin_db: link_quality * 12, average_rssi_dbm: -95 + 12 * link_quality, observed_at: AT, relayed: false };
}

/** A link; `q` and `r` are how well `a` hears `b` and the other way, null: not reported. */
export function link(a: string, b: string, q: number | null, r: number | null, given: Partial<Link> = {}): Link {
  return {
    id: `${a}~${b}`,
    kind: "router",
    medium: "radio",
    a,
    b,
    state: "confirmed",
    a_hears_b: q === null ? null : hears(q),
    b_hears_a: r === null ? null : hears(r),
    ...given,
  };
}

/** A topology and where everything stands. */
export interface Generated {
  topology: Topology;
  positions: Positions;
}

/** `devices` devices in as many networks as they need. */
export function generate(devices: number, seed = 1): Generated {
  const random = dice(seed);
  const networks = Math.max(1, Math.round(devices / (devices <= 300 ? 150 : PER_NETWORK)));
  const topology: Topology = {
    format: "weft-topology",
    version: 1,
    as_of: AT,
    valid_until: AT,
    networks: [],
    nodes: [],
    links: [],
    findings: [],
  };
  const positions: Positions = { networks: {}, nodes: {} };
  const columns = Math.ceil(Math.sqrt(networks * 1.3));
  for (let index = 0; index < networks; index++) {
    const size = Math.floor(devices / networks) + (index < devices % networks ? 1 : 0);
    network(index, size, { x: (index % columns) * 1250, y: Math.floor(index / columns) * 1050 }, topology, positions, random);
  }
  return { topology, positions };
}

const hex = (network: number, index: number): string => (network * 4096 + index + 1).toString(16).padStart(16, "0");

function network(
  number: number,
  size: number,
  corner: { x: number; y: number },
  topology: Topology,
  positions: Positions,
  random: () => number,
): void {
  const id = `ef${hex(number, 0).slice(2)}`;
  const routers = Math.min(ROUTERS, Math.max(2, Math.round(size * 0.4)));
  const spots: { id: string; x: number; y: number; used: number }[] = [];
  const columns = Math.ceil(Math.sqrt(routers * 1.4));
  for (let index = 0; index < routers; index++) {
    const x = 110 + (index % columns) * 140 + (Math.floor(index / columns) % 2) * 60 + random() * 50;
    const y = 110 + Math.floor(index / columns) * 135 + random() * 45;
    spots.push({ id: hex(number, index), x, y, used: Math.floor(random() * 6) });
    const isBorder = index < 2 || (number === 0 && size < 60 && index < 6);
    const name = `${isBorder ? "Hub" : "Plug"} ${number + 1}-${index + 1}`;
    topology.nodes.push(
      device(spots[index]!.id, {
        network: id,
        name,
        border_router: isBorder,
        role: index === 0 ? "leader" : "router",
        room: `Room ${index % 6}`,
      }),
    );
  }
  for (let a = 0; a < routers; a++) {
    for (let b = a + 1; b < routers; b++) {
      const one = spots[a]!;
      const other = spots[b]!;
      const distance = Math.hypot(one.x - other.x, one.y - other.y) * (0.85 + random() * 0.3);
      if (distance > 330) continue;
      const quality = distance < 165 ? 3 : distance < 250 ? 2 : 1;
      const back = random() < 0.12 ? Math.max(1, quality - 1) : quality;
      topology.links.push(
        link(one.id, other.id, quality, random() < 0.02 ? null : back, { state: random() < 0.03 ? "stale" : "confirmed" }),
      );
    }
  }
  for (let index = routers; index < size; index++) {
    const parent = spots[Math.floor(random() * routers)]!;
    const turn = (parent.used++ / 9) * 2 * Math.PI;
    const reach = 42 + 22 * Math.floor(parent.used / 9);
    const child = hex(number, index);
    const role = index % 9 === 0 ? "reed" : index % 7 === 0 ? "end-device" : "sleepy-end-device";
    topology.nodes.push(
      device(child, {
        network: id,
        role,
        name: `Sensor ${number + 1}-${index + 1}`,
        parent: { node: parent.id, state: "confirmed", reasons: [] },
      }),
    );
    topology.links.push(
      link(parent.id, child, 3, random() < 0.5 ? null : 2 + Math.round(random()), { kind: "parent-child", state: "one-sided" }),
    );
    positions.nodes[child] = {
      x: corner.x + parent.x + reach * Math.cos(turn),
      y: corner.y + parent.y + reach * Math.sin(turn),
      spot: "ring",
    };
  }
  for (const { id: router, x, y } of spots) positions.nodes[router] = { x: corner.x + x, y: corner.y + y };
  const rows = Math.ceil(routers / columns);
  positions.networks[id] = { ...corner, width: 220 + columns * 140, height: 190 + rows * 135 };
  topology.networks.push({
    id,
    extended_pan_id: id,
    name: `Net ${number + 1}`,
    pan_id: "0x4f21",
    channel: 11 + (number % 16),
    mesh_local_prefix: null,
    omr_prefixes: [],
    partitions: [{ partition_id: 1, leader: spots[0]?.id ?? null, state: "confirmed" }],
  });
  if (number % 11 === 8) {
    topology.findings.push({
      id: `f${number}`,
      kind: "weak-only",
      severity: number % 2 ? "problem" : "warning",
      subjects: [spots[1]!.id],
      title: "Weak",
      detail: "",
      advice: "",
    });
  }
}

/** A change as live data brings it: ten devices and fifteen links say something else. */
export function change(
  { topology }: Generated,
  round: number,
): { upsertedNodes: Node[]; upsertedLinks: Link[]; layout: LayoutDelta | null } {
  const random = dice(round + 77);
  const any = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const upsertedNodes = Array.from({ length: 10 }, () => ({
    ...any(topology.nodes),
    last_heard_at: new Date(Date.parse(AT) + round * 1000).toISOString(),
  }));
  const upsertedLinks = Array.from({ length: 15 }, () => ({ ...any(topology.links), a_hears_b: hears(1 + Math.floor(random() * 3)) }));
  return { upsertedNodes, upsertedLinks, layout: null };
}
