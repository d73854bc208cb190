/** Downloads that tell what went wrong in the page, instead of leaving it for a page of JSON. */

import { ApiError } from "../api/client";

/** Device pixels for one pixel of a picture. */
const SCALE = 2;
/** Browsers draw no larger pictures reliably. */
const MAX_SIDE_PIXELS = 8_192;

/** Fetches a file and hands it to the browser to save. */
export async function download(url: string, fallbackName: string): Promise<{ name: string; bytes: number }> {
  const response = await ask(url);
  const blob = await response.blob();
  return save(blob, fileName(response.headers.get("content-disposition")) ?? fallbackName);
}

/** Draws an SVG of the service's as PNG, twice as fine, and hands it to the browser to save. */
export async function downloadPng(svgUrl: string, fallbackName: string): Promise<{ name: string; bytes: number }> {
  // Asked first for its name, and for the reason where there is none: an image tells no reasons.
  const name = fileName((await ask(svgUrl)).headers.get("content-disposition"))?.replace(/\.svg$/, ".png") ?? fallbackName;
  const image = new Image();
  image.src = svgUrl;
  await image.decode();
  const canvas = document.createElement("canvas");
  const scale = Math.min(SCALE, MAX_SIDE_PIXELS / Math.max(image.naturalWidth, image.naturalHeight));
  canvas.width = Math.round(image.naturalWidth * scale);
  canvas.height = Math.round(image.naturalHeight * scale);
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((drawn) => canvas.toBlob(drawn, "image/png"));
  if (!blob) throw new ApiError(0, "The picture could not be drawn", "It may be too large for this browser. Take the SVG instead.");
  return save(blob, name);
}

async function ask(url: string): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: "same-origin" });
  } catch {
    throw new ApiError(0, "Weft does not answer", "The service was stopped, or the way to it is gone. Try again when it is back.");
  }
  if (response.ok) return response;
  const isJson = (response.headers.get("content-type") ?? "").includes("json");
  const said = (isJson ? await response.json().catch(() => ({})) : {}) as { title?: string; detail?: string };
  throw new ApiError(response.status, said.title ?? `The service answered ${response.status}`, said.detail ?? "It gave no reason.");
}

function save(blob: Blob, name: string): { name: string; bytes: number } {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  return { name, bytes: blob.size };
}

/** The name that the service proposes; never a path. */
export function fileName(disposition: string | null): string | null {
  const name = disposition
    ?.match(/filename="?([^";]+)"?/i)?.[1]
    ?.trim()
    .replace(/^.*[\\/]/, "");
  return name && !/^\.*$/.test(name) ? name : null;
}

/** "weft-2026-11-21-1432.svg": the moment in the reader's own time. */
export function proposedName(at: string | number, extension: string): string {
  const date = new Date(at);
  const two = (number: number): string => String(number).padStart(2, "0");
  return `weft-${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}-${two(date.getHours())}${two(date.getMinutes())}.${extension}`;
}
