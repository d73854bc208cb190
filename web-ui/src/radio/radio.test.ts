import { describe, expect, it } from "vitest";
import type { Claim, DongleView, Link, Network, Node, ScannedChannel } from "../api/types";
import { alone } from "./alone";
import { channelRows, dbm, scanWords, strengthShare } from "./channels";
import { fromHere, nodeOf, qualityOf } from "./from-here";
import { channelWords, errorState, modeWords, nodeState, scanTakes, sentWords, share, whyNot } from "./radio-words";
import { HEIGHT, ratePath, WIDTH } from "./rate-path";

const scanned = (channel: number, more: Partial<ScannedChannel> = {}): ScannedChannel => ({
  channel,
  frames: 0,
  thread_frames: 0,
  pan_ids: [],
  ...more,
});

describe("what a dongle does, in words", () => {
  it("tells the channel where it has one", () => {
    expect(modeWords({ mode: "listening", channel: 25 })).toEqual({ word: "Listens on channel 25", tone: "good" });
    expect(modeWords({ mode: "absent" }).tone).toBe("problem");
    expect(channelWords({ mode: "searching", channel: null })).toContain("in turn");
    const scanning = { channel: 17, done: 6, of: 16, dwell_milliseconds: 3_000 };
    expect(channelWords({ mode: "scanning", channel: null, scanning })).toContain("17");
    expect(channelWords({ mode: "deaf", channel: null })).toBe("none");
  });

  it("does not call a node good that has no parent, nor hide a mode that is new", () => {
    const node = { state: "attaching" } as NonNullable<DongleView["node"]>;
    expect(modeWords({ mode: "taking-part", node })).toEqual({ word: "Looks for a parent", tone: "info" });
    expect(modeWords({ mode: "taking-part", node: { ...node, state: "attached" } }).tone).toBe("good");
    expect(modeWords({ mode: "dreaming" as never })).toEqual({ word: "dreaming", tone: "unknown" });
  });

  it("tells an error that is over as past, and leaves it out after an hour", () => {
    const until = "2026-11-22T03:51:00Z";
    const at = (minutes: number): number => Date.parse(until) + minutes * 60_000;
    expect(errorState({ last_error_until: null }, at(0))).toBe("now");
    expect([59, 60].map((minutes) => errorState({ last_error_until: until }, at(minutes)))).toEqual(["over", "long over"]);
  });

  it("claims no acknowledgments before a frame was sent, and waits for what is missing", () => {
    expect(sentWords({ frames_sent: 0, frames_lost: 0 })).toBe("none yet");
    expect(sentWords({ frames_sent: 41, frames_lost: 0 })).toBe("41, all acknowledged");
    expect(sentWords({ frames_sent: 40, frames_lost: 2 })).toBe("40, 2 never acknowledged (5.0 %)");
    expect(nodeState({ state: "no-dataset" }).word).toContain("dataset");
  });

  it("says why it stays on its channel", () => {
    expect(whyNot({ mode: "listening" })).toBeNull();
    expect(whyNot({ mode: "searching" })).toBeNull();
    expect(whyNot({ mode: "taking-part" })).toContain("Leave");
    // It is to be a node: also while the radio is not there.
    expect(whyNot({ mode: "absent", node: {} as never })).toContain("Leave");
    expect(whyNot({ mode: "absent" })).toContain("not there");
  });

  it("counts shares and times", () => {
    expect([share(0, 10), share(1, 0), share(1, 10_000), share(3, 200), share(30, 200)]).toEqual(["", "", "under 0.1 %", "1.5 %", "15 %"]);
    expect([scanTakes(16, 1_000), scanTakes(16, 3_000), scanTakes(16, 10_000), scanTakes(1, 50)]).toEqual(["16 s", "48 s", "3 min", "1 s"]);
  });
});

describe("a scan", () => {
  const networks = [
    { id: "a", name: "home", pan_id: "0x4f21", channel: 25 },
    { id: "b", name: "other", pan_id: "0x4f21", channel: 15 },
  ] as Network[];

  it("is listed channel by channel, with the networks' names and ours marked", () => {
    const rows = channelRows(
      [
        scanned(26),
        scanned(25, { frames: 40, thread_frames: 40, pan_ids: ["0x4f21", "0x0001"], rssi_max_dbm: -61, energy_max_dbm: -40 }),
        scanned(15, { frames: 10, thread_frames: 4, pan_ids: ["0x4f21"] }),
        scanned(11, { frames: 2 }),
      ],
      25,
      networks,
    );
    expect(rows.map(({ channel, isOurs, frames, threadInWords }) => [channel, isOurs, frames, threadInWords])).toEqual([
      [11, false, 2, "no Thread"],
      [15, false, 10, "4 Thread"],
      [25, true, 40, "all Thread"],
      [26, false, 0, ""],
    ]);
    expect(rows[1]?.pans).toEqual([{ id: "0x4f21", name: "other" }]);
    expect(rows[2]?.pans).toEqual([
      { id: "0x4f21", name: "home" },
      { id: "0x0001", name: null },
    ]);
    expect(rows[1]?.framesShare).toBe(0.25);
    expect(channelRows([scanned(11)], null, [])[0]).toMatchObject({ framesShare: 0, energyDbm: null, isOurs: false });
  });

  it("is told in a sentence", () => {
    const scan = (channels: ScannedChannel[]) => scanWords({ taken_at: "", dwell_milliseconds: 3_000, channels });
    expect(scan([])).toBe("No frame was heard on any channel.");
    expect(scan([scanned(11, { frames: 3 })])).toBe("Frames were heard on 1 channel, none of them Thread’s.");
    const thread = (channel: number) => scanned(channel, { frames: 1, thread_frames: 1 });
    expect(scan([thread(25)])).toBe("Thread frames were heard on channel 25.");
    expect(scan([thread(11), thread(15), scanned(16), thread(25)])).toBe("Thread frames were heard on channels 11, 15 and 25.");
  });

  it("draws strengths between silence and a sender beside it", () => {
    expect([-120, -100, -60, -20, 0].map(strengthShare)).toEqual([0, 0, 0.5, 1, 1]);
    expect([dbm(-61), dbm(null), dbm(0)]).toEqual(["−61", "–", "0"]);
  });
});

describe("routers from here", () => {
  const device = (more: Partial<Node>): Node => ({ id: "x", state: "confirmed", network: "net", ...more }) as Node;
  const nodes = [
    device({ id: "one", extended_address: "0a00000000000001", rloc16: "0x2c00" }),
    device({ id: "net/7/0x3000", rloc16: "0x3000" }),
    device({ id: "elsewhere", rloc16: "0x4000", network: "another" }),
    device({ id: "gone", rloc16: "0x5000", state: "gone" }),
  ];
  const router = (extended_address: string, rloc16: string, link_margin_db: number) => ({
    extended_address,
    rloc16,
    link_margin_db,
    rssi_dbm: -61,
    at: "2026-11-22T00:00:00Z",
  });

  it("are found on the map by radio first, by place where no radio is known", () => {
    expect(nodeOf(nodes, { extended_address: "0a00000000000001", rloc16: "0x3000", network: "net" })?.id).toBe("one");
    expect(nodeOf(nodes, { extended_address: "0a00000000000003", rloc16: "0x3000", network: "net" })?.id).toBe("net/7/0x3000");
    // Another radio stands at that place; another network has its own places; who is gone has none.
    for (const rloc16 of ["0x2c00", "0x4000", "0x5000"])
      expect(nodeOf(nodes, { extended_address: "0a00000000000009", rloc16, network: "net" })).toBeNull();
  });

  it("come in the order of how they hear the dongle", () => {
    const rows = fromHere(
      {
        parent: "0a00000000000001",
        extended_pan_id: "net",
        routers: [router("0a00000000000009", "0x7000", 8), router("0a00000000000001", "0x2c00", 30)],
      },
      nodes,
    );
    expect(rows.map(({ id, isParent, quality, marginDb }) => [id, isParent, quality, marginDb])).toEqual([
      ["one", true, 3, 30],
      [null, false, 1, 8],
    ]);
  });

  it("have Thread's link qualities", () => {
    expect([0, 2, 3, 10, 11, 20, 21].map(qualityOf)).toEqual([0, 0, 1, 1, 2, 2, 3]);
  });
});

describe("what only one source tells", () => {
  const claim = (source: string, reporter = "r"): Claim => ({ source, reporter, fact: "f", capture: { seq: 1 } }) as Claim;
  const link = (id: string, state: Link["state"], claims: Claim[]): Link => ({ id, state, claims }) as Link;

  it("leaves out what others tell too, what is gone, and what nobody tells", () => {
    const links = [
      link("alone", "confirmed", [claim("dongle"), claim("dongle")]),
      // A name is no second witness.
      link("named", "stale", [claim("dongle"), claim("annotations", "a person"), claim("home-assistant", "another program")]),
      link("shared", "confirmed", [claim("dongle"), claim("matter")]),
      link("gone", "gone", [claim("dongle")]),
      link("derived", "inferred", []),
      link("person", "one-sided", [claim("annotations", "a person")]),
    ];
    const nodes = [{ id: "node", state: "confirmed", claims: [claim("dongle")] } as Node];
    const found = alone({ nodes, links }, "dongle");
    expect(found.links.map(({ id }) => id)).toEqual(["alone", "named"]);
    expect(found.nodes.map(({ id }) => id)).toEqual(["node"]);
  });
});

describe("the line of frames a second", () => {
  it("has steps, is broken where nothing is known, and ends now", () => {
    const now = 1_000_000;
    const at = (secondsAgo: number): number => now - secondsAgo * 1_000;
    const path = ratePath(
      [
        { from: at(120), until: at(60), perSecond: 0 },
        { from: at(60), until: at(50), perSecond: 10 },
        { from: at(10), until: at(0), perSecond: 20 },
      ],
      now,
      20,
    );
    expect(path).toBe(`M0 ${HEIGHT}H60V${HEIGHT / 2}H70M110 0H${WIDTH}`);
    expect(ratePath([], now, 10)).toBe("");
  });
});
