/** The views that the rail leads to. */

import type { View } from "../state/app.svelte";
import type { IconName } from "../ui/Icon.svelte";

/** One place to go. */
export interface Place {
  view: View;
  words: string;
  icon: IconName;
}

/** From the top of the rail; the last one stands at its foot. */
export const PLACES: readonly Place[] = [
  { view: "map", words: "Map", icon: "map" },
  { view: "table", words: "Table", icon: "table" },
  { view: "findings", words: "Findings", icon: "findings" },
  { view: "changes", words: "Changes", icon: "changes" },
  { view: "coverage", words: "Coverage", icon: "coverage" },
  { view: "networks", words: "Ways in", icon: "key" },
  { view: "radio", words: "Radio", icon: "radio" },
  { view: "sources", words: "Sources", icon: "sources" },
  { view: "settings", words: "Settings", icon: "settings" },
];

/** So many fit below each other's thumbs; the others are behind "More". */
export const TABS_ON_PHONES = 4;
