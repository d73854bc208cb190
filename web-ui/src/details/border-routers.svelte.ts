/** What border routers announce, for whoever looks at one or at a network. */

import * as api from "../api/client";
import type { BorderRouter, BorderRouters } from "../api/types";
import { Answer } from "./answer.svelte";
import { shownMoment } from "./lookup";

/** Border routers with their announcements at the moment that is shown. */
export class BorderRouterList {
  readonly answer = new Answer<BorderRouters>();

  /** Asks, and asks again when `cause` changes. To be called in an effect. */
  follow(cause: string): void {
    void cause;
    const at = shownMoment();
    this.answer.about(`border routers ${at}`, (signal) => api.borderRouters(at, signal));
  }

  stop(): void {
    this.answer.stop();
  }

  /** One of them; undefined where the answer is not there or does not hold it. */
  of(node: string): BorderRouter | undefined {
    return this.answer.value?.border_routers.find((one) => one.node === node);
  }

  /** What the border routers of a network say differently. */
  comparison(network: string | null | undefined): BorderRouters["comparisons"][number] | undefined {
    return this.answer.value?.comparisons.find((one) => one.network === network);
  }
}
