/** The camera that shows everything, names and titles too, between what floats over the map. */

import { everything } from "./boxes";
import { fitting, type Insets } from "./geometry";
import { type SceneBuilder, shownBox, type Wishes } from "./scene";
import type { Structure } from "./structure";
import type { Box, Camera, View } from "./types";

/** The largest scale that showing everything goes to. */
export const FIT_SCALE = 1.3;
/** Names keep their size while the scale changes: after so many rounds the rest is less than a pixel or two. */
const ROUNDS = 2;
/** With more devices than this, names at the edge are not worth their time: the card's edge has room for most. */
const MOST_DEVICES = 120;

/** Shows everything, or a network alone; null where nothing has a place. */
export function fitCamera(
  structure: Structure,
  { width, height }: View,
  wishes: Wishes,
  insets: Insets,
  builder: SceneBuilder,
): Camera | null {
  const box = everything(structure, wishes.network);
  if (!box) return null;
  const shows = (one: Box): Camera => fitting(one, width, height, insets, FIT_SCALE);
  const parts = [...structure.parts].filter(([id]) => wishes.network === null || id === wishes.network);
  const wanted = { ...structure, parts: new Map(parts) };
  let camera = shows(box);
  if (parts.reduce((sum, [, part]) => sum + part.nodes.length, 0) > MOST_DEVICES) return camera;
  for (let round = 0; round < ROUNDS; round++) {
    const scene = builder.build(wanted, { camera, width, height }, wishes);
    const shown = shownBox(scene, wishes.measure);
    // Many networks are cards, whatever their devices are called.
    if (!shown || scene.near.length === 0) return camera;
    const { k } = camera;
    camera = shows({ x: shown.x / k, y: shown.y / k, width: shown.width / k, height: shown.height / k });
  }
  return camera;
}

/** True where a box is wholly in view, and nothing floats over it. */
export function isInView(box: Box, { camera: { k, x, y }, width, height }: View, insets: Insets): boolean {
  return (
    box.x * k + x >= insets.left &&
    box.y * k + y >= insets.top &&
    (box.x + box.width) * k + x <= width - insets.right &&
    (box.y + box.height) * k + y <= height - insets.bottom
  );
}
