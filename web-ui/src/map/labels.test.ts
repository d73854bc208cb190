import { describe, expect, it } from "vitest";
import { placeLabels, type LabelPlace, type LabelWish } from "./labels";

const wish = (id: string, x: number, y: number, given: Partial<LabelWish> = {}): LabelWish => ({
  id,
  x,
  y,
  radius: 10,
  width: 60,
  height: 15,
  priority: 0,
  forced: false,
  ...given,
});

function area(one: LabelWish, place: LabelPlace): { left: number; right: number; top: number; bottom: number } {
  const left = one.x + place.dx - (place.anchor === "start" ? 0 : place.anchor === "end" ? one.width : one.width / 2);
  return { left, right: left + one.width, top: one.y + place.dy - 7.5, bottom: one.y + place.dy + 7.5 };
}

describe("placeLabels", () => {
  it("puts a name to the right where nothing is in the way", () => {
    expect(placeLabels([wish("a", 0, 0)]).get("a")).toMatchObject({ slot: "right", anchor: "start" });
  });

  it("goes to another side where a device is", () => {
    expect(placeLabels([wish("a", 0, 0), wish("b", 40, 0, { width: 0 })]).get("a")?.slot).toBe("left");
  });

  it("leaves out what has no room, and the less important first", () => {
    const crowd = Array.from({ length: 40 }, (_, index) =>
      wish(`n${index}`, (index % 8) * 24, Math.floor(index / 8) * 22, { priority: index }),
    );
    const places = placeLabels(crowd);
    expect(places.size).toBeLessThan(40);
    expect(places.has("n39")).toBe(true);
  });

  it("never lets two names overlap that are not forced", () => {
    const crowd = Array.from({ length: 60 }, (_, index) => wish(`n${index}`, (index * 37) % 400, (index * 53) % 300));
    const areas = [...placeLabels(crowd)].map(([id, place]) =>
      area(
        crowd.find((one) => one.id === id)!,
        place,
      ),
    );
    for (const [index, one] of areas.entries()) {
      for (const other of areas.slice(index + 1)) {
        const covered =
          Math.max(0, Math.min(one.right, other.right) - Math.max(one.left, other.left)) *
          Math.max(0, Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top));
        expect(covered).toBeLessThanOrEqual(6);
      }
    }
  });

  it("places what is forced in any case", () => {
    const crowd = Array.from({ length: 30 }, (_, index) => wish(`n${index}`, index * 4, 0, { forced: true }));
    expect(placeLabels(crowd).size).toBe(30);
  });

  it("keeps a name on its side while that is free", () => {
    const before = placeLabels([wish("a", 0, 0), wish("b", 40, 0, { width: 0 })]);
    expect(placeLabels([wish("a", 0, 0)], before).get("a")?.slot).toBe("left");
  });

  it("puts a child's name on the side away from its parent", () => {
    expect(placeLabels([wish("a", 0, 0, { away: { x: -1, y: 0 } })]).get("a")?.slot).toBe("left");
    expect(placeLabels([wish("a", 0, 0, { away: { x: 0, y: 1 } })]).get("a")?.slot).toBe("below");
  });
});
