/** The check digit of manual pairing codes (Matter core specification, 5.1.4): notices every wrong digit and every swap of neighbours. */

const PERMUTATION = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

/** Multiplication in the symmetry group of the pentagon: 0 to 4 are rotations, 5 to 9 reflections. */
function times(a: number, b: number): number {
  const rotation = a < 5 ? (a + b) % 5 : (a - (b % 5)) % 5;
  return a < 5 === b < 5 ? rotation : rotation + 5;
}

function permuted(digit: number, position: number): number {
  let result = digit;
  for (let round = 0; round < position % 8; round++) result = PERMUTATION[result] ?? 0;
  return result;
}

/** True where the last digit fits those before it. */
export function checkDigitFits(digits: readonly number[]): boolean {
  return digits.toReversed().reduce((sum, digit, position) => times(sum, permuted(digit, position)), 0) === 0;
}
