/** How many frames a second the dongle heard lately: as the service told, second by second. Where nobody told, there is a gap. */

/** So far back is remembered. */
export const WINDOW_MILLISECONDS = 120_000;

/** A rate from one moment to another. */
export interface Stretch {
  /** Milliseconds of this machine. */
  from: number;
  /** Milliseconds of this machine; null: it still is so. */
  until: number | null;
  perSecond: number;
}

/** A rate is told when it changes, so what was told last holds until then, or until nobody listens to the service. */
export class Rates {
  #stretches = $state.raw<readonly Stretch[]>([]);

  /** From now on it is so many; null: it is not known. */
  told(at: number, perSecond: number | null): void {
    const last = this.#stretches.at(-1);
    const isSame = last?.until === null && last.perSecond === perSecond;
    if (isSame || (perSecond === null && last?.until !== null)) return;
    const kept = this.#stretches
      .map((stretch) => (stretch.until === null ? { ...stretch, until: at } : stretch))
      .filter((stretch) => (stretch.until ?? at) > at - WINDOW_MILLISECONDS);
    this.#stretches = perSecond === null ? kept : [...kept, { from: at, until: null, perSecond }];
  }

  /** What is known of the time before a moment, the oldest first, cut to the window. */
  before(now: number): Required<Stretch>[] {
    const begin = now - WINDOW_MILLISECONDS;
    return this.#stretches
      .filter(({ from, until }) => (until ?? now) > begin && from <= now)
      .map(({ from, until, perSecond }) => ({ from: Math.max(from, begin), until: Math.min(until ?? now, now), perSecond }));
  }
}

/** The largest of some rates; null where none is known. */
export const most = (stretches: readonly Stretch[]): number | null =>
  stretches.length === 0 ? null : Math.max(...stretches.map(({ perSecond }) => perSecond));

/** The end of a scale that a rate fits below: 10, 20, 50, 100, …. */
export function scaleFor(rate: number): number {
  for (let decade = 10; ; decade *= 10) {
    for (const step of [1, 2, 5]) if (rate <= step * decade) return step * decade;
  }
}
