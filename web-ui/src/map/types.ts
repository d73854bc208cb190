/** What the map is made from, and what it decides to draw: plain data on both sides, so that all of it can be tested without a page. */

import type { Card, Finding, Link, Network, Node, NodePosition, Severity } from "../api/types";

/** The parts of a mesh that the map reads; `Mesh` of the page's state is one. */
export interface MeshLike {
  readonly networks: ReadonlyMap<string, Network>;
  readonly nodes: ReadonlyMap<string, Node>;
  readonly links: ReadonlyMap<string, Link>;
  readonly findings: ReadonlyMap<string, Finding>;
  readonly cards: ReadonlyMap<string, Card>;
  readonly places: ReadonlyMap<string, NodePosition>;
}

/** What a person wants to see. */
export interface Choices {
  links: "best" | "all" | "weak";
  endDevices: boolean;
  ghosts: boolean;
  rooms: boolean;
}

/** How the map lies on the screen: `screen = map * k + (x, y)`, in CSS pixels. */
export interface Camera {
  k: number;
  x: number;
  y: number;
}

/** A camera and the size of the area that it fills, in CSS pixels. */
export interface View {
  camera: Camera;
  width: number;
  height: number;
}

/** A rectangle on the map. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

/** The card of devices outside all networks, as the layout calls it. */
export const LAN = "lan";

/** What became of a thing between two moments. */
export type Mark = "added" | "removed" | "changed" | "better" | "worse";

/** Marks by node and link id; what has none is unchanged. */
export type Marks = ReadonlyMap<string, Mark>;

/** The shape of a device. */
export type Kind = "border-router" | "router" | "reed" | "end-device" | "sleepy-end-device" | "unknown" | "ghost";

/** How a device looks: everything that its glyph depends on. */
export interface Look {
  kind: Kind;
  leader: boolean;
  /** Not heard as often as a device of its kind should be, or gone. */
  outline: "fresh" | "old" | "gone";
}

/** One half of a link: how well the device at its end hears the other one; `none`: it does not say. */
export type Half = "q3" | "q2" | "q1" | "q0" | "none" | "child" | "trel";

/** How a link looks. Colour and width are quality, dashes are belief. */
export interface LinkLook {
  a: Half;
  b: Half;
  dash: "solid" | "old" | "unconfirmed" | "contradicted" | "gone";
  medium: "radio" | "trel" | "unknown";
  /** Thin: to a child, or to a router that is only overheard. */
  thin: boolean;
}

/** A device with its place on the map. */
export interface PartNode {
  id: string;
  node: Node;
  x: number;
  y: number;
  look: Look;
  badge: Severity | null;
  name: string;
  pinned: boolean;
  onShelf: boolean;
}

/** A link with its looks. */
export interface PartLink {
  id: string;
  link: Link;
  a: PartNode;
  b: PartNode;
  look: LinkLook;
  /** A part of the backbone, or a link to a child: drawn at full strength. */
  strong: boolean;
}
