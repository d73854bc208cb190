/** What every test of the page does: open it, look for faults of the browser's own, look for barriers, take pictures. */

import { type Locator, type Page, expect, test as base } from "@playwright/test";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Topology } from "../../src/api/types";
import { Weft, out } from "./weft";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Violation {
  id: string;
  help: string;
  nodes: { html: string; failureSummary?: string }[];
}

/** Breaches of WCAG 2.2 A and AA on the page as it is now. */
export async function barriers(page: Page): Promise<string[]> {
  // As an isolated script: the page's own policy forbids foreign ones, rightly.
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send("Page.getFrameTree");
  const { executionContextId } = await session.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id, worldName: "axe" });
  await session.send("Runtime.evaluate", { expression: axe, contextId: executionContextId });
  const { result, exceptionDetails } = await session.send("Runtime.evaluate", {
    expression: `axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }).then((r) => JSON.stringify(r.violations))`,
    contextId: executionContextId,
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  if (typeof result.value !== "string") throw new Error(`axe did not run: ${exceptionDetails?.exception?.description ?? "no answer"}`);
  const violations = JSON.parse(result.value) as Violation[];
  // One line for each kind of breach, with how often it is there: a list of a hundred rows has the same one a hundred times.
  const times = new Map<string, number>();
  for (const { id, help, nodes } of violations) {
    for (const { html, failureSummary } of nodes) {
      const said = `${id}: ${help}\n  ${html}\n  ${failureSummary ?? ""}`;
      times.set(said, (times.get(said) ?? 0) + 1);
    }
  }
  return [...times].map(([said, number]) => (number > 1 ? `${number} times ${said}` : said));
}

/** Keeps a picture of the page for people to look at. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = join(out(), "screenshots");
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), animations: "disabled" });
}

/** Collects what the browser complains of: errors, refused styles or scripts, failed requests. */
export function watch(page: Page): string[] {
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" || message.text().includes("Content Security Policy")) {
      faults.push(`console: ${message.text()} (${message.location().url})`);
    }
  });
  return faults;
}

interface OfTest {
  /** Complaints that this test provokes. */
  provoked: RegExp | null;
  faults: string[];
}

interface OfWorker {
  /** The demo as it begins, at real speed. Nobody changes it. */
  demo: Weft;
  /** The demo late in its day: a router died and came back, the mesh split and merged, an address rotated. Nobody changes it. */
  day: Weft;
}

/** When the demo of {@link OfWorker.day} begins. */
export const LATE = "2026-11-20T20:00:00Z";

/** A page that fails its test where the browser complains. */
export const test = base.extend<OfTest, OfWorker>({
  provoked: [null, { option: true }],
  faults: [
    async ({ page, provoked }, use) => {
      const faults = watch(page);
      await use(faults);
      expect(
        faults.filter((fault) => !provoked?.test(fault)),
        "what the browser complained of",
      ).toEqual([]);
    },
    { auto: true },
  ],
  demo: [
    async ({}, use) => {
      const weft = await Weft.demo();
      await use(weft);
      await weft.stop();
    },
    { scope: "worker" },
  ],
  day: [
    async ({}, use) => {
      const weft = await Weft.demo("--at", LATE);
      await weft.historyIsRead();
      await use(weft);
      await weft.stop();
    },
    { scope: "worker", timeout: 90_000 },
  ],
});

/** Opens a view and waits until it shows what is there now. */
export async function open(page: Page, weft: Weft, view = "map", further = ""): Promise<void> {
  await page.goto(`${weft.address}/#/${view}${further}`);
  await expect(page.getByRole("navigation", { name: "Views" })).toBeVisible();
  // The map tells how many devices there are; every other view comes from the same picture.
  if (view === "map" && !further) await mapIsDrawn(page);
  else await expect(page.getByRole("banner").getByText(/^(Live|Showing|Comparing)$/)).toBeVisible();
}

/** Goes to a view by the rail. */
export async function go(page: Page, words: string): Promise<void> {
  await page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: words }).click();
}

/** The map. */
export const map = (page: Page): Locator => page.getByRole("group", { name: /^Map of/ });

/** A device on the map. */
export const device = (page: Page, name: string): Locator =>
  map(page).getByRole("button", { name: new RegExp(`^${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(,|$)`) });

/** The panel with everything about what is selected. */
export const details = (page: Page): Locator => page.getByRole("complementary", { name: "Details" });

/** Waits until the map shows devices, or networks from far. */
export async function mapIsDrawn(page: Page): Promise<void> {
  await expect(map(page).getByRole("button").first()).toBeVisible();
}

/** The picture of the API, without claims. */
export const topology = (weft: Weft, query = ""): Promise<Topology> => weft.get<Topology>(`/api/v1/topology?claims=none${query}`);

export { expect };
