/** Codes in whatever a person pastes: one or many, with labels, numbers and sentences around them. */

import { isSameDevice, readManual, readPayload, type Read, type SetupCode } from "./setup-code";

/** One thing in the text that is a code, or was meant as one. */
export interface FoundCode {
  /** What tells it from others and does not give it away. */
  masked: string;
  state: "good" | "wrong" | "duplicate";
  /** What is wrong, and what to do; null for good ones. */
  problem: string | null;
}

const SEPARATORS = " \u00a0\u2007\u2009\u202f\\-\u2010-\u2015\u2212";
const RUN = new RegExp(`[0-9${SEPARATORS}]+`, "g");
const BETWEEN = new RegExp(`[${SEPARATORS}]+`);
const PAYLOAD = /(?<![\p{L}\p{N}])MT:([A-Z0-9.\-*]*)/giu;
/** A line of digits and nothing else is meant as a code where it has so many of them. */
const MIN_DIGITS_OF_A_LINE = 8;
/** One number of so many digits is meant as a code, whatever stands around it. */
const MIN_DIGITS_OF_A_NUMBER = 10;
/** The service takes no more at once. */
const MAX_CODES = 500;

interface Candidate {
  masked: string;
  read: Read;
}

/** The last two digits of a manual code; nearly all QR codes end alike, so theirs is the discriminator that the device announces anyway. */
function maskedManual(digits: string): string {
  return `${"•".repeat(Math.max(0, Math.min(digits.length, 21) - 2))}${digits.slice(-2)}`;
}

function maskedPayload(read: Read): string {
  return read.ok ? `MT:•••• (discriminator ${read.code.discriminator})` : "MT:••••";
}

/** The first groups, when together they have so many digits. */
function together(groups: readonly string[], length: number): { taken: number; digits: string } | null {
  let digits = "";
  for (const [index, group] of groups.entries()) {
    digits += group;
    if (digits.length === length) return { taken: index + 1, digits };
    if (digits.length > length) return null;
  }
  return null;
}

function inRun(groups: readonly string[], isWholeLine: boolean): Candidate[] {
  const found: Candidate[] = [];
  let complaint: Candidate | null = null;
  let first = 0;
  while (first < groups.length) {
    let step = 1;
    for (const length of [21, 11]) {
      const match = together(groups.slice(first), length);
      if (!match) continue;
      const candidate = { masked: maskedManual(match.digits), read: readManual(match.digits) };
      if (candidate.read.ok) {
        found.push(candidate);
        step = match.taken;
        break;
      }
      complaint ??= candidate;
    }
    first += step;
  }
  if (found.length > 0) return found;
  if (complaint) return [complaint];
  const digits = groups.join("");
  const isMeant = (isWholeLine && digits.length >= MIN_DIGITS_OF_A_LINE) || groups.some((group) => group.length >= MIN_DIGITS_OF_A_NUMBER);
  return isMeant ? [{ masked: maskedManual(digits), read: readManual(digits) }] : [];
}

function inWords(text: string, isWholeLine: boolean): Candidate[] {
  return [...text.matchAll(RUN)].flatMap(([run]) => {
    const groups = run.split(BETWEEN).filter(Boolean);
    return inRun(groups, isWholeLine && run.length === text.length);
  });
}

/** A full stop or a dash may end the sentence, or be part of the payload. */
function payloads(body: string): Candidate[] {
  const parts = body.split("*");
  return parts.map((part, index) => {
    let read = readPayload(part);
    const trimmed = part.replace(/[.-]+$/, "");
    if (!read.ok && index === parts.length - 1 && trimmed !== part) {
      const without = readPayload(trimmed);
      if (without.ok) read = without;
    }
    return { masked: maskedPayload(read), read };
  });
}

function inLine(line: string): Candidate[] {
  const found: Candidate[] = [];
  let rest = 0;
  for (const match of line.matchAll(PAYLOAD)) {
    found.push(...inWords(line.slice(rest, match.index), false), ...payloads(match[1] ?? ""));
    rest = match.index + match[0].length;
  }
  return [...found, ...inWords(line.slice(rest), rest === 0)];
}

/** All codes of a text, in order. What looks like a code and is none is told in its place; what does not look like one is passed over. */
export function findCodes(text: string): FoundCode[] {
  const known: SetupCode[] = [];
  const found = text.split(/\r?\n/).flatMap((line) => inLine(line.trim()));
  return found.slice(0, MAX_CODES).map(({ masked, read }): FoundCode => {
    if (!read.ok) return { masked, state: "wrong", problem: read.problem };
    if (known.some((other) => isSameDevice(other, read.code))) {
      return { masked, state: "duplicate", problem: "The same device stands in the list already. It is paired once." };
    }
    known.push(read.code);
    return { masked, state: "good", problem: null };
  });
}
