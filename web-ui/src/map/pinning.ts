/** Drags one device with the mouse. Escape puts it back. */

import type { Point } from "./types";

/** A press that moved less than this is a click. */
const LEAST_PX = 4;

interface Wishes {
  /** The device that a press takes; null: the press is for somebody else. */
  pickable(event: PointerEvent): string | null;
  dragged(id: string, at: Point): void;
  dropped(id: string, at: Point): void;
  cancelled(id: string): void;
}

/** The drag of one map's devices; points are pixels from the stage's corner. */
export class Pinning {
  readonly #stage: HTMLElement;
  readonly #wishes: Wishes;
  #taken: { id: string; from: Point | null; at: Point | null } | null = null;
  #hasDragged = false;

  constructor(stage: HTMLElement, wishes: Wishes) {
    this.#stage = stage;
    this.#wishes = wishes;
    stage.addEventListener("pointerdown", (event) => this.#down(event));
    stage.addEventListener("pointerup", () => this.#end(true));
    stage.addEventListener("pointercancel", () => this.#end(false));
    // The click at the end of a drag selects nothing.
    stage.addEventListener("click", (event) => this.#hasDragged && event.stopImmediatePropagation(), true);
    stage.ownerDocument.addEventListener("keydown", this.#escape, true);
  }

  stop(): void {
    this.#stage.ownerDocument.removeEventListener("keydown", this.#escape, true);
  }

  /** The pointer is there now; true while a device hangs on it. */
  move(at: Point): boolean {
    const taken = this.#taken;
    if (!taken) return false;
    taken.from ??= at;
    if (!taken.at && Math.hypot(at.x - taken.from.x, at.y - taken.from.y) < LEAST_PX) return true;
    taken.at = at;
    this.#hasDragged = true;
    this.#wishes.dragged(taken.id, at);
    return true;
  }

  readonly #escape = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || !this.#taken) return;
    event.stopPropagation();
    this.#end(false);
  };

  #down(event: PointerEvent): void {
    this.#hasDragged = false;
    if (event.pointerType !== "mouse" || event.button !== 0) return;
    const id = this.#wishes.pickable(event);
    if (!id) return;
    this.#taken = { id, from: null, at: null };
    this.#stage.setPointerCapture(event.pointerId);
  }

  #end(isDropped: boolean): void {
    const taken = this.#taken;
    this.#taken = null;
    if (!taken?.at) return;
    if (isDropped) this.#wishes.dropped(taken.id, taken.at);
    else this.#wishes.cancelled(taken.id);
  }
}
