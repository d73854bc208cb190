/** What is known of the dongle; the stream of events tells of changes, the first picture is asked for. */

import * as api from "../api/client";
import { type ApiError, asApiError } from "../api/client";
import type { DongleView } from "../api/types";
import { Wish } from "../networks/networks.svelte";
import { live } from "../state/live.svelte";

/** How often it is asked for where the service tells of no changes. */
const POLL_MILLISECONDS = 2_000;

class Radio {
  /** Why there is nothing to see; null where there is. */
  error = $state.raw<ApiError | null>(null);
  #isAsking = false;

  get view(): DongleView | null {
    return live.dongle;
  }

  async ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      live.takeDongle(await api.dongle.view());
      this.error = null;
    } catch (error) {
      this.error = asApiError(error);
      if (this.error.isNotOffered) live.dongle = null;
    } finally {
      this.#isAsking = false;
    }
  }

  /** Asks now, and again while there is no stream of changes; what is returned ends it. For `$effect`. */
  follow(): () => void {
    void this.ask();
    const timer = setInterval(() => {
      if (live.connection === "polling" && !document.hidden) void this.ask();
    }, POLL_MILLISECONDS);
    return () => clearInterval(timer);
  }
}

/** One per page. */
export const radio = new Radio();

/** A wish that is answered by how the dongle is then. */
export class RadioWish extends Wish {
  done(wish: Promise<DongleView>): Promise<boolean> {
    return this.granted(wish, (view) => live.takeDongle(view));
  }
}
