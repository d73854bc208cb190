/** What changed in the mesh, in words for those who listen, and no more of it than a person can bear. */

import type { Node } from "../api/types";
import { nameOf } from "../words/words";

/** What is remembered of a device. */
export interface Known {
  name: string;
  state: Node["state"];
  parent: string | null;
  leads: boolean;
}

/** One thing to say; the lowest rank is the most important. */
export interface Said {
  rank: number;
  words: string;
}

/** At most one line in this time. */
export const EVERY_MILLISECONDS = 10_000;

const isSilent = (state: Node["state"]): boolean => state === "stale" || state === "gone";

/** What is to be remembered of all devices. */
export function remembered(nodes: Iterable<Node>): Map<string, Known> {
  const known = new Map<string, Known>();
  for (const node of nodes) {
    known.set(node.id, { name: nameOf(node), state: node.state, parent: node.parent?.node ?? null, leads: node.role === "leader" });
  }
  return known;
}

/** What is worth saying of the step from one picture to the next, the most important first. */
export function differences(before: ReadonlyMap<string, Known>, after: ReadonlyMap<string, Known>): Said[] {
  const said: Said[] = [];
  for (const [id, now] of after) {
    const then = before.get(id);
    if (!then) {
      if (!isSilent(now.state)) said.push({ rank: 3, words: `${now.name} is new` });
      continue;
    }
    if (isSilent(now.state) && !isSilent(then.state)) {
      said.push({
        rank: now.state === "gone" ? 0 : 1,
        words: now.state === "gone" ? `${now.name} is gone` : `${now.name} stopped answering`,
      });
    } else if (!isSilent(now.state) && isSilent(then.state)) {
      said.push({ rank: 2, words: `${now.name} is back` });
    }
    if (now.leads && !then.leads) said.push({ rank: 2, words: `${now.name} leads the mesh now` });
    const parent = now.parent === null ? null : (after.get(now.parent)?.name ?? null);
    if (parent !== null && then.parent !== null && now.parent !== then.parent)
      said.push({ rank: 4, words: `${now.name} moved to ${parent}` });
  }
  for (const [id, then] of before)
    if (!after.has(id) && !isSilent(then.state)) said.push({ rank: 1, words: `${then.name} is no longer known` });
  return said.sort((one, other) => one.rank - other.rank);
}

/** Keeps silence between lines: what comes meanwhile waits, and is said with the next one, the most important first. */
export class Throttle {
  #waiting: Said[] = [];
  #saidAt = Number.NEGATIVE_INFINITY;

  /** More to say. */
  add(more: readonly Said[]): void {
    this.#waiting.push(...more);
  }

  /** Milliseconds until the next line may be said; null where there is none. */
  wait(now: number): number | null {
    return this.#waiting.length === 0 ? null : Math.max(0, this.#saidAt + EVERY_MILLISECONDS - now);
  }

  /** The next line, where it may be said now. */
  take(now: number): string | null {
    if (this.wait(now) !== 0) return null;
    this.#saidAt = now;
    const [first, ...rest] = this.#waiting.sort((one, other) => one.rank - other.rank);
    this.#waiting = [];
    if (!first) return null;
    return rest.length === 0 ? first.words : `${first.words}, and ${rest.length} more ${rest.length === 1 ? "change" : "changes"}`;
  }

  /** Forgets what waits. */
  clear(): void {
    this.#waiting = [];
  }
}
