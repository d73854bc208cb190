/** What things are called in the moment that is shown. */

import { clock } from "../state/clock.svelte";
import { shown } from "../state/shown.svelte";
import { nameOf, networkName } from "../words/words";

/** A device's name by its id; of one that is not in the picture, the id. */
export function deviceName(id: string): string {
  const node = shown.mesh.node(id);
  return node ? nameOf(node) : id;
}

/** What the subject of a finding is, and what it is called. */
export function subject(id: string): { kind: "node" | "link" | "network"; name: string; isKnown: boolean } {
  const { mesh } = shown;
  const link = mesh.links.get(id);
  if (link) return { kind: "link", name: `${deviceName(link.a)} – ${deviceName(link.b)}`, isKnown: true };
  const network = mesh.networks.get(id);
  if (network) return { kind: "network", name: networkName(network), isKnown: true };
  return { kind: "node", name: deviceName(id), isKnown: mesh.node(id) !== undefined };
}

/** The moment that is shown, as the service is asked for it; null: now. Of two that are compared, the later one. */
export const shownMoment = (): string | null => (shown.compared ? shown.compared.b : shown.at);

/** Milliseconds of the moment that is shown. */
export const shownNow = (): number => (shown.isLive ? clock.serviceNow : Date.parse(shown.mesh.asOf));
