import { describe, expect, it } from "vitest";
import { fileName, proposedName } from "./download";

describe("names of downloads", () => {
  it("takes the service's name, and never a path", () => {
    expect(fileName('attachment; filename="weft.svg"')).toBe("weft.svg");
    expect(fileName("attachment; filename=weft.svg")).toBe("weft.svg");
    expect(fileName('attachment; filename="../../etc/passwd"')).toBe("passwd");
    expect(fileName('attachment; filename=".."')).toBeNull();
    expect(fileName(null)).toBeNull();
  });

  it("proposes one by the moment", () => {
    expect(proposedName(new Date(2026, 0, 5, 7, 3).getTime(), "svg")).toBe("weft-2026-01-05-0703.svg");
  });
});
