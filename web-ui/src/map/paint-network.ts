/** Networks in the page: from near a frame with what lies under its devices, from far a card. */

import { short } from "./geometry";
import { badge } from "./glyphs";
import type { CardItem, FrameItem } from "./items";
import { type Drawn, element, set, strokes } from "./layer";

/** How much of its card a network from far takes. */
const ART_SHARE = 0.88;
/** About the width of a letter of a card's name. */
const LETTER_PX = 7.4;

export function makeFrame(item: FrameItem): Drawn<FrameItem> {
  const root = element("g", "frame");
  const title = element("text", "title");
  title.dataset.network = item.id;
  title.append(element("tspan", "network-name"), element("tspan", "network-facts"));
  root.append(element("rect", "frame-area"), element("g", "grounds"), title);
  return { root, item: null };
}

export function changeFrame(drawn: Drawn<FrameItem>, item: FrameItem): void {
  const [area, grounds, title] = drawn.root.children as unknown as [SVGElement, SVGElement, SVGElement];
  if (drawn.item === item) return;
  set(drawn.root, "class", `frame ${item.c}`);
  rectangle(area, item, 16);
  const before = drawn.item;
  drawn.item = item;
  const [name, facts] = title.children as unknown as [SVGElement, SVGElement];
  set(title, "transform", `translate(${item.titleAt.x} ${item.titleAt.y})`);
  if (before?.title !== item.title) name.textContent = item.title;
  if (before?.facts !== item.facts) facts.textContent = item.facts && `  ${item.facts}`;
  if (before && JSON.stringify(before.grounds) === JSON.stringify(item.grounds)) return;
  grounds.replaceChildren(
    ...item.grounds.map((ground) => {
      const shape = element("path", `ground ${ground.c}`);
      shape.setAttribute("d", ground.d);
      return shape;
    }),
    ...item.grounds.map((ground) => {
      const caption = element("text", `caption ${ground.c}`);
      caption.setAttribute("x", String(ground.x));
      caption.setAttribute("y", String(ground.y));
      caption.textContent = ground.caption;
      return caption;
    }),
  );
}

export function makeCard(item: CardItem): Drawn<CardItem> {
  const root = element("g", "card");
  root.setAttribute("role", "button");
  root.setAttribute("tabindex", "-1");
  root.dataset.card = item.id;
  root.append(
    element("rect", "card-area"),
    element("g", "art"),
    element("text", "card-name"),
    element("text", "card-count"),
    element("g", "badge"),
  );
  return { root, item: null };
}

export function changeCard(drawn: Drawn<CardItem>, item: CardItem, k: number): void {
  if (drawn.item === item) return;
  const [area, art, name, total, mark] = drawn.root.children as unknown as [SVGElement, SVGElement, SVGElement, SVGElement, SVGElement];
  set(drawn.root, "class", `card ${item.c}${item.worst ? ` has-${item.worst}` : ""}`);
  set(drawn.root, "aria-label", item.said);
  rectangle(area, item, Math.min(10, item.width / 8));
  // A little smaller than the card and to its top: the name has the bottom line.
  set(art, "transform", `translate(${item.x + item.width * (1 - ART_SHARE) * 0.5} ${item.y + 2}) scale(${k * ART_SHARE})`);
  const { links, dots } = item.isSmall ? item.art.small : item.art;
  if (art.childElementCount !== links.length + dots.length) art.replaceChildren(...[...links, ...dots].map(() => element("path", "")));
  // Widths are in the map's own pixels here, because the paths are scaled as a whole.
  const draw = (index: number, d: string, c: string, widthPx: number): void => {
    const line = art.children[index] as SVGElement;
    if (drawn.item?.art !== item.art || drawn.item.isSmall !== item.isSmall) set(line, "d", d);
    set(line, "class", c);
    set(line, "stroke-width", String(short(widthPx / k)));
  };
  links.forEach(({ d, c }, index) => draw(index, d, c, 1));
  dots.forEach(({ d, c, size }, index) => draw(links.length + index, d, `dot ${c}`, item.dot * size));
  const hasText = item.width > 46;
  set(name, "visibility", hasText ? null : "hidden");
  set(total, "visibility", item.width > 96 ? null : "hidden");
  if (hasText) {
    const room = Math.floor((item.width - (item.width > 96 ? 44 : 10)) / LETTER_PX);
    const text = item.title.length > room ? `${item.title.slice(0, Math.max(1, room - 1))}…` : item.title;
    if (name.textContent !== text) name.textContent = text;
    set(name, "transform", `translate(${item.x + 8} ${item.y + item.height - 7})`);
  }
  if (total.textContent !== item.count) total.textContent = item.count;
  set(total, "transform", `translate(${item.x + item.width - 8} ${item.y + item.height - 7})`);
  set(mark, "transform", `translate(${item.x + item.width - 11} ${item.y + 11})`);
  if (drawn.item?.worst !== item.worst) mark.replaceChildren(...strokes(item.worst ? badge(item.worst) : []));
  drawn.item = item;
}

function rectangle(area: SVGElement, box: { x: number; y: number; width: number; height: number }, corner: number): void {
  set(area, "x", String(box.x));
  set(area, "y", String(box.y));
  set(area, "width", String(box.width));
  set(area, "height", String(box.height));
  set(area, "rx", String(corner));
}
