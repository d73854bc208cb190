/** What is known of the ways to networks; the stream of events tells of changes, the first picture is asked for. */

import * as api from "../api/client";
import { type ApiError, asApiError } from "../api/client";
import type { NetworksView } from "../api/types";
import { sentence } from "../shell/notices";
import { live } from "../state/live.svelte";

class Networks {
  /** Why there is nothing to see; null where there is. */
  error = $state.raw<ApiError | null>(null);

  get view(): NetworksView | null {
    return live.networks;
  }

  async ask(): Promise<void> {
    try {
      live.networks = await api.networks.view();
      this.error = null;
    } catch (error) {
      this.error = asApiError(error);
    }
  }
}

/** One per page. */
export const networks = new Networks();

/** What somebody wishes by a button: one at a time, with the reason where it was refused. */
export class Wish {
  busy = $state(false);
  problem = $state("");

  /** Waits for what was wished, and takes it into the page. True where it went well. */
  async granted<T>(wish: Promise<T>, take: (answer: T) => void): Promise<boolean> {
    this.busy = true;
    this.problem = "";
    try {
      take(await wish);
    } catch (error) {
      const { title, detail, status } = asApiError(error);
      // What is wrong with what was entered is said by itself: it is no body of a request to the person who typed it.
      this.problem = status === 400 ? sentence(detail) : `${title}. ${sentence(detail)}`;
    } finally {
      this.busy = false;
    }
    return this.problem === "";
  }

  /** The same for a wish that is answered by how everything is then. */
  changed(wish: Promise<NetworksView>): Promise<boolean> {
    return this.granted(wish, (view) => (live.networks = view));
  }
}
