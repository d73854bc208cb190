import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Node, Topology } from "../api/types";
import { nameOf } from "../words/words";
import { expand, find, matches, parse } from "./find";

const topology = JSON.parse(readFileSync("../fixtures/home44-all/topology.json", "utf8")) as Topology;
const first = (question: string): { id: string; field: string } | undefined => find(topology.nodes, topology.networks, question, 5).hits[0];

const someNode = (has: (node: Node) => unknown): Node => {
  const node = topology.nodes.find(has);
  if (!node) throw new Error("the fixture has no such device");
  return node;
};

test("every device of a real home is found by its own name", () => {
  for (const node of topology.nodes) {
    const { hits } = find(topology.nodes, topology.networks, nameOf(node), 50);
    expect(hits.map((hit) => hit.id)).toContain(node.id);
  }
});

test("addresses are found with and without separators", () => {
  const node = someNode((one) => one.extended_address && one.rloc16);
  const plain = node.extended_address!;
  const pairs = plain.match(/../g)!;
  for (const written of [plain, plain.toUpperCase(), pairs.join(":"), pairs.join("-"), plain.match(/.{4}/g)!.join(" ")]) {
    expect(first(written), written).toMatchObject({ id: node.id });
  }
  expect(first(pairs.join(":"))?.field).toBe("Extended address");
});

test("the RLOC16 is found with and without 0x", () => {
  const node = someNode((one) => one.rloc16);
  expect(first(node.rloc16!)).toMatchObject({ id: node.id, field: "RLOC16" });
  expect(first(node.rloc16!.slice(2))).toMatchObject({ id: node.id, field: "RLOC16" });
});

test("an IPv6 address is found short, long and cut", () => {
  const node = someNode((one) => one.addresses.length > 0);
  for (const address of node.addresses) {
    const long = expand(address)!.match(/.{4}/g)!.join(":");
    for (const written of [address, long, `${address}/64`]) {
      expect(
        find(topology.nodes, [], written, 99).hits.map((hit) => hit.id),
        written,
      ).toContain(node.id);
    }
    const cut = address.split(":").slice(0, 2).join(":");
    expect(find(topology.nodes, [], cut, 99).hits.map((hit) => hit.id)).toContain(node.id);
  }
});

test("all words must be found, in any field and any order", () => {
  const node = someNode((one) => one.vendor && one.name && !one.name.includes(one.vendor));
  const word = node.name!.split(" ")[0]!;
  expect(find(topology.nodes, [], `${node.vendor} ${word}`, 99).hits.map((hit) => hit.id)).toContain(node.id);
  expect(find(topology.nodes, [], `${word} no-such-word`, 99).total).toBe(0);
});

test("what begins with the words stands before what holds them", () => {
  const make = (id: string, name: string): Node => ({ ...topology.nodes[0]!, id, name, addresses: [], extended_address: null });
  const { hits } = find([make("1", "Old hall plug"), make("2", "Hall plug"), make("3", "Hall")], [], "hall", 9);
  expect(hits.map((hit) => hit.id)).toEqual(["3", "2", "1"]);
  expect(find([make("1", "Küche")], [], "kuche", 9).total).toBe(1);
});

test("networks are found, and an empty question finds nothing and filters nothing", () => {
  const network = topology.networks.find((one) => one.name)!;
  expect(find(topology.nodes, topology.networks, network.name!, 5).hits.some((hit) => hit.kind === "network")).toBe(true);
  expect(find(topology.nodes, topology.networks, "  ", 5).total).toBe(0);
  expect(topology.nodes.every((node) => matches(node, parse(" ")))).toBe(true);
});

test("what is no address is none", () => {
  expect(expand("::1")).toBe("00000000000000000000000000000001");
  for (const wrong of ["", ":::", "1::2::3", "fd00:1", "12345::1", "hall"]) expect(expand(wrong), wrong).toBeNull();
});

test("a device is taken apart once, however often is asked", () => {
  let reads = 0;
  const watched = topology.nodes.map((node) =>
    Object.defineProperty({ ...node }, "addresses", {
      get: () => {
        reads++;
        return node.addresses;
      },
    }),
  );
  for (const question of ["plug", "fd79", "hall plug"]) find(watched, [], question, 12);
  expect(reads).toBe(watched.length);
});
