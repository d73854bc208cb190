/** How high the sheet stands: kept from one selection to the next. */

import type { Height } from "./logic/sheet";

class Sheet {
  height = $state<Height>("half");
}

export const sheet = new Sheet();
