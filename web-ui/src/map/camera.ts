/** Wheel, drag, pinch and double click. While a gesture lasts, the compositor moves the picture as it is; it is drawn anew when it rests. */

import { select } from "d3-selection";
import { zoom, zoomIdentity, type D3ZoomEvent, type ZoomBehavior } from "d3-zoom";
import type { Camera, View } from "./types";

/** A gesture rests when nothing came for this long. */
const SETTLE_MILLISECONDS = 160;
/** Drawn anew during a gesture once it went further than this: share of the view's size, and scale. */
const FAR_SHARE = 0.7;
const FAR_SCALE = 1.8;
const GLIDE_MILLISECONDS = 340;
const LEAST_SCALE = 0.01;
const MOST_SCALE = 5;

interface Wishes {
  /** The picture for a camera is wanted. */
  settle(camera: Camera, byPerson: boolean): void;
  /** True where a press begins something else than a drag of the map. */
  isTaken(event: Event): boolean;
  /** Something moves. */
  began(): void;
}

/** The camera of one map. */
export class CameraControl {
  #camera: Camera = { k: 1, x: 0, y: 0 };
  #settled: Camera = { k: 1, x: 0, y: 0 };
  #timer: ReturnType<typeof setTimeout> | undefined;
  #glide = 0;
  #isOwnMove = false;
  /** Asking the browser makes it lay out the page, so it is asked once for each size. */
  #size: { width: number; height: number } | null = null;
  readonly #resizes = new ResizeObserver(() => (this.#size = null));
  readonly #stage: HTMLElement;
  readonly #layer: SVGSVGElement;
  readonly #wishes: Wishes;
  readonly #zoom: ZoomBehavior<HTMLElement, unknown>;

  constructor(stage: HTMLElement, layer: SVGSVGElement, wishes: Wishes) {
    this.#stage = stage;
    this.#layer = layer;
    this.#wishes = wishes;
    this.#zoom = zoom<HTMLElement, unknown>()
      .scaleExtent([LEAST_SCALE, MOST_SCALE])
      .clickDistance(4)
      .duration(reducedMotion() ? 0 : 220)
      .filter((event: MouseEvent & WheelEvent) => (!event.ctrlKey || event.type === "wheel") && !event.button && !wishes.isTaken(event))
      .on("zoom", (event: D3ZoomEvent<HTMLElement, unknown>) => this.#moved(event));
    select(stage).call(this.#zoom);
    this.#resizes.observe(stage);
  }

  /** Where the map lies now, in the middle of a gesture too. */
  get camera(): Camera {
    return this.#camera;
  }

  get view(): View {
    this.#size ??= { width: this.#stage.clientWidth, height: this.#stage.clientHeight };
    return { camera: this.#camera, ...this.#size };
  }

  /** Goes somewhere at once. */
  jump(camera: Camera): void {
    cancelAnimationFrame(this.#glide);
    this.#own(camera);
    this.#settle(false);
  }

  /** Goes somewhere so that the eye can follow, or at once for those who do not want motion. */
  glide(to: Camera): void {
    cancelAnimationFrame(this.#glide);
    if (reducedMotion() || document.hidden) {
      this.jump(to);
      return;
    }
    const from = this.#camera;
    const { width, height } = this.view;
    const middle = ({ k, x, y }: Camera): { x: number; y: number } => ({ x: (width / 2 - x) / k, y: (height / 2 - y) / k });
    const start = middle(from);
    const end = middle(to);
    const began = performance.now();
    const step = (now: number): void => {
      const share = Math.min(1, Math.max(0, (now - began) / GLIDE_MILLISECONDS));
      const eased = 1 - (1 - share) ** 3;
      const k = from.k * (to.k / from.k) ** eased;
      // The middle moves so that things keep their direction while the scale changes.
      const along = Math.abs(to.k - from.k) < 1e-6 ? eased : (1 / from.k - 1 / k) / (1 / from.k - 1 / to.k);
      const x = start.x + (end.x - start.x) * along;
      const y = start.y + (end.y - start.y) * along;
      this.#own({ k, x: width / 2 - x * k, y: height / 2 - y * k });
      if (share < 1) this.#glide = requestAnimationFrame(step);
      else this.#settle(false);
    };
    this.#glide = requestAnimationFrame(step);
  }

  /** Larger or smaller around the middle. */
  by(factor: number): void {
    const { camera, width, height } = this.view;
    const k = Math.max(LEAST_SCALE, Math.min(MOST_SCALE, camera.k * factor));
    const ratio = k / camera.k;
    this.glide({ k, x: width / 2 - (width / 2 - camera.x) * ratio, y: height / 2 - (height / 2 - camera.y) * ratio });
  }

  stop(): void {
    clearTimeout(this.#timer);
    cancelAnimationFrame(this.#glide);
    select(this.#stage).on(".zoom", null);
    this.#resizes.disconnect();
  }

  #own({ k, x, y }: Camera): void {
    this.#isOwnMove = true;
    select(this.#stage).call(this.#zoom.transform, zoomIdentity.translate(x, y).scale(k));
    this.#isOwnMove = false;
  }

  #moved({ transform }: D3ZoomEvent<HTMLElement, unknown>): void {
    const byPerson = !this.#isOwnMove;
    if (byPerson) cancelAnimationFrame(this.#glide);
    this.#camera = { k: transform.k, x: transform.x, y: transform.y };
    this.#wishes.began();
    const from = this.#settled;
    const ratio = transform.k / from.k;
    const x = transform.x - from.x * ratio;
    const y = transform.y - from.y * ratio;
    clearTimeout(this.#timer);
    const { width, height } = this.view;
    const isWide = ratio > FAR_SCALE || ratio < 1 / FAR_SCALE;
    // How far the middle of the view went, in pixels of the screen.
    const dx = Math.abs(x + (width / 2) * (ratio - 1));
    const dy = Math.abs(y + (height / 2) * (ratio - 1));
    const isFar = isWide || dx > width * FAR_SHARE || dy > height * FAR_SHARE;
    if (isFar && byPerson) {
      this.#settle(byPerson);
      return;
    }
    this.#layer.style.transform = `translate(${x}px, ${y}px) scale(${ratio})`;
    this.#timer = setTimeout(() => this.#settle(byPerson), SETTLE_MILLISECONDS);
  }

  #settle(byPerson: boolean): void {
    clearTimeout(this.#timer);
    this.#settled = { ...this.#camera, x: Math.round(this.#camera.x), y: Math.round(this.#camera.y) };
    this.#wishes.settle(this.#settled, byPerson);
    this.#layer.style.transform = "";
  }
}

/** True where the person asked for little motion. */
export const reducedMotion = (): boolean => window.matchMedia("(prefers-reduced-motion: reduce)").matches;
