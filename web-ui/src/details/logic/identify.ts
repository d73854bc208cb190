/** By what a device is named when a person says something of it. */

import type { Annotation, Node } from "../../api/types";

/**
 * What stays longest with a device, so that a name follows it: its radio's address, else what its ecosystems call it, else an address that is
 * its own, else the id that the service gave it.
 */
export function identify(node: Node): Annotation["identify"] {
  if (node.extended_address) return { extended_address: node.extended_address };
  const [fabric, peer] = node.known_as.matter[0]?.split("-") ?? [];
  if (fabric && peer) return { matter: { fabric, node: peer } };
  const hap = node.known_as.hap[0];
  if (hap) return { hap_id: hap };
  const address = node.addresses.find((one) => one.includes(":") && !/^fe[89ab]/i.test(one) && !/:0:ff:fe00:[0-9a-f]{1,4}$/i.test(one));
  if (address) return { address };
  return { node: node.id };
}
