/** How wide names are, remembered: asking the browser costs more than a lookup. */

import type { Measure } from "./naming";

const MAIN_FONT = "600 12.5px";
const OTHER_FONT = "400 11.5px";
const MOST_REMEMBERED = 50_000;
/** Where no text can be measured: about the width of a letter. */
const LETTER_PX = 6.6;

/** Measures in the font of an element. */
export function textWidth(element: Element): Measure {
  const family = getComputedStyle(element).fontFamily || "sans-serif";
  const context = document.createElement("canvas").getContext("2d");
  const known = new Map<string, number>();
  return (text, strong) => {
    if (!context) return text.length * LETTER_PX;
    const key = `${strong ? "+" : "-"}${text}`;
    let width = known.get(key);
    if (width === undefined) {
      if (known.size > MOST_REMEMBERED) known.clear();
      context.font = `${strong ? MAIN_FONT : OTHER_FONT} ${family}`;
      width = context.measureText(text).width;
      known.set(key, width);
    }
    return width;
  };
}
