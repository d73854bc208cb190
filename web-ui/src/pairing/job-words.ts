/** Pairing jobs and paired devices in plain words. */

import type { Node, PairedDevice, PairingJob } from "../api/types";
import { count, nameOf } from "../words/words";

const STEPS: Record<string, { word: string; doing: string }> = {
  find: { word: "Found", doing: "Looking for it on the network" },
  connect: { word: "Secure session", doing: "Proving the code to each other" },
  attest: { word: "Genuine?", doing: "Looking at its certificate" },
  credentials: { word: "Credentials", doing: "Giving it credentials of Weft's fabric" },
  session: { word: "Joining", doing: "Meeting it as one of ours" },
  complete: { word: "Confirmed", doing: "Finishing" },
};

const JOBS: Record<PairingJob["state"], string> = {
  waiting: "Waiting",
  running: "Joining",
  done: "Joined",
  failed: "Did not join",
  decide: "Your decision is needed",
  cancelled: "Given up",
};

const CHECKS: Record<string, string> = {
  nonce: "It answered this very question, and no older one",
  chain: "Its certificates belong together",
  root: "Its certificates lead to a maker that Weft knows",
  "vendor-and-product": "Maker and product are those that it announces",
  "certification-declaration": "It was certified for Matter",
  possession: "The certificate is its own",
};

const DEVICES: Record<PairedDevice["state"], { word: string; tone: "good" | "warning" | "problem" | "unknown" | "info" }> = {
  "not-asked": { word: "Not asked yet", tone: "unknown" },
  answering: { word: "Answers", tone: "good" },
  silent: { word: "Does not answer", tone: "warning" },
  estranged: { word: "Says that it is not ours any more", tone: "problem" },
  leaving: { word: "Is being told that Weft leaves", tone: "info" },
};

/** The name of a step: what is true when it is done. */
export const stepWord = (step: string): string => STEPS[step]?.word ?? step;

/** What goes on while a step runs. */
export const stepDoing = (step: string): string => STEPS[step]?.doing ?? step;

export const jobState = (job: Pick<PairingJob, "state">): string => JOBS[job.state] ?? job.state;

/** What a check of attestation means when it is proven. */
export const checkWords = (check: string): string => CHECKS[check] ?? check;

export const deviceState = (
  device: Pick<PairedDevice, "state">,
): { word: string; tone: "good" | "warning" | "problem" | "unknown" | "info" } =>
  DEVICES[device.state] ?? { word: device.state, tone: "unknown" };

/** The device's name, else its code, masked. */
export const jobName = (job: Pick<PairingJob, "name" | "code">): string => job.name ?? `Code ${job.code}`;

/** True where nothing happens by itself any more. */
export const isOver = (job: Pick<PairingJob, "state">): boolean => job.state !== "waiting" && job.state !== "running";

/** "320 ms", "4.2 s", "1 min 5 s" */
export function took(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1_000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Jobs in the order in which they concern a person: what waits for a decision, what runs, what failed, what waits, what is done. */
export function inOrder(jobs: readonly PairingJob[]): PairingJob[] {
  const RANK: Record<PairingJob["state"], number> = { decide: 0, running: 1, failed: 2, waiting: 3, cancelled: 4, done: 5 };
  return [...jobs].sort((one, other) => RANK[one.state] - RANK[other.state] || one.id - other.id);
}

/** "3 of 8 joined · 1 needs your decision · 2 failed" */
export function queueWords(jobs: readonly PairingJob[]): string {
  const number = (state: PairingJob["state"]): number => jobs.filter((job) => job.state === state).length;
  return [
    `${number("done")} of ${jobs.length} joined`,
    number("decide") > 0 && `${number("decide")} to decide`,
    number("failed") > 0 && `${number("failed")} did not join`,
    number("waiting") > 0 && `${number("waiting")} waiting`,
  ]
    .filter(Boolean)
    .join(" · ");
}

/** What ended since the last look, in one line; names while they are few. Empty where nothing did. */
export function endedWords(before: ReadonlyMap<number, PairingJob["state"]>, jobs: readonly PairingJob[]): string {
  const ended = jobs.filter((job) => isOver(job) && before.has(job.id) && before.get(job.id) !== job.state);
  if (ended.length <= 3) return ended.map((job) => `${jobName(job)}: ${jobState(job).toLowerCase()}.`).join(" ");
  const states = [...new Set(ended.map((job) => job.state))];
  return states
    .map((state) => `${count(ended.filter((job) => job.state === state).length, "device")}: ${JOBS[state].toLowerCase()}.`)
    .join(" ");
}

/** What became of entered codes, in one line. */
export function enteredWords(jobs: number, refused: number): string {
  if (jobs === 0 && refused === 0) return "No code was found in it.";
  return `${[jobs > 0 && `${count(jobs, "device")} will join`, refused > 0 && `${count(refused, "code")} not taken`].filter(Boolean).join(", ")}.`;
}

/** The mesh's node that is a paired device: by its Matter ids, where the mesh knows them. */
export function meshNode(nodes: Iterable<Node>, fabric: string | null | undefined, device: Pick<PairedDevice, "node">): Node | undefined {
  if (!fabric) return undefined;
  // The mesh writes both as FABRIC-NODE.
  const wanted = `${fabric}-${device.node}`.toLowerCase();
  for (const node of nodes) if (node.known_as.matter.some((known) => known.toLowerCase() === wanted)) return node;
  return undefined;
}

/** The device's name on the map, else what it calls itself, else its id. */
export const deviceName = (device: PairedDevice, node: Node | undefined): string =>
  node?.name ? nameOf(node) : (device.name ?? `Device ${device.node}`);
