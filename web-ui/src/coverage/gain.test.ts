import { describe, expect, it } from "vitest";
import { confidence, costWords, coverageWords, gainWords } from "./gain";

const gain = (more: object) => ({ gain: { about: false, places: 0, places_at_least: 0, confirms_links: 0, names: 0, ...more } });

describe("gain in words", () => {
  it("names what is gained", () => {
    expect(gainWords(gain({ places: 3, places_at_least: 3 }))).toBe("places 3 devices");
    expect(gainWords(gain({ places: 3, places_at_least: 1, about: true, confirms_links: 1, names: 2 }))).toBe(
      "places about 3 devices (1 for sure), confirms 1 link from the other end, names 2 devices",
    );
    expect(gainWords(gain({}))).toBe("adds nothing that can be counted beforehand");
  });

  it("says how sure it is", () => {
    expect(confidence(gain({ places: 3 })).word).toBe("Certain");
    expect(confidence(gain({ places: 3, about: true })).word).toBe("Estimate");
    expect(confidence(gain({ places: 3, places_at_least: 1, about: true })).word).toBe("Partly certain");
  });

  it("says what it costs and what is known", () => {
    expect(costWords({ cost: { needs: "setup-code", seconds: 30 } })).toBe("needs a pairing code from its app, then about 30 s");
    expect(costWords({ cost: { needs: "dongle", seconds: 300 } })).toBe("needs a radio dongle, then about 5 min");
    const coverage = { devices: 44, about: true, placed: 43, routers: 18, routers_heard: 17, placed_after_steps: 44 };
    expect(coverageWords(coverage)).toBe("43 of about 44 devices have a place; 17 of 18 routers told who their children are.");
  });
});
