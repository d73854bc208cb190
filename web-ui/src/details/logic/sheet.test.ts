import { expect, it } from "vitest";
import { nearest, next } from "./sheet";

it("comes to rest at the nearest place, and closes when it is pulled down", () => {
  expect([0, 0.13, 0.2, 0.4, 0.5, 0.7, 0.9, 1].map(nearest)).toEqual(["closed", "closed", "peek", "peek", "half", "half", "full", "full"]);
  expect(next(next(next("peek")))).toBe("peek");
});
