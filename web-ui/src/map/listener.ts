/** What a map and its page tell each other. */

import type { Finding } from "../api/types";
import type { Selected } from "./emphasis";
import type { Insets } from "./geometry";
import type { Picked } from "./pick";
import type { Point } from "./types";

/** What the map tells its page. */
export interface Listener {
  select(selected: Selected | null): void;
  hover(picked: Picked | null, at: Point): void;
  /** A device was put somewhere by a person. */
  pin(id: string, at: Point): void;
  /** After every drawing. */
  drawn(): void;
  insets(): Insets;
  finding(id: string): Finding | undefined;
  when(time: string): string;
}
