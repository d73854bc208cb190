/** What border routers and Matter devices announce, as they announce it. */

import type { Service } from "./namespace";

/** Digits that are the same whenever the name is. */
function digits(name: string, number: number): string {
  let state = 0x811c9dc5;
  let text = "";
  while (text.length < number) {
    for (const byte of Buffer.from(`${name}${text.length}`)) state = Math.imul(state ^ byte, 0x01000193) >>> 0;
    text += state.toString(16).padStart(8, "0");
  }
  return text.slice(0, number);
}

/** A border router of a network, with every key that such devices announce. */
export function borderRouter({ name, network, vendor = "Hearthside" }: { name: string; network: string; vendor?: string }): Service {
  return {
    type: "_meshcop._udp",
    name,
    port: 49154,
    txt: {
      rv: "1",
      dn: "DefaultDomain",
      nn: network,
      xp: { hex: digits(network, 16) },
      xa: { hex: digits(name, 16) },
      id: { hex: digits(`${name} agent`, 32) },
      at: { hex: "0000000000010000" },
      pt: { hex: digits(`${network} partition`, 8) },
      sb: { hex: "00000031" },
      sq: { hex: "01" },
      bb: { hex: "f0bf" },
      omr: { hex: `40fd${digits(`${network} prefix`, 14)}` },
      tv: "1.4.0",
      vn: vendor,
      mn: "Hub One",
    },
  };
}

/** A Matter device of a fabric. */
export function matterDevice(node: number): Service {
  const name = `${digits("fabric", 16).toUpperCase()}-${node.toString(16).padStart(16, "0").toUpperCase()}`;
  return { type: "_matter._tcp", name, port: 5540, txt: { SII: "500", SAI: "300", T: "0" } };
}
