/** Finds devices and networks by whatever a person has of them: a name, a room, any address with or without separators. */

import type { Network, Node } from "../api/types";
import { nameOf } from "../words/words";

/** What is looked through, in words, for "nothing found". */
export const LOOKED_THROUGH =
  "names, rooms, host names, vendors, models, notes, addresses, RLOC16, extended addresses, EUI-64, Matter nodes, HomeKit ids";

/** Something found, and by which of its fields. */
export interface Hit {
  kind: "node" | "network";
  id: string;
  score: number;
  /** Name of the field: "Extended address". */
  field: string;
  /** What the field holds. */
  value: string;
}

type Kind = "text" | "hex" | "address";

interface Field {
  name: string;
  kind: Kind;
  value: string;
  /** What is compared: folded text, or hexadecimal digits alone. */
  plain: string;
  weight: number;
}

/** A question, prepared once. */
export interface Query {
  terms: Term[];
}

interface Term {
  text: string;
  /** Hexadecimal digits without separators; empty where the term is none. */
  hex: string;
  /** The term as the beginning of an IPv6 address in full digits; empty where it is none. */
  address: string;
  /** The term is one whole IPv6 address. */
  isWhole: boolean;
}

const fold = (text: string): string => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const digits = (text: string): string =>
  text
    .toLowerCase()
    .replace(/^0x/, "")
    .replace(/[\s:.\-_]/g, "");

/** An IPv6 address in 32 digits; null where it is none. */
export function expand(address: string): string | null {
  const [text] = address.toLowerCase().split(/[/%]/);
  if (!text || !/^[0-9a-f:]+$/.test(text)) return null;
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail] = halves.map((half) => (half ? half.split(":") : []));
  const left = head ?? [];
  const right = tail ?? [];
  const missing = 8 - left.length - right.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const groups = [...left, ...Array<string>(halves.length === 1 ? 0 : missing).fill("0"), ...right];
  if (groups.some((group) => group.length < 1 || group.length > 4)) return null;
  return groups.map((group) => group.padStart(4, "0")).join("");
}

/** The beginning of an IPv6 address in full digits: every group but the last is complete. */
function addressPart(text: string): string {
  const groups = text
    .toLowerCase()
    .replace(/\/\d+$/, "")
    .split(":");
  if (groups.length < 2 || !groups.every((group) => /^[0-9a-f]{0,4}$/.test(group))) return "";
  const filled = groups.filter((group) => group !== "");
  return filled.map((group, index) => (index < filled.length - 1 || text.endsWith(":") ? group.padStart(4, "0") : group)).join("");
}

/** Takes a question apart: words that all must be found, or one address that may be written with spaces. */
export function parse(question: string): Query {
  const text = fold(question).trim();
  if (!text) return { terms: [] };
  const whole = digits(text);
  const isSpacedAddress = /\s/.test(text) && whole.length >= 8 && /^[0-9a-f]+$/.test(whole);
  const parts = isSpacedAddress ? [whole] : text.split(/\s+/);
  return {
    terms: parts.map((part) => {
      const hex = digits(part);
      const complete = expand(part);
      return {
        text: part,
        hex: /^[0-9a-f]{2,}$/.test(hex) ? hex : "",
        address: complete ?? (/^[0-9a-f]{4,}$/.test(hex) && !part.includes(":") ? hex : addressPart(part)),
        isWhole: complete !== null,
      };
    }),
  };
}

const nodeFields = new WeakMap<Node, Field[]>();
const networkFields = new WeakMap<Network, Field[]>();

/** The index: fields of a device, made once for each version of it. */
function fieldsOf(node: Node): Field[] {
  const known = nodeFields.get(node);
  if (known) return known;
  const made: Field[] = [];
  const add = (name: string, kind: Kind, weight: number, value: string | null | undefined): void => {
    if (value)
      made.push({
        name,
        kind,
        value,
        weight,
        plain: kind === "text" ? fold(value) : kind === "hex" ? digits(value) : (expand(value) ?? digits(value)),
      });
  };
  const { known_as } = node;
  add("Name", "text", 30, nameOf(node));
  add("Room", "text", 20, node.room);
  add("RLOC16", "hex", 18, node.rloc16);
  for (const host of known_as?.hosts ?? []) add("Host name", "text", 16, host);
  add("Extended address", "hex", 14, node.extended_address);
  for (const matter of known_as?.matter ?? []) add("Matter node", "hex", 12, matter);
  for (const address of node.addresses ?? []) add("Address", "address", 11, address);
  add("Vendor", "text", 10, node.vendor);
  add("Model", "text", 10, node.model);
  add("EUI-64", "hex", 8, known_as?.eui64);
  add("Border agent", "hex", 8, known_as?.border_agent_id);
  for (const hap of known_as?.hap ?? []) add("HomeKit id", "hex", 8, hap);
  add("Note", "text", 6, node.note);
  if (node.id !== node.extended_address) add("Id", "text", 4, node.id);
  for (const id of node.previous_ids ?? []) add("Earlier id", "text", 3, id);
  nodeFields.set(node, made);
  return made;
}

function fieldsOfNetwork(network: Network): Field[] {
  const known = networkFields.get(network);
  if (known) return known;
  const made: Field[] = [];
  if (network.name) made.push({ name: "Network", kind: "text", value: network.name, plain: fold(network.name), weight: 25 });
  if (network.extended_pan_id) {
    made.push({ name: "Extended PAN id", kind: "hex", value: network.extended_pan_id, plain: digits(network.extended_pan_id), weight: 8 });
  }
  if (network.pan_id) made.push({ name: "PAN id", kind: "hex", value: network.pan_id, plain: digits(network.pan_id), weight: 8 });
  networkFields.set(network, made);
  return made;
}

/** How well a field answers a term; 0: not at all. */
function rate(field: Field, term: Term): number {
  if (field.kind === "text") return rateText(field.plain, term.text);
  if (field.kind === "address") {
    if (!term.address) return 0;
    if (term.isWhole) return field.plain === term.address ? 100 : 0;
    if (field.plain.startsWith(term.address)) return 70;
    return term.address.length >= 4 && field.plain.includes(term.address) ? 35 : 0;
  }
  if (!term.hex) return 0;
  if (field.plain === term.hex) return 100;
  if (field.plain.startsWith(term.hex)) return 70;
  return term.hex.length >= 3 && field.plain.includes(term.hex) ? 30 : 0;
}

function rateText(plain: string, text: string): number {
  const place = plain.indexOf(text);
  if (place < 0) return 0;
  if (place === 0) return plain.length === text.length ? 100 : 80;
  return /[\p{L}\p{N}]/u.test(plain[place - 1]!) ? 40 : 60;
}

/** Every term must be found in some field; the field named is the one that told most. */
function judge(fields: readonly Field[], query: Query): { score: number; field: Field } | null {
  let score = 0;
  let told: Field | null = null;
  let toldScore = 0;
  for (const term of query.terms) {
    let best = 0;
    let by: Field | null = null;
    for (const field of fields) {
      const rated = rate(field, term);
      if (rated > 0 && rated + field.weight > best) {
        best = rated + field.weight;
        by = field;
      }
    }
    if (!by) return null;
    score += best;
    if (best > toldScore) {
      told = by;
      toldScore = best;
    }
  }
  return told ? { score, field: told } : null;
}

/** True where a device answers a question; an empty question is answered by all. */
export const matches = (node: Node, query: Query): boolean => query.terms.length === 0 || judge(fieldsOf(node), query) !== null;

/** The best answers, best first, and how many there are at all. */
export function find(nodes: Iterable<Node>, networks: Iterable<Network>, question: string, most: number): { hits: Hit[]; total: number } {
  const query = parse(question);
  if (!query.terms.length) return { hits: [], total: 0 };
  const hits: Hit[] = [];
  const take = (kind: Hit["kind"], id: string, fields: Field[]): void => {
    const judged = judge(fields, query);
    if (judged) hits.push({ kind, id, score: judged.score, field: judged.field.name, value: judged.field.value });
  };
  for (const network of networks) take("network", network.id, fieldsOfNetwork(network));
  for (const node of nodes) take("node", node.id, fieldsOf(node));
  hits.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
  return { hits: hits.slice(0, most), total: hits.length };
}
