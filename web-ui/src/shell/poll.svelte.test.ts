import { flushSync } from "svelte";
import { describe, expect, it } from "vitest";
import { Polled } from "./poll.svelte";

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

describe("polling", () => {
  it("asks once from an effect: its own answer is no reason to ask again", async () => {
    let asked = 0;
    const polled = new Polled(async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return ++asked;
    });
    const end = $effect.root(() => {
      $effect(() => void polled.refresh());
    });
    await settled();
    flushSync();
    await settled();
    expect(asked).toBe(1);
    expect(polled.value).toBe(1);
    end();
  });

  it("keeps the last answer where the next one fails, and says why", async () => {
    let fails = false;
    const polled = new Polled(async () => {
      if (fails) throw new Error("away");
      return "there";
    });
    await polled.refresh();
    fails = true;
    await polled.refresh();
    expect(polled.value).toBe("there");
    expect(polled.error?.detail).toContain("away");
    expect(polled.asking).toBe(false);
  });
});
