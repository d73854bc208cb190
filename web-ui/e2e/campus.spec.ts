/** A campus: 5,000 devices in 50 networks. Made by `cargo run -p weft-simulator --example meshes -- 5000 FILE`; the file is named in WEFT_CAMPUS. */

import { existsSync } from "node:fs";
import { details, expect, map, open, test, topology } from "./support/page";
import { Weft } from "./support/weft";

const file = process.env.WEFT_CAMPUS ?? "";
// While the recording plays, a border router that was only announced is found on its mesh, and has another id, between question and answer.
test.use({ provoked: /404 .*nodes\/border-agent/ });
test.skip(!existsSync(file), "WEFT_CAMPUS names no recording of a campus");

let weft: Weft;
test.beforeAll(async () => {
  test.setTimeout(120_000);
  weft = await Weft.replay(file, "--speed", "1000");
});
test.afterAll(() => weft.stop());

test("networks are cards from far, and one of them opens into its devices", async ({ page }) => {
  await open(page, weft);
  const { networks, nodes } = await topology(weft);
  expect(nodes.length).toBeGreaterThan(4_000);
  await expect(map(page).getByRole("button")).toHaveCount(networks.length);
  const card = map(page).getByRole("button").first();
  const said = (await card.getAttribute("aria-label"))!;
  const network = networks.find(({ name, id }) => said.startsWith(`${name ?? id}, `))!;
  expect(network).toBeDefined();
  const members = nodes.filter((node) => node.network === network.id).length;
  expect(said).toContain(`${members} devices`);
  await card.press("Enter");
  await expect(
    map(page)
      .getByRole("button", { name: /Router|Border router/ })
      .first(),
  ).toBeVisible();
  // On the way in, neighbours pass by; where the map rests, only what is near is drawn.
  await expect.poll(() => map(page).locator("[data-node]").count()).toBeLessThan(2_000);
  await page.getByRole("group", { name: "Map", exact: true }).getByRole("button", { name: "Show everything" }).click();
  await expect(map(page).getByRole("button")).toHaveCount(networks.length);
});

test("the table has all devices, and few rows in the page", async ({ page }) => {
  await open(page, weft, "table");
  const grid = page.getByRole("grid", { name: "devices" });
  // The recording may still be playing: both sides are asked at the same time.
  const headings = async (): Promise<number> => Number(await grid.getAttribute("aria-rowcount")) - (await topology(weft)).nodes.length;
  await expect.poll(headings).toBe(1);
  const rows = grid.locator("tbody tr[data-index]");
  expect(await rows.count()).toBeLessThan(120);
  await grid.focus();
  await page.keyboard.press("End");
  await expect(grid.locator(`tr[aria-rowindex="${await grid.getAttribute("aria-rowcount")}"]`)).toBeVisible();
  expect(await rows.count()).toBeLessThan(120);
  await page.keyboard.press("Home");
  await expect(grid.locator('tr[aria-rowindex="2"]')).toBeVisible();
});

test("search answers while one types, and leads to the device", async ({ page }) => {
  await open(page, weft);
  const { nodes } = await topology(weft);
  const wanted = nodes.find(({ name, border_router }) => name && !border_router) ?? nodes.find(({ extended_address }) => extended_address)!;
  const field = page.getByRole("combobox", { name: /^Search/ });
  const began = Date.now();
  await field.fill(wanted.extended_address ?? wanted.name!);
  await expect(page.getByRole("option").first()).toBeVisible();
  expect(Date.now() - began, "milliseconds until something is found").toBeLessThan(3_000);
  await field.press("Enter");
  await expect(details(page).getByRole("heading", { level: 2 })).toBeVisible();
  await expect(map(page).locator(`[data-node="${wanted.id}"]`)).toBeVisible();
});
