/** What is shown, as a file: every format is what it says it is, and the anonymous one names nobody. */

import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import type { Topology } from "../src/api/types";
import { expect, open, test, topology } from "./support/page";

const FORMATS = ["SVG", "PNG", "JSON", "GraphML", "DOT", "CSV"];

/** Saves by the dialog; the page says so. */
async function save(page: Page, format: string): Promise<{ name: string; body: Buffer }> {
  const dialog = page.getByRole("dialog", { name: "Export" });
  await dialog.getByText(format, { exact: true }).click();
  const [file] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("button", { name: `Save ${format}` }).click()]);
  await expect(dialog.getByRole("status")).toContainText(`Saved ${file.suggestedFilename()}`);
  return { name: file.suggestedFilename(), body: readFileSync(await file.path()) };
}

/** What the browser's own parser says is wrong; null where it is well-formed. */
const faultOfXml = (page: Page, text: string): Promise<string | null> =>
  page.evaluate((xml) => new DOMParser().parseFromString(xml, "application/xml").querySelector("parsererror")?.textContent ?? null, text);

test("each format is saved, well-formed, and has every device", async ({ page, demo }) => {
  await open(page, demo);
  await page.getByRole("button", { name: "Export", exact: true }).click();
  const { nodes } = await topology(demo);
  const escaped = (text: string): string => text.replaceAll("&", "&amp;");
  for (const format of FORMATS) {
    const { name, body } = await save(page, format);
    expect(name).toMatch(new RegExp(`\\.${format.toLowerCase()}$`));
    const text = body.toString("utf8");
    if (format === "PNG") {
      expect(body.subarray(0, 8).toString("hex")).toBe("89504e470d0a1a0a");
      expect(body.readUInt32BE(16)).toBeGreaterThan(600);
      expect(body.readUInt32BE(20)).toBeGreaterThan(300);
      continue;
    }
    if (format === "SVG" || format === "GraphML") expect(await faultOfXml(page, text), format).toBeNull();
    if (format === "JSON")
      expect((JSON.parse(text) as Topology).nodes.map(({ id }) => id).sort()).toEqual(nodes.map(({ id }) => id).sort());
    if (format === "DOT") expect(text).toMatch(/^(strict )?(di)?graph /);
    if (format === "CSV") expect(text.trim().split(/\r?\n/)).toHaveLength(nodes.length + 1);
    for (const { name: called } of nodes)
      expect(text, `${format} names ${called}`).toContain(format === "SVG" || format === "GraphML" ? escaped(called!) : called!);
  }
});

test("the anonymous export holds no name and no address of the API", async ({ page, demo }) => {
  await open(page, demo);
  await page.getByRole("button", { name: "Export", exact: true }).click();
  await page.getByRole("dialog").getByText("Remove names and replace addresses").click();
  const { nodes, networks } = await topology(demo);
  const secrets = [
    ...nodes.flatMap((node) => [
      node.name,
      node.extended_address,
      node.known_as.eui64,
      node.known_as.border_agent_id,
      ...node.addresses,
      ...node.known_as.hosts,
    ]),
    ...networks.flatMap((network) => [network.name, network.extended_pan_id]),
  ].filter((one): one is string => Boolean(one));
  expect(secrets.length).toBeGreaterThan(100);
  for (const format of FORMATS.filter((one) => one !== "PNG")) {
    const text = (await save(page, format)).body.toString("utf8").toLowerCase();
    expect(text.length).toBeGreaterThan(500);
    expect(
      secrets.filter((secret) => text.includes(secret.toLowerCase())),
      format,
    ).toEqual([]);
  }
});

test("an export of a moment of the past is of that moment", async ({ page, demo }) => {
  const { oldest_at } = await demo.get<{ oldest_at: string }>("/api/v1/timeline?buckets=1");
  const at = new Date(Date.parse(oldest_at) + 600_000).toISOString();
  await open(page, demo, "map", `?at=${encodeURIComponent(at)}`);
  await page.getByRole("button", { name: "Export", exact: true }).click();
  await expect(page.getByRole("dialog")).toContainText("as it is shown");
  const { body } = await save(page, "JSON");
  expect(Date.parse((JSON.parse(body.toString("utf8")) as Topology).as_of)).toBeLessThanOrEqual(Date.parse(at));
});

test("the report of a fault is an archive", async ({ page, demo }) => {
  await open(page, demo);
  await page.getByRole("button", { name: "Export", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Export" });
  await dialog.getByText("Report of a fault").click();
  const [file] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("button", { name: "Save the report" }).click()]);
  expect(
    readFileSync(await file.path())
      .subarray(0, 2)
      .toString("hex"),
  ).toBe("1f8b");
});
