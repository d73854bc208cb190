/** How the page stands to its service, in two or three words. */

import type { Connection } from "../state/live.svelte";
import { moment, span } from "../words/words";

/** What is known of the connection and of the moment that is shown. */
export interface LiveFacts {
  connection: Connection;
  /** A recording was played to its end. */
  hasEnded?: boolean;
  since: number;
  heardAt: number;
  now: number;
  serviceNow: number;
  at: string | null;
  comparing: boolean;
  loading: boolean;
  tries: number;
}

/** A word, how old it is, and what it means. */
export interface LiveWords {
  kind: "live" | "waiting" | "lost" | "past" | "resting";
  word: string;
  detail: string;
  meaning: string;
}

/** The words for where things stand. */
export function liveWords(facts: LiveFacts): LiveWords {
  const { connection, since, heardAt, now } = facts;
  if (connection === "lost") {
    const age = heardAt > 0 ? `${span(now - heardAt)} ago` : `for ${span(now - since)}`;
    return { kind: "lost", word: "Lost", detail: age, meaning: "Weft does not answer. The page tries again by itself." };
  }
  if (facts.comparing) return { kind: "past", word: "Comparing", detail: "", meaning: "Two moments are compared. Weft goes on listening." };
  if (facts.at !== null) {
    return {
      kind: "past",
      word: facts.loading ? "Going to" : "Showing",
      detail: moment(facts.at, facts.serviceNow),
      meaning: "A moment of the past is shown. Weft goes on listening.",
    };
  }
  if (connection === "connecting") {
    return {
      kind: "waiting",
      word: facts.heardAt > 0 || facts.tries > 0 ? "Reconnecting…" : "Connecting…",
      detail: "",
      meaning: "The first picture is on its way.",
    };
  }
  if (connection === "polling") {
    return {
      kind: "waiting",
      word: "Every 10 s",
      detail: "",
      meaning:
        "The service answers, and refuses this page its stream of changes: too many pages listen. The picture is asked for again and again.",
    };
  }
  if (connection === "resting")
    return { kind: "resting", word: "Resting", detail: "", meaning: "Nobody looked at this page for a while. It catches up at once." };
  const age = now - heardAt;
  return {
    kind: "live",
    word: "Live",
    detail: age < 2_000 ? "now" : `${span(age)} ago`,
    meaning: "When the service last told of a change.",
  };
}
