/** The way from a device to its border router, hop by hop. */

import type { Link, Node } from "../../api/types";
import { weaker } from "./links";

/** One rung of the ladder: a device, and the hop that leads on from it. */
export interface Rung {
  /** Node id. */
  node: string;
  /** Null at the end. */
  hop: {
    cost: number;
    /** A router's own table names it; else it is computed from link qualities. */
    stated: boolean;
    /** The weaker direction's quality; null where nobody reports it. */
    quality: number | null;
    /** Id of the link; null where none is known between the two. */
    link: string | null;
    medium: Link["medium"] | null;
  } | null;
}

/** The rungs from the device on; empty where no way is known. `links` gives the links of a device. */
export function ladder(node: Pick<Node, "id" | "path">, links: (id: string) => readonly Link[]): Rung[] {
  if (!node.path) return [];
  const stops = [node.id, ...node.path.hops.map((hop) => hop.node)];
  return stops.map((id, index) => {
    const hop = node.path?.hops[index];
    if (!hop) return { node: id, hop: null };
    const link = links(id).find(({ a, b }) => (a === id && b === hop.node) || (b === id && a === hop.node));
    return {
      node: id,
      hop: {
        cost: hop.cost,
        stated: hop.stated,
        quality: link ? weaker(link) : null,
        link: link?.id ?? null,
        medium: link?.medium ?? null,
      },
    };
  });
}

/** "2 hops, cost 3": what the whole way costs. */
export function pathInWords(path: NonNullable<Node["path"]>): string {
  if (path.hops.length === 0) return "It is a border router itself";
  return `${path.hops.length} ${path.hops.length === 1 ? "hop" : "hops"}, cost ${path.cost}`;
}

/** How many ways without a common device lead out of the mesh; the service may not tell. */
export function independentPaths(node: object): 0 | 1 | 2 | null {
  const value = (node as { independent_paths?: unknown }).independent_paths;
  return value === 0 || value === 1 || value === 2 ? value : null;
}

/** What that number means. */
export const WAYS: Record<0 | 1 | 2, string> = {
  0: "No good way to a border router",
  1: "One good way to a border router: if a device on it fails, this one is cut off",
  2: "Two independent good ways to border routers",
};
