/** Links as one of their ends sees them, and what their two directions say together. */

import type { Direction, Link } from "../../api/types";

/** A link, seen from one of its ends. */
export interface Side {
  link: Link;
  /** Id of the other end. */
  other: string;
  /** How this end hears the other. */
  hears: Direction | null;
  /** How the other end hears this one. */
  heard: Direction | null;
}

/** A link, seen from the end `from`. */
export function seenFrom(link: Link, from: string): Side {
  const isA = link.a === from;
  return {
    link,
    other: isA ? link.b : link.a,
    hears: (isA ? link.a_hears_b : link.b_hears_a) ?? null,
    heard: (isA ? link.b_hears_a : link.a_hears_b) ?? null,
  };
}

/** What counts for routing: the weaker direction; null where neither is reported. */
export function weaker(link: Pick<Link, "a_hears_b" | "b_hears_a">): number | null {
  const known = [link.a_hears_b?.link_quality, link.b_hears_a?.link_quality].filter((quality) => quality !== null && quality !== undefined);
  return known.length ? Math.min(...known) : null;
}

/** Links of a device from the best to the worst, those that somebody reports before those that nobody does. */
export function sides(links: readonly Link[], from: string, name: (id: string) => string): Side[] {
  return links
    .map((link) => seenFrom(link, from))
    .sort((a, b) => (weaker(b.link) ?? -1) - (weaker(a.link) ?? -1) || name(a.other).localeCompare(name(b.other)));
}

/** Thread's words for a quality. */
export const QUALITIES = ["no link", "weak", "fair", "good"] as const;

/** "good, 3 of 3"; "not reported". */
export function qualityInWords(quality: number | null | undefined): string {
  return quality === null || quality === undefined ? "not reported" : `${QUALITIES[quality] ?? "unknown"}, ${quality} of 3`;
}

/** "−64 dBm"; null where no strength is known. The average before the last frame: one frame says little. */
export function strength(direction: Direction | null | undefined): string | null {
  const dbm = direction?.average_rssi_dbm ?? direction?.last_rssi_dbm;
  return dbm === null || dbm === undefined ? null : `${String(dbm).replace("-", "−")} dBm`;
}

/** What two directions that differ mean, in a sentence; null where there is nothing to say. */
export function disagreement(link: Link, name: (id: string) => string): string | null {
  const a = link.a_hears_b;
  const b = link.b_hears_a;
  if (!a && !b) return "Neither end reports how it hears the other: that they are linked follows from elsewhere.";
  if (!a || !b) {
    const [silent, other] = a ? [link.b, link.a] : [link.a, link.b];
    return `Only ${name(other)} reports this link. How ${name(silent)} hears it is not known: it was not asked, sleeps, or does not tell.`;
  }
  const [qa, qb] = [a.link_quality, b.link_quality];
  if (qa === null || qa === undefined || qb === null || qb === undefined || qa === qb) return null;
  const [better, worse] = qa > qb ? [link.a, link.b] : [link.b, link.a];
  const gap = Math.abs(qa - qb);
  const why =
    gap > 1
      ? "Something disturbs the air near it, its antenna is hidden, or the other one sends with more power."
      : "That is common: antennas and noise differ from place to place.";
  return `${name(worse)} hears less well than ${name(better)} does. Frames need the way in both directions, so the weaker one counts. ${why}`;
}

/** What carries a link, in words. */
export const MEDIA: Record<Link["medium"], { word: string; meaning: string }> = {
  radio: { word: "Radio", meaning: "heard over the air" },
  trel: { word: "Over the LAN (TREL)", meaning: "border routers reach each other over the home network instead of the air" },
  unknown: { word: "Medium unknown", meaning: "no source tells whether this goes over the air or over the LAN" },
};

/** What a link is, in words. */
export const KINDS: Record<Link["kind"], { word: string; meaning: string }> = {
  router: { word: "Between routers", meaning: "two routers that hear each other; the mesh may send through it" },
  "parent-child": { word: "Parent and child", meaning: "the child sends and receives everything through this parent" },
  neighbor: { word: "Neighbours", meaning: "an end device hears this router, beside its parent; nothing is routed through it" },
};
