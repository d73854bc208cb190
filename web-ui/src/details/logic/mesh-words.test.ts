import { describe, expect, it } from "vitest";
import type { Link, Node } from "../../api/types";
import { device, fixture, linksOf } from "./fixture";
import { identify } from "./identify";
import { disagreement, qualityInWords, seenFrom, sides, strength, weaker } from "./links";
import { history, lastInWords } from "./parents";
import { independentPaths, ladder, pathInWords } from "./path";
import { candidates, half, unions } from "./same-as";

const otbr = fixture("otbr-rest-2025");
const home = fixture("home44-all");
const name = (id: string): string => id;

describe("the way to the border router", () => {
  it("leads from the device to the router it names, and its hops add up", () => {
    let seen = 0;
    for (const topology of [otbr, home]) {
      for (const node of topology.nodes.filter(({ path }) => path)) {
        const rungs = ladder(node, linksOf(topology));
        expect(rungs[0]?.node).toBe(node.id);
        expect(rungs.at(-1)?.node).toBe(node.path?.to);
        expect(rungs.at(-1)?.hop).toBeNull();
        expect(rungs.reduce((sum, { hop }) => sum + (hop?.cost ?? 0), 0)).toBe(node.path?.cost);
        seen++;
      }
    }
    expect(seen).toBeGreaterThan(50);
  });

  it("finds the link of each hop, whichever end is named first", () => {
    const rungs = ladder(device(home, "0184d7668248a36c"), linksOf(home));
    expect(rungs).toHaveLength(3);
    expect(rungs[0]?.hop).toMatchObject({ cost: 1, stated: true });
    expect(rungs[0]?.hop?.link).toContain("0184d7668248a36c");
    expect(rungs[1]?.hop).toMatchObject({ cost: 2, stated: false, quality: 2, medium: "radio" });
  });

  it("has words for a border router, and for what is not known", () => {
    expect(pathInWords({ to: "x", cost: 0, hops: [] })).toBe("It is a border router itself");
    expect(pathInWords({ to: "x", cost: 4, hops: [{ node: "x", cost: 4, stated: true }] })).toBe("1 hop, cost 4");
    expect(ladder({ id: "x", path: null }, () => [])).toEqual([]);
    expect(ladder({ id: "x", path: { to: "y", cost: 1, hops: [{ node: "y", cost: 1, stated: false }] } }, () => [])[0]?.hop).toMatchObject({
      link: null,
      quality: null,
    });
    expect([independentPaths({}), independentPaths({ independent_paths: 2 }), independentPaths({ independent_paths: 7 })]).toEqual([
      null,
      2,
      null,
    ]);
  });
});

describe("the history of parents", () => {
  const now = Date.parse("2026-11-20T15:33:08.845Z");

  it("tells who was the parent, and until when", () => {
    const node = device(otbr, "1a4926f041bfd76f");
    const rows = history(node, now);
    expect(rows.map(({ node: id, isPresent }) => [id, isPresent])).toEqual([
      ["eac11095362d4401", true],
      ["46623f3f14a4295d", false],
    ]);
    expect(rows[0]?.when).toMatch(/^since .*, for 60 min$/);
    // Seen once only: no span is made up.
    expect(rows[1]?.when).toMatch(/^until .*; since when is not known$/);
    expect(lastInWords(node, now, name)).toMatch(/^46623f3f14a4295d was its parent until /);
  });

  it("says for how long", () => {
    const rows = history(
      { parent: null, last_parent: null, parents: [{ node: "a", since: "2026-11-20T10:00:00Z", until: "2026-11-20T13:00:00Z" }] },
      now,
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.isPresent).toBe(false);
    expect(rows[0]?.when).toMatch(/^until .*, for 3 h$/);
  });

  it("shows a present or last parent that the history does not list", () => {
    const parent = { node: "a", state: "inferred" as const, since: null, reasons: [] };
    const rows = history({ parent, last_parent: { node: "b", until: "2026-11-20T13:00:00Z" }, parents: [] }, now);
    expect(rows.map(({ node: id }) => id)).toEqual(["a", "b"]);
    expect(rows[0]?.when).toBe("now; since when is not known");
    expect(lastInWords({ parent, last_parent: null, parents: [] }, now, name)).toBeNull();
  });

  it("never has two present parents in the fixtures", () => {
    for (const node of [...otbr.nodes, ...home.nodes]) {
      expect(history(node, now).filter(({ isPresent }) => isPresent).length, node.id).toBe(node.parent ? 1 : 0);
    }
  });
});

describe("links", () => {
  it("shows each direction from the end that asks", () => {
    for (const link of home.links) {
      const [a, b] = [seenFrom(link, link.a), seenFrom(link, link.b)];
      expect([a.other, b.other]).toEqual([link.b, link.a]);
      expect(a.hears).toBe(b.heard);
      expect(a.heard).toBe(b.hears);
    }
  });

  it("counts the weaker direction, and puts the best first", () => {
    const router = home.nodes.find(({ role }) => role === "leader")?.id ?? "";
    const listed = sides(linksOf(home)(router), router, name);
    expect(listed.length).toBeGreaterThan(3);
    const qualities = listed.map(({ link }) => weaker(link) ?? -1);
    expect(qualities).toEqual([...qualities].sort((x, y) => y - x));
    expect(weaker({ a_hears_b: null, b_hears_a: null })).toBeNull();
  });

  it("says what directions that differ mean", () => {
    const link = home.links.find(
      ({ a_hears_b, b_hears_a }) => a_hears_b && b_hears_a && a_hears_b.link_quality !== b_hears_a.link_quality,
    ) as Link;
    const worse = (link.a_hears_b?.link_quality ?? 0) < (link.b_hears_a?.link_quality ?? 0) ? link.a : link.b;
    expect(disagreement(link, name)).toContain(`${worse} hears less well`);
    expect(disagreement({ ...link, b_hears_a: null }, name)).toContain(`Only ${link.a} reports this link`);
    expect(disagreement({ ...link, a_hears_b: null, b_hears_a: null }, name)).toContain("Neither end");
    expect(disagreement({ ...link, b_hears_a: link.a_hears_b }, name)).toBeNull();
    expect(qualityInWords(0)).toBe("no link, 0 of 3");
    expect(qualityInWords(null)).toBe("not reported");
    expect(strength({ relayed: false, average_rssi_dbm: null, last_rssi_dbm: -83 } as Link["a_hears_b"])).toBe("−83 dBm");
    expect(strength(null)).toBeNull();
  });
});

describe("same device", () => {
  const unplaced = device(home, "lan/_hap._udp/Aqara Door P2 67D0");

  it("offers devices without a name for one without a place, and the other way round", () => {
    expect(half(unplaced)).toBe("named-not-placed");
    const offered = candidates(unplaced, home.nodes);
    expect(offered).toHaveLength(home.nodes.filter((node) => node.rloc16 && !node.name && node.network === unplaced.network).length);
    expect(offered.length).toBeGreaterThan(3);
    const first = offered[0]?.node as Node;
    expect(half(first)).toBe("placed-not-named");
    expect(candidates(first, home.nodes).map(({ node }) => node.id)).toContain(unplaced.id);
    expect(candidates(device(home, "9a8df87031c608e7"), home.nodes)).toEqual(
      half(device(home, "9a8df87031c608e7")) ? expect.anything() : [],
    );
  });

  it("puts the likeliest first, and never a device of another network", () => {
    const placed = candidates(unplaced, home.nodes).map(({ node }) => node);
    const likely = { ...placed.at(-1), model: "Door P2" } as Node;
    const foreign = { ...placed[0], id: "foreign", network: "ffff" } as Node;
    const unlike = { ...placed[0], id: "unlike", model: "Bulb" } as Node;
    const offered = candidates(unplaced, [unlike, foreign, ...placed.slice(0, -1), likely]);
    expect(offered[0]?.node.id).toBe(likely.id);
    expect(offered[0]?.reasons).toContain("same model");
    expect(offered.at(-1)).toMatchObject({ node: { id: "unlike" }, against: ["another model"] });
    expect(offered.map(({ node }) => node.id)).not.toContain("foreign");
  });

  it("knows what a person said, and what was taken back", () => {
    const said = (more: object): Record<string, unknown> => ({ kind: "annotation", identify: { hap_id: "A" }, ...more });
    expect(unions([said({ same_as: "x" }), said({ name: "Door" })])).toEqual([{ identify: { hap_id: "A" }, same_as: "x" }]);
    expect(unions([said({ same_as: "x" }), said({ same_as: "" })])).toEqual([]);
    expect(unions([said({ same_as: "x" }), said({ same_as: "", identify: { hap_id: "B" } }), said({ same_as: "y" })])).toHaveLength(1);
    expect(unions([{ kind: "tmf", same_as: "x" }, said({ same_as: 7 }), said({ same_as: "x", identify: null })])).toEqual([]);
  });

  it("names a device by what stays with it longest", () => {
    expect(identify(device(home, "0184d7668248a36c"))).toEqual({ extended_address: "0184d7668248a36c" });
    expect(identify(unplaced)).toEqual({ hap_id: "AC:8E:C3:B9:FB:35" });
    const bare = { ...unplaced, known_as: { ...unplaced.known_as, hap: [] } };
    expect(identify(bare)).toEqual({ address: "fda7:c957:ed9:3734:5a5e:488d:457e:837" });
    expect(identify({ ...bare, addresses: ["fe80::1", "fd00:1:2:3:0:ff:fe00:c005"] })).toEqual({ node: unplaced.id });
    expect(identify({ ...bare, known_as: { ...bare.known_as, matter: ["2906c908d115d362-000000000000001c"] } })).toEqual({
      matter: { fabric: "2906c908d115d362", node: "000000000000001c" },
    });
  });
});
