/** The map: everything is there, can be found, selected, explained and walked by keyboard; and it holds still. */

import type { Page } from "@playwright/test";
import type { NodeAnswer, Positions } from "../src/api/types";
import { nameOf } from "../src/words/words";
import { details, device, expect, map, open, test, topology } from "./support/page";
import { Weft } from "./support/weft";

const labels = (page: Page): Promise<string[]> =>
  map(page)
    .getByRole("button")
    .evaluateAll((all) => all.map((one) => one.getAttribute("aria-label") ?? ""));

test("every device of the API is a button that says its name and its parent", async ({ page, demo }) => {
  await open(page, demo);
  const { nodes } = await topology(demo);
  const said = await labels(page);
  expect(said).toHaveLength(nodes.length);
  const names = new Map(nodes.map((node) => [node.id, nameOf(node)]));
  for (const node of nodes) {
    const mine = said.find((label) => label.startsWith(`${nameOf(node)}, `));
    expect(mine, nameOf(node)).toBeDefined();
    if (node.parent) expect(mine).toContain(`parent ${names.get(node.parent.node)}`);
  }
});

test("search finds a device, and its details say who its parent is and why", async ({ page, demo }) => {
  await open(page, demo);
  await page.keyboard.press("/");
  await page.keyboard.type("garage");
  const found = page.getByRole("listbox", { name: "Found" });
  await expect(found.getByRole("option")).toHaveText([/Garage/, /Garage/, /Garage/]);
  await page.keyboard.type(" door");
  await expect(found.getByRole("option")).toHaveCount(1);
  await page.keyboard.press("Enter");
  await expect(device(page, "Garage door sensor")).toHaveAttribute("aria-pressed", "true");

  const { nodes } = await topology(demo);
  const node = nodes.find(({ name }) => name === "Garage door sensor")!;
  const parent = nodes.find(({ id }) => id === node.parent!.node)!;
  const panel = details(page);
  await expect(panel.getByRole("heading", { level: 2 })).toContainText(nameOf(node));
  await expect(panel.getByRole("region", { name: "Parent" })).toContainText(nameOf(parent));
  for (const reason of node.parent!.reasons) await expect(panel.getByRole("region", { name: "Parent" })).toContainText(reason);
  await expect(panel.getByRole("region", { name: /border router/i }).first()).toBeVisible();

  const why = panel.getByRole("region", { name: "Why do we believe this?" });
  const { evidence } = await demo.get<NodeAnswer>(`/api/v1/nodes/${node.id}`);
  await expect(why.getByRole("heading", { name: "Garage door sensor itself" })).toBeVisible();
  const raw = why.getByText("Raw data", { exact: false });
  await expect(raw).toContainText(String(evidence.captures.length));
  await raw.click();
  const newest = evidence.captures.at(-1) as { seq: number };
  const said = evidence.explained.find(({ seq }) => seq === newest.seq)!;
  await why.getByText(`#${newest.seq}`, { exact: true }).last().click();
  const first = said.sections.flatMap(({ rows }) => rows)[0]!;
  await expect(why.getByRole("term").filter({ hasText: first.name }).first()).toBeVisible();
  await why.getByText("As recorded").click();
  await expect(why.locator("pre")).toContainText(`"seq": ${newest.seq}`);
});

test("the keyboard alone walks, selects, goes to the parent and round the links", async ({ page, demo }) => {
  await open(page, demo);
  const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.getAttribute("data-node") ?? "");
  for (let presses = 0; presses < 40 && !(await focused()); presses++) await page.keyboard.press("Tab");
  const first = await focused();
  expect(first, "Tab comes to the map").not.toBe("");
  const { nodes } = await topology(demo);
  // Somewhere in one of the four directions there is another device.
  const seen = new Set<string>([first]);
  for (const key of ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"]) {
    await page.keyboard.press(key);
    seen.add(await focused());
  }
  expect(seen.size).toBeGreaterThan(2);

  const child = nodes.find((node) => node.parent)!;
  await device(page, nameOf(child)).focus();
  await page.keyboard.press("Enter");
  await expect(details(page).getByRole("heading", { level: 2 })).toContainText(nameOf(child));
  await page.keyboard.press("p");
  await expect.poll(focused).toBe(child.parent!.node);
  await page.keyboard.press("l");
  await expect(page).toHaveURL(/[?&]link=/);
  await expect(details(page)).toContainText(nameOf(nodes.find(({ id }) => id === child.parent!.node)!));
  await page.keyboard.press("Escape");
  await expect(details(page)).toBeHidden();
});

test("filters say what they hide, and bring it back", async ({ page, demo }) => {
  await open(page, demo);
  const all = (await labels(page)).length;
  const hidden = page.getByText(/hidden by filters/);
  await page.getByRole("button", { name: "All", exact: true }).click();
  await expect(hidden).toBeHidden();
  await page.getByRole("button", { name: "End devices" }).click();
  await expect.poll(async () => (await labels(page)).length).toBeLessThan(all);
  const left = (await labels(page)).length;
  await expect(hidden).toContainText(`${all - left} devices`);
  await page.getByRole("button", { name: "Weak", exact: true }).click();
  await expect(hidden).toContainText(/and \d+ links? hidden/);
  await hidden.getByRole("button", { name: "Show" }).click();
  await expect(hidden).toBeHidden();
  expect(await labels(page)).toHaveLength(all);
});

test("the legend is there, in plain words, and comes back", async ({ page, demo }) => {
  await open(page, demo);
  const legend = page.getByRole("region", { name: "Legend" });
  for (const words of ["Border router", "Router", "Sleepy device", "to a child"])
    await expect(legend.getByText(words, { exact: true })).toBeVisible();
  await legend.getByRole("button", { name: "Close the legend" }).click();
  await expect(legend).toBeHidden();
  await page.getByRole("button", { name: "Legend" }).click();
  await expect(legend).toBeVisible();
});

test("the theme changes at once, and stays", async ({ page, demo }) => {
  await open(page, demo);
  const ground = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByRole("button", { name: /Change to light/ }).click();
  await page.getByRole("button", { name: /Change to dark/ }).click();
  await expect.poll(ground).not.toBe(light);
  const dark = await ground();
  await page.reload();
  await expect(page.getByRole("button", { name: /^Theme: dark/ })).toBeVisible();
  expect(await ground()).toBe(dark);
});

test("what changes in the mesh moves neither the view nor what did not change", async ({ page }) => {
  const weft = await Weft.demo("--speed", "3600");
  try {
    await open(page, weft);
    const places = (): Promise<Record<string, string>> =>
      map(page).evaluate((svg) => {
        const nodes = [...svg.querySelectorAll<SVGElement>("[data-node]")];
        const world = nodes[0]!.closest("g.world")!;
        return Object.fromEntries([
          ["view", `${svg.getAttribute("transform")} ${(svg as unknown as SVGElement).style.transform} ${world.getAttribute("transform")}`],
          ...nodes.map((node) => [node.dataset.node!, node.getAttribute("transform")!]),
        ]) as Record<string, string>;
      });
    const layout = async (): Promise<Positions> => (await weft.get<{ positions: Positions }>("/api/v1/layout")).positions;
    const parents = async (): Promise<string> =>
      (await labels(page))
        .map((label) => /^(.*?), .*?(parent .*)?$/.exec(label)?.slice(1).join())
        .sort()
        .join("\n");
    const before = { page: await places(), api: await layout(), parents: await parents() };
    await expect.poll(parents, { message: "something happens in the mesh", timeout: 30_000 }).not.toBe(before.parents);
    const after = { page: await places(), api: await layout() };
    expect(after.page.view).toBe(before.page.view);
    const still = Object.keys(before.page).filter((id) => {
      const [was, is] = [before.api.nodes[id], after.api.nodes[id]];
      return was && is && after.page[id] && was.x === is.x && was.y === is.y;
    });
    expect(still.length).toBeGreaterThan(30);
    for (const id of still) expect(after.page[id], id).toBe(before.page[id]);
  } finally {
    await page.close();
    await weft.stop();
  }
});
