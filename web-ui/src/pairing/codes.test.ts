import { describe, expect, it } from "vitest";
import { findCodes } from "./codes";
import { readManual, readPayload } from "./setup-code";
import { checkDigitFits } from "./verhoeff";

// The code of the Matter SDK's test devices, as digits and as QR code.
const DIGITS = "34970112332";
const PAYLOAD = "MT:Y.K9042C00KA0648G00";
const states = (text: string): string[] => findCodes(text).map((code) => code.state);

describe("check digit", () => {
  const digits = (text: string): number[] => [...text].map(Number);

  it("fits the scheme's own example and a real code", () => {
    expect(checkDigitFits(digits("2363"))).toBe(true);
    expect(checkDigitFits(digits(DIGITS))).toBe(true);
  });

  it("notices every single wrong digit and every swap of neighbours", () => {
    for (let position = 0; position < DIGITS.length; position++) {
      for (let other = 0; other < 10; other++) {
        const changed = digits(DIGITS);
        if (changed[position] === other) continue;
        changed[position] = other;
        expect(checkDigitFits(changed)).toBe(false);
      }
      const swapped = digits(DIGITS);
      const [left, right] = [swapped[position], swapped[position + 1]];
      if (left === undefined || right === undefined || left === right) continue;
      swapped[position] = right;
      swapped[position + 1] = left;
      expect(checkDigitFits(swapped)).toBe(false);
    }
  });
});

describe("one code", () => {
  it("reads digits", () => {
    expect(readManual(DIGITS)).toEqual({ ok: true, code: { passcode: 20202021, shortDiscriminator: 15, discriminator: null } });
  });

  it("reads a QR code, in either case", () => {
    const code = { passcode: 20202021, shortDiscriminator: 15, discriminator: 3840 };
    expect(readPayload(PAYLOAD.slice(3))).toEqual({ ok: true, code });
    expect(readPayload(PAYLOAD.slice(3).toLowerCase())).toEqual({ ok: true, code });
  });

  it("says what is wrong and never repeats the code", () => {
    for (const [wrong, words] of [
      ["34970112323", "swapped"],
      ["12345678", "HomeKit"],
      ["1234567890", "this one has 10"],
    ] as const) {
      const read = readManual(wrong);
      expect(read.ok).toBe(false);
      if (read.ok) continue;
      expect(read.problem).toContain(words);
      expect(read.problem).not.toContain(wrong);
    }
    const cut = readPayload("Y.K9042C00KA0");
    expect(cut.ok).toBe(false);
  });
});

describe("codes in a text", () => {
  it("finds codes among other words", () => {
    const text = `1. Hall plug: 3497-011-2332 (label)\n2. Kitchen, bought 2026-03-14, no code\n3. Porch ${PAYLOAD}.`;
    expect(findCodes(text).map((code) => [code.state, code.masked])).toEqual([
      ["good", "•••••••••32"],
      ["duplicate", "MT:•••• (discriminator 3840)"],
    ]);
  });

  it("finds a code between commas and with spaces", () => {
    expect(states("3497 011 2332, 2363, 10.0.0.1")).toEqual(["good"]);
  });

  it("marks what was meant as a code and is none", () => {
    expect(states("34970112323")).toEqual(["wrong"]);
    expect(states("MT:Y.K90")).toEqual(["wrong"]);
    expect(states("12345678")).toEqual(["wrong"]);
    expect(states("Room 12345678 somewhere")).toEqual([]);
  });

  it("never gives a code away", () => {
    for (const code of findCodes(`${DIGITS}\n34970112323\n${PAYLOAD}\nMT:Y.K90`)) {
      const said = `${code.masked} ${code.problem ?? ""}`;
      for (const secret of ["349701123", "Y.K9"]) expect(said).not.toContain(secret);
    }
  });

  it("says nothing of an empty text", () => {
    expect(findCodes("")).toEqual([]);
    expect(findCodes("\n  \n")).toEqual([]);
  });
});
