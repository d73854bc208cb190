/** Something that is asked for again while somebody looks. */

import { type ApiError, asApiError } from "../api/client";

/** An answer, why there is none, and when it came. */
export class Polled<T> {
  value = $state.raw<T | null>(null);
  error = $state.raw<ApiError | null>(null);
  asking = $state(false);
  /** Milliseconds of this machine; 0 until an answer came. */
  at = $state(0);

  /** Read by {@link refresh}, which effects call: were it a state, an answer would make its effect ask again at once. */
  #busy = false;

  constructor(readonly ask: (signal: AbortSignal) => Promise<T>) {}

  /** Asks now. */
  async refresh(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    this.asking = true;
    try {
      this.value = await this.ask(new AbortController().signal);
      this.error = null;
    } catch (error) {
      this.error = asApiError(error);
    } finally {
      this.#busy = false;
      this.asking = false;
      this.at = Date.now();
    }
  }

  /** Asks now and then again while the page is seen; what is returned ends it. For `$effect`. */
  follow(everyMilliseconds: number): () => void {
    void this.refresh();
    const timer = setInterval(() => {
      if (!document.hidden) void this.refresh();
    }, everyMilliseconds);
    return () => clearInterval(timer);
  }
}
