/** What a column is, and how rows are put in order by one. */

/** One column of a table. */
export interface Column<Row> {
  id: string;
  title: string;
  /** What it means, where the title does not say. */
  hint?: string;
  /** Width in rem. */
  width: number;
  /** Shown until the reader chooses otherwise. */
  isFirstChoice: boolean;
  /** Numbers stand at the end of their cell. */
  isNumber?: boolean;
  /** What stands in the cell. Null: not known. */
  text: (row: Row) => string | null;
  /** What it is ordered by; the text, where it is left out. */
  key?: (row: Row) => string | number | null;
  /** What goes into a file; the text, where it is left out. */
  raw?: (row: Row) => string | number | null;
  /** How the cell is drawn, where it is more than text. */
  look?: "device" | "state" | "quality" | "age" | "findings" | "mono";
}

/** An order that the reader chose. */
export interface Order {
  column: string;
  isDescending: boolean;
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** Rows in order; what is not known stands last in both directions, and equal rows keep their places. */
export function sorted<Row>(rows: readonly Row[], columns: readonly Column<Row>[], order: Order): Row[] {
  const column = columns.find((one) => one.id === order.column) ?? columns[0];
  if (!column) return [...rows];
  const keyOf = column.key ?? column.text;
  const direction = order.isDescending ? -1 : 1;
  return rows
    .map((row, place) => ({ row, place, key: keyOf(row) }))
    .sort((a, b) => {
      if (a.key === null || b.key === null) return a.key === b.key ? a.place - b.place : a.key === null ? 1 : -1;
      const compared =
        typeof a.key === "number" && typeof b.key === "number" ? a.key - b.key : collator.compare(String(a.key), String(b.key));
      return compared * direction || a.place - b.place;
    })
    .map(({ row }) => row);
}

/** Which rows are drawn: those in view and some around them. */
export function windowOfRows(
  count: number,
  rowHeight: number,
  scrolled: number,
  viewHeight: number,
  spare = 8,
): { from: number; to: number } {
  const from = Math.max(0, Math.min(count, Math.floor(scrolled / rowHeight)) - spare);
  const to = Math.min(count, Math.ceil((scrolled + viewHeight) / rowHeight) + spare);
  return { from, to: Math.max(from, to) };
}
