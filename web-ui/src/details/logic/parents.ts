/** Who was a device's parent, when. */

import type { Node } from "../../api/types";
import { moment, span } from "../../words/words";

/** One parent of a history, in words. */
export interface ParentRow {
  /** Node id. */
  node: string;
  isPresent: boolean;
  /** "since Thu 14:02", "until 16:03, for 3 h". */
  when: string;
}

type Parented = Pick<Node, "parent" | "last_parent" | "parents">;

/** Parents of a device, newest first; the last known one too where the history does not list it. */
export function history(node: Parented, now: number): ParentRow[] {
  const rows: ParentRow[] = [];
  const present = node.parent;
  const listed = [...node.parents];
  const last = node.last_parent;
  if (last && !listed.some((past) => past.node === last.node && past.until === last.until)) {
    const index = listed.findIndex((past) => past.until && past.until < last.until);
    listed.splice(index < 0 ? listed.length : index, 0, { node: last.node, since: last.until, until: last.until });
  }
  if (present && !listed.some((past) => past.node === present.node && !past.until)) {
    rows.push({ node: present.node, isPresent: true, when: present.since ? since(present.since, now) : "now; since when is not known" });
  }
  for (const past of listed) {
    const isPresent = !past.until && past.node === present?.node;
    rows.push({ node: past.node, isPresent, when: past.until ? until(past.since, past.until, now) : since(past.since, now) });
  }
  return rows;
}

function since(time: string, now: number): string {
  return `since ${moment(time, now)}, for ${span(Math.max(0, now - Date.parse(time)))}`;
}

function until(from: string, to: string, now: number): string {
  const milliseconds = Date.parse(to) - Date.parse(from);
  // Seen once: how long it had been the parent before is not known, and no span is made up.
  if (milliseconds <= 0) return `until ${moment(to, now)}; since when is not known`;
  return `until ${moment(to, now)}, for ${span(milliseconds)}`;
}

/** "Its parent was Porch bulb until 16:03." where a device has none now. */
export function lastInWords(node: Parented, now: number, name: (id: string) => string): string | null {
  const last = node.last_parent;
  return last ? `${name(last.node)} was its parent until ${moment(last.until, now)}` : null;
}
