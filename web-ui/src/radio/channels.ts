/** What a scan heard, channel by channel, as a table shows it. */

import type { DongleView, Network, ScannedChannel } from "../api/types";
import { count } from "../words/words";

/** Channels of 802.15.4 at 2.4 GHz. */
export const CHANNELS: readonly number[] = Array.from({ length: 16 }, (_, index) => 11 + index);

/** Where bars of signal strength begin and end, dBm: below the first a radio hears nothing, above the other it stands beside the sender. */
const WEAKEST_DBM = -100;
const STRONGEST_DBM = -20;

/** One row. */
export interface ChannelRow {
  channel: number;
  isOurs: boolean;
  frames: number;
  threadFrames: number;
  /** How many of them are Thread’s: "all Thread", "4 Thread", "no Thread"; empty without frames. */
  threadInWords: string;
  /** PAN ids, with the network’s name where it is known. */
  pans: { id: string; name: string | null }[];
  strongestDbm: number | null;
  energyDbm: number | null;
  /** Of the busiest channel’s frames, 0 to 1. */
  framesShare: number;
}

/** How much of a bar a signal strength fills, 0 to 1. */
export const strengthShare = (dbm: number): number => Math.min(1, Math.max(0, (dbm - WEAKEST_DBM) / (STRONGEST_DBM - WEAKEST_DBM)));

/** "−61", with a minus that is as wide as a digit. */
export const dbm = (value: number | null | undefined): string => (value == null ? "–" : String(value).replace("-", "−"));

function threadInWords({ frames, thread_frames: thread }: ScannedChannel): string {
  if (frames === 0) return "";
  return thread === 0 ? "no Thread" : thread === frames ? "all Thread" : `${thread.toLocaleString()} Thread`;
}

/** Rows in the order of the channels. */
export function channelRows(channels: readonly ScannedChannel[], ours: number | null, networks: Iterable<Network>): ChannelRow[] {
  const known = [...networks];
  const busiest = Math.max(1, ...channels.map(({ frames }) => frames));
  return [...channels]
    .sort((one, other) => one.channel - other.channel)
    .map((heard) => ({
      channel: heard.channel,
      isOurs: heard.channel === ours,
      frames: heard.frames,
      threadFrames: heard.thread_frames,
      threadInWords: threadInWords(heard),
      pans: heard.pan_ids.map((id) => ({
        id,
        // Two networks may have the same PAN id on different channels.
        name: known.find((network) => network.pan_id === id && (network.channel ?? heard.channel) === heard.channel)?.name ?? null,
      })),
      strongestDbm: heard.rssi_max_dbm ?? null,
      energyDbm: heard.energy_max_dbm ?? null,
      framesShare: heard.frames / busiest,
    }));
}

/** The whole scan in a sentence, for those who do not read a table. */
export function scanWords(scan: NonNullable<DongleView["scan"]>): string {
  const thread = scan.channels.filter(({ thread_frames: frames }) => frames > 0).map(({ channel }) => channel);
  const heard = scan.channels.filter(({ frames }) => frames > 0).length;
  if (heard === 0) return "No frame was heard on any channel.";
  if (thread.length === 0) return `Frames were heard on ${count(heard, "channel")}, none of them Thread’s.`;
  const listed = thread.length === 1 ? `channel ${thread[0]}` : `channels ${thread.slice(0, -1).join(", ")} and ${thread.at(-1)}`;
  return `Thread frames were heard on ${listed}.`;
}
