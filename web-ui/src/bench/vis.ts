/** The same mesh in vis-network, for comparison: no physics, the same positions, about the same looks. */

import { DataSet } from "vis-data";
import { Network } from "vis-network";
import type { Generated } from "./generate";

const LINES = ["#76828f", "#a11a2f", "#b08c00", "#1f6fc2"];

/** Draws, and answers when the first picture is there. */
export function drawVis(target: HTMLElement, { topology, positions }: Generated): Promise<{ patch: (round: number) => void }> {
  const nodes = new DataSet(
    topology.nodes.map((node) => ({
      id: node.id,
      label: node.name ?? "",
      shape: node.border_router ? "hexagon" : node.parent ? "dot" : "dot",
      size: node.border_router ? 13 : node.parent ? 6 : 11,
      color: node.border_router ? "#8f37c9" : node.parent ? "#5b6577" : "#16396f",
      x: positions.nodes[node.id]?.x ?? 0,
      y: positions.nodes[node.id]?.y ?? 0,
    })),
  );
  const edges = new DataSet(
    topology.links.map((link) => ({
      id: link.id,
      from: link.a,
      to: link.b,
      color: LINES[Math.min(link.a_hears_b?.link_quality ?? 0, link.b_hears_a?.link_quality ?? 0)] ?? "#76828f",
      dashes: link.state === "stale",
      width: 1.5,
    })),
  );
  return new Promise((resolve) => {
    const network = new Network(
      target,
      { nodes, edges },
      { physics: false, layout: { improvedLayout: false }, edges: { smooth: false }, interaction: { hover: true } },
    );
    network.once("afterDrawing", () => {
      resolve({
        patch: (round) => {
          const some = topology.links.slice(round * 15, round * 15 + 15);
          edges.update(some.map((link) => ({ id: link.id, color: LINES[(round % 3) + 1] ?? "#76828f" })));
          network.redraw();
        },
      });
    });
    network.fit({ animation: false });
  });
}
