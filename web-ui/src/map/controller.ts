/** Holds one map together: what is shown, the camera, the painter, the pointer and the keys. */

import { boxOf } from "./boxes";
import { CameraControl } from "./camera";
import { CALM, emphasisOf, linksWhileMoved, type Selected, whereDrawn } from "./emphasis";
import { FIT_SCALE, fitCamera, isInView } from "./fit";
import { contains, fitting, overlaps, seenBox } from "./geometry";
import { act, type KeyActions } from "./keyboard";
import { Painter } from "./paint";
import { pick, type Picked } from "./pick";
import { Pinning } from "./pinning";
import type { Listener } from "./listener";
import type { Measure } from "./naming";
import { isHome, isNear, type Scene, SceneBuilder, type Wishes } from "./scene";
import { EMPTY, type Part, partWith, type Structure, structureOf } from "./structure";
import type { Box, Camera, Choices, Marks, MeshLike, Point } from "./types";

/** The scale at which a device that was searched for is shown, if the map is smaller. */
const FOCUS_SCALE = 0.95;

/** One map. */
export class MapController {
  structure: Structure = EMPTY;
  scene: Scene | null = null;
  /** Devices may be dragged. */
  isEditing = false;
  /** A person has moved the map since everything was shown. */
  isTouched = false;
  readonly camera: CameraControl;
  readonly painter: Painter;
  readonly #stage: HTMLElement;
  readonly #listener: Listener;
  readonly #builder = new SceneBuilder();
  readonly #measure: Measure;
  #settled: Camera = { k: 1, x: 0, y: 0 };
  #hasFit = false;
  #known = new Set<string>();
  #waiting: Selected | null = null;
  #selected: Selected | null = null;
  #hovered: Selected | null = null;
  #network: string | null = null;
  #pointer: PointerEvent | null = null;
  readonly #pins: Pinning;
  #frame = 0;
  readonly #keys: KeyActions = {
    structure: () => this.structure,
    scene: () => this.scene,
    selected: () => this.#selected,
    focus: (id) => this.#focus(id),
    open: (network) => this.#open(network),
    select: (selected) => this.#listener.select(selected),
    fit: () => this.fit(),
    zoom: (factor) => this.camera.by(factor),
  };

  constructor(stage: HTMLElement, svg: SVGSVGElement, measure: Measure, listener: Listener) {
    this.#stage = stage;
    this.#listener = listener;
    this.#measure = measure;
    this.painter = new Painter(svg);
    this.camera = new CameraControl(stage, svg, {
      settle: (camera, byPerson) => {
        this.#settled = camera;
        this.isTouched ||= byPerson;
        this.draw();
      },
      isTaken: (event) => this.isEditing && event.type === "mousedown" && this.#nodeAt(event) !== null,
      began: () => this.#hover(null, null),
    });
    this.#pins = new Pinning(stage, {
      pickable: (event) => (this.isEditing ? this.#nodeAt(event) : null),
      dragged: (id, at) => this.#dragged(id, this.#onMap(at)),
      dropped: (id, at) => listener.pin(id, this.#onMap(at)),
      cancelled: (id) => this.putBack(id),
    });
    stage.addEventListener("pointermove", (event) => this.#move(event));
    stage.addEventListener("pointerleave", () => this.#hover(null, null));
    stage.addEventListener("click", (event) => this.#click(event));
    stage.addEventListener("keydown", (event) => this.#key(event));
    stage.addEventListener("focusin", (event) => this.#focused(event));
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
    this.#pins.stop();
    this.camera.stop();
  }

  /** A first picture was shown. */
  get hasFit(): boolean {
    return this.#hasFit;
  }

  /** Shows a mesh. The view stays where it is; only the first picture is fitted. */
  show(mesh: MeshLike, choices: Choices, marks: Marks | null): void {
    const before = this.structure;
    this.structure = structureOf(mesh, choices, before, marks);
    if (!this.#hasFit && this.#hasSize() && this.structure.parts.size > 0) this.fit(true);
    else this.draw();
    if (this.#waiting && this.#hasFit) this.bring(this.#waiting);
  }

  /** Draws the scene for where the map rests. */
  draw(): void {
    if (!this.#hasSize()) return;
    this.scene = this.#builder.build(this.structure, { ...this.camera.view, camera: this.#settled }, this.#wishes());
    this.painter.place(this.#settled.x, this.#settled.y);
    this.painter.paint(this.scene);
    this.#emphasise();
    this.#listener.drawn();
  }

  /** Selects; names of what is selected are always there. */
  select(selected: Selected | null): void {
    const isNode = selected?.kind === "node" || this.#selected?.kind === "node";
    this.#selected = selected;
    if (selected && (selected.kind === "node" || selected.kind === "network") && this.painter.elementOf(selected.id))
      this.painter.makeCurrent(selected.id);
    if (isNode) this.draw();
    else this.#emphasise();
  }

  /** Dims all networks but one, and shows it. */
  narrow(network: string | null): void {
    if (this.#network === network) return;
    this.#network = network;
    this.draw();
    if (this.#hasFit) this.fit();
  }

  /** Shows everything, or the network that the page is narrowed to. */
  fit(isFirst = false): void {
    const camera = this.#hasSize()
      ? fitCamera(this.structure, this.camera.view, this.#wishes(), this.#listener.insets(), this.#builder)
      : null;
    if (!camera) return;
    this.#hasFit = true;
    this.isTouched = false;
    this.#known = new Set(this.structure.parts.keys());
    if (isFirst) this.camera.jump(camera);
    else this.camera.glide(camera);
  }

  /** The window has another size: a map that nobody moved still shows everything. */
  resized(): void {
    if (!this.#hasFit) {
      if (this.structure.parts.size > 0) this.fit(true);
    } else if (this.isTouched) this.draw();
    else this.fit(true);
  }

  /** Brings something into view, if it is not there. */
  bring(what: Selected): void {
    if (!this.#hasFit) {
      this.#waiting = what;
      return;
    }
    this.#waiting = null;
    const box = boxOf(what, this.structure, this.#listener.finding);
    if (!box) return;
    const { part } = box;
    const { camera, width } = this.camera.view;
    const isVisible = isInView(box, this.camera.view, this.#listener.insets());
    const isDrawn = !part || what.kind === "network" || isNear(part, camera.k, width, isHome(this.structure));
    if (isVisible && isDrawn && what.kind !== "network") return;
    this.isTouched = true;
    if (what.kind === "network") this.#go(box, FIT_SCALE);
    else this.#go(box, Math.max(isDrawn ? camera.k : FOCUS_SCALE, part && !isDrawn ? FOCUS_SCALE : 0));
  }

  /** Shows a device where it was before it was dragged: the service did not take its new place. */
  putBack(id: string): void {
    const item = this.scene?.nodes.find((node) => node.id === id);
    if (item) this.painter.elementOf(id)?.setAttribute("transform", `translate(${item.x} ${item.y})`);
    this.#emphasise();
  }

  /** Networks that came since everything was shown, and are out of sight. */
  newNetworks(): Part[] {
    if (!this.#hasFit) return [];
    const seen = seenBox(this.camera.view);
    return [...this.structure.parts.values()].filter((part) => !this.#known.has(part.id) && !overlaps(part.card, seen));
  }

  #wishes(): Wishes {
    return { network: this.#network, selected: this.#selected?.kind === "node" ? this.#selected.id : null, measure: this.#measure };
  }

  #hasSize(): boolean {
    return this.#stage.clientWidth > 0 && this.#stage.clientHeight > 0;
  }

  #go(box: Box, most: number): void {
    const { width, height } = this.camera.view;
    this.camera.glide(fitting(box, width, height, this.#listener.insets(), most));
  }

  #emphasise(): void {
    const { structure } = this;
    const { k } = this.#settled;
    const near = new Set(this.scene?.near.map((part) => part.id));
    const hovered = whereDrawn(this.#hovered, structure, near);
    const selected = whereDrawn(this.#selected, structure, near);
    const { finding, when } = this.#listener;
    this.painter.emphasise(emphasisOf({ structure, k, hovered, selected, finding, when }));
  }

  #at(event: MouseEvent): Point {
    const { left, top } = this.#stage.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  #pick(event: MouseEvent, pointer: "mouse" | "finger"): Picked | null {
    // A name belongs to its device.
    const named =
      pointer === "mouse" && event.target instanceof Element ? event.target.closest<SVGElement>("[data-node]")?.dataset.node : undefined;
    const part = named ? partWith(this.structure, named) : undefined;
    const node = part?.byId.get(named ?? "");
    if (part && node) return { kind: "node", node, part };
    return pick(this.#at(event), this.camera.view, this.scene?.near ?? [], pointer);
  }

  #nodeAt(event: Event): string | null {
    const picked = event instanceof MouseEvent ? this.#pick(event, "mouse") : null;
    return picked?.kind === "node" ? picked.node.id : null;
  }

  #move(event: PointerEvent): void {
    if (event.pointerType === "touch") return;
    this.#pointer = event;
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      const latest = this.#pointer;
      if (!latest) return;
      if (!this.#pins.move(this.#at(latest)) && !latest.buttons) this.#hover(this.#pick(latest, "mouse"), latest);
    });
  }

  #onMap({ x, y }: Point): Point {
    const { camera } = this.camera;
    return { x: Math.round((x - camera.x) / camera.k), y: Math.round((y - camera.y) / camera.k) };
  }

  /** Shows a device where the pointer has it, with its links. */
  #dragged(id: string, at: Point): void {
    const { k } = this.#settled;
    this.painter.elementOf(id)?.setAttribute("transform", `translate(${at.x * k} ${at.y * k})`);
    this.painter.emphasise({ ...CALM, hovered: id, links: linksWhileMoved(this.structure, id, at, k) });
  }

  #hover(picked: Picked | null, event: MouseEvent | null): void {
    const selected: Selected | null = picked ? { kind: picked.kind, id: picked.kind === "node" ? picked.node.id : picked.link.id } : null;
    const isSame = selected?.id === this.#hovered?.id;
    if (isSame && !picked) return;
    this.#hovered = selected;
    this.#stage.classList.toggle("pointing", picked !== null);
    if (!isSame) this.#emphasise();
    this.#listener.hover(picked, event ? this.#at(event) : { x: 0, y: 0 });
  }

  #click(event: MouseEvent): void {
    const target = event.target instanceof Element ? event.target : null;
    const card = target?.closest<SVGElement>("[data-card]")?.dataset.card;
    if (card) {
      this.#open(card);
      return;
    }
    const isFinger = event instanceof PointerEvent && event.pointerType === "touch";
    const picked = this.#pick(event, isFinger ? "finger" : "mouse");
    const network = target?.closest<SVGElement>("[data-network]")?.dataset.network;
    if (picked) this.#listener.select(picked.kind === "node" ? { kind: "node", id: picked.node.id } : { kind: "link", id: picked.link.id });
    else if (network) this.#listener.select({ kind: "network", id: network });
    else this.#listener.select(null);
  }

  #open(network: string): void {
    const part = this.structure.parts.get(network);
    if (!part) return;
    this.isTouched = true;
    this.#go(part.card, FIT_SCALE);
  }

  #focused(event: FocusEvent): void {
    const target = event.target instanceof SVGElement ? event.target : null;
    const id = target?.dataset.node ?? target?.dataset.card;
    if (id) this.painter.makeCurrent(id);
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.target instanceof SVGElement)) return;
    const id = event.target.dataset.node ?? event.target.dataset.card;
    if (!id || !act(event, id, this.#keys)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** A key that was pressed where nothing else wants it: it is about what is selected, else about where the tab key would go. */
  press(event: KeyboardEvent): boolean {
    const { current } = this.painter;
    const selected = this.#selected?.kind === "node" && this.painter.elementOf(this.#selected.id) ? this.#selected.id : current;
    return selected !== null && event.key !== "Enter" && event.key !== " " && event.key !== "Escape" && act(event, selected, this.#keys);
  }

  #focus(id: string): void {
    this.painter.makeCurrent(id);
    this.painter.elementOf(id)?.focus({ preventScroll: true });
    const part = partWith(this.structure, id);
    const node = part?.byId.get(id);
    if (node && !contains(seenBox(this.camera.view), node)) this.bring({ kind: "node", id });
  }
}
