/** What is known of the ways to networks; the stream of events tells of changes, the first picture is asked for. */

import * as api from "../api/client";
import { ApiError } from "../api/client";
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

/** Does what a button says, and takes the answer into the page; null where it went well, else why it did not. */
export async function act(wish: Promise<NetworksView>): Promise<string | null> {
  try {
    live.networks = await wish;
    return null;
  } catch (error) {
    const { title, detail, status } = asApiError(error);
    // What is wrong with what was entered is said by itself: it is no body of a request to the person who typed it.
    return status === 400 ? sentence(detail) : `${title}. ${sentence(detail)}`;
  }
}

function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, "That did not work", String(error));
}
