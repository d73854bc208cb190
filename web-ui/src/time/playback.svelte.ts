/** Plays stored history: faster than it happened, until it reaches now. */

import { shown } from "../state/shown.svelte";

/** Times faster than it happened. */
export const SPEEDS = [1, 10, 60, 300, 3_600] as const;

const TURN_MILLISECONDS = 500;
/** For readers who want no motion: whole steps, from change to change, with time to look. */
const STEP_MILLISECONDS = 2_500;

/** What playing needs to know of the bar. */
export interface Reel {
  /** Where to begin when the moment shown is now. */
  begin: () => number;
  now: () => number;
  /** The change after a moment; undefined: none is left. */
  next: (at: number) => number | undefined;
}

class Playback {
  isPlaying = $state(false);
  speed = $state<number>(300);
  #timer: ReturnType<typeof setInterval> | undefined;

  start(reel: Reel): void {
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    let at = shown.at === null ? reel.begin() : Date.parse(shown.at);
    let asked = "";
    const show = (time: number): void => {
      at = time;
      asked = new Date(time).toISOString();
      void shown.goTo(asked);
    };
    this.stop();
    this.isPlaying = true;
    show(at);
    this.#timer = setInterval(
      () => {
        // Somebody went elsewhere: playing ends.
        if (shown.at !== asked) return this.stop();
        const to = isStill ? reel.next(at) : at + this.speed * TURN_MILLISECONDS;
        if (to === undefined || to >= reel.now()) {
          this.stop();
          shown.goLive();
        } else if (!document.hidden) show(to);
      },
      isStill ? STEP_MILLISECONDS : TURN_MILLISECONDS,
    );
  }

  stop(): void {
    clearInterval(this.#timer);
    this.isPlaying = false;
  }
}

export const playback = new Playback();
