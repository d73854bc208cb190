/** Where names go: beside their device, where they cover neither a device nor another text. */

/** Something that wants a name, in screen pixels. */
export interface LabelWish {
  id: string;
  x: number;
  y: number;
  /** How far its shape reaches. */
  radius: number;
  /** Size of the text; a width of 0: no name is wanted, but others must not cover its shape. */
  width: number;
  height: number;
  /** Larger ones choose first. */
  priority: number;
  /** Named in any case, at the place that covers least. */
  forced: boolean;
  /** May stand a line further off than others: it has no one around that it could be mistaken for. */
  mayBeFar?: boolean;
  /** Away from what it hangs on, as a unit vector: its name goes to that side. */
  away?: { x: number; y: number };
}

/** Where a text begins or ends, relative to the middle of its device. */
export interface LabelPlace {
  slot: Slot;
  dx: number;
  /** Of the middle of its height. */
  dy: number;
  anchor: "start" | "end" | "middle";
}

/** A rectangle on the screen. */
export interface Area {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

interface SlotShape {
  /** Where the text's anchor is: in radii of the device. */
  x: number;
  y: number;
  /** Pixels beside that. */
  dx: number;
  dy: number;
  /** Half heights of the text further up or down. */
  lines: number;
  /** Widths of the text further aside. */
  widths?: number;
  anchor: LabelPlace["anchor"];
}

/** The places around a device, the best first. */
const SLOTS = {
  right: { x: 1, dx: 4, y: 0, lines: 0, dy: 0, anchor: "start" },
  left: { x: -1, dx: -4, y: 0, lines: 0, dy: 0, anchor: "end" },
  below: { x: 0, dx: 0, y: 1, lines: 1, dy: 1, anchor: "middle" },
  above: { x: 0, dx: 0, y: -1, lines: -1, dy: -1, anchor: "middle" },
  "right-low": { x: 0.85, dx: 2, y: 0.6, lines: 0.6, dy: 0, anchor: "start" },
  "right-high": { x: 0.85, dx: 2, y: -0.6, lines: -0.6, dy: 0, anchor: "start" },
  "left-low": { x: -0.85, dx: -2, y: 0.6, lines: 0.6, dy: 0, anchor: "end" },
  "left-high": { x: -0.85, dx: -2, y: -0.6, lines: -0.6, dy: 0, anchor: "end" },
  "below-right": { x: -0.6, dx: 0, y: 1, lines: 1, dy: 1, anchor: "start" },
  "below-left": { x: 0.6, dx: 0, y: 1, lines: 1, dy: 1, anchor: "end" },
  "above-right": { x: -0.6, dx: 0, y: -1, lines: -1, dy: -1, anchor: "start" },
  "above-left": { x: 0.6, dx: 0, y: -1, lines: -1, dy: -1, anchor: "end" },
  "below-more-right": { x: 0, dx: 0, y: 1, lines: 1, dy: 1, widths: 0.24, anchor: "middle" },
  "below-more-left": { x: 0, dx: 0, y: 1, lines: 1, dy: 1, widths: -0.24, anchor: "middle" },
  "above-more-right": { x: 0, dx: 0, y: -1, lines: -1, dy: -1, widths: 0.24, anchor: "middle" },
  "above-more-left": { x: 0, dx: 0, y: -1, lines: -1, dy: -1, widths: -0.24, anchor: "middle" },
  "far-right": { x: 1, dx: 12, y: 0, lines: 0, dy: 0, anchor: "start" },
  "far-left": { x: -1, dx: -12, y: 0, lines: 0, dy: 0, anchor: "end" },
  "far-below": { x: 0, dx: 0, y: 1, lines: 1, dy: 9, anchor: "middle" },
  "far-above": { x: 0, dx: 0, y: -1, lines: -1, dy: -9, anchor: "middle" },
  "farther-above": { x: 0, dx: 0, y: -1, lines: -1, dy: -24, anchor: "middle" },
  "farther-below": { x: 0, dx: 0, y: 1, lines: 1, dy: 20, anchor: "middle" },
} as const satisfies Record<string, SlotShape>;

/** The side of the device that its name is on. */
export type Slot = keyof typeof SLOTS;

const ALL_SLOTS = Object.keys(SLOTS) as Slot[];
const CELL_PX = 64;
/** Texts may touch by as much: their boxes are taller than letters are. */
const TOUCH_PX = 0.5;

/** Areas by the cells of a grid that they touch. */
class Grid {
  readonly #cells = new Map<number, Area[]>();

  add(area: Area): void {
    for (const key of cells(area)) {
      const list = this.#cells.get(key);
      if (list) list.push(area);
      else this.#cells.set(key, [area]);
    }
  }

  remove(area: Area): void {
    for (const key of cells(area)) {
      const list = this.#cells.get(key) ?? [];
      list.splice(list.indexOf(area), 1);
    }
  }

  /** What an area covers of others. */
  under(area: Area): Set<Area> {
    const found = new Set<Area>();
    for (const key of cells(area)) for (const other of this.#cells.get(key) ?? []) if (covered(area, other) > 0) found.add(other);
    return found;
  }
}

function* cells(area: Area): Generator<number> {
  const right = Math.floor(area.right / CELL_PX);
  const bottom = Math.floor(area.bottom / CELL_PX);
  for (let x = Math.floor(area.left / CELL_PX); x <= right; x++) {
    for (let y = Math.floor(area.top / CELL_PX); y <= bottom; y++) yield x * 65_536 + y;
  }
}

/** Square pixels that two areas share. */
export function covered(one: Area, other: Area): number {
  const width = Math.min(one.right, other.right) - Math.max(one.left, other.left);
  const height = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
  return width > TOUCH_PX && height > TOUCH_PX ? width * height : 0;
}

function placeAt(wish: LabelWish, slot: Slot): LabelPlace {
  const { x, dx, y, lines, dy, widths = 0, anchor }: SlotShape = SLOTS[slot];
  return { slot, dx: x * wish.radius + dx + widths * wish.width, dy: y * wish.radius + dy + (lines * wish.height) / 2, anchor };
}

/** What a name covers at a place. */
export function labelArea(wish: Pick<LabelWish, "x" | "y" | "width" | "height">, place: LabelPlace): Area {
  const left = wish.x + place.dx - (place.anchor === "start" ? 0 : place.anchor === "end" ? wish.width : wish.width / 2);
  const top = wish.y + place.dy - wish.height / 2;
  return { left, top, right: left + wish.width, bottom: top + wish.height };
}

/** The order in which a name tries its places: where it was, then those on the side away from what its device hangs on. */
function slotsFor({ away, mayBeFar }: LabelWish, before: Slot | undefined): Slot[] {
  const allowed = mayBeFar ? ALL_SLOTS : ALL_SLOTS.filter((slot) => !slot.startsWith("farther"));
  let slots = allowed;
  if (away) {
    const cost = (slot: Slot): number => {
      const { x, y, lines } = SLOTS[slot];
      // Upright sides are a little worse: most texts are wider than high.
      const side = { x: x + (SLOTS[slot].anchor === "start" ? 0.5 : SLOTS[slot].anchor === "end" ? -0.5 : 0), y: (y + lines) * 0.8 };
      const length = Math.hypot(side.x, side.y);
      return (slot.startsWith("far") ? 3 : 0) - (side.x * away.x + side.y * away.y) / length;
    };
    const costs = new Map(allowed.map((slot) => [slot, cost(slot)]));
    slots = [...allowed].sort((one, other) => costs.get(one)! - costs.get(other)!);
  }
  // A place far off is given up as soon as there is a nearer one.
  return before && !before.startsWith("far") ? [before, ...slots.filter((slot) => slot !== before)] : slots;
}

/** Everything that is placed so far. */
class Placement {
  readonly placed = new Map<string, LabelPlace>();
  readonly #grid = new Grid();
  readonly #shapes = new Map<string, Area>();
  readonly #texts = new Map<Area, LabelWish>();
  readonly #areas = new Map<string, Area>();
  readonly #bounds: { left: number; right: number };

  constructor(wishes: readonly LabelWish[], obstacles: readonly Area[], bounds: { left: number; right: number }) {
    this.#bounds = bounds;
    for (const { id, x, y, radius } of wishes) {
      const area = { left: x - radius, top: y - radius, right: x + radius, bottom: y + radius };
      this.#shapes.set(id, area);
      this.#grid.add(area);
    }
    for (const obstacle of obstacles) this.#grid.add(obstacle);
  }

  /** What is in the way; null where the place is out of bounds. */
  inTheWay(wish: LabelWish, place: LabelPlace): Area[] | null {
    const area = labelArea(wish, place);
    if (area.left < this.#bounds.left || area.right > this.#bounds.right) return null;
    const own = this.#shapes.get(wish.id);
    return [...this.#grid.under(area)].filter((other) => other !== own);
  }

  free(wish: LabelWish, slots: readonly Slot[]): LabelPlace | null {
    for (const slot of slots) {
      const place = placeAt(wish, slot);
      if (this.inTheWay(wish, place)?.length === 0) return place;
    }
    return null;
  }

  /** The place that covers least. */
  least(wish: LabelWish, slots: readonly Slot[]): LabelPlace {
    const cost = (place: LabelPlace): number => {
      const area = labelArea(wish, place);
      return [...this.#grid.under(area)].reduce((sum, other) => sum + covered(area, other), 0);
    };
    const ranked = slots.map((slot) => placeAt(wish, slot)).map((place) => ({ place, cost: cost(place) }));
    return ranked.reduce((best, one) => (one.cost < best.cost ? one : best)).place;
  }

  put(wish: LabelWish, place: LabelPlace): void {
    const area = labelArea(wish, place);
    this.placed.set(wish.id, place);
    this.#areas.set(wish.id, area);
    this.#texts.set(area, wish);
    this.#grid.add(area);
  }

  take(wish: LabelWish): void {
    const area = this.#areas.get(wish.id);
    if (!area) return;
    this.placed.delete(wish.id);
    this.#areas.delete(wish.id);
    this.#texts.delete(area);
    this.#grid.remove(area);
  }

  /** Makes room by moving one other name to another free place. */
  makeRoom(wish: LabelWish, slots: readonly Slot[], slotsOf: (other: LabelWish) => readonly Slot[]): boolean {
    for (const slot of slots) {
      const place = placeAt(wish, slot);
      const [only, ...more] = this.inTheWay(wish, place) ?? [];
      const other = only && more.length === 0 ? this.#texts.get(only) : undefined;
      if (!other || other.forced) continue;
      const was = this.placed.get(other.id)!;
      this.take(other);
      this.put(wish, place);
      const next = this.free(other, slotsOf(other));
      if (next) {
        this.put(other, next);
        return true;
      }
      this.take(wish);
      this.put(other, was);
    }
    return false;
  }
}

/**
 * Places names, the most important first. A name without room is left out, unless it is forced. A name stays on the side where it was (`before`)
 * as long as that is free: names do not hop about. No name reaches over the `bounds` or lies on one of the `obstacles`.
 */
export function placeLabels(
  wishes: readonly LabelWish[],
  before: ReadonlyMap<string, LabelPlace> = new Map(),
  bounds: { left: number; right: number } = { left: -Infinity, right: Infinity },
  obstacles: readonly Area[] = [],
): Map<string, LabelPlace> {
  const placement = new Placement(wishes, obstacles, bounds);
  const slotsOf = (wish: LabelWish): Slot[] => slotsFor(wish, before.get(wish.id)?.slot);
  const named = wishes.filter((wish) => wish.width > 0);
  const order = named.sort((one, other) => other.priority - one.priority || (one.id < other.id ? -1 : 1));
  const without: LabelWish[] = [];
  for (const wish of order) {
    const slots = slotsOf(wish);
    const place = placement.free(wish, slots) ?? (wish.forced ? placement.least(wish, slots) : null);
    if (place) placement.put(wish, place);
    else without.push(wish);
  }
  for (const wish of without) placement.makeRoom(wish, slotsOf(wish), slotsOf);
  return placement.placed;
}
