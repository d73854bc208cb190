/** The radio dongle, with OpenThread's own RCP program behind a serial port, on the air of a real OpenThread mesh. */

import type { Locator, Page } from "@playwright/test";
import type { DongleView } from "../src/api/types";
import { Air, MESH } from "./support/air";
import { barriers, details, expect, go, open, picture, test, topology } from "./support/page";
import { Weft } from "./support/weft";

const card = (page: Page, name: string | RegExp): Locator => page.getByRole("region", { name });
const sideways = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const main = document.querySelector("main")!;
    return Math.max(main.scrollWidth - main.clientWidth, document.documentElement.scrollWidth - document.documentElement.clientWidth);
  });

test.describe("without a dongle", () => {
  test.use({ provoked: /501 .*dongle/ });

  test("it says what to buy, to flash and to start, and offers nothing that does nothing", async ({ page, demo }) => {
    await open(page, demo, "sources");
    await page.getByRole("main").getByRole("button", { name: "Radio" }).click();
    const main = page.getByRole("main");
    await expect(main.getByRole("heading", { level: 1 })).toHaveText("Radio");
    await expect(main).toContainText("weft serve --dongle auto");
    await expect(main).toContainText("OpenThread’s RCP firmware");
    for (const words of [/Scan/, /Join/, /Listen/]) await expect(main.getByRole("button", { name: words })).toHaveCount(0);
    expect(await barriers(page)).toEqual([]);
  });
});

test("a dongle is watched, scans, listens elsewhere, takes part in a mesh, and leaves it", async ({ page }) => {
  test.setTimeout(420_000);
  const air = Air.make();
  test.skip(typeof air === "string", String(air));
  if (typeof air === "string") return;
  let weft: Weft | null = null;
  try {
    const leader = await air.node(1, "leader");
    await air.node(2, "sleepy");
    const { port, unplug } = await air.dongle();
    weft = await Weft.start([
      ...["serve", "--listen", "127.0.0.1:0", "--no-mdns", "--no-matter", "--data", air.scratch("data")],
      // Not where the mesh is.
      ...["--dongle", port, "--channel", "15"],
    ]);
    const service = weft;
    const dongle = (): Promise<DongleView> => service.get<DongleView>("/api/v1/dongle");
    await page.goto(`${weft.address}/#/sources`);
    await page
      .getByRole("listitem")
      .filter({ hasText: "Listens to the radio itself" })
      .getByRole("button", { name: /^Radio/ })
      .click();

    // What it is, and where it listens.
    const state = card(page, /^Listens on channel/);
    await expect(state).toContainText("Listens on channel 15");
    await state.getByText("Port and firmware").click();
    await expect(state).toContainText(port);
    await expect(state).toContainText(/OPENTHREAD/);
    await expect(state).toContainText(`${(await dongle()).protocol} (RCP API ${(await dongle()).rcp_api})`);
    const mesh = card(page, "Taking part");
    await expect(mesh).toContainText("no network’s key");
    await expect(mesh.getByRole("button", { name: "Join…" })).toHaveCount(0);
    expect(await barriers(page)).toEqual([]);
    await picture(page, "radio-listening");

    // One button scans; it says that it is deaf, tells how far it is, and ends with a table. The focus stays where it was.
    const channels = card(page, "Channels");
    await expect(channels).toContainText("deaf on channel 15, for about 48 s");
    await channels.getByLabel("How long on each channel").selectOption("1000");
    const scan = channels.getByRole("button", { name: /^Scan/ });
    await scan.click();
    await expect(channels.getByRole("progressbar")).toBeVisible();
    await expect(channels.getByRole("status").first()).toHaveText("Scanning the channels, deaf on channel 15 meanwhile.");
    await expect(channels.getByText(/Channel \d+: \d+ of 16 done/)).toBeVisible();
    await expect(page.getByRole("heading", { name: "Scans the channels" })).toBeVisible();
    await picture(page, "radio-scanning");
    await expect(channels.getByRole("status").first()).toContainText(`Thread frames were heard on channel ${MESH.channel}.`, {
      timeout: 40_000,
    });
    await expect(scan).toBeFocused();
    await expect(channels.getByRole("row")).toHaveCount(17);
    const row = channels.getByRole("row").filter({ has: page.getByRole("rowheader", { name: new RegExp(`^${MESH.channel}`) }) });
    await expect(row).toContainText(MESH.panId);
    await expect(channels.getByRole("row").filter({ hasText: "ours" }).getByRole("rowheader")).toContainText("15");
    await expect(state).toContainText("Listens on channel 15");

    // From the table to the channel of the mesh.
    await row.getByRole("button", { name: `Listen on channel ${MESH.channel}` }).click();
    await expect(state).toContainText(`Listens on channel ${MESH.channel}`);
    await expect(channels.getByRole("heading", { level: 2 })).toBeFocused();
    await expect(row).toContainText("ours");
    // … and by the form: elsewhere, and back.
    await channels.getByLabel("Listen on", { exact: true }).selectOption("26");
    await channels.getByRole("button", { name: "Listen", exact: true }).click();
    await expect(state).toContainText("Listens on channel 26");
    await channels.getByLabel("Listen on", { exact: true }).selectOption(String(MESH.channel));
    await channels.getByRole("button", { name: "Listen", exact: true }).click();
    await expect(state).toContainText(`Listens on channel ${MESH.channel}`);

    // What it hears is drawn, and what it alone knows is told, and found.
    await expect.poll(async () => (await dongle()).frames_per_second, { timeout: 20_000 }).toBeGreaterThan(0);
    await expect(state.locator("path.line")).toHaveAttribute("d", /H/);
    await expect(state).toContainText("nothing: it has no key for what it hears");
    const alone = card(page, "What only the dongle knows");
    await expect(alone).toContainText(/\d+ devices/, { timeout: 60_000 });
    await alone.getByRole("button", { name: "Which ones?" }).click();
    await expect(alone.getByRole("listitem").filter({ has: page.getByRole("button") })).not.toHaveCount(0);
    await alone.getByRole("button", { name: "All it hears" }).click();
    await expect(page.getByRole("button", { name: "Heard by the dongle" })).toHaveAttribute("aria-pressed", "true");
    const heard = async (): Promise<number> => (await topology(service)).nodes.filter((node) => node.heard_by_dongle).length;
    await expect.poll(heard).toBeGreaterThan(0);
    await expect(page.getByRole("grid").getByRole("row")).toHaveCount((await heard()) + 1);

    // The key, entered under Ways in, opens frames at once.
    await go(page, "Radio");
    await mesh.getByRole("button", { name: "Ways in" }).click();
    const form = page.getByRole("heading", { name: "Open a network" }).locator("..");
    await form.getByRole("textbox").fill(MESH.dataset);
    await form.getByRole("button", { name: "Open" }).click();
    await expect(form.getByRole("status")).toContainText("Kept");
    await go(page, "Radio");
    await expect(state).toContainText(`frames of ${MESH.name}`, { timeout: 20_000 });

    // Before it joins, it says what that means; who does not want it is where he was.
    const join = mesh.getByRole("button", { name: "Join…" });
    await expect(mesh).toContainText(MESH.name);
    await join.click();
    const dialog = page.getByRole("dialog", { name: `Join ${MESH.name}?` });
    for (const words of ["child’s place", "once a minute", "frames an hour", "hears only what is addressed to it", "Leave"])
      await expect(dialog).toContainText(words);
    expect(await barriers(page)).toEqual([]);
    await picture(page, "radio-join");
    await page.keyboard.press("Escape");
    await expect(dialog).toBeHidden();
    await expect(join).toBeFocused();
    expect((await dongle()).node ?? null).toBeNull();

    await join.click();
    await dialog.getByRole("button", { name: "Join", exact: true }).click();
    await expect(dialog).toBeHidden();
    await expect(mesh.getByRole("heading", { level: 2 })).toBeFocused();
    await expect(mesh.getByRole("status")).toHaveText("In the mesh", { timeout: 60_000 });
    const { node } = await dongle();
    expect(await leader.children()).toContain(node!.extended_address);
    expect(node!.parent).toBe(await leader.extendedAddress());
    await expect(mesh).toContainText(node!.rloc16!);
    await expect(mesh).toContainText(String(node!.partition_id));
    const fromHere = mesh.getByRole("table", { name: /^Routers that answered/ });
    await expect(fromHere.getByRole("row").filter({ hasText: "its parent" })).toContainText(await leader.rloc16());
    // The parent by its place on the map.
    const parent = (await topology(service)).nodes.find(({ extended_address }) => extended_address === node!.parent)!;
    await mesh.getByRole("definition").first().getByRole("button").click();
    await expect(page).toHaveURL(new RegExp(`node=${parent.id}`));
    await mesh.getByRole("definition").last().getByRole("button", { name: "Weft (this dongle)" }).click();
    await expect(details(page).getByRole("heading", { level: 2 })).toContainText("Weft (this dongle)");
    await expect(details(page).getByRole("heading", { name: /^Weft 1/ })).toBeVisible();
    await picture(page, "radio-itself");
    await details(page).getByRole("button", { name: "Close details" }).click();
    await expect(channels).toContainText("Leave the mesh first");
    await expect(channels.getByRole("button", { name: /^Scan/ })).toHaveCount(0);
    expect(await barriers(page)).toEqual([]);
    await picture(page, "radio-joined");
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await barriers(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: "light" });

    // Everything fits on a phone.
    await page.setViewportSize({ width: 360, height: 780 });
    await expect(fromHere).toBeVisible();
    expect(await sideways(page)).toBe(0);
    await picture(page, "radio-phone");
    await page.setViewportSize({ width: 1400, height: 900 });

    await mesh.getByRole("button", { name: "Leave the mesh" }).click();
    await expect(join).toBeVisible({ timeout: 30_000 });
    await expect(mesh.getByRole("heading", { level: 2 })).toBeFocused();
    await expect(state).toContainText(`Listens on channel ${MESH.channel}`);
    // A router looks through its children once a second.
    await expect.poll(() => leader.children()).not.toContain(node!.extended_address);

    // Pulled out: it says so, and offers nothing that does nothing.
    unplug();
    const missing = card(page, "Not there");
    await expect(missing).toContainText(/not plugged in|no port/, { timeout: 20_000 });
    await expect(missing).toContainText("Last error");
    for (const words of [/^Scan/, /^Listen/, /^Join/])
      await expect(page.getByRole("main").getByRole("button", { name: words })).toHaveCount(0);
    expect(await barriers(page)).toEqual([]);
    await picture(page, "radio-absent");
  } finally {
    await weft?.stop();
    air.remove();
  }
});
