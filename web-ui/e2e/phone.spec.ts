/** A phone: tabs below, details as a sheet, nothing to scroll sideways, and targets for fingers. */

import type { Page } from "@playwright/test";
import { details, device, expect, map, open, test, topology } from "./support/page";

test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

const sideways = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
const tab = (page: Page, words: string) => page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: words });

test.describe("with a service that pairs nothing", () => {
  // Asked whether it pairs devices, the demo says no; the browser tells of every such answer.
  test.use({ provoked: /501 .*(fabric|networks|dongle)/ });

  test("tabs lead to every view, and nothing scrolls sideways", async ({ page, demo }) => {
    await open(page, demo);
    for (const words of ["Table", "Findings", "Changes", "Map"]) {
      await tab(page, words).tap();
      await expect(tab(page, words)).toHaveAttribute("aria-current", "page");
      expect(await sideways(page), words).toBe(0);
    }
    for (const words of ["Add devices", "Coverage", "Ways in", "Radio", "Sources", "Settings", "Network check"]) {
      await page.getByRole("button", { name: "More" }).tap();
      await page.getByRole("dialog", { name: "More" }).getByRole("button", { name: words }).tap();
      await expect(page.getByRole("main").getByRole("heading", { level: 1 })).toBeVisible();
      expect(await sideways(page), words).toBe(0);
    }
    await page.getByRole("button", { name: "More" }).tap();
    await page.getByRole("dialog", { name: "More" }).getByRole("button", { name: "Export" }).tap();
    await expect(page.getByRole("dialog", { name: "Export" })).toBeVisible();
    expect(await sideways(page), "Export").toBe(0);
  });
});

test("a device opens a sheet, which takes a glimpse, half or all of the screen", async ({ page, demo }) => {
  await open(page, demo);
  await page.getByRole("button", { name: "Search" }).tap();
  await page.getByRole("combobox", { name: /^Search/ }).fill("hall plug");
  await page.getByRole("option", { name: /Hall plug/ }).tap();
  await expect(details(page).getByRole("heading", { level: 2 })).toContainText("Hall plug");
  const handle = details(page).getByRole("button", { name: /^Details take/ });
  const height = async (): Promise<number> => (await details(page).boundingBox())!.height;
  const seen = new Set<string>();
  const heights: number[] = [];
  for (let step = 0; step < 3; step++) {
    seen.add((await handle.getAttribute("aria-label"))!);
    heights.push(await height());
    const before = await handle.getAttribute("aria-label");
    await handle.tap();
    await expect(handle).not.toHaveAttribute("aria-label", before!);
    await expect.poll(height).not.toBe(heights.at(-1));
  }
  expect(seen.size).toBe(3);
  expect(Math.max(...heights) - Math.min(...heights)).toBeGreaterThan(250);
  expect(await sideways(page)).toBe(0);
  await details(page).getByRole("button", { name: "Close details" }).tap();
  await expect(details(page)).toBeHidden();
});

test("a tap on the map selects what lies below the finger", async ({ page, demo }) => {
  await open(page, demo);
  const { nodes } = await topology(demo);
  await expect(map(page).getByRole("button")).toHaveCount(nodes.length);
  const shape = device(page, "Garden wall light").locator(".shape");
  const box = (await shape.boundingBox())!;
  await page.touchscreen.tap(box.x + box.width / 2, box.y + box.height / 2);
  await expect(details(page).getByRole("heading", { level: 2 })).toContainText("Garden wall light");
});

test("the main controls are large enough for fingers", async ({ page, demo }) => {
  await open(page, demo);
  const controls = [
    ...(await page.getByRole("navigation", { name: "Views" }).getByRole("link").all()),
    page.getByRole("button", { name: "More" }),
    page.getByRole("button", { name: "Search" }),
    page.getByRole("button", { name: "Add devices" }),
    ...(await page.getByRole("group", { name: "Radio links" }).getByRole("button").all()),
    ...(await page.getByRole("group", { name: "Map", exact: true }).getByRole("button").all()),
    page.getByRole("region", { name: "Time" }).getByRole("button", { name: "Live" }),
    page.getByRole("region", { name: "Time" }).getByRole("button", { name: "Play" }),
  ];
  const small: string[] = [];
  for (const control of controls) {
    if (!(await control.isVisible())) continue;
    const box = (await control.boundingBox())!;
    const name = (await control.getAttribute("aria-label")) ?? (await control.innerText());
    if (box.width < 44 || box.height < 44) small.push(`${name}: ${Math.round(box.width)} x ${Math.round(box.height)}`);
  }
  expect(small).toEqual([]);
});
