/** The service's JSON, by the names of its OpenAPI document. */

import type { components } from "./schema";

type Schemas = components["schemas"];

export type Topology = Schemas["TopologyDocument"];
export type Network = Schemas["Network"];
export type Partition = Schemas["Partition"];
export type Node = Schemas["Node"];
export type Link = Schemas["Link"];
export type Direction = Schemas["Direction"];
export type Finding = Schemas["Finding"];
export type Claim = Schemas["Claim"];
export type State = Schemas["State"];
export type Role = Schemas["Role"];
export type Severity = Schemas["Severity"];
export type Muted = Schemas["Muted"];
export type Positions = Schemas["Positions"];
export type NodePosition = Schemas["NodePosition"];
export type Card = Schemas["Card"];
export type Delta = Schemas["Delta"];
export type DeltaEvent = Schemas["DeltaEvent"];
export type LayoutDelta = Schemas["LayoutDelta"];
export type Status = Schemas["Status"];
export type SourceStatus = Schemas["SourceStatus"];
export type Contribution = Schemas["Contribution"];
export type FabricView = Schemas["FabricView"];
export type PairingJob = Schemas["PairingJob"];
export type PairedDevice = Schemas["PairedDevice"];
export type NetworksView = Schemas["NetworksView"];
export type NetworkWays = Schemas["NetworkWays"];
export type DataPath = Schemas["DataPath"];
export type Ability = Schemas["Ability"];
export type Brought = Schemas["Brought"];
export type CredentialView = Schemas["CredentialView"];
export type ServerView = Schemas["ServerView"];
export type Ecosystem = Schemas["Ecosystem"];
export type DongleView = Schemas["DongleView"];
export type ScannedChannel = Schemas["ScannedChannel"];
export type OwnNodeView = Schemas["OwnNodeView"];
export type RouterFromHere = Schemas["RouterFromHere"];
export type Plan = Schemas["Plan"];
export type Problem = Schemas["Problem"];
export type BorderRouters = Schemas["BorderRouters"];
export type BorderRouter = Schemas["BorderRouter"];
export type Timeline = Schemas["Timeline"];
export type TimelineEvent = Schemas["TimelineEvent"];
export type Change = Schemas["Change"];
export type ChangeKind = Schemas["ChangeKind"];
export type Comparison = Schemas["MomentComparison"];
export type NetworkCheck = Schemas["NetworkCheckAnswer"];
export type ExplainedCapture = Schemas["ExplainedCapture"];

/** Captures are recordings' lines: their fields depend on their kind. */
type WithCaptures<T extends { evidence: unknown }> = Omit<T, "evidence"> & { evidence: Evidence };
export type Evidence = Omit<Schemas["Evidence"], "captures"> & { captures: Record<string, unknown>[] };
export type NodeAnswer = WithCaptures<Schemas["NodeAnswer"]>;
export type LinkAnswer = WithCaptures<Schemas["LinkAnswer"]>;

/** An annotation as POST /api/v1/captures takes it. A field that is null or absent says nothing; an empty text takes back. */
export interface Annotation {
  kind: "annotation";
  identify: {
    extended_address?: string;
    matter?: { fabric: string; node: string };
    hap_id?: string;
    address?: string;
    node?: string;
    /** Id of a finding: `muted` and `note` (the reason) are about it. */
    finding?: string;
  };
  name?: string;
  room?: string;
  note?: string;
  pin?: { x: number; y: number };
  /** Takes a pin back. */
  unpin?: boolean;
  muted?: boolean;
  /** Node id of another entry that is this very device; an empty text takes it back. */
  same_as?: string;
}
