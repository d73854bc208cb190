/** An answer of the service about one thing, fetched when it is looked at and again when the thing changes. */

import { type ApiError, asApiError } from "../api/client";

/** The same thing is asked for again at most this often. */
const AGAIN_AFTER_MILLISECONDS = 3_000;

/** What the service said of one thing. The old answer stays while a new one is on its way. */
export class Answer<T> {
  value = $state.raw<T | null>(null);
  error = $state.raw<ApiError | null>(null);
  isLoading = $state(false);
  #key: string | null = null;
  #asked: AbortController | null = null;
  #askedAt = 0;
  #later: ReturnType<typeof setTimeout> | undefined;
  #ask: ((signal: AbortSignal) => Promise<T>) | null = null;

  /**
   * Asks. Another `key` is another thing: what was said of the one before is dropped, and asking begins at once. The same key is asked for
   * again after a while, however often this is called.
   */
  about(key: string, ask: (signal: AbortSignal) => Promise<T>): void {
    this.#ask = ask;
    if (key !== this.#key) {
      this.#key = key;
      this.value = null;
      this.error = null;
      this.#now();
      return;
    }
    if (this.#later !== undefined) return;
    const wait = Math.max(0, this.#askedAt + AGAIN_AFTER_MILLISECONDS - Date.now());
    this.#later = setTimeout(() => this.#now(), wait);
  }

  /** Asks again at once, for a person who does not want to wait. */
  retry(): void {
    this.#now();
  }

  /** Lets go of what is on its way. */
  stop(): void {
    clearTimeout(this.#later);
    this.#later = undefined;
    this.#asked?.abort();
    this.#key = null;
  }

  #now(): void {
    clearTimeout(this.#later);
    this.#later = undefined;
    this.#asked?.abort();
    const asked = new AbortController();
    this.#asked = asked;
    this.#askedAt = Date.now();
    this.isLoading = true;
    this.#ask?.(asked.signal).then(
      (value) => {
        if (asked.signal.aborted) return;
        this.value = value;
        this.error = null;
        this.isLoading = false;
      },
      (error: unknown) => {
        if (asked.signal.aborted) return;
        this.error = asApiError(error);
        this.isLoading = false;
      },
    );
  }
}
