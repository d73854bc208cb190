/** Pictures of all main pages on a phone, for people to look at, and the two of the README. Those of the desktop are made where barriers are looked for. */

import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { expect, open, picture, test } from "./support/page";
import { VIEWS } from "./support/views";
import { out } from "./support/weft";

// Asked whether it pairs devices, the demo says no; the browser tells of every such answer.
test.use({ provoked: /501 .*(fabric|networks|dongle)/ });

for (const colorScheme of ["light", "dark"] as const) {
  test.describe("phone", () => {
    test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });

    test(`every view, ${colorScheme}, phone`, async ({ page, day }) => {
      test.setTimeout(120_000);
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      for (const { name, show } of VIEWS.filter((view) => view.name !== "shortcuts")) {
        await page.goto("about:blank");
        await show(page, day);
        await picture(page, `${name}-${colorScheme}-phone`);
      }
    });
  });

  test.describe("README", () => {
    test.use({ viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1.5 });

    test(`the picture of the README, ${colorScheme}`, async ({ page, demo }) => {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await demo.historyIsRead();
      await open(page, demo);
      await expect(page.getByText("Laundry plug is gone")).toBeVisible();
      await picture(page, `readme-${colorScheme}`);
      copyFileSync(join(out(), "screenshots", `readme-${colorScheme}.png`), join(out(), `map-${colorScheme}.png`));
    });
  });
}
