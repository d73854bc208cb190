/** Keys that work on every view. The map, the search field and the time bar have keys of their own. */

import { app } from "../state/app.svelte";
import { shown } from "../state/shown.svelte";
import { isForPage } from "../ui/keys";

/** Takes a key that nobody else took. */
export function globalKey(event: KeyboardEvent): void {
  if (!isForPage(event)) return;
  if (event.key === "?") app.dialog = "shortcuts";
  else if (event.key === "." && !shown.isLive) shown.goLive();
  else return;
  event.preventDefault();
}
