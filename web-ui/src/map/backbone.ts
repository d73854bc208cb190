/** Which radio links between routers say most: the strongest tree that connects everything, and the good links beside it. */

import type { Link } from "../api/types";

/** Good links that a router may have beside the tree, so that a dense home stays readable. */
const MOST_GOOD_LINKS = 3;

/** The quality of the weaker direction; 0 where one direction is not known. */
export function weakerQuality(link: Link): number {
  return Math.min(link.a_hears_b?.link_quality ?? 0, link.b_hears_a?.link_quality ?? 0);
}

function strength(link: Link): number {
  const best = Math.max(link.a_hears_b?.link_quality ?? 0, link.b_hears_a?.link_quality ?? 0);
  const margin = Math.min(link.a_hears_b?.link_margin_db ?? 0, link.b_hears_a?.link_margin_db ?? 0);
  const belief = link.state === "stale" ? 0.5 : 1;
  return (weakerQuality(link) * 100 + best * 10 + Math.min(margin, 99) / 10) * belief;
}

/**
 * Ids of the links that make up the backbone: a maximum spanning tree over the weaker direction, then links that are good both ways, the best
 * first, as long as neither end has more than `most` good ones. The order of the links does not matter.
 */
export function backbone(links: readonly Link[], most = MOST_GOOD_LINKS): Set<string> {
  const chosen = new Set<string>();
  const candidates = links.filter((link) => link.kind === "router" && link.state !== "gone" && link.medium !== "trel");
  const ranked = candidates.map((link) => ({ link, strength: strength(link) }));
  ranked.sort((one, other) => other.strength - one.strength || (one.link.id < other.link.id ? -1 : 1));
  const root = new Map<string, string>();
  const find = (id: string): string => {
    let at = id;
    for (let up = root.get(at); up !== undefined && up !== at; up = root.get(at)) at = up;
    root.set(id, at);
    return at;
  };
  const good = new Map<string, number>();
  const isGood = (link: Link): boolean => weakerQuality(link) === 3;
  const take = (link: Link): void => {
    chosen.add(link.id);
    if (!isGood(link)) return;
    good.set(link.a, (good.get(link.a) ?? 0) + 1);
    good.set(link.b, (good.get(link.b) ?? 0) + 1);
  };
  for (const { link } of ranked) {
    const a = find(link.a);
    const b = find(link.b);
    if (a === b) continue;
    root.set(a, b);
    take(link);
  }
  for (const { link } of ranked) {
    if (chosen.has(link.id) || !isGood(link)) continue;
    if ((good.get(link.a) ?? 0) < most && (good.get(link.b) ?? 0) < most) take(link);
  }
  return chosen;
}
