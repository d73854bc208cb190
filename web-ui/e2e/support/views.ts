/** Every view of the page, and what must be done to see all of it. */

import type { Page } from "@playwright/test";
import { details, expect, open, topology } from "./page";
import type { Weft } from "./weft";

/** A view with a name for its picture. */
export interface View {
  name: string;
  /** Shows it. */
  show: (page: Page, weft: Weft) => Promise<void>;
}

const table = (name: string, tab: string): View => ({
  name,
  show: async (page, weft) => {
    await open(page, weft, "table");
    await page.getByRole("tab", { name: tab }).click();
    await expect(page.getByRole("grid").or(page.getByRole("tabpanel").getByRole("listitem")).first()).toBeVisible();
  },
});

const plain = (view: string, heading: string | RegExp): View => ({
  name: view,
  show: async (page, weft) => {
    await open(page, weft, view);
    await expect(page.getByRole("main").getByRole("heading", { name: heading }).first()).toBeVisible();
  },
});

/** All views that a running service with a mesh has; first run and the locked page need services of their own. */
export const VIEWS: readonly View[] = [
  { name: "map", show: (page, weft) => open(page, weft) },
  {
    name: "map-selected",
    show: async (page, weft) => {
      const { nodes } = await topology(weft);
      const child = nodes.find(({ parent }) => parent)!;
      await open(page, weft, "map", `?node=${child.id}`);
      await expect(details(page).getByRole("region", { name: "Why do we believe this?" }).getByRole("listitem").first()).toBeVisible();
    },
  },
  {
    name: "border-router",
    show: async (page, weft) => {
      const router = (await topology(weft)).nodes.find((node) => node.border_router)!;
      await open(page, weft, "map", `?node=${router.id}`);
      await expect(
        details(page)
          .getByRole("region", { name: /What it announces/ })
          .getByRole("listitem")
          .first(),
      ).toBeVisible();
    },
  },
  {
    name: "link",
    show: async (page, weft) => {
      const [link] = (await topology(weft)).links;
      await open(page, weft, "map", `?link=${encodeURIComponent(link!.id)}`);
      await expect(
        details(page)
          .getByRole("region", { name: /Why do we believe/ })
          .getByRole("listitem")
          .first(),
      ).toBeVisible();
    },
  },
  table("table-devices", "Devices"),
  table("table-links", "Links"),
  table("table-border-routers", "Border routers"),
  table("table-networks", "Networks"),
  plain("findings", "Findings"),
  {
    name: "changes",
    show: async (page, weft) => {
      await open(page, weft, "changes");
      await expect(page.getByRole("complementary", { name: "Changes" }).getByRole("listitem").first()).toBeVisible();
    },
  },
  {
    name: "comparison",
    show: async (page, weft) => {
      await open(page, weft, "changes");
      const panel = page.getByRole("complementary", { name: "Changes" });
      await panel.getByRole("button", { name: "Oldest kept" }).click();
      await expect(panel.getByRole("heading", { name: "Unchanged" })).toBeVisible();
    },
  },
  {
    name: "past",
    show: async (page, weft) => {
      const { events } = await weft.get<{ events: { kind: string; at: string }[] }>("/api/v1/timeline");
      const split = events.find(({ kind }) => kind === "split") ?? events[0]!;
      await open(page, weft, "map", `?at=${encodeURIComponent(new Date(Date.parse(split.at) + 1_000).toISOString())}`);
      await expect(page.getByRole("region", { name: "Notices" })).toContainText("Showing");
      await expect(
        page
          .getByRole("group", { name: /^Map of/ })
          .getByRole("button")
          .first(),
      ).toBeVisible();
    },
  },
  {
    name: "coverage",
    show: async (page, weft) => {
      await open(page, weft, "coverage");
      await expect(page.getByRole("heading", { name: /What to do next/ })).toBeVisible();
    },
  },
  plain("devices", "Add devices"),
  plain("networks", "Ways in"),
  plain("radio", "Radio"),
  plain("sources", "Sources"),
  plain("check", /network/i),
  plain("settings", "Settings"),
  {
    name: "export",
    show: async (page, weft) => {
      await open(page, weft);
      const button = page.getByRole("button", { name: "Export", exact: true });
      if (!(await button.isVisible())) await page.getByRole("button", { name: "More" }).click();
      await button.click();
      await expect(page.getByRole("dialog", { name: "Export" })).toBeVisible();
    },
  },
  {
    name: "shortcuts",
    show: async (page, weft) => {
      await open(page, weft);
      await page.locator("body").press("?");
      await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
    },
  },
  {
    name: "search",
    show: async (page, weft) => {
      await open(page, weft);
      const button = page.getByRole("button", { name: "Search" });
      if (await button.isVisible()) await button.click();
      await page.getByRole("combobox", { name: /^Search/ }).fill("garage");
      await expect(page.getByRole("option").first()).toBeVisible();
    },
  },
];
