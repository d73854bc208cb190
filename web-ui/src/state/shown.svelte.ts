/** Which moment is shown: now, a moment of the past, or two of them side by side. */

import * as api from "../api/client";
import { type ApiError, asApiError } from "../api/client";
import type { Comparison } from "../api/types";
import { live } from "./live.svelte";
import { Mesh } from "./mesh.svelte";

/** Two moments, and what is different. */
export interface Compared {
  a: string;
  /** Null: now. */
  b: string | null;
  comparison: Comparison;
  meshA: Mesh;
  meshB: Mesh;
}

class Shown {
  /** The moment of the past that is shown; null: now. */
  at = $state<string | null>(null);
  #moments = $state(0);
  #comparisons = $state(0);
  error = $state.raw<ApiError | null>(null);
  compared = $state.raw<Compared | null>(null);
  #past = $state.raw<Mesh | null>(null);
  #asked: AbortController | null = null;
  #next: string | null = null;
  /** Counts what a person wanted to see: an answer to an older wish is shown no more. */
  #wish = 0;

  /** Something was asked for, and its picture has not come yet. */
  get loading(): boolean {
    return this.#moments + this.#comparisons > 0;
  }

  /** What views draw. */
  get mesh(): Mesh {
    if (this.compared) return this.compared.meshB;
    return this.at === null ? live.mesh : (this.#past ?? live.mesh);
  }

  get isLive(): boolean {
    return this.at === null && this.compared === null;
  }

  /** Goes to a moment. While one is on its way, only the newest wish waits: dragging asks no faster than answers come. */
  async goTo(at: string): Promise<void> {
    this.#wish++;
    this.at = at;
    this.compared = null;
    if (this.#moments > 0) {
      this.#next = at;
      return;
    }
    this.#moments++;
    let wanted: string | null = at;
    while (wanted !== null) {
      this.#next = null;
      await this.#fetch(wanted);
      wanted = this.#next;
    }
    this.#moments--;
  }

  async #fetch(at: string): Promise<void> {
    this.#asked = new AbortController();
    const { signal } = this.#asked;
    try {
      const mesh = await past(at, signal);
      if (this.at === null) return;
      this.#past = mesh;
      this.error = null;
    } catch (error) {
      if (!signal.aborted) this.error = asApiError(error);
    }
  }

  /** Back to now. */
  goLive(): void {
    this.#wish++;
    this.#next = null;
    this.#asked?.abort();
    this.at = null;
    this.#past = null;
    this.error = null;
    this.compared = null;
  }

  /** Shows what is different at `b` (null: now) from `a`. */
  async compare(a: string, b: string | null): Promise<void> {
    const wish = ++this.#wish;
    this.#comparisons++;
    try {
      const [comparison, meshA, meshB] = await Promise.all([api.diff(a, b), past(a), b ? past(b) : frozen()]);
      if (wish !== this.#wish) return;
      this.compared = { a, b, comparison, meshA, meshB };
      this.error = null;
    } catch (error) {
      if (wish === this.#wish) this.error = asApiError(error);
    } finally {
      this.#comparisons--;
    }
  }

  /** Ends a comparison; the moment shown is the one from before. */
  endComparison(): void {
    this.compared = null;
  }
}

async function past(at: string, signal?: AbortSignal): Promise<Mesh> {
  const mesh = new Mesh();
  const [picture, layout] = await Promise.all([api.topology(at, signal), api.layout(at, signal)]);
  mesh.replace(picture.topology, layout.positions);
  return mesh;
}

/** Now, held: a comparison does not change under the eyes of its reader. */
async function frozen(): Promise<Mesh> {
  const mesh = new Mesh();
  const [picture, layout] = await Promise.all([api.topology(null), api.layout(null)]);
  mesh.replace(picture.topology, layout.positions);
  return mesh;
}

export const shown = new Shown();
