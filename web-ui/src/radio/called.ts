/** What networks are called. */

import { live } from "../state/live.svelte";
import { shown } from "../state/shown.svelte";

/** A network's name by its extended PAN id; of one that has none, the id. */
export function networkCalled(extendedPanId: string): string {
  const kept = live.networks?.networks.find((network) => network.extended_pan_id === extendedPanId)?.name;
  if (kept) return kept;
  for (const network of shown.mesh.networks.values()) if (network.extended_pan_id === extendedPanId && network.name) return network.name;
  return extendedPanId;
}
