import { describe, expect, it } from "vitest";
import { addressKind, channelMegahertz, grouped, ipv6Groups, isWithin, locator, locatorInWords, locatorOf } from "./addresses";
import { fixture } from "./fixture";

describe("addresses", () => {
  const topology = fixture("otbr-rest-2025");
  const network = topology.networks[0];

  it("finds a locator for every placed device of the fixture, and it is the device's own", () => {
    let seen = 0;
    for (const node of topology.nodes) {
      const locators = node.addresses.filter((address) => addressKind(address, network) === "rloc").map(locatorOf);
      if (locators.length === 0) continue;
      expect(locators, node.id).toContain(node.rloc16);
      seen++;
    }
    expect(seen).toBeGreaterThan(10);
  });

  it("tells the kinds of one device's addresses apart", () => {
    const node = topology.nodes.find(({ id }) => id === "1a4926f041bfd76f");
    const kinds = (node?.addresses ?? []).map((address) => addressKind(address, network));
    expect(kinds).toContain("mesh-local");
    expect(kinds).toContain("rloc");
    expect(kinds).toContain("link-local");
    expect(kinds.every((kind) => kind !== null)).toBe(true);
  });

  it("takes no locator of a foreign prefix for one of this mesh", () => {
    const home = { mesh_local_prefix: "fd00:1::/64", omr_prefixes: ["fd00:2::/64"] };
    expect(addressKind("fd00:1::ff:fe00:dc02", home)).toBe("rloc");
    expect(addressKind("fd00:1::ff:fe00:fc10", home)).toBe("anycast");
    expect(addressKind("fd00:2::ff:fe00:dc02", home)).toBe("omr");
    expect(addressKind("fd00:3::1", home)).toBe("other-ula");
    expect(addressKind("2001:db8::1", home)).toBe("global");
    expect(addressKind("no address", home)).toBeNull();
  });

  it("reads short and long forms, and nothing else", () => {
    expect(ipv6Groups("::1")).toEqual([0, 0, 0, 0, 0, 0, 0, 1]);
    expect(ipv6Groups("fe80::1%wpan0")?.[7]).toBe(1);
    expect(ipv6Groups("1:2:3:4:5:6:7:8")).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    for (const wrong of ["", ":", "1::2::3", "1:2:3", "12345::", "g::", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8"])
      expect(ipv6Groups(wrong), wrong).toBeNull();
    expect(isWithin("fd00:1:2:4000::1", "fd00:1:2:7000::/50")).toBe(true);
    expect(isWithin("fd00:1:2:8000::1", "fd00:1:2:7000::/50")).toBe(false);
    expect(isWithin("fd00::1", "fd00::/900")).toBe(false);
  });
});

describe("locators", () => {
  it("holds 6 bits of router and 9 of child", () => {
    expect(locator("0xdc02")).toEqual({ router: 55, child: 2 });
    expect(locator("0x8400")).toEqual({ router: 33, child: 0 });
    expect(locator("0xfbff")).toEqual({ router: 62, child: 511 });
    expect(locator("dc02")).toBeNull();
    expect(locator(null)).toBeNull();
    expect(locatorInWords("0xdc02")).toBe("router 55, child 2");
    expect(locatorInWords("0x8400")).toBe("router 33");
  });

  it("puts every child of the fixtures under its parent", () => {
    let seen = 0;
    for (const name of ["otbr-rest-2025", "mesh20-diag1", "home44-all"]) {
      const topology = fixture(name);
      const byId = new Map(topology.nodes.map((node) => [node.id, node]));
      const children = topology.nodes.filter((node) => node.parent?.state === "confirmed" && node.rloc16);
      for (const child of children) {
        const parent = byId.get(child.parent?.node ?? "");
        if (!parent?.rloc16) continue;
        expect(locator(child.rloc16)?.router, `${name} ${child.id}`).toBe(locator(parent.rloc16)?.router);
        seen++;
      }
    }
    expect(seen).toBeGreaterThan(12);
  });
});

it("groups digits and knows channels", () => {
  expect(grouped("c2a941f077de5b13")).toBe("c2a9 41f0 77de 5b13");
  expect(grouped("")).toBe("");
  expect(channelMegahertz(11)).toBe(2405);
  expect(channelMegahertz(26)).toBe(2480);
  expect(channelMegahertz(27)).toBeNull();
});
