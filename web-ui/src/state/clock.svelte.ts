/** A clock that ages on the page follow, so that "4 s ago" does not stand still. */

import { live } from "./live.svelte";

class Clock {
  #ticks = $state(0);

  constructor() {
    setInterval(() => {
      if (!document.hidden) this.#ticks++;
    }, 1_000);
  }

  /** Milliseconds of this machine; whoever reads it runs again every second. */
  get now(): number {
    void this.#ticks;
    return Date.now();
  }

  /** The service's now. A demo or a replay lives in a time of its own: its last word, and what has passed since. */
  get serviceNow(): number {
    const { status, now, heardAt, clockOffset } = live;
    const said = Date.parse(now);
    if (status?.notice && !Number.isNaN(said)) return live.hasEnded ? said : said + Math.max(0, this.now - heardAt);
    return this.now + clockOffset;
  }
}

export const clock = new Clock();
