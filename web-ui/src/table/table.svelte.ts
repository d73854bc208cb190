/** What the reader chose for the tables; columns, order and grouping are kept in this browser. */

import { app } from "../state/app.svelte";
import type { Order } from "./columns";
import { type Filters, NO_FILTERS, type Switch } from "./filters";

export const TABS = [
  { id: "devices", words: "Devices" },
  { id: "links", words: "Links" },
  { id: "border-routers", words: "Border routers" },
  { id: "networks", words: "Networks" },
] as const;

export type Tab = (typeof TABS)[number]["id"];

const KEPT = "weft-table";

interface Kept {
  /** Columns by tab; where a tab is missing, the first choice holds. */
  columns: Partial<Record<Tab, string[]>>;
  orders: Record<Tab, Order>;
  isGrouped: boolean;
}

const FIRST: Kept = {
  columns: {},
  orders: {
    devices: { column: "name", isDescending: false },
    links: { column: "a", isDescending: false },
    "border-routers": { column: "name", isDescending: false },
    networks: { column: "name", isDescending: false },
  },
  isGrouped: false,
};

const noFilters = (): Record<Tab, Filters> => ({
  devices: structuredClone(NO_FILTERS),
  links: structuredClone(NO_FILTERS),
  "border-routers": structuredClone(NO_FILTERS),
  networks: structuredClone(NO_FILTERS),
});

class TableChoices {
  tab = $state<Tab>("devices");
  filters = $state<Record<Tab, Filters>>(noFilters());
  kept = $state<Kept>(read());

  constructor() {
    $effect.root(() => {
      $effect(() => {
        const text = JSON.stringify(this.kept);
        try {
          localStorage.setItem(KEPT, text);
        } catch {
          // A browser that keeps nothing: the choices hold until the page is closed.
        }
      });
    });
  }

  /** Orders by a column; once more turns the order round. */
  orderBy(column: string): void {
    const { tab } = this;
    const before = this.kept.orders[tab];
    this.kept.orders[tab] = { column, isDescending: before.column === column && !before.isDescending };
  }

  /** Shows everything of this tab again. */
  clear(): void {
    this.filters[this.tab] = structuredClone(NO_FILTERS);
    app.search = "";
    app.network = null;
  }
}

function read(): Kept {
  try {
    const value = JSON.parse(localStorage.getItem(KEPT) ?? "{}") as Partial<Kept>;
    return { ...FIRST, ...value, orders: { ...FIRST.orders, ...value.orders }, columns: { ...value.columns } };
  } catch {
    return structuredClone(FIRST);
  }
}

export const table = new TableChoices();

/** Opens the devices table on some of them. */
export function showInTable(...switches: Switch[]): void {
  table.tab = "devices";
  table.filters.devices = { ...structuredClone(NO_FILTERS), switches };
  app.search = "";
  app.go("table");
}
