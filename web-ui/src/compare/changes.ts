/** Changes as lists to read: grouped, signed, and with something to select. */

import type { Change, TimelineEvent } from "../api/types";
import type { Selection } from "../state/app.svelte";
import type { Mesh } from "../state/mesh.svelte";

/** The groups in the order of reading. */
export const GROUPS: readonly { id: Change["group"]; words: string }[] = [
  { id: "devices", words: "Devices" },
  { id: "roles", words: "Roles" },
  { id: "links", words: "Links" },
  { id: "networks", words: "Networks" },
  { id: "findings", words: "Findings" },
];

/** What each effect looks like, and says. */
export const EFFECTS: Record<Change["effect"], { sign: string; word: string }> = {
  added: { sign: "+", word: "new" },
  removed: { sign: "−", word: "gone" },
  changed: { sign: "~", word: "changed" },
  better: { sign: "▲", word: "better" },
  worse: { sign: "▼", word: "worse" },
};

/** The changes of every group that has some. Their order within a group is the service's. */
export function byGroup(changes: readonly Change[]): { id: Change["group"]; words: string; changes: Change[] }[] {
  return GROUPS.map((group) => ({ ...group, changes: changes.filter((change) => change.group === group.id) })).filter(
    (group) => group.changes.length > 0,
  );
}

/** How many of each effect, as the chips above the list tell. */
export function effects(changes: readonly Change[]): { effect: Change["effect"]; number: number }[] {
  return (Object.keys(EFFECTS) as Change["effect"][])
    .map((effect) => ({ effect, number: changes.filter((change) => change.effect === effect).length }))
    .filter(({ number }) => number > 0);
}

type Known = Pick<Mesh, "node" | "links" | "networks" | "findings">;

/** What a change is about, as something that can be selected: the first of its subjects that one of the meshes knows. */
export function targetOf(subjects: readonly string[], ...meshes: Known[]): Selection | null {
  for (const mesh of meshes) {
    for (const id of subjects) {
      const node = mesh.node(id);
      if (node) return { kind: "node", id: node.id };
      if (mesh.links.has(id)) return { kind: "link", id };
      if (mesh.findings.has(id)) return { kind: "finding", id };
      if (mesh.networks.has(id)) return { kind: "network", id };
    }
  }
  return null;
}

/** Events under the day, and within few days the hour, that they happened in; newest first. */
export function byTime(events: readonly TimelineEvent[], now: number): { key: string; words: string; events: TimelineEvent[] }[] {
  const groups: { key: string; words: string; events: TimelineEvent[] }[] = [];
  const newest = [...events].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  const oldest = newest.at(-1);
  const isLong = oldest !== undefined && now - Date.parse(oldest.at) > 2 * 86_400_000;
  for (const event of newest) {
    const date = new Date(event.at);
    const day = dayWords(date, new Date(now));
    const words = isLong ? day : `${day}, ${hourWords(date)}`;
    const last = groups.at(-1);
    if (last?.words === words) last.events.push(event);
    else groups.push({ key: event.at + groups.length, words, events: [event] });
  }
  return groups;
}

function hourWords(date: Date): string {
  const whole = new Date(date);
  whole.setMinutes(0, 0, 0);
  return whole.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
}

function dayWords(date: Date, now: Date): string {
  const midnight = (day: Date): number => new Date(day.getFullYear(), day.getMonth(), day.getDate()).getTime();
  const days = Math.round((midnight(now) - midnight(date)) / 86_400_000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return date.toLocaleDateString(undefined, { weekday: "long", day: "numeric", month: "short" });
}

const pad = (number: number): string => String(number).padStart(2, "0");

/** A moment as a `datetime-local` field takes it, on the reader's clock. */
export function toField(time: number): string {
  const date = new Date(time);
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}T${pad(date.getHours())}:${pad(date.getMinutes())}`;
}

/** What was chosen in such a field; null where it is no moment. */
export function fromField(text: string): number | null {
  const time = Date.parse(text);
  return Number.isNaN(time) ? null : time;
}

/** Moments that people compare with. Those before the oldest kept one are left out. */
export function presets(now: number, oldest: number, changes: readonly number[]): { words: string; time: number }[] {
  const last = changes.findLast((time) => time < now - 1_000);
  return [
    { words: "An hour ago", time: now - 3_600_000 },
    { words: "Yesterday, same time", time: now - 86_400_000 },
    // The moment before it happened, so that it is among the differences.
    ...(last === undefined ? [] : [{ words: "Before the last change", time: last - 1_000 }]),
    { words: "Oldest kept", time: oldest },
  ].filter(({ time }) => time >= oldest && time < now);
}
