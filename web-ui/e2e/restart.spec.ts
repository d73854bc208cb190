/** The service goes and comes; and it asks strangers who they are. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { barriers, device, expect, map, open, test } from "./support/page";
import { Weft } from "./support/weft";

test.describe("a service that is stopped and started again", () => {
  // The browser tells of every request that nobody answers.
  test.use({ provoked: /ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET/ });

  test("leaves the map, greyed and with its age, and is live again without a reload", async ({ page }) => {
    let weft = await Weft.demo();
    try {
      await open(page, weft);
      const { port } = weft;
      // The colours that shapes are drawn with.
      const ink = (): Promise<string> =>
        device(page, "Hall plug").evaluate((node) => getComputedStyle(node).getPropertyValue("--role-router"));
      const colours = await ink();
      const shown = await map(page).getByRole("button").count();
      await page.evaluate(() => ((window as unknown as { same: boolean }).same = true));
      await weft.stop();
      const notices = page.getByRole("region", { name: "Notices" });
      await expect(notices).toContainText("Weft has not answered for");
      await expect(notices.getByRole("button", { name: "Try again now" })).toBeVisible();
      await expect(page.getByRole("banner")).toContainText(/Lost\s*\d+ (s|min) ago/);
      await expect(page).toHaveTitle(/^\(connection lost\)/);
      // What was known then can still be looked at.
      await expect(map(page).getByRole("button")).toHaveCount(shown);
      await device(page, "Hall plug").press("Enter");
      await expect(page.getByRole("complementary", { name: "Details" })).toContainText("Hall plug");
      expect(await ink()).not.toBe(colours);

      weft = await Weft.start(["demo", "--listen", `127.0.0.1:${port}`, "--speed", "1"]);
      await notices
        .getByRole("button", { name: "Try again now" })
        .click({ timeout: 5_000 })
        .catch(() => undefined);
      await expect(page.getByRole("banner")).toContainText("Live");
      await expect(page.getByText("has not answered")).toHaveCount(0);
      expect(await ink()).toBe(colours);
      expect(await page.evaluate(() => (window as unknown as { same?: boolean }).same)).toBe(true);
    } finally {
      await weft.stop();
    }
  });
});

test.describe("a service for other machines", () => {
  test.use({ provoked: /401/ });

  test("asks for its token, refuses a wrong one in words, and opens by the right one", async ({ page }) => {
    const data = mkdtempSync(join(tmpdir(), "weft-e2e-data-"));
    const weft = await Weft.start(["serve", "--listen", "0.0.0.0:0", "--data", data, "--no-mdns", "--no-matter"]);
    try {
      await page.goto(`http://127.0.0.1:${weft.port}/`);
      await expect(page.getByRole("heading", { name: "This service asks for its token" })).toBeVisible();
      expect(await barriers(page)).toEqual([]);
      await page.getByLabel("Token", { exact: true }).fill("not-the-right-token");
      await page.getByRole("button", { name: "Open" }).click();
      await expect(page.getByRole("alert")).toContainText("That is not this service's token");
      await page.getByLabel("Token", { exact: true }).fill(readFileSync(join(data, "token"), "utf8").trim());
      await page.getByRole("button", { name: "Open" }).click();
      await expect(page.getByRole("navigation", { name: "Views" })).toBeVisible();
      // The cookie stays; the token is not asked for again.
      await page.reload();
      await expect(page.getByRole("navigation", { name: "Views" })).toBeVisible();
      await expect(page.getByRole("banner")).toContainText("Live");
    } finally {
      await weft.stop();
      rmSync(data, { recursive: true, force: true });
    }
  });
});
