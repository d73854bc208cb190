/** Recordings of real programs: the page shows every device that the API knows, and the browser complains of nothing. */

import { readFileSync } from "node:fs";
import type { Topology } from "../src/api/types";
import { nameOf } from "../src/words/words";
import { expect, go, map, open, test, topology } from "./support/page";
import { Weft, project } from "./support/weft";

for (const name of ["home44-lan", "home44-all", "otbr-lan"]) {
  test(`every device of ${name} is shown`, async ({ page }) => {
    const golden = JSON.parse(readFileSync(project("fixtures", name, "topology.json"), "utf8")) as Topology;
    const weft = await Weft.replay(project("fixtures", name, "recording.jsonl.gz"), "--speed", "1000");
    try {
      await open(page, weft);
      // The recording comes to its end while the page looks.
      await expect.poll(async () => (await topology(weft)).nodes.length, { timeout: 30_000 }).toBe(golden.nodes.length);
      const { nodes } = await topology(weft);
      const said = (): Promise<string[]> =>
        map(page)
          .getByRole("button")
          .evaluateAll((all) => all.map((one) => one.getAttribute("aria-label") ?? ""));
      const missing = async (): Promise<string[]> => {
        const labels = await said();
        const { nodes: known } = await topology(weft);
        // What is far is one card for all its devices: those outside all networks have one, too.
        const isCard = labels.some((label) => label.startsWith("Outside all networks, "));
        return known
          .filter(({ network }) => network || !isCard)
          .map(nameOf)
          .filter((name) => !labels.some((label) => label.startsWith(`${name}, `)));
      };
      await expect.poll(missing, "names of devices that are not on the map").toEqual([]);
      await go(page, "Table");
      const grid = page.getByRole("grid", { name: "devices" });
      await expect(grid).toHaveAttribute("aria-rowcount", String(nodes.length + 1));
      for (const view of ["Findings", "Changes", "Coverage", "Sources", "Settings"]) {
        await go(page, view);
        await expect(page.getByRole("main").getByRole("heading").first()).toBeVisible();
      }
    } finally {
      await page.close();
      await weft.stop();
    }
  });
}
