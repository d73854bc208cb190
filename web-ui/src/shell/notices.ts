/** What must be known before anything else, most urgent first. Each says what, since when, what still works, and what to do. */

import type { Node, Status } from "../api/types";
import type { Connection } from "../state/live.svelte";
import { count, isGhost, isRouter, moment, nameOf, span } from "../words/words";

/** How loud a notice is. */
export type Tone = "problem" | "warning" | "info" | "past";

/** What a notice offers to do. */
export type NoticeAction = "retry" | "live" | "sources" | "check" | "coverage";

/** One notice. */
export interface Notice {
  id: string;
  tone: Tone;
  title: string;
  detail: string;
  action: { does: NoticeAction; words: string } | null;
  /** True where nobody is misled when it is put away until the page is loaded again. */
  dismissible: boolean;
}

/** Everything that notices are made of. */
export interface Situation {
  connection: Connection;
  /** Since when the connection is what it is, milliseconds of this machine. */
  since: number;
  tries: number;
  /** Why the service gives no picture, where it answers and says so. */
  refusal?: { title: string; detail: string } | null;
  hasPicture: boolean;
  /** Milliseconds of this machine. */
  now: number;
  /** The service's now, milliseconds. */
  serviceNow: number;
  /** The moment of the past that is shown. */
  at: string | null;
  /** Why the past could not be shown. */
  pastError: string | null;
  comparing: boolean;
  status: Status | null;
  nodes: Iterable<Node>;
  dismissed: ReadonlySet<string>;
}

/** Sources in these states hear nothing. */
const DEAF = new Set(["deaf", "suspended", "stopped"]);
/** Who is suspended for less is about something that ends by itself: a dongle that goes through all channels (48 s unless more is asked for), or looks for a parent. */
const SUSPENDED_QUIETLY_MILLISECONDS = 60_000;
const NAMES_SHOWN = 3;
const QUIET_RETRIES_MILLISECONDS = 3_000;

/** True for a source that hears nothing at the moment. */
export const isDeaf = (state: string): boolean => DEAF.has(state);

/** "Hall plug, Porch bulb and 3 more" */
export function listed(names: readonly string[]): string {
  if (names.length <= NAMES_SHOWN) return names.join(", ");
  return `${names.slice(0, NAMES_SHOWN - 1).join(", ")} and ${names.length - NAMES_SHOWN + 1} more`;
}

function connection({ connection, since, now, tries, hasPicture, refusal }: Situation): Notice | null {
  const action = { does: "retry", words: "Try again now" } as const;
  const tried = tries > 1 ? ` Tried ${tries} times.` : "";
  if (connection === "lost" && refusal) {
    const detail = `${sentence(refusal.detail)} ${hasPicture ? "The page shows what was known before." : "Nothing can be shown until then."}${tried}`;
    return { id: "lost", tone: "problem", title: refusal.title, detail, action, dismissible: false };
  }
  if (connection === "lost") {
    const detail = hasPicture
      ? `The page shows what was known then; you can still look around in it. It tries again by itself.${tried} If Weft was stopped, start it again.`
      : `Nothing can be shown until it does. Is Weft running, and is this its address? The page tries again by itself.${tried}`;
    return { id: "lost", tone: "problem", title: `Weft has not answered for ${span(now - since)}`, detail, action, dismissible: false };
  }
  if (connection === "polling") {
    const detail =
      "Too many pages listen to it, or something between it and this page cuts streams. The page asks for the whole picture every 10 s instead. Close other pages of it.";
    return { id: "polling", tone: "info", title: "Weft does not tell this page of changes", detail, action, dismissible: true };
  }
  if (connection === "connecting" && now - since > QUIET_RETRIES_MILLISECONDS) {
    return {
      id: "connecting",
      tone: "info",
      title: `Connecting to Weft for ${span(now - since)}`,
      detail: `No picture came yet.${tried}`,
      action,
      dismissible: false,
    };
  }
  return null;
}

function past({ at, pastError, comparing, serviceNow }: Situation): Notice[] {
  const action = { does: "live", words: "Back to live" } as const;
  if (pastError) {
    return [
      {
        id: "past-error",
        tone: "warning",
        title: "That moment cannot be shown",
        detail: `${pastError} What is drawn is not of that moment.`,
        action,
        dismissible: false,
      },
    ];
  }
  if (at === null || comparing) return [];
  const detail = "This is the mesh of that moment. Weft goes on listening; what happens now waits behind Live.";
  return [{ id: "past", tone: "past", title: `Showing ${moment(at, serviceNow, true)}`, detail, action, dismissible: false }];
}

function store(status: Status | null): Notice[] {
  const problem = status?.store?.problem;
  if (!problem) return [];
  const detail = `${problem} The map goes on, but what is heard now may be missing from the history.`;
  return [
    {
      id: "store",
      tone: "problem",
      title: "What is heard is not kept",
      detail,
      action: { does: "sources", words: "Open Sources" },
      dismissible: false,
    },
  ];
}

function deaf({ status, serviceNow }: Situation): Notice[] {
  const lasts = (source: Status["sources"][number]): number | null => (source.since ? serviceNow - Date.parse(source.since) : null);
  const isQuiet = (source: Status["sources"][number]): boolean =>
    source.state === "suspended" && (lasts(source) ?? SUSPENDED_QUIETLY_MILLISECONDS) < SUSPENDED_QUIETLY_MILLISECONDS;
  const silent = (status?.sources ?? []).filter((source) => isDeaf(source.state) && !isQuiet(source));
  const [first] = silent;
  if (!first) return [];
  const others = (status?.sources.length ?? 0) - silent.length;
  // Suspended and ended ones were stopped by somebody, or came to their end: no fault.
  const isFault = silent.some((source) => source.state === "deaf");
  const tone = !isFault ? "info" : others > 0 ? "warning" : "problem";
  const lasted = lasts(first);
  // The service's clock and this machine's differ a little: what has just begun has no length.
  const since = lasted !== null && lasted >= 1_000 ? ` for ${span(lasted)}` : "";
  const names = listed(silent.map((source) => source.name));
  const title = silent.length === 1 ? `${first.name} hears nothing${since}` : `${silent.length} sources hear nothing${since}: ${names}`;
  const still =
    others > 0 ? `${count(others, "other source")} still ${others === 1 ? "hears" : "hear"}.` : "No other source hears anything.";
  const reasons = [...new Set(silent.flatMap((source) => [source.reason, source.advice]).filter((text) => text != null && text !== ""))];
  const why = reasons
    .slice(0, 2)
    .map((text) => sentence(text ?? ""))
    .join(" ");
  const detail = `${why ? `${why} ` : ""}Devices that only ${silent.length === 1 ? "it" : "they"} heard keep their age. ${still}`;
  return [
    {
      id: `deaf:${silent.map((source) => source.name).join()}`,
      tone,
      title,
      detail,
      action: { does: "sources", words: "Open Sources" },
      dismissible: !isFault,
    },
  ];
}

/** Routers whose own tables nobody read stand on what their neighbours say. */
function partial(nodes: Iterable<Node>): Notice[] {
  const routers = [...nodes].filter((node) => isRouter(node) && !isGhost(node));
  const unheard = routers.filter((node) => node.unheard);
  if (unheard.length === 0 || unheard.length === routers.length) return [];
  const title = `${routers.length - unheard.length} of ${routers.length} routers told what they know`;
  const detail = `${listed(unheard.map(nameOf))} ${unheard.length === 1 ? "is" : "are"} drawn from their neighbours' tables, so children behind ${unheard.length === 1 ? "it" : "them"} may be missing.`;
  return [{ id: "partial", tone: "info", title, detail, action: { does: "coverage", words: "What would help" }, dismissible: true }];
}

function demo(status: Status | null): Notice[] {
  if (!status?.notice) return [];
  const [title, ...rest] = status.notice.split(": ");
  const hasHeading = rest.length > 0 && (title ?? "").length < 24;
  return [
    {
      id: "notice",
      tone: "info",
      title: hasHeading ? (title ?? "") : status.notice,
      detail: hasHeading ? sentence(rest.join(": ")) : "",
      action: null,
      dismissible: true,
    },
  ];
}

const URGENCY: Record<Tone, number> = { problem: 0, warning: 1, past: 2, info: 3 };

/** All notices, the most urgent first; those put away are left out. */
export function notices(situation: Situation): Notice[] {
  const { status, dismissed } = situation;
  const lost = connection(situation);
  const isCutOff = lost?.id === "lost";
  // Who does not hear the service knows nothing of its sources: only what stays true is said.
  const all = [
    ...(lost ? [lost] : []),
    ...past(situation),
    ...(isCutOff ? [] : [...store(status), ...deaf(situation), ...partial(situation.nodes)]),
    ...demo(status),
  ];
  return all
    .filter((notice) => !(notice.dismissible && dismissed.has(notice.id)))
    .map((notice, index) => ({ notice, index }))
    .sort((one, other) => URGENCY[one.notice.tone] - URGENCY[other.notice.tone] || one.index - other.index)
    .map(({ notice }) => notice);
}

/** With a capital at its beginning and a full stop at its end. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (!trimmed) return "";
  const begun = trimmed.charAt(0).toLocaleUpperCase() + trimmed.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
