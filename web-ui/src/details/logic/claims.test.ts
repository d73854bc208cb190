import { describe, expect, it } from "vitest";
import type { Claim } from "../../api/types";
import { claimCount, factName, group, read } from "./claims";
import { fixture } from "./fixture";

const claim = (fact: string, more: Partial<Claim> = {}): Claim => ({
  source: "matter",
  reporter: "0af0d10b543bb33e",
  fact,
  observed_at: "2026-11-20T12:00:00.000Z",
  capture: { store: "weft", seq: 1 },
  ...more,
});

const withClaims = ["home44-matter-server", "home44-matterjs", "otbr-lan"].map((name) => ({ name, topology: fixture(name) }));

describe("words of claims", () => {
  it("has words for every claim that the fixtures hold", () => {
    let seen = 0;
    for (const { topology } of withClaims) {
      for (const { claims } of [...topology.nodes, ...topology.links]) {
        for (const one of claims ?? []) {
          const said = read(one);
          // No raw fact name and no raw null is shown to a person.
          expect(`${said.what} ${said.where} ${said.value}`, one.fact).not.toMatch(/-table|routing-role|node-label|: null|undefined/);
          seen++;
        }
      }
    }
    expect(seen).toBeGreaterThan(1000);
  });

  it("takes relations, values and nothings apart", () => {
    expect(read(claim("neighbor-table: lists it as a child, link quality 3, -64 dBm"))).toMatchObject({
      what: "lists it as its child",
      where: "neighbour table",
      value: "quality 3, −64 dBm",
    });
    expect(read(claim("route64: has a route to it"))).toMatchObject({
      what: "has a route to it",
      where: "Route64 routing table",
      value: null,
    });
    expect(read(claim("extended-address: null"))).toMatchObject({ what: "was asked for its extended address: none", isEmpty: true });
    expect(read(claim("rloc16: none")).isEmpty).toBe(true);
    expect(read(claim("node-label: null, and more"))).toMatchObject({
      what: "told its label, set by its owner",
      value: "null, and more",
      isEmpty: false,
    });
    expect(read(claim("registered as Hall (2) (_meshcop._udp)"))).toMatchObject({ what: "announced as Hall (2)", where: "_meshcop._udp" });
    expect(read(claim("calls it a lamp: the red one"))).toMatchObject({ what: "calls it a lamp: the red one", where: null });
    expect(read(claim(""))).toMatchObject({ what: "" });
  });

  it("names facts that it does not know without making something up", () => {
    expect(factName("attribute-0-0x0035-0x0006")).toBe("Matter attribute 0x0006 of cluster 0x0035, endpoint 0");
    expect(factName("tlv-77")).toBe("unknown TLV 77");
    expect(factName("some-new-fact")).toBe("some new fact");
  });
});

describe("grouping of claims", () => {
  it("loses none, and puts a device's own words first", () => {
    for (const { topology } of withClaims) {
      for (const node of topology.nodes) {
        const groups = group(node.claims ?? [], [node.id]);
        expect(claimCount(groups)).toBe(node.claims?.length ?? 0);
        const self = groups.findIndex(({ kind }) => kind === "self");
        expect(self).toBeLessThanOrEqual(0);
        for (const { kind, reported } of groups) for (const { reporter } of reported) expect(kind === "self").toBe(reporter === node.id);
      }
      for (const link of topology.links) expect(claimCount(group(link.claims ?? [], [link.a, link.b]))).toBe(link.claims?.length ?? 0);
    }
  });

  it("names a capture once, however much it holds", () => {
    const capture = (seq: number): Claim["capture"] => ({ store: "weft", seq });
    const claims = [
      claim("rloc16: 0x0400"),
      claim("mode"),
      claim("children: 2 rows", { capture: capture(2), observed_at: "2026-11-20T13:00:00.000Z" }),
    ];
    const [self] = group(claims, ["0af0d10b543bb33e"]);
    expect(self?.reported[0]?.batches.map(({ seq, said }) => [seq, said.length])).toEqual([
      [2, 1],
      [1, 2],
    ]);
  });

  it("does not take for people what Weft calls its own dongle", () => {
    const name = claim("calls it Weft (this dongle)", { reporter: "a person", source: "dongle" });
    const kinds = (claims: Claim[]): string[] => group(claims, ["0af0d10b543bb33e"]).map(({ kind }) => kind);
    expect(kinds([name])).toEqual(["weft"]);
    expect(kinds([name, claim("calls it Stick", { reporter: "a person", source: "annotations" })])).toEqual(["weft", "people"]);
  });

  it("shows the newest first, also among reporters", () => {
    const at = (minute: number): string => `2026-11-20T12:0${minute}:00.000Z`;
    const groups = group(
      [
        claim("rloc16: 0x0400", { observed_at: at(1) }),
        claim("mode", { observed_at: at(3) }),
        claim("route64: hears it, link quality 1", { reporter: "other", observed_at: at(2) }),
        claim("route64: hears it, link quality 2", { reporter: "newer", observed_at: at(4) }),
        claim("route64: hears it, link quality 2", { reporter: "undated", observed_at: null }),
        claim("calls it Lamp", { reporter: "annotations", observed_at: null }),
        claim("registered as X (_matter._tcp)", { reporter: "X._matter._tcp" }),
      ],
      ["0af0d10b543bb33e"],
    );
    expect(groups.map(({ kind }) => kind)).toEqual(["self", "people", "others", "announced"]);
    expect(groups[0]?.reported[0]?.batches.flatMap(({ said }) => said.map(({ what }) => what))).toEqual([
      "told its mode",
      "told its RLOC16",
    ]);
    expect(groups[2]?.reported.map(({ reporter }) => reporter)).toEqual(["newer", "other", "undated"]);
  });
});
