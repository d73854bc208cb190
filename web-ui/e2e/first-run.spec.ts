/** The first minutes: nothing is known, then border routers announce themselves, then they say goodbye. */

import { type Browser, chromium, type Page } from "@playwright/test";
import { borderRouter, matterDevice } from "./support/announced";
import { Lan } from "./support/namespace";
import { barriers, expect, picture, test, watch } from "./support/page";
import { Weft } from "./support/weft";

test("an empty network, three border routers, two networks, goodbye", async () => {
  test.setTimeout(120_000);
  const lan = Lan.make();
  test.skip(typeof lan === "string", String(lan));
  if (typeof lan === "string") return;
  let weft: Weft | null = null;
  let browser: Browser | null = null;
  try {
    weft = await Weft.start(["serve", "--listen", "127.0.0.1:0", "--data", lan.scratch("data"), "--no-matter"], lan.here);
    browser = await chromium.launch({ executablePath: lan.browser(), args: ["--no-sandbox"] });
    const page: Page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    const faults = watch(page);
    await page.goto(weft.address);

    const guide = page.getByRole("complementary", { name: /border router/i });
    await expect(guide.getByRole("heading", { level: 2 })).toHaveText("No border router has answered yet.");
    await expect(guide).toContainText("Listening for border routers");
    await expect(guide).toContainText("What is needed");
    expect(await barriers(page)).toEqual([]);
    await picture(page, "first-run-empty");
    await guide.getByRole("button", { name: "Check the network" }).click();
    await expect(page.getByRole("heading", { level: 1, name: /network/i })).toBeVisible();
    await expect(page.getByRole("main")).toContainText("eth0");
    await page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: "Map" }).click();

    const ends = [
      lan.announce("hall", [borderRouter({ name: "Hall hub", network: "home" })]),
      lan.announce("attic", [borderRouter({ name: "Attic hub", network: "home" })]),
      lan.announce("shed", [borderRouter({ name: "Shed speaker", network: "guests", vendor: "Larkspur" })]),
      lan.announce("lamp", [matterDevice(1), matterDevice(2)]),
    ];
    await expect(guide.getByRole("heading", { level: 2 })).toHaveText("3 border routers are here. Their devices come next.", {
      timeout: 20_000,
    });
    await expect(guide).toContainText("Your border routers form 2 networks");
    for (const [name, network] of [
      ["Hall hub", "home"],
      ["Attic hub", "home"],
      ["Shed speaker", "guests"],
    ]) {
      const row = guide.getByRole("row", { name: new RegExp(name!) });
      await expect(row).toContainText(network!);
      await expect(row).toContainText("mDNS");
    }
    expect(await barriers(page)).toEqual([]);
    await picture(page, "first-run-found");

    // Everything that one announces, key by key, and whether those of its network agree.
    await guide.getByRole("button", { name: /Hall hub/ }).click();
    const details = page.getByRole("complementary", { name: "Details" });
    await expect(details.getByRole("region", { name: /What it announces/ })).toContainText("home");
    await expect(details.getByRole("region", { name: /Do its border routers agree/ })).toBeVisible();
    await picture(page, "border-router");
    await details.getByRole("button", { name: "Close details" }).click();

    for (const end of ends) end();
    const present = async (): Promise<number> => (await topologyWithin(page)).filter(({ state }) => state !== "gone").length;
    await expect.poll(present, { timeout: 20_000 }).toBe(0);
    await expect(guide.getByRole("heading", { level: 2 })).toHaveText("No border router has answered yet.");
    expect(faults).toEqual([]);
  } finally {
    await browser?.close();
    await weft?.stop();
    lan.remove();
  }
});

/** Border routers of the API, asked from within Weft's network namespace. */
const topologyWithin = (page: Page): Promise<{ state: string }[]> =>
  page.evaluate(async () => {
    const { nodes } = (await (await fetch("/api/v1/topology?claims=none")).json()) as {
      nodes: { border_router: boolean; state: string }[];
    };
    return nodes.filter((node) => node.border_router);
  });
