/** Where things are on the map, as rectangles that a camera can show. */

import type { Finding } from "../api/types";
import { findLink, type Selected } from "./emphasis";
import { boxAround, boxAroundBoxes } from "./geometry";
import { type Part, partWith, type Structure } from "./structure";
import type { Box } from "./types";

/** Room around devices for their shapes and names, and above them for the title of their network. */
const EDGE = 34;
const TITLE = 22;
/** Room around a single device. */
const NODE = 20;

/** Everything, or a network alone; null where nothing has a place. */
export function everything(structure: Structure, network: string | null): Box | null {
  const parts = [...structure.parts.values()];
  const wanted = network === null ? parts : parts.filter((part) => part.id === network);
  // One network alone may use the room of its card's edge.
  if (wanted.length === 1 && wanted[0]!.nodes.length > 0) {
    const devices = boxAround(wanted[0]!.nodes, EDGE);
    return devices && { ...devices, y: devices.y - TITLE, height: devices.height + TITLE };
  }
  return boxAroundBoxes(wanted.map((part) => part.card));
}

/** Where a thing is, and the network that it is in; null where it has no place. */
export function boxOf(
  { kind, id }: Selected,
  structure: Structure,
  finding: (id: string) => Finding | undefined,
): (Box & { part?: Part }) | null {
  if (kind === "node") {
    const part = partWith(structure, id);
    const box = boxAround([part?.byId.get(id) ?? []].flat(), NODE);
    return part && box ? { ...box, part } : null;
  }
  if (kind === "link") {
    const found = findLink(structure, id);
    const box = found && boxAround([found.link.a, found.link.b], NODE);
    return box && { ...box, part: found.part };
  }
  if (kind === "network") {
    const part = structure.parts.get(id);
    return part ? { ...part.card, part } : null;
  }
  const boxes = (finding(id)?.subjects ?? []).flatMap((subject) => {
    const subjectKind = subject.includes("~") ? "link" : structure.parts.has(subject) ? "network" : "node";
    return boxOf({ kind: subjectKind, id: subject }, structure, finding) ?? [];
  });
  const all = boxAroundBoxes(boxes);
  return all && { ...all, ...(boxes[0]?.part ? { part: boxes[0].part } : {}) };
}
