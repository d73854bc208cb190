/** Elements by key: made, changed and removed as a list says, in few writes. */

import type { Stroke } from "./glyphs";

const SVG = "http://www.w3.org/2000/svg";

export function element<K extends keyof SVGElementTagNameMap>(tag: K, c: string): SVGElementTagNameMap[K] {
  const made = document.createElementNS(SVG, tag);
  if (c) made.setAttribute("class", c);
  return made;
}

/** Sets an attribute where it is another one; null takes it away. */
export function set(target: Element, name: string, value: string | null): void {
  if (target.getAttribute(name) === value) return;
  if (value === null) target.removeAttribute(name);
  else target.setAttribute(name, value);
}

/** Strokes as elements. */
export const strokes = (all: readonly Stroke[]): SVGElement[] =>
  all.map(({ d, c }) => {
    const made = element("path", c);
    made.setAttribute("d", d);
    return made;
  });

/** An element and what it shows. */
export interface Drawn<T> {
  root: SVGElement;
  item: T | null;
}

/** A group of elements by id. */
export class Layer<T extends { id: string }, D extends Drawn<T>> {
  readonly group: SVGGElement;
  readonly #drawn = new Map<string, D>();
  readonly #make: (item: T) => D;

  constructor(c: string, make: (item: T) => D) {
    this.group = element("g", c);
    this.#make = make;
  }

  get(id: string): D | undefined {
    return this.#drawn.get(id);
  }

  /** Shows exactly these items; `change` writes one. */
  update(items: readonly T[], change: (drawn: D, item: T) => void): void {
    const wanted = new Set<string>();
    const added: SVGElement[] = [];
    for (const item of items) {
      wanted.add(item.id);
      let drawn = this.#drawn.get(item.id);
      if (!drawn) {
        drawn = this.#make(item);
        this.#drawn.set(item.id, drawn);
        added.push(drawn.root);
      }
      change(drawn, item);
    }
    if (this.#drawn.size > wanted.size) {
      for (const [id, drawn] of this.#drawn) {
        if (wanted.has(id)) continue;
        drawn.root.remove();
        this.#drawn.delete(id);
      }
    }
    if (added.length) this.group.append(...added);
  }
}
