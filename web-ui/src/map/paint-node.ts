/** A device in the page: its shape, its name and its marks. */

import { badge, changeMark, colourClass, glyph, PIN, RADIUS, ring, type Stroke } from "./glyphs";
import type { NodeItem } from "./items";
import { type Drawn, element, set, strokes } from "./layer";

/** The elements of a device. */
export interface DrawnNode extends Drawn<NodeItem> {
  shape: SVGGElement;
  text: SVGTextElement;
  badge: SVGGElement;
  look: string;
}

export function makeNode({ id }: NodeItem): DrawnNode {
  const root = element("g", "node");
  const shape = element("g", "shape");
  const text = element("text", "name");
  const mark = element("g", "badge");
  root.append(shape, text, mark);
  root.setAttribute("role", "button");
  root.setAttribute("tabindex", "-1");
  root.dataset.node = id;
  return { root, item: null, shape, text, badge: mark, look: "" };
}

/** Writes what is another than before; true where something was. */
export function changeNode(drawn: DrawnNode, item: NodeItem, scale: number): boolean {
  if (drawn.item === item) return false;
  set(drawn.root, "transform", `translate(${item.x} ${item.y})`);
  set(drawn.root, "aria-label", item.said);
  const { look } = item;
  const key = `${look.kind}${look.leader}${look.outline}`;
  if (drawn.look !== key) {
    drawn.look = key;
    const focus = element("path", "ring");
    focus.setAttribute("d", ring(look.kind));
    drawn.shape.replaceChildren(focus, ...strokes(glyph(look)));
    set(drawn.shape, "class", `shape ${colourClass(look)}`);
  }
  set(drawn.shape, "transform", `scale(${scale})`);
  badges(drawn, item, scale);
  name(drawn, item);
  drawn.item = item;
  return true;
}

function badges(drawn: DrawnNode, item: NodeItem, scale: number): void {
  const before = drawn.item;
  const reach = RADIUS[item.look.kind] * scale * 0.78;
  set(drawn.badge, "transform", `translate(${Math.round(reach + 2)} ${Math.round(-reach - 2)})`);
  if (before && before.badge === item.badge && before.pinned === item.pinned && before.mark === item.mark) return;
  const marks: Stroke[] = item.mark ? changeMark(item.mark) : item.badge ? badge(item.badge) : [];
  drawn.badge.replaceChildren(...strokes(marks));
  if (!item.pinned) return;
  const pin = element("g", "pin");
  pin.setAttribute("transform", `translate(0 ${Math.round(2 * reach + 6)})`);
  pin.append(...strokes(PIN));
  drawn.badge.append(pin);
}

function name(drawn: DrawnNode, item: NodeItem): void {
  const { label } = item;
  set(drawn.text, "visibility", label ? null : "hidden");
  if (!label) return;
  if (drawn.text.textContent !== item.name) drawn.text.textContent = item.name;
  set(drawn.text, "x", String(Math.round(label.dx)));
  set(drawn.text, "y", String(Math.round(label.dy + 4)));
  set(drawn.text, "text-anchor", label.anchor === "start" ? null : label.anchor);
}
