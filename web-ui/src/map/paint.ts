/** Puts a scene into the page, and touches only what is different from the one before. */

import { CALM, type Emphasis } from "./emphasis";
import type { BatchItem, CardItem, FrameItem, LinkItem, NodeItem } from "./items";
import { type Drawn, element, Layer, set } from "./layer";
import { numberOn, wasHere, wayThrough } from "./paint-emphasis";
import { changeBatch, changeLink, makeBatch, makeLink } from "./paint-link";
import { changeCard, changeFrame, makeCard, makeFrame } from "./paint-network";
import { changeNode, type DrawnNode, makeNode } from "./paint-node";
import type { Scene } from "./scene";

/** The map in the page. */
export class Painter {
  readonly #world = element("g", "world");
  readonly #cards = new Layer<CardItem, Drawn<CardItem>>("cards", makeCard);
  readonly #frames = new Layer<FrameItem, Drawn<FrameItem>>("frames", makeFrame);
  readonly #faint = new Layer<BatchItem, Drawn<BatchItem>>("links", makeBatch);
  readonly #strong = new Layer<BatchItem, Drawn<BatchItem>>("links", makeBatch);
  readonly #marked = new Layer<LinkItem, Drawn<LinkItem>>("links", makeLink);
  readonly #lit = new Layer<LinkItem, Drawn<LinkItem>>("links", makeLink);
  readonly #nodes = new Layer<NodeItem, DrawnNode>("nodes", makeNode);
  readonly #route = element("path", "route");
  readonly #was = element("g", "was-here");
  readonly #numbers = element("g", "numbers");
  #emphasis: Emphasis = CALM;
  #current: string | null = null;

  constructor(svg: SVGSVGElement) {
    const links = element("g", "all-links");
    links.setAttribute("aria-hidden", "true");
    links.append(this.#route, this.#was, this.#faint.group, this.#strong.group, this.#marked.group, this.#lit.group);
    this.#numbers.setAttribute("aria-hidden", "true");
    this.#world.append(this.#frames.group, this.#cards.group, links, this.#nodes.group, this.#numbers);
    svg.append(this.#world);
  }

  /** Where the map's (0, 0) is in the drawing. */
  place(x: number, y: number): void {
    set(this.#world, "transform", `translate(${Math.round(x)} ${Math.round(y)})`);
  }

  paint(scene: Scene): void {
    const isFaint = ({ c }: BatchItem): boolean => c.includes("faint");
    this.#cards.update(scene.cards, (drawn, item) => changeCard(drawn, item, scene.k));
    this.#frames.update(scene.frames, changeFrame);
    this.#faint.update(scene.batches.filter(isFaint), changeBatch);
    this.#strong.update(
      scene.batches.filter((batch) => !isFaint(batch)),
      changeBatch,
    );
    this.#marked.update(scene.links, changeLink);
    this.#nodes.update(scene.nodes, (drawn, item) => {
      if (changeNode(drawn, item, scene.scale)) this.#class(drawn);
    });
    if (this.#current === null || !this.elementOf(this.#current)) this.makeCurrent((scene.nodes[0] ?? scene.cards[0])?.id ?? null);
  }

  /** Makes one thing the one that the tab key goes to. */
  makeCurrent(id: string | null): void {
    if (this.#current) this.elementOf(this.#current)?.setAttribute("tabindex", "-1");
    this.#current = id;
    if (id) this.elementOf(id)?.setAttribute("tabindex", "0");
  }

  get current(): string | null {
    return this.#current;
  }

  elementOf(id: string): SVGElement | undefined {
    return this.#nodes.get(id)?.root ?? this.#cards.get(id)?.root;
  }

  emphasise(emphasis: Emphasis): void {
    const before = this.#emphasis;
    if (before === emphasis) return;
    this.#emphasis = emphasis;
    const nodes = new Set([before.hovered, before.selected, emphasis.hovered, emphasis.selected, ...before.near, ...emphasis.near]);
    for (const id of nodes) this.#class(this.#nodes.get(id ?? ""));
    this.#lit.update(emphasis.links, changeLink);
    set(this.#route, "d", wayThrough(emphasis.route));
    this.#was.replaceChildren(...(emphasis.wasHere ? wasHere(emphasis.wasHere) : []));
    this.#numbers.replaceChildren(...emphasis.numbers.map((number) => numberOn(number.at, number.text, number.c)));
  }

  #class(drawn: DrawnNode | undefined): void {
    if (!drawn?.item) return;
    const { id, c, look } = drawn.item;
    const { hovered, selected, near } = this.#emphasis;
    const state = `${id === selected ? " selected" : ""}${id === hovered ? " hovered" : ""}${near.has(id) ? " near" : ""}`;
    set(drawn.root, "class", `node ${c}${look.kind === "ghost" ? " ghost" : ""}${state}`);
    set(drawn.root, "aria-pressed", id === selected ? "true" : null);
  }
}
