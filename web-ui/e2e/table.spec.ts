/** The table is the accessible equal of the map: everything of the API is in it, in an order that people choose, and in their files. */

import { readFileSync } from "node:fs";
import type { Locator, Page } from "@playwright/test";
import { nameOf, STATES } from "../src/words/words";
import { details, device, expect, open, test, topology } from "./support/page";

const grid = (page: Page, name: string): Locator => page.getByRole("grid", { name });

/** Texts of the rows by the titles of the columns. */
async function rowsOf(table: Locator): Promise<Record<string, string>[]> {
  return table.evaluate((element) => {
    const text = (cell: Element): string => (cell.textContent ?? "").replace(/[▲▼]/g, "").trim();
    const titles = [...element.querySelectorAll("thead th")].map(text);
    return [...element.querySelectorAll("tbody tr[data-index]")].map((row) =>
      Object.fromEntries([...row.querySelectorAll("td")].map((cell, index) => [titles[index] ?? "", text(cell)])),
    );
  });
}

/** Reads comma-separated values after RFC 4180. */
function parse(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain ?? "");
    if (end === "\r\n") rows.push([]);
    if (end === "") break;
  }
  return rows.filter((row) => row.length > 1);
}

test("every device of the API is a row, with its parent and its state", async ({ page, demo }) => {
  await open(page, demo, "table");
  const { nodes, links, networks } = await topology(demo);
  const rows = await rowsOf(grid(page, "devices"));
  expect(rows).toHaveLength(nodes.length);
  const names = new Map(nodes.map((node) => [node.id, nameOf(node)]));
  for (const node of nodes) {
    const row = rows.find(({ Name }) => Name?.startsWith(nameOf(node)));
    expect(row, nameOf(node)).toBeDefined();
    expect(row!.State).toContain(STATES[node.state].word);
    if (node.parent) expect(row!.Parent).toBe(names.get(node.parent.node));
  }
  const expected = { Links: links.length, "Border routers": nodes.filter((node) => node.border_router).length, Networks: networks.length };
  for (const [tab, number] of Object.entries(expected)) {
    await page.getByRole("tab", { name: tab }).click();
    await expect(grid(page, tab.toLowerCase())).toHaveAttribute("aria-rowcount", String(number + 1));
  }
});

test("rows are put in order by any column, both ways", async ({ page, demo }) => {
  await open(page, demo, "table");
  const table = grid(page, "devices");
  const header = table.getByRole("columnheader", { name: "Parent" });
  await header.getByRole("button").click();
  await expect(header).toHaveAttribute("aria-sort", "ascending");
  const collator = new Intl.Collator("en-GB", { numeric: true, sensitivity: "base" });
  const parents = async (): Promise<string[]> =>
    (await rowsOf(table)).map(({ Parent }) => Parent ?? "").filter((text) => !text.includes("not known"));
  const up = await parents();
  expect(up).toEqual([...up].sort(collator.compare));
  await header.getByRole("button").click();
  await expect(header).toHaveAttribute("aria-sort", "descending");
  const down = await parents();
  expect(down).toEqual([...down].sort((a, b) => collator.compare(b, a)));
  expect(down[0]).not.toBe(up[0]);
});

test("filters say how much they show, and go away", async ({ page, demo }) => {
  await open(page, demo, "table");
  const { nodes } = await topology(demo);
  const inKitchen = nodes.filter((node) => nameOf(node).includes("Kitchen")).length;
  await page.getByRole("searchbox", { name: "Filter rows by text" }).fill("kitchen");
  const said = page.getByRole("status").filter({ hasText: "shown" });
  await expect(said).toContainText(`${inKitchen} of ${nodes.length} devices shown`);
  expect(await rowsOf(grid(page, "devices"))).toHaveLength(inKitchen);
  await page
    .getByRole("group", { name: "Filters" })
    .getByRole("button", { name: /^Sleepy/ })
    .click();
  await expect(said).not.toContainText(`${inKitchen} of`);
  await said.getByRole("button", { name: "Clear filters" }).click();
  await expect(page.getByText("hidden by filters")).toHaveCount(0);
  await expect(grid(page, "devices")).toHaveAttribute("aria-rowcount", String(nodes.length + 1));
});

test("the CSV file holds every device of the API", async ({ page, demo }) => {
  await open(page, demo, "table");
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV" }).click()]);
  expect(file.suggestedFilename()).toMatch(/^weft-devices-.*\.csv$/);
  const [titles, ...rows] = parse(readFileSync(await file.path(), "utf8").replace(/^\uFEFF/, ""));
  const { nodes } = await topology(demo);
  const column = (title: string): number => titles!.indexOf(title);
  expect(rows.map((row) => row[column("Name")]).sort()).toEqual(nodes.map(nameOf).sort());
  const names = new Map(nodes.map((node) => [node.id, nameOf(node)]));
  for (const node of nodes) {
    const row = rows.find((one) => one[column("Name")] === nameOf(node))!;
    expect(row[column("State")]).toBe(STATES[node.state].word);
    if (node.parent) expect(row[column("Parent")]).toBe(names.get(node.parent.node));
  }
});

test("the keyboard chooses a row, and brings it to the map", async ({ page, demo }) => {
  await open(page, demo, "table");
  const table = grid(page, "devices");
  await table.focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  const selected = table.locator("tr[aria-selected=true]");
  await expect(selected).toHaveCount(1);
  const name = (await details(page).getByRole("heading", { level: 2 }).innerText()).trim();
  await expect(selected).toContainText(name);
  await page.keyboard.press("m");
  await expect(page).toHaveURL(/#\/map\?.*node=/);
  await expect(device(page, name)).toHaveAttribute("aria-pressed", "true");
});
