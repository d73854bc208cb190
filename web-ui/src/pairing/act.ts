/** What buttons of this room do: one wish to the service, and its answer into the page. */

import { inWords } from "../api/client";
import type { FabricView } from "../api/types";
import { live } from "../state/live.svelte";

/** Does it; null where it went well, else why it did not. */
export async function act(wish: Promise<FabricView>): Promise<string | null> {
  try {
    live.fabric = await wish;
    return null;
  } catch (error) {
    return inWords(error);
  }
}
