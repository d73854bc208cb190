import { defineConfig } from "@playwright/test";
import { existsSync } from "node:fs";

/** Debian's browser; the one that Playwright would download is not needed. */
const browser = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  (path) => path && existsSync(path),
);
const out = process.env.WEFT_OUT ?? "../target/web-ui";

export default defineConfig({
  testDir: "e2e",
  outputDir: `${out}/test-results`,
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  forbidOnly: Boolean(process.env.CI),
  use: {
    browserName: "chromium",
    actionTimeout: 10_000,
    viewport: { width: 1400, height: 900 },
    // Words for moments are the same wherever the tests run.
    locale: "en-GB",
    timezoneId: "UTC",
    trace: "retain-on-failure",
    launchOptions: { ...(browser ? { executablePath: browser } : {}), args: ["--no-sandbox"] },
  },
});
