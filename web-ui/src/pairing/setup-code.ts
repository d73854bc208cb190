/** What one setup code says, or what is wrong with it. A code is a secret while its window is open: nothing here keeps, logs or repeats it. */

import { checkDigitFits } from "./verhoeff";

/** What a good code tells of its device. */
export interface SetupCode {
  passcode: number;
  /** The upper 4 bits: all that a manual code has. */
  shortDiscriminator: number;
  /** All 12 bits; null for manual codes. */
  discriminator: number | null;
}

/** A code that was read, or words on why it is none. */
export type Read = { ok: true; code: SetupCode } | { ok: false; problem: string };

const FORBIDDEN = new Set([
  0, 11_111_111, 22_222_222, 33_333_333, 44_444_444, 55_555_555, 66_666_666, 77_777_777, 88_888_888, 99_999_999, 12_345_678, 87_654_321,
]);
const MAX_PASSCODE = 99_999_998;
const FIXED_BYTES = 11;
const BASE_38 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-.";

const no = (problem: string): Read => ({ ok: false, problem });

function checked(code: SetupCode): Read {
  if (FORBIDDEN.has(code.passcode) || code.passcode > MAX_PASSCODE) {
    return no("Its passcode is one that Matter forbids because it is easily guessed: no device has it.");
  }
  return { ok: true, code };
}

/** Reads 11 or 21 digits. */
export function readManual(text: string): Read {
  const digits = [...text].map(Number);
  if (digits.length === 8) return no("8 digits are a HomeKit code. Ask the app for a Matter pairing code, which has 11 or 21 digits.");
  if (digits.length !== 11 && digits.length !== 21) return no(`A pairing code has 11 or 21 digits, and this one has ${digits.length}.`);
  if (!checkDigitFits(digits)) return no("A digit is wrong, or two are swapped. Compare it with the label or the app.");
  const number = (first: number, count: number): number => Number(text.slice(first, first + count));
  const [first, second, third] = [number(0, 1), number(1, 5), number(6, 4)];
  if (first > 7) return no("It is of a newer kind than this Weft knows.");
  const isLong = digits.length === 21;
  if ((first & 4) !== 0 && !isLong) return no("This is only the first half of a code with 21 digits.");
  if ((first & 4) === 0 && isLong) return no("Its first digit does not belong to a code with 21 digits. Look at it again.");
  if (second > 0xffff || third > 0x1fff || (isLong && (number(10, 5) > 0xffff || number(15, 5) > 0xffff))) {
    return no("Its digits make no code. Look at it again.");
  }
  return checked({
    passcode: third * 0x4000 + (second & 0x3fff),
    shortDiscriminator: ((first & 3) << 2) | (second >> 14),
    discriminator: null,
  });
}

/** Base-38: five characters are three bytes, four are two, two are one; the least significant comes first. */
function decoded(body: string): number[] | null {
  const bytes: number[] = [];
  for (let start = 0; start < body.length; start += 5) {
    const chunk = body.slice(start, start + 5).toUpperCase();
    const length = { 5: 3, 4: 2, 2: 1 }[chunk.length];
    if (length === undefined) return null;
    let number = 0;
    for (const character of [...chunk].toReversed()) {
      const value = BASE_38.indexOf(character);
      if (value < 0) return null;
      number = number * 38 + value;
    }
    if (number >= 256 ** length) return null;
    for (let byte = 0; byte < length; byte++) bytes.push(Math.floor(number / 256 ** byte) % 256);
  }
  return bytes;
}

/** Reads what follows `MT:` in one QR code. */
export function readPayload(body: string): Read {
  const bytes = decoded(body);
  if (!bytes || bytes.length < FIXED_BYTES) return no("The text of the QR code is damaged or cut off. Copy all of it, from MT: on.");
  const bits = bytes.toReversed().reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  const take = (first: number, count: number): number => Number((bits >> BigInt(first)) & ((1n << BigInt(count)) - 1n));
  if (take(0, 3) !== 0) return no("It is of a newer kind than this Weft knows.");
  const discriminator = take(45, 12);
  return checked({ passcode: take(57, 27), shortDiscriminator: discriminator >> 8, discriminator });
}

/** True where both may be codes of one device, be it that one is its digits and the other its QR code. */
export function isSameDevice(one: SetupCode, other: SetupCode): boolean {
  if (one.passcode !== other.passcode) return false;
  return one.discriminator !== null && other.discriminator !== null
    ? one.discriminator === other.discriminator
    : one.shortDiscriminator === other.shortDiscriminator;
}
