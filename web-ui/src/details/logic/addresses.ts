/** What the numbers that a Thread device goes by say: addresses, extended addresses, locators. */

import type { Network } from "../../api/types";

/** What an IPv6 address is for. */
export type AddressKind = "rloc" | "anycast" | "mesh-local" | "omr" | "link-local" | "other-ula" | "global";

/** Each kind in a word, and what it means. */
export const ADDRESS_KINDS: Record<AddressKind, { word: string; meaning: string }> = {
  rloc: { word: "RLOC", meaning: "routing locator: says where in the mesh the device is, and changes when it moves" },
  anycast: { word: "Anycast", meaning: "locator of a service, not of one device" },
  "mesh-local": { word: "Mesh-local", meaning: "reachable within this mesh only; stays when the device moves" },
  omr: { word: "OMR", meaning: "off-mesh routable: reachable from the home network over a border router" },
  "link-local": { word: "Link-local", meaning: "reachable from direct neighbours only" },
  "other-ula": { word: "Local network", meaning: "a private address outside the prefixes that this mesh is known to use" },
  global: { word: "Global", meaning: "a public address" },
};

/** The eight groups of an IPv6 address; null where the text is none. */
export function ipv6Groups(text: string): number[] | null {
  const bare = text.split("%")[0]?.split("/")[0] ?? "";
  const halves = bare.split("::");
  if (halves.length > 2) return null;
  const groups = (half: string | undefined): string[] => (half ? half.split(":") : []);
  const head = groups(halves[0]);
  const tail = groups(halves[1]);
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const all = [...head, ...Array<string>(halves.length === 2 ? missing : 0).fill("0"), ...tail];
  const numbers = all.map((group) => (/^[0-9a-f]{1,4}$/i.test(group) ? Number.parseInt(group, 16) : Number.NaN));
  return numbers.some(Number.isNaN) ? null : numbers;
}

/** True where an address is within a prefix (`fd00::/64`). */
export function isWithin(address: string, prefix: string): boolean {
  const groups = ipv6Groups(address);
  const start = ipv6Groups(prefix);
  const bits = Number(prefix.split("/")[1] ?? "128");
  if (!groups || !start || !Number.isInteger(bits) || bits < 0 || bits > 128) return false;
  return start.every((group, index) => {
    const taken = Math.min(16, Math.max(0, bits - index * 16));
    const mask = (0xffff << (16 - taken)) & 0xffff;
    return ((groups[index] ?? 0) & mask) === (group & mask);
  });
}

/** What an address is for, seen from a network; null where the text is no address. */
export function addressKind(address: string, network: Pick<Network, "mesh_local_prefix" | "omr_prefixes"> | undefined): AddressKind | null {
  const groups = ipv6Groups(address);
  if (!groups) return null;
  const [first = 0, , , , fifth, sixth, seventh, eighth = 0] = groups;
  if ((first & 0xffc0) === 0xfe80) return "link-local";
  const isMeshLocal = network?.mesh_local_prefix ? isWithin(address, network.mesh_local_prefix) : false;
  if (fifth === 0 && sixth === 0xff && seventh === 0xfe00 && (isMeshLocal || !network?.mesh_local_prefix))
    return eighth >= 0xfc00 ? "anycast" : "rloc";
  if (isMeshLocal) return "mesh-local";
  if (network?.omr_prefixes.some((prefix) => isWithin(address, prefix))) return "omr";
  return (first & 0xfe00) === 0xfc00 ? "other-ula" : "global";
}

/** The locator within an RLOC address: `0xdc02`; null for any other. */
export function locatorOf(address: string): string | null {
  const groups = ipv6Groups(address);
  return groups && addressKind(address, undefined) === "rloc" ? `0x${(groups[7] ?? 0).toString(16).padStart(4, "0")}` : null;
}

/** `c2a941f077de5b13` as people read it aloud: `c2a9 41f0 77de 5b13`. */
export const grouped = (digits: string): string => digits.match(/.{1,4}/g)?.join(" ") ?? digits;

/** What an RLOC16 holds. */
export interface Locator {
  /** 0 to 62. */
  router: number;
  /** 1 to 511; 0: the router itself. */
  child: number;
}

/** Reads `0xdc02`: 6 bits of router id, 9 bits of child id; null where the text is none. */
export function locator(rloc16: string | null | undefined): Locator | null {
  if (!rloc16 || !/^0x[0-9a-f]{4}$/i.test(rloc16)) return null;
  const value = Number.parseInt(rloc16, 16);
  return { router: value >> 10, child: value & 0x1ff };
}

/** "router 55, child 2", "router 55 itself". */
export function locatorInWords(rloc16: string | null | undefined): string | null {
  const parts = locator(rloc16);
  if (!parts) return null;
  return parts.child === 0 ? `router ${parts.router}` : `router ${parts.router}, child ${parts.child}`;
}

/** Middle frequency of an IEEE 802.15.4 channel at 2.4 GHz; null outside 11 to 26. */
export const channelMegahertz = (channel: number): number | null => (channel >= 11 && channel <= 26 ? 2405 + 5 * (channel - 11) : null);
