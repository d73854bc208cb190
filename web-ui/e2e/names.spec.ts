/** What people say of their devices: names, rooms, mutes. It is kept on the server, and shown everywhere. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nameOf } from "../src/words/words";
import { Lan } from "./support/namespace";
import { details, device, expect, go, LATE, map, open, test, topology, watch } from "./support/page";
import { chromium } from "@playwright/test";
import { borderRouter } from "./support/announced";
import { Weft } from "./support/weft";

test("a new name and a room are shown on the map, in the table and by the API", async ({ page }) => {
  const weft = await Weft.demo();
  try {
    await open(page, weft);
    const { nodes } = await topology(weft);
    const node = nodes.find(({ name }) => name === "Garage door sensor")!;
    await device(page, nameOf(node)).press("Enter");
    await details(page).getByRole("button", { name: "Rename Garage door sensor" }).click();
    await details(page).getByRole("textbox", { name: "Name" }).fill("Roller shutter");
    await details(page).getByRole("button", { name: "Rename", exact: true }).click();
    await expect(device(page, "Roller shutter")).toBeVisible();
    await expect(details(page).getByRole("heading", { level: 2 })).toContainText("Roller shutter");

    await details(page).getByText("Room, note and place").click();
    await details(page).getByRole("combobox", { name: "Room" }).fill("Carport");
    await details(page).getByRole("button", { name: "Keep", exact: true }).click();
    await expect(device(page, "Roller shutter")).toHaveAttribute("aria-label", /in Carport/);
    const now = async () => (await topology(weft)).nodes.find(({ id }) => id === node.id)!;
    await expect.poll(async () => [(await now()).name, (await now()).room]).toEqual(["Roller shutter", "Carport"]);

    await go(page, "Table");
    const row = page.getByRole("row", { name: /Roller shutter/ });
    await expect(row).toContainText("Carport");
    await expect(page.getByRole("grid")).not.toContainText("Garage door sensor");
    // Whoever looks it up by its old name's room finds it by the new one.
    await page.keyboard.press("/");
    await page.keyboard.type("carport");
    await expect(page.getByRole("listbox", { name: "Found" }).getByRole("option")).toContainText(["Roller shutter"]);
  } finally {
    await page.close();
    await weft.stop();
  }
});

test("a finding is muted with a reason, stays listed, and is unmuted again", async ({ page }) => {
  const weft = await Weft.demo("--at", LATE);
  try {
    await open(page, weft, "findings");
    const [finding] = (await topology(weft)).findings;
    const card = page.getByRole("article", { name: finding!.title });
    await card.getByRole("button", { name: "Mute" }).click();
    await card.getByRole("textbox").fill("The letterbox is far away");
    await card.getByRole("button", { name: "Mute it" }).click();
    const muted = page.getByRole("group").filter({ has: page.getByRole("heading", { name: /^Muted/ }) });
    await expect(muted).toContainText("The letterbox is far away");
    const now = async () => (await topology(weft)).findings.find(({ id }) => id === finding!.id)?.muted;
    await expect.poll(async () => (await now())?.reason).toBe("The letterbox is far away");
    await expect(page.getByRole("link", { name: /^Findings/ })).not.toContainText("warning");
    await muted.getByRole("button", { name: "Unmute" }).click();
    await expect(card.getByRole("button", { name: "Mute" })).toBeVisible();
    await expect.poll(now).toBeNull();
  } finally {
    await page.close();
    await weft.stop();
  }
});

test("a name outlives the service", async () => {
  test.setTimeout(90_000);
  const lan = Lan.make();
  test.skip(typeof lan === "string", String(lan));
  if (typeof lan === "string") return;
  const data = mkdtempSync(join(tmpdir(), "weft-e2e-data-"));
  const serve = (): Promise<Weft> => Weft.start(["serve", "--listen", "127.0.0.1:0", "--data", data, "--no-matter"], lan.here);
  let weft: Weft | null = null;
  const browser = await chromium.launch({ executablePath: lan.browser(), args: ["--no-sandbox"] });
  try {
    lan.announce("hall", [borderRouter({ name: "Hall hub", network: "home" })]);
    weft = await serve();
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    const faults = watch(page);
    await page.goto(`${weft.address}/#/table`);
    await page.getByRole("row", { name: /Hall hub/ }).click();
    await details(page)
      .getByRole("button", { name: /^Rename/ })
      .click();
    await details(page).getByRole("textbox", { name: "Name" }).fill("Lighthouse");
    await details(page).getByRole("button", { name: "Rename", exact: true }).click();
    await expect(page.getByRole("row", { name: /Lighthouse/ })).toBeVisible();
    expect(faults).toEqual([]);
    await weft.stop();
    weft = await serve();
    await page.goto(`${weft.address}/#/map`);
    await expect(map(page).getByRole("button", { name: /Lighthouse/ })).toBeVisible();
    await expect(map(page).getByRole("button", { name: /Hall hub/ })).toHaveCount(0);
  } finally {
    await browser.close();
    await weft?.stop();
    lan.remove();
    rmSync(data, { recursive: true, force: true });
  }
});
