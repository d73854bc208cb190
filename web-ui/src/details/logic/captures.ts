/** Captures: what came over the wire. */

import type { Evidence, ExplainedCapture } from "../../api/types";
import { sourceName } from "./claims";

const KINDS: Record<string, string> = {
  "matter-report": "Matter report",
  tmf: "Network diagnostics",
  mdns: "Announcement",
  dns: "Announcement",
  "dns-message": "Announcement",
  annotation: "What a person said",
  "otbr-rest": "Answer of a REST API",
  "radio-summary": "Frames on the air",
  frame: "Frame on the air",
};

/** A capture's sequence number; -1 where it holds none. */
export const seqOf = (capture: Record<string, unknown>): number => (typeof capture.seq === "number" ? capture.seq : -1);

/** What the service says of a capture in words; null where it is of a version that does not. */
export const explained = (evidence: Evidence, seq: number): ExplainedCapture | null =>
  (evidence.explained as ExplainedCapture[] | undefined)?.find((one) => one.seq === seq) ?? null;

/** One line on a capture; the service's own where it has one. `reporter`: whose words they are. */
export function captureTitle(capture: Record<string, unknown>, evidence: Evidence, reporter: string | null): string {
  const said = explained(evidence, seqOf(capture));
  if (said) return said.title;
  const kind = typeof capture.kind === "string" ? (KINDS[capture.kind] ?? capture.kind.replaceAll("-", " ")) : "Capture";
  if (reporter) return `${kind} of ${reporter}`;
  return typeof capture.source === "string" ? `${kind}, ${sourceName(capture.source)}` : kind;
}
