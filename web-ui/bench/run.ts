/**
 * Measures the map and vis-network in headless Chromium with software rendering, and prints a table.
 *
 * npm run bench -- [devices,…] [own,vis]
 *
 * Frames a second depend on what else the machine does; milliseconds of processor time for a frame, of all processes of the browser together, do
 * so much less.
 */

import { existsSync, readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { gzipSync } from "node:zlib";
import { chromium, type CDPSession, type Page } from "playwright";
import { createServer } from "vite";

const GESTURE_MILLISECONDS = 2_500;
const EVENT_MILLISECONDS = 1_000 / 60;
const PATCHES = 12;
const VIEW = { width: 1280, height: 800 };

interface Motion {
  framesPerSecond: number;
  /** Milliseconds of processor time. */
  frame: number;
}

interface Row {
  renderer: string;
  devices: number;
  first: number;
  pan: Motion;
  zoom: Motion;
  patch: number;
  elements: number;
}

const given = (pattern: RegExp, otherwise: string): string[] => (process.argv.find((one) => pattern.test(one)) ?? otherwise).split(",");
const counts = given(/^\d+(,\d+)*$/, "44,300,5000,20000").map(Number);
const renderers = given(/^(own|vis)(,(own|vis))*$/, "own,vis");
const server = await createServer({ server: { port: 0 }, logLevel: "error" });
await server.listen();
const base = server.resolvedUrls?.local[0];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
const system = await browser.newBrowserCDPSession();
console.log(
  "renderer | devices | first picture ms | pan fps | pan CPU ms/frame | zoom fps | zoom CPU ms/frame | patch ms (median) | elements | load",
);
try {
  for (const devices of counts) for (const renderer of renderers) print(await measure(renderer, devices));
} finally {
  await browser.close();
  await server.close();
}
const page = "dist/app.js";
console.log(
  existsSync(page)
    ? `app.js: ${Math.round(gzipSync(readFileSync(page), { level: 9 }).length / 100) / 10} kB gzipped`
    : "app.js: not built; run `npm run build`",
);

function print(row: Row): void {
  const cells = [
    row.renderer,
    row.devices,
    row.first,
    row.pan.framesPerSecond,
    row.pan.frame,
    row.zoom.framesPerSecond,
    row.zoom.frame,
    row.patch,
    row.elements,
    loadavg()[0],
  ];
  console.log(cells.map((cell) => (typeof cell === "number" ? Math.round(cell * 10) / 10 : cell)).join(" | "));
}

async function measure(renderer: string, devices: number): Promise<Row> {
  const page = await browser.newPage({ viewport: VIEW });
  // The second visit: the first one waits for the development server to compile.
  for (let visit = 0; visit < 2; visit++) {
    await page.goto(`${base}bench.html?devices=${devices}&renderer=${renderer}`);
    await page.waitForFunction("window.bench !== undefined", undefined, { timeout: 120_000 });
  }
  const first = await page.evaluate<number>("window.bench.first");
  await page.waitForTimeout(1_500);
  const client = await page.context().newCDPSession(page);
  const before = await page.screenshot();
  const pan = await motion(page, () => drag(client));
  const moved = !before.equals(await page.screenshot());
  const zoom = await motion(page, () => wheel(client));
  const times: number[] = [];
  for (let round = 0; round < PATCHES; round++) times.push(await page.evaluate<number>(`window.bench.patch(${round})`));
  times.sort((one, other) => one - other);
  const elements = await page.evaluate<number>("window.bench.elements()");
  await page.close();
  if (!moved) throw new Error(`${renderer} with ${devices} devices: nothing moved while it was dragged, its frames mean nothing`);
  return { renderer, devices, first, pan, zoom, patch: times[PATCHES / 2] ?? NaN, elements };
}

/** What a gesture costs while it lasts. */
async function motion(page: Page, gesture: () => Promise<void>): Promise<Motion> {
  await page.evaluate(`(() => { window.frames_ = 0; window.counting = true; window.beganAt = performance.now();
    const count = () => { if (!window.counting) return; window.frames_++; requestAnimationFrame(count); }; requestAnimationFrame(count);
    window.endCount = () => { window.counting = false; return [window.frames_, performance.now() - window.beganAt]; }; })()`);
  const before = await processorMilliseconds();
  await gesture();
  const [count, milliseconds] = await page.evaluate<[number, number]>("window.endCount()");
  return { framesPerSecond: (count / milliseconds) * 1_000, frame: ((await processorMilliseconds()) - before) / count };
}

/** Processor time of all processes of the browser so far. */
async function processorMilliseconds(): Promise<number> {
  const { processInfo } = await system.send("SystemInfo.getProcessInfo");
  return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime * 1_000, 0);
}

async function steadily(send: (share: number) => Promise<unknown>): Promise<void> {
  const began = performance.now();
  for (let step = 1; ; step++) {
    const share = (performance.now() - began) / GESTURE_MILLISECONDS;
    if (share >= 1) return;
    await send(share);
    const wait = began + step * EVENT_MILLISECONDS - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

async function drag(client: CDPSession): Promise<void> {
  const mouse = (type: string, x: number, y: number) =>
    client.send("Input.dispatchMouseEvent", { type, x, y, button: "left", buttons: 1, clickCount: 1 } as never);
  await mouse("mousePressed", 640, 400);
  await steadily((share) => mouse("mouseMoved", 640 + 260 * Math.sin(share * 9), 400 + 160 * Math.sin(share * 7)));
  await mouse("mouseReleased", 700, 420);
}

async function wheel(client: CDPSession): Promise<void> {
  await steadily((share) =>
    client.send("Input.dispatchMouseEvent", { type: "mouseWheel", x: 640, y: 400, deltaX: 0, deltaY: share < 0.5 ? -22 : 22 } as never),
  );
}
