/** Ways to a network in plain words. */

import type { Ability, Brought, CredentialView, DataPath, NetworkWays, ServerView } from "../api/types";
import type { Judged } from "../ui/ToneMark.svelte";
import { age, count, span } from "../words/words";

interface Said {
  word: string;
  tone: Judged;
}

const STATES: Record<DataPath["state"], Said> = {
  untried: { word: "Not tried yet", tone: "unknown" },
  trying: { word: "Being tried", tone: "info" },
  working: { word: "Works", tone: "good" },
  "needs-credential": { word: "Needs a credential", tone: "info" },
  "wrong-credential": { word: "Credential refused", tone: "problem" },
  busy: { word: "Another commissioner is active", tone: "warning" },
  unsupported: { word: "Does not offer this", tone: "unknown" },
  unreachable: { word: "Does not answer", tone: "warning" },
  failed: { word: "Failed", tone: "problem" },
  "stands-by": { word: "Stands by", tone: "info" },
};

/** Where a way stands. */
export const pathState = (path: Pick<DataPath, "state">): Said => STATES[path.state];

const KINDS: Record<DataPath["kind"], string> = {
  "border-agent": "Border agent",
  "otbr-rest": "REST API of OpenThread’s border router",
  dongle: "Radio dongle in the mesh",
};

/** What a way is. */
export const pathKind = (path: Pick<DataPath, "kind">): string => KINDS[path.kind];

const ABILITIES: Record<Ability["kind"], string> = {
  pskc: "lets Weft in with the network’s key for commissioners",
  passcode: "lets Weft in with a one-time passcode",
  dataset: "hands out the dataset",
  petition: "accepts a commissioner",
  proxy: "passes messages on to the mesh",
  multicast: "passes questions to everybody on",
  diagnostics: "answers diagnostics",
};

/** What a way was seen to do, or not. */
export const abilityWords = (ability: Pick<Ability, "kind">): string => ABILITIES[ability.kind];

const ORIGINS: Record<CredentialView["origin"], string> = {
  "by-hand": "entered by hand",
  "otbr-rest": "from an OpenThread border router",
  "home-assistant": "from Home Assistant",
  "matter-border-router": "from a Matter border router",
  "border-agent": "from a border router that a passcode or an older credential opened",
};

/** Where a credential came from, and when. */
export function originWords(credential: CredentialView, now: number): string {
  const from = ORIGINS[credential.origin];
  return `${from}${credential.origin_name ? ` (${credential.origin_name})` : ""}, ${age(credential.added_at, now)}`;
}

const CHECKS: Record<CredentialView["check"], Said> = {
  matches: { word: "Fits the network", tone: "good" },
  older: { word: "Older than the network’s", tone: "warning" },
  newer: { word: "Newer than what is announced", tone: "info" },
  "not-announced": { word: "Network not announced now", tone: "info" },
  "heard-by-dongle": { word: "Heard by the dongle", tone: "good" },
  unknown: { word: "Not compared", tone: "unknown" },
};

/** What comparing a credential with the announcements says. */
export const credentialCheck = (credential: Pick<CredentialView, "check">): Said => CHECKS[credential.check];

/** "9 routers and 12 children in 1.4 s, with 180 radio frames; 1 router did not answer". */
export function broughtWords(brought: Brought): string {
  const seconds = brought.milliseconds < 10_000 ? `${(brought.milliseconds / 1000).toFixed(1)} s` : span(brought.milliseconds);
  const silent = brought.silent_routers > 0 ? `; ${count(brought.silent_routers, "router")} did not answer` : "";
  const radio = brought.airtime.frames > 0 ? `, with about ${count(brought.airtime.frames, "radio frame")}` : "";
  return `${count(brought.routers, "router")} and ${count(brought.children, "child", "children")} in ${seconds}${radio}${silent}`;
}

/** "in 4 min", "now". */
export function ahead(time: string, now: number): string {
  const milliseconds = Date.parse(time) - now;
  return milliseconds < 1_000 ? "now" : `in ${span(milliseconds)}`;
}

/** The whole network in one line: how it is read, or what is missing. */
export function networkState(network: NetworkWays, paused: boolean, now: number): Said {
  const working = network.paths.find((path) => path.state === "working");
  if (paused) return { word: "Paused: nobody is asked", tone: "warning" };
  if (working?.last_success_at) return { word: `Read through ${working.name}, ${age(working.last_success_at, now)}`, tone: "good" };
  if (network.paths.some((path) => path.state === "trying")) return { word: "Being asked now", tone: "info" };
  if (network.paths.length === 0) return { word: "No way in is known", tone: "unknown" };
  const worst = (["wrong-credential", "failed", "busy", "unreachable"] as const).find((state) =>
    network.paths.some((path) => path.state === state),
  );
  if (worst) return STATES[worst];
  if (!network.credential) return { word: "Nothing opens it yet", tone: "info" };
  return { word: "Waits for its turn", tone: "info" };
}

const SERVERS: Record<ServerView["state"], Said> = {
  connecting: { word: "Connecting", tone: "info" },
  connected: { word: "Connected", tone: "good" },
  refused: { word: "Refused", tone: "problem" },
  unreachable: { word: "Does not answer", tone: "warning" },
  "not-understood": { word: "Not understood", tone: "problem" },
};

/** Where a connection stands. */
export const serverState = (server: Pick<ServerView, "state">): Said => SERVERS[server.state];

/** What a text that somebody enters seems to be, before it is sent: nothing of it is shown. */
export function guess(text: string): { kind: "dataset" | "pskc" | "nothing" | "other"; words: string } {
  // As a terminal shows it: with a prompt before it, and the word that ends an answer after it.
  const digits = text
    .split(/\s+/)
    .filter((word) => word !== ">" && word !== "Done")
    .map((word) => word.replace(/^>?(0x)?/, ""))
    .join("");
  if (digits === "") return { kind: "nothing", words: "" };
  if (!/^[0-9a-f]+$/i.test(digits)) return { kind: "other", words: "Not hexadecimal digits: a passphrase, perhaps?" };
  if (digits.length === 32) return { kind: "pskc", words: "32 digits: a key, not a dataset. A network key alone lets nobody in." };
  if (digits.length % 2 === 1) return { kind: "other", words: "A digit is missing at the end: copy all of it." };
  if (digits.length > 508) return { kind: "other", words: "More than a dataset: is it in there twice?" };
  return /^0e08|^[0-9a-f]{2}(0[0-9a-f]|10)/i.test(digits)
    ? { kind: "dataset", words: `${digits.length} digits: looks like a dataset.` }
    : { kind: "other", words: "Does not look like a dataset." };
}
