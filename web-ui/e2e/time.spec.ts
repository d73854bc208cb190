/** Time: the bar tells what changed, goes to any moment, and says so; two moments are compared in words. */

import type { Page } from "@playwright/test";
import type { Comparison, Timeline, TimelineEvent } from "../src/api/types";
import { device, expect, go, map, open, test, topology } from "./support/page";
import type { Weft } from "./support/weft";

const bar = (page: Page) => page.getByRole("region", { name: "Time" });
const moment = (page: Page) => bar(page).getByRole("slider", { name: "Moment shown" });

async function event(weft: Weft, kind: string): Promise<TimelineEvent> {
  const { events } = await weft.get<Timeline>("/api/v1/timeline");
  const found = events.find((one) => one.kind === kind);
  expect(found, `the demo's day has an event of kind ${kind}`).toBeDefined();
  return found!;
}

/** Goes to a moment by the list of changes, as a reader of it does. */
async function show(page: Page, change: TimelineEvent): Promise<void> {
  await go(page, "Changes");
  await page
    .getByRole("complementary", { name: "Changes" })
    .getByRole("listitem")
    .filter({ hasText: change.text })
    .getByRole("button", { name: "Show that moment" })
    .click();
  await go(page, "Map");
}

test("a moment of the past shows the mesh that was split, and says that it is the past", async ({ page, day }) => {
  await open(page, day);
  const split = await event(day, "split");
  await show(page, split);
  await expect(page.getByRole("region", { name: "Notices" })).toContainText(/Showing (\w{3} )?\d\d:\d\d/);
  await expect(bar(page)).toContainText("not live");
  const after = new Date(Date.parse(split.at) + 1_000).toISOString();
  await expect(page).toHaveURL(new RegExp(`at=${encodeURIComponent(after)}`));
  const { networks, nodes } = await topology(day, `&at=${after}`);
  expect(networks[0]!.partitions.filter(({ state }) => state !== "gone")).toHaveLength(2);
  await expect(page.getByRole("button", { name: /^Network: / })).toContainText("2 partitions");
  await expect(map(page).getByText(/^(main|second) partition · /)).toHaveCount(2);
  await expect(map(page).getByRole("button")).toHaveCount(nodes.length);
  // The address leads back to the same moment.
  await page.reload();
  await expect(bar(page)).toContainText("not live");
  await bar(page).getByRole("button", { name: "Live" }).click();
  await expect(page.getByRole("button", { name: /^Network: / })).toContainText("1 partition");
  await expect(page.getByText(/Showing (\w{3} )?\d\d:\d\d/)).toHaveCount(0);
});

test("keys jump from change to change and back to now", async ({ page, day }) => {
  await open(page, day);
  const { events } = await day.get<Timeline>("/api/v1/timeline");
  const times = [...new Set(events.map(({ at }) => Date.parse(at)))].sort((a, b) => b - a);
  await page.locator("body").press("[");
  await expect(moment(page)).toHaveAttribute("aria-valuetext", new RegExp(events.at(-1)!.text.replace(/[#()]/g, "\\$&")));
  const at = async (): Promise<number> => Number(await moment(page).getAttribute("aria-valuenow")) * 1_000;
  const newest = await at();
  expect(Math.abs(newest - times[0]!)).toBeLessThan(2_000);
  await page.locator("body").press("[");
  await expect.poll(at).toBeLessThan(newest);
  expect(Math.abs((await at()) - times[1]!)).toBeLessThan(2_000);
  await page.locator("body").press("]");
  await expect.poll(at).toBe(newest);
  await page.locator("body").press(".");
  await expect(moment(page)).toHaveAttribute("aria-valuetext", /^Now, live/);
});

test("a router that died is shown as gone in its hour, and its children below others", async ({ page, day }) => {
  await open(page, day);
  const gone = await event(day, "gone");
  await show(page, gone);
  const name = gone.text.replace(/ is gone$/, "");
  await expect(device(page, name)).toHaveAttribute("aria-label", /ghost|gone/);
});

test("two moments are compared in the words of the API, and marked on the map", async ({ page, day }) => {
  const died = Date.parse((await event(day, "gone")).at);
  const split = Date.parse((await event(day, "split")).at);
  const minute = (time: number): string => new Date(Math.floor(time / 60_000) * 60_000).toISOString();
  const [a, b] = [minute(died - 7_200_000), minute(split + 600_000)];
  await open(page, day, "changes");
  const panel = page.getByRole("complementary", { name: "Changes" });
  await panel.getByRole("button", { name: "Two moments…" }).click();
  await panel.getByLabel("A, the earlier moment").fill(a.slice(0, 16));
  await panel.getByLabel("B", { exact: false }).last().fill(b.slice(0, 16));
  await panel.locator("form").getByRole("button", { name: "Compare", exact: true }).click();
  await expect(panel.getByRole("heading", { name: "Compare two moments" })).toBeVisible();
  const { changes } = await day.get<Comparison>(`/api/v1/diff?a=${a}&b=${b}`);
  expect(changes.length).toBeGreaterThan(3);
  for (const change of changes.slice(0, 40)) await expect(panel.getByText(change.text, { exact: true }).first()).toBeVisible();
  await expect(bar(page)).toContainText("Comparing");
  // Marks and their meaning stand on the map; what is the same steps back.
  await expect(page.getByRole("region", { name: "Legend" })).toContainText("faint: unchanged");
  await expect(map(page).getByRole("button").first()).toBeVisible();
  await panel.getByRole("button", { name: "End the comparison" }).first().click();
  await expect(panel.getByRole("heading", { name: "Recent changes" })).toBeVisible();
  await expect(bar(page).getByRole("button", { name: "Live" })).toHaveAttribute("aria-pressed", "true");
});

test("all changes of the day are listed, newest first", async ({ page, day }) => {
  await open(page, day, "changes");
  const { events } = await day.get<Timeline>("/api/v1/timeline");
  const panel = page.getByRole("complementary", { name: "Changes" });
  for (const { text } of events) await expect(panel.getByText(text, { exact: true }).first()).toBeVisible();
  const times = await panel.locator("time").evaluateAll((all) => all.map((one) => Date.parse(one.getAttribute("datetime")!)));
  expect(times).toEqual([...times].sort((x, y) => y - x));
});
