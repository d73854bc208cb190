/** A person says something of a device or a finding, and the service keeps it. */

import * as api from "../api/client";
import { ApiError } from "../api/client";
import type { Annotation } from "../api/types";

/** One thing that is being said. Nothing is shown as done before the service has taken it. */
export class Saying {
  isBusy = $state(false);
  error = $state.raw<{ title: string; detail: string } | null>(null);

  /** True where the service keeps it now. */
  async say(...annotations: Annotation[]): Promise<boolean> {
    if (this.isBusy) return false;
    this.isBusy = true;
    this.error = null;
    try {
      await api.annotate(annotations);
      return true;
    } catch (error) {
      this.error = inWords(error);
      return false;
    } finally {
      this.isBusy = false;
    }
  }
}

function inWords(error: unknown): { title: string; detail: string } {
  if (!(error instanceof ApiError)) return { title: "That was not kept", detail: String(error) };
  if (error.needsToken) {
    return { title: "Not kept: Weft asks for its token", detail: error.detail };
  }
  if (error.isNotOffered) return { title: "Not kept: this Weft keeps no remarks", detail: error.detail };
  return { title: error.title, detail: error.detail };
}
