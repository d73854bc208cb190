/** The stored history of a stretch of time, as far as the service keeps one. */

import * as api from "../api/client";
import { ApiError, asApiError } from "../api/client";
import type { Timeline } from "../api/types";
import { live } from "../state/live.svelte";
import type { Window } from "./spans";

/** One stretch, asked for again when the mesh has changed, but not more often than a pause allows. */
export class StoredHistory {
  timeline = $state.raw<Timeline | null>(null);
  /** This service offers no history. */
  missing = $state(false);
  error = $state.raw<ApiError | null>(null);
  loading = $state(false);
  #asked: AbortController | null = null;
  #loadedAt = 0;
  #waiting: ReturnType<typeof setTimeout> | undefined;

  /** @param pause least milliseconds between two requests that {@link follow} makes */
  constructor(readonly pause = 10_000) {}

  /** Asks now. A request that is under way is given up. */
  async load(window: Window | null, buckets: number): Promise<void> {
    clearTimeout(this.#waiting);
    this.#waiting = undefined;
    this.#asked?.abort();
    const asked = new AbortController();
    this.#asked = asked;
    this.loading = true;
    const [from, to] = window ? [new Date(window.from).toISOString(), new Date(window.to).toISOString()] : [null, null];
    try {
      this.timeline = await api.timeline(from, to, buckets, asked.signal);
      this.missing = false;
      this.error = null;
    } catch (error) {
      if (asked.signal.aborted) return;
      this.missing = error instanceof ApiError && error.isNotOffered;
      this.error = asApiError(error, "The history could not be read");
    }
    if (this.#asked !== asked) return;
    this.loading = false;
    this.#loadedAt = Date.now();
  }

  /** Asks again as soon as the pause is over; `ask` is called then, unless something else asked meanwhile. */
  follow(ask: () => void): void {
    if (this.#waiting !== undefined) return;
    // A service without history is asked again seldom: it may be replaced by a newer one.
    const pause = this.missing ? 60_000 : this.pause;
    this.#waiting = setTimeout(
      () => {
        this.#waiting = undefined;
        if (live.connection === "live") ask();
      },
      Math.max(0, this.#loadedAt + pause - Date.now()),
    );
  }

  /** Gives up what is under way. */
  stop(): void {
    clearTimeout(this.#waiting);
    this.#waiting = undefined;
    this.#asked?.abort();
  }
}
