import { describe, expect, it } from "vitest";
import { most, Rates, scaleFor, WINDOW_MILLISECONDS } from "./rates.svelte";

const T = 1_000_000;

describe("frames a second", () => {
  it("hold until something else is told, and no longer than somebody listens", () => {
    const rates = new Rates();
    rates.told(T, 10);
    rates.told(T + 1_000, 10);
    rates.told(T + 2_000, 30);
    rates.told(T + 5_000, null);
    rates.told(T + 6_000, null);
    rates.told(T + 9_000, 0);
    expect(rates.before(T + 10_000)).toEqual([
      { from: T, until: T + 2_000, perSecond: 10 },
      { from: T + 2_000, until: T + 5_000, perSecond: 30 },
      { from: T + 9_000, until: T + 10_000, perSecond: 0 },
    ]);
    expect(most(rates.before(T + 10_000))).toBe(30);
  });

  it("are forgotten after the window, and what holds is cut to it", () => {
    const rates = new Rates();
    expect(rates.before(T)).toEqual([]);
    expect(most([])).toBeNull();
    rates.told(T, 5);
    rates.told(T + 1_000, 7);
    const later = T + 1_000 + WINDOW_MILLISECONDS;
    expect(rates.before(later)).toEqual([{ from: T + 1_000, until: later, perSecond: 7 }]);
    rates.told(later + 60_000, 8);
    expect(rates.before(later + 60_000)).toEqual([
      { from: later - WINDOW_MILLISECONDS + 60_000, until: later + 60_000, perSecond: 7 },
      // It has only just been told.
      { from: later + 60_000, until: later + 60_000, perSecond: 8 },
    ]);
  });

  it("fit below the end of their scale", () => {
    expect([0, 10, 11, 45, 51, 101, 1_300].map(scaleFor)).toEqual([10, 10, 20, 50, 100, 200, 2_000]);
  });
});
