/** A page for measurements: the map alone with `?devices=300`, `?renderer=vis` for vis-network. Not a part of the product. */

import { mount, tick } from "svelte";
import "../app.css";
import type { Delta } from "../api/types";
import MeshMap from "../map/MeshMap.svelte";
import { app } from "../state/app.svelte";
import { live } from "../state/live.svelte";
import { change, generate, type Generated } from "./generate";

interface Bench {
  /** Milliseconds from the data to the first picture in the page's tree, layout and style included. */
  first: number;
  /** Applies a change and answers how long the scripts took. */
  patch(round: number): Promise<number>;
  /** Elements of the map. */
  elements(): number;
}

declare global {
  interface Window {
    bench?: Bench;
  }
}

const asked = new URLSearchParams(location.search);
// `?devices=service`: what the service at the proxy's end knows.
const data = asked.get("devices") === "service" ? await fromService() : generate(Number(asked.get("devices") ?? 300));
const target = document.getElementById("app")!;
app.choices.links = (asked.get("links") as "best" | "all" | null) ?? "all";
app.choices.legend = asked.has("legend");

if (asked.get("renderer") === "vis") {
  const { drawVis } = await import("./vis");
  const began = performance.now();
  const drawn = await drawVis(target, data);
  window.bench = {
    first: performance.now() - began,
    elements: () => 1,
    patch: (round) => {
      const start = performance.now();
      drawn.patch(round);
      return Promise.resolve(performance.now() - start);
    },
  };
} else {
  const began = performance.now();
  live.mesh.replace(data.topology, data.positions);
  live.connection = "live";
  mount(MeshMap, { target });
  await until(() => document.querySelector(".map-layer .node, .map-layer .card") !== null);
  document.body.getBoundingClientRect();
  window.bench = {
    first: performance.now() - began,
    elements: () => document.querySelectorAll(".map-layer *").length,
    patch: async (round) => {
      const { upsertedNodes, upsertedLinks, layout } = change(data, round);
      const start = performance.now();
      const none = { upserted: [], removed: [] };
      const { as_of } = data.topology;
      const delta = { as_of, valid_until: as_of, networks: none, findings: none };
      live.mesh.apply(
        { ...delta, nodes: { upserted: upsertedNodes, removed: [] }, links: { upserted: upsertedLinks, removed: [] } } as unknown as Delta,
        layout,
      );
      live.mesh.changed();
      await tick();
      return performance.now() - start;
    },
  };
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve));
}

async function fromService(): Promise<Generated> {
  const [topology, layout] = await Promise.all(
    ["/api/v1/topology?claims=none", "/api/v1/layout"].map(async (path) => (await fetch(path)).json()),
  );
  return { topology, positions: layout.positions };
}
