/** Links in the page: quiet ones of a look as one path, and single ones that stand out. */

import { changeMark } from "./glyphs";
import type { BatchItem, LinkItem } from "./items";
import { type Drawn, element, set, strokes } from "./layer";

export function makeBatch(_item: BatchItem): Drawn<BatchItem> {
  const root = element("g", "link");
  root.append(element("path", ""));
  return { root, item: null };
}

export function changeBatch(drawn: Drawn<BatchItem>, item: BatchItem): void {
  const before = drawn.item;
  if (before === item || (before?.d === item.d && before.c === item.c && before.line === item.line)) return;
  const path = drawn.root.firstElementChild as SVGElement;
  set(drawn.root, "class", `link ${item.c}`);
  set(path, "class", item.line);
  if (before?.d !== item.d) path.setAttribute("d", item.d);
  drawn.item = item;
}

export function makeLink(_item: LinkItem): Drawn<LinkItem> {
  return { root: element("g", "link"), item: null };
}

export function changeLink(drawn: Drawn<LinkItem>, item: LinkItem): void {
  if (drawn.item === item) return;
  const { lines, mark } = item;
  const wanted = lines.length + (mark ? 1 : 0);
  const before = drawn.item;
  if (!before || drawn.root.childElementCount !== wanted || before.mark?.mark !== mark?.mark) {
    drawn.root.replaceChildren(...lines.map(() => element("path", "")));
    if (mark) {
      const group = element("g", "link-mark");
      group.append(...strokes(changeMark(mark.mark)));
      drawn.root.append(group);
    }
  }
  lines.forEach((line, index) => {
    const path = drawn.root.children[index] as SVGElement;
    set(path, "d", line.d);
    set(path, "class", line.c);
  });
  if (mark) set(drawn.root.lastElementChild as SVGElement, "transform", `translate(${mark.x} ${mark.y})`);
  set(drawn.root, "class", `link ${item.c}`);
  drawn.item = item;
}
