/** A dongle in plain words. */

import type { DongleView, OwnNodeView } from "../api/types";
import type { Judged } from "../ui/ToneMark.svelte";
import { span } from "../words/words";

interface Said {
  word: string;
  tone: Judged;
}

const MODES: Record<DongleView["mode"], Said> = {
  absent: { word: "Not there", tone: "problem" },
  starting: { word: "Being set up", tone: "info" },
  listening: { word: "Listens", tone: "good" },
  searching: { word: "Looks for a network", tone: "info" },
  scanning: { word: "Scans the channels", tone: "info" },
  "taking-part": { word: "Takes part in a mesh", tone: "good" },
  deaf: { word: "Hears nothing", tone: "problem" },
};

/** What a dongle does. A mode that this page does not know is told as it is. */
export function modeWords({ mode, channel, node }: Pick<DongleView, "mode" | "channel" | "node">): Said {
  const said = MODES[mode] ?? { word: mode, tone: "unknown" };
  if (mode === "listening" && channel != null) return { ...said, word: `Listens on channel ${channel}` };
  if (mode === "taking-part" && node && node.state !== "attached") return { word: nodeState(node).word, tone: nodeState(node).tone };
  return said;
}

const KINDS: Record<NonNullable<DongleView["kind"]>, string> = {
  rcp: "OpenThread RCP: listens, scans, and can take part in a mesh",
  "nordic-sniffer": "Nordic’s 802.15.4 sniffer: listens only",
};

/** What firmware a dongle has. */
export const kindWords = (kind: DongleView["kind"]): string => (kind ? (KINDS[kind] ?? kind) : "not known yet");

/** What it listens to. */
export function channelWords({ mode, channel, scanning }: Pick<DongleView, "mode" | "channel" | "scanning">): string {
  if (mode === "scanning" && scanning) return `${scanning.channel}, on its way through all`;
  if (mode === "searching") return "all in turn, until there is a Thread network";
  return channel == null ? "none" : String(channel);
}

/** Why it cannot be told to scan or to listen elsewhere; null where it can. */
export function whyNot({ mode, node }: Pick<DongleView, "mode" | "node">): string | null {
  if (node || mode === "taking-part") return "While it takes part in a mesh it stays on that mesh’s channel. Leave the mesh first.";
  if (mode === "absent") return "The dongle is not there: what is wrong stands above.";
  if (mode === "starting") return "The dongle is being set up.";
  return null;
}

/** An error that is over is told of for so long after that. */
const PAST_MILLISECONDS = 3_600_000;

/** Whether what went wrong last still does. */
export function errorState({ last_error_until }: Pick<DongleView, "last_error_until">, now: number): "now" | "over" | "long over" {
  if (!last_error_until) return "now";
  return now - Date.parse(last_error_until) < PAST_MILLISECONDS ? "over" : "long over";
}

const NODE_STATES: Record<OwnNodeView["state"], Said> = {
  "no-dataset": { word: "Waits for the network’s dataset", tone: "warning" },
  waiting: { word: "Waits for the radio", tone: "warning" },
  discovering: { word: "Looks for the network’s channel", tone: "info" },
  attaching: { word: "Looks for a parent", tone: "info" },
  attached: { word: "In the mesh", tone: "good" },
  leaving: { word: "Says goodbye", tone: "info" },
};

/** Where a node of ours stands. */
export const nodeState = (node: Pick<OwnNodeView, "state">): Said => NODE_STATES[node.state] ?? { word: node.state, tone: "unknown" };

/** What became of the frames that it sent. */
export function sentWords({ frames_sent, frames_lost }: Pick<OwnNodeView, "frames_sent" | "frames_lost">): string {
  if (frames_sent === 0) return "none yet";
  const lost = share(frames_lost, frames_sent);
  const became = frames_lost === 0 ? "all acknowledged" : `${frames_lost.toLocaleString()} never acknowledged${lost && ` (${lost})`}`;
  return `${frames_sent.toLocaleString()}, ${became}`;
}

/** "0.4 %", "under 0.1 %"; nothing where there is nothing to be a share of. */
export function share(part: number, whole: number): string {
  if (part <= 0 || whole <= 0) return "";
  const percent = (100 * part) / whole;
  return percent < 0.1 ? "under 0.1 %" : percent < 10 ? `${percent.toFixed(1)} %` : `${Math.round(percent)} %`;
}

/** How long a scan takes, in words. */
export const scanTakes = (channels: number, dwellMilliseconds: number): string => span(Math.max(1_000, channels * dwellMilliseconds));
