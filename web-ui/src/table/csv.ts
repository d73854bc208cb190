/** Comma-separated values after RFC 4180, safe to open in a spreadsheet. */

/** A text that a spreadsheet takes for a formula gets an apostrophe in front; numbers stay numbers. */
function safe(value: string): string {
  const isNumber = /^[+-]?\d+(\.\d+)?$/.test(value);
  return !isNumber && /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
}

function field(value: string): string {
  const text = safe(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Lines end with CR LF, as the standard has it. */
export const csv = (rows: readonly (readonly string[])[]): string => rows.map((row) => `${row.map(field).join(",")}\r\n`).join("");

/** Hands a text to the browser as a file. */
export function download(name: string, text: string, type: string): void {
  // A byte order mark: without it, some spreadsheets read UTF-8 as something else.
  const url = URL.createObjectURL(new Blob(["\uFEFF", text], { type: `${type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
