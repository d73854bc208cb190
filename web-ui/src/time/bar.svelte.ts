/** What the time bar holds for the whole page: the span, the history of it, the way to the next change. */

import { clock } from "../state/clock.svelte";
import { shown } from "../state/shown.svelte";
import { changeAfter, changeBefore, changeTimes, windowOf } from "./events";
import { StoredHistory } from "./history.svelte";
import { type SpanId, stepOf, type Window, windowFor } from "./spans";

/** Bars of the histogram. */
const BUCKETS = 160;

class Bar {
  span = $state<SpanId>("24h");
  readonly history = new StoredHistory();
  /** Somebody points at the bar: it must not move below the pointer. */
  isHeld = $state(false);
  /** A person chose the span; until then it fits itself to what is kept. */
  #isChosen = false;

  /** The stretch drawn. */
  get window(): Window {
    const { timeline } = this.history;
    return timeline
      ? windowOf(timeline)
      : (windowFor(this.span, clock.serviceNow, null) ?? { from: clock.serviceNow - 86_400_000, to: clock.serviceNow });
  }

  get times(): number[] {
    const { timeline } = this.history;
    return timeline ? changeTimes(timeline) : [];
  }

  /** The moment shown, milliseconds. */
  get at(): number {
    return shown.at === null ? clock.serviceNow : Date.parse(shown.at);
  }

  /** The oldest moment that can be shown. */
  get oldest(): number {
    const { oldest_at } = this.history.timeline ?? {};
    return oldest_at ? Date.parse(oldest_at) : this.window.from;
  }

  choose(span: SpanId): void {
    this.span = span;
    this.#isChosen = true;
    this.refresh();
  }

  /** Asks for the stretch again. */
  refresh(): void {
    void this.#load();
  }

  async #load(): Promise<void> {
    const at = shown.at === null ? null : Date.parse(shown.at);
    const now = clock.serviceNow;
    const window = windowFor(this.span, now, at) ?? (this.history.timeline ? { from: this.oldest, to: now } : null);
    await this.history.load(window, BUCKETS);
    // A history that is shorter than the span would leave most of the bar empty.
    const { timeline } = this.history;
    if (this.#isChosen || this.span === "all" || !timeline?.oldest_at || Date.parse(timeline.oldest_at) <= Date.parse(timeline.from))
      return;
    this.span = "all";
    await this.#load();
  }

  /** Shows a moment; one at or after now is now. */
  goTo(time: number): void {
    if (time >= clock.serviceNow - 1_000) shown.goLive();
    else void shown.goTo(new Date(Math.max(time, this.oldest)).toISOString());
  }

  /** Moves by steps of the span chosen. */
  step(steps: number): void {
    this.goTo(this.at + steps * stepOf(this.span, this.window));
  }

  previousChange(): void {
    const time = changeBefore(this.times, this.at);
    if (time !== undefined) this.goTo(time);
  }

  /** The next change; after the last one comes now. */
  nextChange(): void {
    if (shown.at === null) return;
    const time = changeAfter(this.times, this.at);
    if (time === undefined) shown.goLive();
    else this.goTo(time);
  }
}

export const bar = new Bar();
