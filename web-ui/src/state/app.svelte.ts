/** What the person at the page has chosen: the view, what is selected, filters, the theme. The address bar holds what is worth a bookmark. */

import { shown } from "./shown.svelte";

/** The views. */
export const VIEWS = [
  "map",
  "table",
  "findings",
  "changes",
  "coverage",
  "devices",
  "networks",
  "radio",
  "sources",
  "check",
  "settings",
] as const;
export type View = (typeof VIEWS)[number];

/** What is selected. */
export interface Selection {
  kind: "node" | "link" | "network" | "finding";
  id: string;
}

export type LinkFilter = "best" | "all" | "weak";
export type Theme = "system" | "light" | "dark";

const KEPT = "weft-choices";

interface Choices {
  links: LinkFilter;
  endDevices: boolean;
  ghosts: boolean;
  rooms: boolean;
  legend: boolean;
  theme: Theme;
}

const FIRST: Choices = { links: "best", endDevices: true, ghosts: true, rooms: false, legend: true, theme: "system" };

class App {
  view = $state<View>("map");
  selection = $state.raw<Selection | null>(null);
  /** The network that views are narrowed to; null: all. */
  network = $state<string | null>(null);
  /** What the map draws and how the page looks; kept in this browser. */
  choices = $state<Choices>({ ...FIRST, ...kept() });
  /** What is searched for. */
  search = $state("");
  dialog = $state<"export" | "shortcuts" | null>(null);
  /** Counts wishes to see everything, for the map. */
  fits = $state(0);
  /** Something that the map should bring into view. */
  focus = $state.raw<Selection | null>(null);

  constructor() {
    this.#readAddress();
    window.addEventListener("hashchange", () => this.#readAddress());
    $effect.root(() => {
      $effect(() => {
        const { theme } = this.choices;
        if (theme === "system") delete document.documentElement.dataset.theme;
        else document.documentElement.dataset.theme = theme;
        try {
          localStorage.setItem(KEPT, JSON.stringify(this.choices));
        } catch {
          // A browser that keeps nothing: the choices hold until the page is closed.
        }
      });
      $effect(() => this.#writeAddress());
    });
  }

  /** Opens a view. */
  go(view: View): void {
    this.view = view;
  }

  /** Selects something; with `bring`, the map shows it too. */
  select(kind: Selection["kind"], id: string, bring = false): void {
    this.selection = { kind, id };
    if (bring) this.focus = { kind, id };
  }

  deselect(): void {
    this.selection = null;
  }

  isSelected(kind: Selection["kind"], id: string): boolean {
    return this.selection?.kind === kind && this.selection.id === id;
  }

  /** Opens the map on something. */
  showOnMap(kind: Selection["kind"], id: string): void {
    this.select(kind, id, true);
    this.go("map");
  }

  fit(): void {
    this.fits++;
  }

  #readAddress(): void {
    const [view, parameters] = location.hash.replace(/^#\/?/, "").split("?");
    this.view = VIEWS.find((known) => known === view) ?? "map";
    const given = new URLSearchParams(parameters ?? "");
    this.network = given.get("network");
    const kind = (["node", "link", "network-details", "finding"] as const).find((kind) => given.get(kind));
    const id = kind ? given.get(kind) : null;
    const selected = kind && id ? ({ kind: kind === "network-details" ? "network" : kind, id } as Selection) : null;
    if (this.selection?.kind !== selected?.kind || this.selection?.id !== selected?.id) this.selection = selected;
    const at = given.get("at");
    // What is no time is passed over: the present is shown.
    const isTime = at !== null && !Number.isNaN(Date.parse(at));
    if (isTime && at !== shown.at) void shown.goTo(at);
    else if (!isTime && shown.at !== null) shown.goLive();
  }

  #writeAddress(): void {
    const parameters = new URLSearchParams();
    if (this.network) parameters.set("network", this.network);
    if (this.selection) parameters.set(this.selection.kind === "network" ? "network-details" : this.selection.kind, this.selection.id);
    if (shown.at) parameters.set("at", shown.at);
    const text = parameters.toString();
    const hash = `#/${this.view}${text ? `?${text}` : ""}`;
    if (location.hash === hash) return;
    const isOtherView = !location.hash.startsWith(`#/${this.view}`);
    // A view is a step to go back to; a selection is not.
    if (isOtherView && location.hash) history.pushState(null, "", hash);
    else history.replaceState(null, "", hash);
  }
}

function kept(): Partial<Choices> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEPT) ?? "{}");
    return typeof value === "object" && value !== null ? (value as Partial<Choices>) : {};
  } catch {
    return {};
  }
}

export const app = new App();
