/** Ways to whole networks: what opens them is entered, judged, kept and forgotten, and never shown. */

import { type Browser, chromium } from "@playwright/test";
import { borderRouter } from "./support/announced";
import { Lan } from "./support/namespace";
import { barriers, expect, picture, test, watch } from "./support/page";
import { Weft } from "./support/weft";

/** A made-up dataset of the network that {@link borderRouter} announces as "home": timestamp, channel, extended PAN ID, name, keys, prefix, PAN id. */
const dataset = (extendedPanId: string): string =>
  `0e080000000000010000000300000f0208${extendedPanId}0304686f6d65` +
  "0410aabbccddeeff00112233445566778899051000112233445566778899aabbccddeeff0708fdf01cc8d6f8f4f001021234";

test("a network is opened by its dataset, and forgotten again", async () => {
  test.setTimeout(120_000);
  const lan = Lan.make();
  test.skip(typeof lan === "string", String(lan));
  if (typeof lan === "string") return;
  let weft: Weft | null = null;
  let browser: Browser | null = null;
  try {
    weft = await Weft.start(["serve", "--listen", "127.0.0.1:0", "--data", lan.scratch("data"), "--no-matter"], lan.here);
    const announced = borderRouter({ name: "Hall hub", network: "home" });
    lan.announce("hall", [announced]);
    browser = await chromium.launch({ executablePath: lan.browser(), args: ["--no-sandbox"] });
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    const faults = watch(page);
    await page.goto(`${weft.address}/#/networks`);

    // The border router is a way in as soon as it is announced, and says what it lacks.
    const home = page.getByRole("region", { name: "home", exact: true });
    const way = home.getByRole("listitem").filter({ hasText: "Hall hub" }).first();
    await expect(way).toContainText("Needs a credential", { timeout: 20_000 });
    expect(await barriers(page)).toEqual([]);
    await picture(page, "networks-closed");

    // A digit that does not fit is told before anything is sent.
    await way.getByRole("button", { name: /Enter passcode/ }).click();
    await way.getByRole("textbox").fill("123 456 789");
    await expect(way).toContainText("One of its digits is wrong");
    await expect(way.getByRole("button", { name: "Enter", exact: true })).toBeDisabled();
    await way.getByRole("button", { name: "Cancel" }).click();

    // What is no dataset is refused in words, and not repeated.
    const form = page.getByRole("heading", { name: "Open a network" }).locator("..");
    const field = form.getByRole("textbox");
    await field.fill("0e080000000000010000");
    await form.getByRole("button", { name: "Open" }).click();
    await expect(form.getByRole("alert")).toContainText(/dataset/i);
    // It stays, to be mended, and cannot be read by who looks over a shoulder.
    await expect(field).toHaveValue("0e080000000000010000");

    const { hex } = announced.txt.xp as { hex: string };
    await field.fill(dataset(hex));
    await expect(form).toContainText("looks like a dataset");
    await form.getByRole("button", { name: "Open" }).click();
    await expect(form.getByRole("status")).toContainText("Kept");
    await expect(home).toContainText("credential entered by hand");
    expect(await page.content()).not.toContain("00112233445566778899aabbccddeeff");
    // Nobody is behind the announcement: the attempt says so, and the page goes on.
    await expect(way).toContainText(/Does not answer|Being tried/, { timeout: 40_000 });
    expect(await barriers(page)).toEqual([]);
    await picture(page, "networks-open");

    await home.getByRole("button", { name: "Forget" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Forget" }).click();
    await expect(home).toContainText("No credential of this network is kept");
    // The refusal above is the browser's only complaint.
    expect(faults.filter((fault) => !/400/.test(fault))).toEqual([]);
  } finally {
    await browser?.close();
    await weft?.stop();
    lan.remove();
  }
});
