/** What a step of the plan would bring, in words. */

import type { components } from "../api/schema";
import { count } from "../words/words";

/** A step of the plan. */
export type Step = components["schemas"]["Step"];
/** How much is known of one network. */
export type CoverageOfNetwork = components["schemas"]["Coverage"];

const NEEDS: Record<Step["cost"]["needs"], string> = {
  "setup-code": "a pairing code from its app",
  passcode: "a one-time passcode",
  credentials: "the network's credentials",
  address: "an address",
  file: "a file",
  dongle: "a radio dongle",
};

/** "places 3 devices (2 for sure), confirms 4 links, names 1 device"; "nothing by itself" where it adds nothing. */
export function gainWords({ gain }: Pick<Step, "gain">): string {
  const parts: string[] = [];
  if (gain.places > 0) {
    const sure = gain.about && gain.places_at_least > 0 && gain.places_at_least < gain.places ? ` (${gain.places_at_least} for sure)` : "";
    parts.push(`places ${gain.about ? "about " : ""}${count(gain.places, "device")}${sure}`);
  }
  if (gain.confirms_links > 0) parts.push(`confirms ${count(gain.confirms_links, "link")} from the other end`);
  if (gain.names > 0) parts.push(`names ${count(gain.names, "device")}`);
  return parts.join(", ") || "adds nothing that can be counted beforehand";
}

/** "needs a pairing code from its app, takes about 30 s" */
export function costWords({ cost }: Pick<Step, "cost">): string {
  const time = cost.seconds < 90 ? `${cost.seconds} s` : `${Math.round(cost.seconds / 60)} min`;
  return `needs ${NEEDS[cost.needs]}, then about ${time}`;
}

/** How sure the gain is. */
export function confidence({ gain }: Pick<Step, "gain">): { word: string; meaning: string } {
  if (!gain.about) return { word: "Certain", meaning: "counted from what is known now" };
  if (gain.places_at_least > 0)
    return { word: "Partly certain", meaning: `at least ${count(gain.places_at_least, "device")}; the rest is an estimate` };
  return { word: "Estimate", meaning: "nobody can tell before it is read" };
}

/** "43 of 44 devices have a place, 18 of 18 routers told who their children are" */
export function coverageWords(coverage: CoverageOfNetwork): string {
  const devices = `${coverage.placed} of ${coverage.about ? "about " : ""}${count(coverage.devices, "device")} ${coverage.devices === 1 ? "has" : "have"} a place`;
  const routers =
    coverage.routers > 0 ? `; ${coverage.routers_heard} of ${count(coverage.routers, "router")} told who their children are` : "";
  return `${devices}${routers}.`;
}
