/** Findings in the order and the groups in which people read them. */

import type { Finding, Network, Node, Severity, TimelineEvent } from "../api/types";
import type { Mesh } from "../state/mesh.svelte";
import { nameOf, networkName, SEVERITY_RANK } from "../words/words";

/** What findings are narrowed to; null: all. */
export interface FindingFilter {
  severity: Severity | null;
  kind: string | null;
  network: string | null;
}

/** Something that a finding is about. */
export interface Subject {
  kind: "node" | "link" | "network";
  id: string;
  name: string;
}

type MeshView = Pick<Mesh, "node" | "nodes" | "links" | "networks">;

/** "weak-only" → "Weak only". */
export const kindWords = (kind: string): string => {
  const words = kind.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** Devices, links and networks that a finding is about. One that is not known any more is left as its id. */
export function subjectsOf(finding: Finding, mesh: MeshView): Subject[] {
  return finding.subjects.map((id): Subject => {
    const node = mesh.node(id);
    if (node) return { kind: "node", id: node.id, name: nameOf(node) };
    const link = mesh.links.get(id);
    if (link) {
      const name = (end: string): string => nameOf(mesh.node(end) ?? ({ id: end } as Node));
      return { kind: "link", id, name: `${name(link.a)} ↔ ${name(link.b)}` };
    }
    const network: Network | undefined = mesh.networks.get(id);
    return { kind: network ? "network" : "node", id, name: network ? networkName(network) : id };
  });
}

/** Networks that a finding is about, through its devices and links too. */
export function networksOf(finding: Finding, mesh: MeshView): string[] {
  const found = new Set<string>();
  for (const id of finding.subjects) {
    const link = mesh.links.get(id);
    const network = mesh.networks.has(id)
      ? id
      : (mesh.node(id)?.network ?? (link && (mesh.node(link.a)?.network ?? mesh.node(link.b)?.network)));
    if (network) found.add(network);
  }
  return [...found];
}

/** Most urgent first; of the same severity, by kind and title, so that nothing jumps. */
export const byUrgency = (a: Finding, b: Finding): number =>
  SEVERITY_RANK[a.severity] - SEVERITY_RANK[b.severity] ||
  a.kind.localeCompare(b.kind) ||
  a.title.localeCompare(b.title) ||
  (a.id < b.id ? -1 : 1);

/** Muted by a person: itself, or all that is about its only device. */
export const isMuted = (finding: Finding, mesh: MeshView): boolean =>
  !!finding.muted || (finding.subjects.length > 0 && finding.subjects.every((id) => mesh.node(id)?.muted === true));

/** What a filter lets through, in order, and what is muted of it. */
export function chosen(
  mesh: MeshView & Pick<Mesh, "findings">,
  filter: FindingFilter,
): { open: Finding[]; muted: Finding[]; hidden: number } {
  const all = [...mesh.findings.values()].sort(byUrgency);
  const passed = all.filter(
    (finding) =>
      (filter.severity === null || finding.severity === filter.severity) &&
      (filter.kind === null || finding.kind === filter.kind) &&
      (filter.network === null || networksOf(finding, mesh).includes(filter.network)),
  );
  return {
    open: passed.filter((finding) => !isMuted(finding, mesh)),
    muted: passed.filter((finding) => isMuted(finding, mesh)),
    hidden: all.length - passed.length,
  };
}

/** Above this many, findings of one kind stand together. */
export const GROUPED_ABOVE = 30;

/** Findings of one severity, by kind; the most urgent severity and then the fullest group first. */
export function grouped(findings: readonly Finding[]): { severity: Severity; kind: string; findings: Finding[] }[] {
  const groups = new Map<string, { severity: Severity; kind: string; findings: Finding[] }>();
  for (const finding of findings) {
    const key = `${finding.severity} ${finding.kind}`;
    const group = groups.get(key);
    if (group) group.findings.push(finding);
    else groups.set(key, { severity: finding.severity, kind: finding.kind, findings: [finding] });
  }
  return [...groups.values()].sort(
    (a, b) => SEVERITY_RANK[a.severity] - SEVERITY_RANK[b.severity] || b.findings.length - a.findings.length,
  );
}

/** Since when a finding is there: the newest event of stored history that brought it. Null: from before that history, or not known. */
export function sinceOf(finding: Finding, events: readonly TimelineEvent[]): string | null {
  return events.findLast((event) => event.kind === "finding-new" && event.subjects.includes(finding.id))?.at ?? null;
}
