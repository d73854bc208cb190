/** The connection to the service: one picture, then what changes, over server-sent events. */

import * as api from "../api/client";
import { ApiError } from "../api/client";
import type { DeltaEvent, DongleView, FabricView, NetworksView, Status, Topology } from "../api/types";
import { Mesh } from "./mesh.svelte";
import { Rates } from "./rates.svelte";

/** How the page stands to its service. */
export type Connection =
  /** Nothing has come yet. */
  | "connecting"
  /** What is shown is now. */
  | "live"
  /** The service answers and refuses the stream of changes: the picture is asked for again and again. */
  | "polling"
  /** The service does not answer; what is shown grows old. */
  | "lost"
  /** The service asks who this is. */
  | "locked"
  /** Let go, because nobody looks. */
  | "resting";

/** Changes are shown at most this often, so that a storm of them costs no more than a breeze. */
const PAINT_EVERY_MILLISECONDS = 250;
/** A hidden tab lets go of its stream after this time: a browser allows few of them to one address. */
const REST_AFTER_MILLISECONDS = 30_000;
const RETRY_MILLISECONDS = [500, 1_000, 2_000, 5_000, 10_000];
/** How often the picture is asked for where there is no stream. */
const POLL_MILLISECONDS = 10_000;
/** Streams that broke before they began, in a row, until they count as refused. */
const REFUSED_AFTER = 2;
/** How often positions are asked for that keep up with what changes. */
const MAX_LAYOUTS = 3;
/** `Date` headers know whole seconds; clocks that are closer than this are the same. */
const SAME_CLOCK_MILLISECONDS = 2_000;

/** The service as it is now. */
class Live {
  readonly mesh = new Mesh();
  connection = $state<Connection>("connecting");
  /** Since when `connection` is what it is, milliseconds. */
  since = $state(Date.now());
  /** Failed tries in a row. */
  tries = $state(0);
  /** Why the service gives no picture, where it answers and says so. */
  refusal = $state.raw<ApiError | null>(null);
  status = $state.raw<Status | null>(null);
  /** Null where this service pairs no devices. */
  fabric = $state.raw<FabricView | null>(null);
  /** Null where this service asks no networks, or nobody has looked yet. */
  networks = $state.raw<NetworksView | null>(null);
  /** Null where this service has no dongle, or nobody has looked yet. */
  dongle = $state.raw<DongleView | null>(null);
  /** The channel that the dongle comes back to after a scan; null where none is known. */
  dongleHome = $state<number | null>(null);
  /** What the dongle heard lately. */
  readonly rates = new Rates();
  /** When the newest event came, milliseconds of this machine. */
  heardAt = $state(0);
  /** The moment of the newest event on the service's clock. A recording has its own now. */
  now = $state("");
  /** Something was shown once. */
  hasPicture = $state(false);

  /** How far the service's clock is ahead of this machine's, milliseconds. */
  clockOffset = $state(0);

  #stream: EventSource | null = null;
  #refused = 0;
  #generation: string | null = null;
  /** Number of the generation that is shown. */
  #number = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #rest: ReturnType<typeof setTimeout> | undefined;
  #painting: ReturnType<typeof setTimeout> | undefined;
  #paintedAt = 0;

  /** A recording was played to its end: its clock stands still. */
  get hasEnded(): boolean {
    const { notice, sources } = this.status ?? { notice: null, sources: [] };
    return Boolean(notice) && sources.length > 0 && sources.every(({ state }) => state === "suspended" || state === "stopped");
  }

  /** Begins, and goes on until the page is closed. */
  start(): void {
    document.addEventListener("visibilitychange", () => {
      clearTimeout(this.#rest);
      if (document.hidden) this.#rest = setTimeout(() => this.#letGo(), REST_AFTER_MILLISECONDS);
      else if (this.connection === "resting") this.#follow();
    });
    void this.#load();
  }

  /** Tries again at once, for a person who does not want to wait or has just given the token. */
  retryNow(): void {
    clearTimeout(this.#retry);
    this.#close();
    void this.#load();
  }

  async #load(): Promise<void> {
    try {
      const [picture, layout, sources] = await Promise.all([api.topology(null), api.layout(null), api.sources()]);
      const ahead = picture.clock === null ? 0 : picture.clock - Date.now();
      this.clockOffset = Math.abs(ahead) < SAME_CLOCK_MILLISECONDS ? 0 : ahead;
      this.#take(picture.topology, picture.generation);
      this.mesh.replace(picture.topology, layout.positions);
      // A generation's name begins with its number.
      this.#number = Number.parseInt(picture.generation ?? "0", 10) || 0;
      if ((layout.generation ?? 0) < this.#number) void this.#place();
      this.status = sources.status;
      this.hasPicture = true;
      this.refusal = null;
      this.#is(this.#refused >= REFUSED_AFTER ? "polling" : "live");
      this.#follow();
    } catch (error) {
      if (error instanceof ApiError && error.needsToken) this.#is("locked");
      else this.#failed(error instanceof ApiError && error.status !== 0 ? error : null);
    }
  }

  #follow(): void {
    this.#close();
    const since = this.#generation ? `?since=${encodeURIComponent(this.#generation)}` : "";
    const stream = new EventSource(`/api/v1/events${since}`);
    this.#stream = stream;
    let isOpen = false;
    stream.addEventListener("open", () => {
      isOpen = true;
      this.#refused = 0;
      this.tries = 0;
      this.#is("live");
    });
    stream.addEventListener("snapshot", (event) => this.#snapshot(event));
    stream.addEventListener("delta", (event) => this.#delta(event));
    stream.addEventListener("fabric", (event) => {
      this.fabric = JSON.parse(event.data) as FabricView;
      this.#heard();
    });
    stream.addEventListener("networks", (event) => {
      this.networks = JSON.parse(event.data) as NetworksView;
      this.#heard();
    });
    stream.addEventListener("dongle", (event) => {
      this.takeDongle(JSON.parse(event.data) as DongleView);
      this.#heard();
    });
    stream.addEventListener("error", () => {
      this.#close();
      if (!isOpen) this.#refused++;
      // The picture came a moment ago, so the service is there.
      if (!isOpen && this.#refused >= REFUSED_AFTER) this.#poll();
      else this.#failed();
    });
  }

  /** How the dongle is doing now. */
  takeDongle(view: DongleView): void {
    this.dongle = view;
    if (view.mode === "searching") this.dongleHome = null;
    else if (view.mode !== "scanning") this.dongleHome = view.channel ?? this.dongleHome;
    // A radio that is not there hears nothing, which is not the same as silence.
    this.rates.told(Date.now(), view.mode === "absent" || view.mode === "starting" ? null : view.frames_per_second);
  }

  #snapshot(event: MessageEvent<string>): void {
    const { generation, topology, status } = JSON.parse(event.data) as { generation: number; topology: Topology; status: Status };
    this.#take(topology, event.lastEventId);
    this.#number = generation;
    this.status = status;
    // At once: changes that follow are changes of this. Positions are not part of a snapshot.
    this.mesh.replace(topology, null);
    void this.#place();
  }

  /** Asks where everything stands, until the answer is not older than what is shown. */
  async #place(): Promise<void> {
    try {
      for (let tries = 0; tries < MAX_LAYOUTS; tries++) {
        const { generation, positions } = await api.layout(null);
        if ((generation ?? 0) < this.#number) continue;
        this.mesh.place(positions);
        return;
      }
    } catch {
      // A service that is gone ends the stream too, which says so.
    }
  }

  #delta(event: MessageEvent<string>): void {
    const data = JSON.parse(event.data) as DeltaEvent & { generation: number; layout_changed: boolean };
    this.#number = data.generation;
    this.mesh.apply(data.changes, data.layout ?? null);
    if (data.layout_changed && !data.layout) void this.#place();
    if (data.status) this.status = data.status;
    this.#generation = event.lastEventId;
    this.now = data.changes.as_of;
    this.#heard();
    this.#paint();
  }

  #take(topology: Topology, generation: string | null): void {
    this.#generation = generation;
    this.now = topology.as_of;
    this.heardAt = Date.now();
  }

  #heard(): void {
    this.heardAt = Date.now();
  }

  #poll(): void {
    this.#is("polling");
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#load(), POLL_MILLISECONDS);
  }

  #paint(): void {
    if (this.#painting !== undefined) return;
    const wait = Math.max(0, this.#paintedAt + PAINT_EVERY_MILLISECONDS - Date.now());
    this.#painting = setTimeout(() => {
      this.#painting = undefined;
      this.#paintedAt = Date.now();
      this.mesh.changed();
    }, wait);
  }

  #failed(refusal: ApiError | null = null): void {
    this.#close();
    this.refusal = refusal;
    // One break is not worth a word: the next try is half a second away.
    this.#is(this.tries === 0 ? "connecting" : "lost");
    const wait = RETRY_MILLISECONDS[Math.min(this.tries, RETRY_MILLISECONDS.length - 1)];
    this.tries++;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#load(), wait);
  }

  #letGo(): void {
    if (this.connection !== "live") return;
    this.#close();
    this.#is("resting");
  }

  #close(): void {
    if (this.#stream) this.rates.told(Date.now(), null);
    this.#stream?.close();
    this.#stream = null;
  }

  #is(connection: Connection): void {
    if (this.connection === connection) return;
    this.connection = connection;
    this.since = Date.now();
  }
}

/** The one connection of this page. */
export const live = new Live();
