import { expect, test } from "vitest";
import { hold } from "./hold";

const row = (id: string, value = 0): { id: string; value: number } => ({ id, value });

test("rows stay in place while values change, and carry the new values", () => {
  const first = hold(null, "by value", [row("a", 1), row("b", 2)]);
  const second = hold(first.held, "by value", [row("b", 1), row("a", 9)]);
  expect(second.rows).toEqual([row("a", 9), row("b", 1)]);
  expect(second.isOld).toBe(true);
  expect(hold(second.held, "by value", [row("a", 1), row("b", 2)]).isOld).toBe(false);
});

test("another wish, or other rows, give a fresh order", () => {
  const { held } = hold(null, "up", [row("a"), row("b")]);
  expect(hold(held, "down", [row("b"), row("a")]).rows.map(({ id }) => id)).toEqual(["b", "a"]);
  expect(hold(held, "up", [row("c"), row("a"), row("b")]).rows.map(({ id }) => id)).toEqual(["c", "a", "b"]);
  expect(hold(held, "up", [row("b"), row("c")]).rows.map(({ id }) => id)).toEqual(["b", "c"]);
});
