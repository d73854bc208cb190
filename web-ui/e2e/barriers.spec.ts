/** Nobody is kept out: WCAG 2.2 A and AA on every view in both themes, forced colours, reduced motion, 200 % zoom. */

import { barriers, expect, map, open, picture, test } from "./support/page";
import { VIEWS } from "./support/views";

// Asked whether it pairs devices, the demo says no; the browser tells of every such answer.
test.use({ provoked: /501 .*(fabric|networks|dongle)/ });

for (const colorScheme of ["light", "dark"] as const) {
  test(`no view has a barrier in ${colorScheme}`, async ({ page, day }) => {
    test.setTimeout(180_000);
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const { name, show } of VIEWS) {
      await test.step(name, async () => {
        await page.goto("about:blank");
        await show(page, day);
        // Pictures are made on the way: the same views need not be opened twice.
        await picture(page, `${name}-${colorScheme}`);
        expect.soft(await barriers(page), `${name}, ${colorScheme}`).toEqual([]);
      });
    }
  });
}

test("at 200 % zoom nothing scrolls sideways, and nothing is a barrier", async ({ page, day }) => {
  test.setTimeout(120_000);
  // A window of 1400 by 900 at 200 %.
  await page.setViewportSize({ width: 700, height: 450 });
  for (const { name, show } of VIEWS) {
    if (name === "shortcuts" || name === "search") continue;
    await test.step(name, async () => {
      await page.goto("about:blank");
      await show(page, day);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect.soft(over, `${name} scrolls sideways by so many pixels`).toBe(0);
    });
  }
});

test("forced colours leave shapes, lines and words to see", async ({ page, day }) => {
  await page.emulateMedia({ forcedColors: "active" });
  await open(page, day);
  expect(await barriers(page)).toEqual([]);
  // Nothing is drawn in the colour of its ground.
  const same = await map(page).evaluate((svg) => {
    const ground = getComputedStyle(document.body).backgroundColor;
    return [...svg.querySelectorAll("text")].filter(
      (text) => getComputedStyle(text).visibility === "visible" && getComputedStyle(text).fill === ground,
    ).length;
  });
  expect(same).toBe(0);
});

test("reduced motion: the map goes to its place at once", async ({ page, day }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await open(page, day);
  const moving = (): Promise<number> =>
    page.evaluate(() => document.getAnimations().filter(({ effect }) => Number(effect?.getComputedTiming().duration) > 1).length);
  await page.getByRole("button", { name: "Larger" }).click();
  expect(await moving()).toBe(0);
  await page.getByRole("button", { name: "Show everything", exact: true }).click();
  expect(await moving()).toBe(0);
});
