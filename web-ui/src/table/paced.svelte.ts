/** A mesh that a slow reader follows: small ones at once, large ones now and then. */

import { untrack } from "svelte";
import type { Mesh } from "../state/mesh.svelte";

/** Up to this many devices a table is made again with every change. */
const AT_ONCE_UP_TO = 1_000;
const PAUSE_MILLISECONDS = 2_000;

/** Make it while a component is made: it lives as long. */
export class Paced {
  #turn = $state(0);
  #read: () => Mesh;
  #waiting: ReturnType<typeof setTimeout> | undefined;

  constructor(read: () => Mesh) {
    this.#read = read;
    let first = true;
    $effect(() => {
      const mesh = read();
      void mesh.version;
      if (first) first = false;
      else untrack(() => this.#follow(mesh.nodes.size));
    });
    $effect(() => () => clearTimeout(this.#waiting));
  }

  /** The mesh. Its reader runs again when another mesh is shown, and with changes as they are paced: read its parts without tracking them. */
  get mesh(): Mesh {
    void this.#turn;
    return this.#read();
  }

  #follow(size: number): void {
    if (size <= AT_ONCE_UP_TO) {
      this.#turn++;
      return;
    }
    this.#waiting ??= setTimeout(() => {
      this.#waiting = undefined;
      this.#turn++;
    }, PAUSE_MILLISECONDS);
  }
}
