/** What to draw for a view of the mesh: plain data in screen pixels, measured from where the map's (0, 0) is on the screen. */

import { boxAround, overlaps, seenBox } from "./geometry";
import { RADIUS } from "./glyphs";
import {
  type BatchItem,
  type CardItem,
  cardItem,
  type FrameItem,
  frameItem,
  type LinkItem,
  linkItem,
  type NodeItem,
  nodeItem,
  shapeScale,
} from "./items";
import { type Area, labelArea } from "./labels";
import { type Caption, captionArea, LABEL_HEIGHT_PX, type Measure, Naming } from "./naming";
import type { Part, Structure } from "./structure";
import type { Box, Marks, PartLink, PartNode, Point, View } from "./types";

/** A network narrower than this is drawn as a card, in CSS pixels. */
export const NEAR_WIDTH_PX = 420;
/** From this scale on devices are drawn whatever the network's size: there is room. */
const NEAR_SCALE = 0.7;
/** How much more than the view is drawn, as a share of its size, so that a drag finds something there. */
const MARGIN = 0.2;
/** Networks with more devices than this are cut to what is in view. */
const CUT_FROM = 600;
/** Free space around what is shown when everything is. */
const EDGE_PX = 4;

export interface Scene {
  k: number;
  /** Scale of the devices' shapes. */
  scale: number;
  frames: FrameItem[];
  cards: CardItem[];
  /** Quiet links, the least important first. */
  batches: BatchItem[];
  /** Links with a mark of their own. */
  links: LinkItem[];
  nodes: NodeItem[];
  /** Networks whose devices are drawn one by one. */
  near: Part[];
}

/** What a scene depends on beside the mesh and the view. */
export interface Wishes {
  /** The network that the page is narrowed to: the others are dimmed. */
  network: string | null;
  /** Named in any case. */
  selected: string | null;
  measure: Measure;
}

/** A picture of at most so many devices is never folded into cards … */
const HOME_DEVICES = 100;
/** … unless they would lie on each other. */
const HOME_SCALE = 0.25;

/** Whether so little is on the map that all of it can be drawn, and reached by keyboard, at nearly any scale. */
export function isHome(structure: Structure): boolean {
  let devices = 0;
  for (const part of structure.parts.values()) devices += part.allNodes;
  return devices <= HOME_DEVICES;
}

/** Whether a network's devices are drawn one by one at a scale. */
export function isNear(part: Part, k: number, viewWidth: number, home = false): boolean {
  return k >= (home ? HOME_SCALE : NEAR_SCALE) || part.card.width * k >= Math.min(NEAR_WIDTH_PX, viewWidth * 0.8);
}

type Items<T extends object, I> = WeakMap<T, { key: string; item: I }>;

/** The item of before where nothing that it depends on is another: the painter skips it then. */
function remembered<T extends object, I>(items: Items<T, I>, of: T, key: string, make: () => I): I {
  const known = items.get(of);
  if (known?.key === key) return known.item;
  const item = make();
  items.set(of, { key, item });
  return item;
}

/** Builds scenes, and remembers what is the same in the next one. */
export class SceneBuilder {
  readonly #naming = new Naming();
  readonly #cardItems: Items<Part, CardItem> = new WeakMap();
  readonly #frameItems: Items<Part, FrameItem> = new WeakMap();
  readonly #nodeItems: Items<PartNode, NodeItem> = new WeakMap();
  readonly #linkItems: Items<PartLink, LinkItem> = new WeakMap();
  readonly #batches: Items<Part, { batches: BatchItem[]; links: LinkItem[] }> = new WeakMap();

  build(structure: Structure, view: View, wishes: Wishes): Scene {
    const { k } = view.camera;
    const scene: Scene = { k, scale: shapeScale(k), frames: [], cards: [], batches: [], links: [], nodes: [], near: [] };
    const seen = seenBox(view, MARGIN);
    const home = isHome(structure);
    for (const part of structure.parts.values()) {
      const isDimmed = wishes.network !== null && wishes.network !== part.id;
      const c = isDimmed ? "dim" : "";
      if (!isNear(part, k, view.width, home)) {
        // Cards stay in the picture wherever they are: they are few and cheap, and a drag finds them there.
        scene.cards.push(remembered(this.#cardItems, part, `${k}|${c}`, () => cardItem(part, k, c)));
      } else if (overlaps(part.card, seen)) {
        const frame = remembered(this.#frameItems, part, `${k}|${c}`, () => frameItem(part, k, structure, c));
        scene.near.push(part);
        scene.frames.push(frame);
        this.#devices(scene, part, frame, structure.marks, view, wishes, c);
      }
    }
    return scene;
  }

  #devices(scene: Scene, part: Part, frame: FrameItem, marks: Marks | null, view: View, wishes: Wishes, c: string): void {
    const { k } = view.camera;
    const cut = part.nodes.length > CUT_FROM ? seenBox(view, MARGIN) : null;
    const isSeen = (node: PartNode): boolean => !cut || overlaps(cut, { x: node.x, y: node.y, width: 0, height: 0 });
    const nodes = part.nodes.filter(isSeen);
    const labels = this.#naming.place(part, nodes, k, scene.scale, wishes.selected, captionsOf(frame), wishes.measure);
    const where = cut ? `${Math.round(cut.x)},${Math.round(cut.y)},${Math.round(cut.width)}` : "";
    const drawn = remembered(this.#batches, part, `${k}|${c}|${where}`, () => this.#links(part, isSeen, k, scene.scale, marks, c));
    scene.batches.push(...drawn.batches);
    scene.links.push(...drawn.links);
    for (const node of nodes) {
      const mark = marks?.get(node.id) ?? null;
      const label = labels.get(node.id) ?? null;
      const key = `${k}|${c}|${mark}|${marks !== null}|${label?.slot}|${part.byId.get(node.node.parent?.node ?? "")?.name}`;
      scene.nodes.push(
        remembered(this.#nodeItems, node, key, () => nodeItem(node, part, k, { mark, label, c, isCompared: marks !== null })),
      );
    }
  }

  #links(
    part: Part,
    isSeen: (node: PartNode) => boolean,
    k: number,
    scale: number,
    marks: Marks | null,
    c: string,
  ): { batches: BatchItem[]; links: LinkItem[] } {
    const paths = new Map<string, { c: string; line: string; parts: string[] }>();
    const links: LinkItem[] = [];
    for (const link of part.links) {
      if (!isSeen(link.a) && !isSeen(link.b)) continue;
      const key = `${k}|${c}|${marks?.get(link.id)}|${marks !== null}`;
      const item = remembered(this.#linkItems, link, key, () => linkItem(link, k, scale, marks, c));
      if (item.mark) {
        links.push(item);
        continue;
      }
      for (const line of item.lines) {
        const id = `${item.c}|${line.c}`;
        const path = paths.get(id);
        if (path) path.parts.push(line.d);
        else paths.set(id, { c: item.c, line: line.c, parts: [line.d] });
      }
    }
    const batches = [...paths].map(([id, path]) => ({ id: `${part.id}|${id}`, c: path.c, line: path.line, d: path.parts.join("") }));
    return { batches, links };
  }
}

/** The texts of a frame, which names must not cover. */
export function captionsOf(frame: FrameItem): Caption[] {
  const { title, facts } = frame;
  const texts: Caption[] = [{ ...frame.titleAt, text: title, strong: true, rest: facts && `   ${facts}`, middle: false }];
  for (const ground of frame.grounds) {
    texts.push({
      x: ground.x,
      y: ground.y,
      text: ground.caption,
      strong: ground.c.includes("other"),
      middle: !ground.c.startsWith("shelf"),
    });
  }
  return texts;
}

/** Everything that a scene shows, names and titles too, in pixels from where the map's (0, 0) is. */
export function shownBox({ nodes, frames, cards, scale }: Scene, measure: Measure): Box | null {
  const corners: Point[] = [];
  const add = ({ left, top, right, bottom }: Area): void => void corners.push({ x: left, y: top }, { x: right, y: bottom });
  for (const { x, y, look, label, name, c } of nodes) {
    const radius = RADIUS[look.kind] * scale;
    add({ left: x - radius, top: y - radius, right: x + radius, bottom: y + radius });
    if (label) add(labelArea({ x, y, width: measure(name, c.includes("main")), height: LABEL_HEIGHT_PX }, label));
  }
  for (const frame of frames) for (const caption of captionsOf(frame)) add(captionArea(caption, measure));
  for (const { x, y, width, height } of cards) add({ left: x, top: y, right: x + width, bottom: y + height });
  return boxAround(corners, EDGE_PX);
}
