/** What sources are and where they stand, in plain words. */

import type { Contribution, SourceStatus } from "../api/types";
import { isDeaf } from "../shell/notices";
import { count } from "../words/words";

const STATES: Record<string, { word: string; meaning: string }> = {
  started: { word: "Started", meaning: "it began, and nothing came yet" },
  working: { word: "Working", meaning: "it hears" },
  deaf: { word: "Hears nothing", meaning: "it cannot hear" },
  suspended: { word: "Suspended", meaning: "it was paused, or the whole machine slept" },
  stopped: { word: "Ended", meaning: "it hears no more" },
};

const KINDS: Record<string, string> = {
  mdns: "Listens on the LAN to what border routers and devices announce (mDNS). Sends nothing over the radio.",
  matter: "Asks paired devices for their neighbours, children and routes (Matter).",
  mesh: "Asks whole networks: through border routers that a credential opens, or through a dongle in the mesh.",
  "home-assistant": "Listens to Home Assistant and its Matter server, and changes nothing there.",
  dongle: "Listens to the radio itself through a dongle. Sends nothing, unless it is told to join the mesh.",
};

const NAMES: Record<string, string> = {
  "border-agent": "What border routers told of their mesh (border agent).",
  replay: "Plays a recording as if it were now.",
};

/** The state of a source: a word, what it means, and how good that is. A state that this page does not know is told as it is. */
export function sourceState(source: Pick<SourceStatus, "state">): { word: string; meaning: string; tone: "good" | "problem" | "info" } {
  const known = STATES[source.state] ?? { word: source.state, meaning: "a state that this page does not know" };
  return {
    ...known,
    tone: isDeaf(source.state) ? (source.state === "deaf" ? "problem" : "info") : source.state === "working" ? "good" : "info",
  };
}

/** What a source does, in a sentence; empty where this page does not know. */
export const sourceKind = (source: Pick<SourceStatus, "kind" | "name">): string => KINDS[source.kind] ?? NAMES[source.name] ?? "";

/** "Without it, 3 devices and 12 links would be missing." */
export function contributionWords(contribution: Contribution): string {
  const parts = [
    contribution.nodes_alone > 0 && count(contribution.nodes_alone, "device"),
    contribution.links_alone > 0 && count(contribution.links_alone, "link"),
    contribution.parents_alone > 0 && count(contribution.parents_alone, "parent"),
  ].filter((part): part is string => part !== false);
  const told = `It tells of ${count(contribution.nodes, "device")}${contribution.links > 0 ? ` and ${count(contribution.links, "link")}` : ""}`;
  if (contribution.nodes + contribution.links + contribution.parents === 0) return "Nothing on the map rests on it at the moment.";
  if (parts.length === 0) return `${told}; all of it is known from other sources too.`;
  const last = parts.pop();
  return `${told}. Without it, ${parts.length > 0 ? `${parts.join(", ")} and ${last}` : last} would be missing.`;
}

/** "76 KB", "12.3 MB" */
export function size(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  const units = ["KB", "MB", "GB", "TB"];
  let value = bytes / 1_000;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit++;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
