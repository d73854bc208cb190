import { describe, expect, it } from "vitest";
import type { Node, Status } from "../api/types";
import { differences, remembered, Throttle, type Known } from "./announce";
import { liveWords, type LiveFacts } from "./live-words";
import { listed, notices, sentence, type Notice, type Situation } from "./notices";
import { title } from "./title";

const NOW = Date.parse("2026-11-21T12:00:00Z");

function node(id: string, more: Partial<Node> = {}): Node {
  return {
    id,
    name: id,
    role: "router",
    state: "confirmed",
    border_router: false,
    unheard: false,
    parent: null,
    rloc16: "0x1000",
    previous_ids: [],
    ...more,
  } as Node;
}

function status(more: Partial<Status> = {}): Status {
  return { notice: null, sources: [], store: null, ...more };
}

const source = (name: string, state: string): Status["sources"][number] => ({
  name,
  kind: "mdns",
  state,
  since: new Date(NOW - 180_000).toISOString(),
  captures: 1,
  dropped: 0,
  reason: "no interface is up",
  advice: null,
});

function situation(more: Partial<Situation> = {}): Situation {
  return {
    connection: "live",
    since: NOW - 5_000,
    tries: 0,
    hasPicture: true,
    now: NOW,
    serviceNow: NOW,
    at: null,
    pastError: null,
    comparing: false,
    status: status(),
    nodes: [],
    dismissed: new Set(),
    ...more,
  };
}

const ids = (more: Partial<Situation>): string[] => notices(situation(more)).map((notice) => notice.id);

describe("notices", () => {
  it("has nothing to say where all is well", () => {
    expect(ids({ nodes: [node("a"), node("b")] })).toEqual([]);
  });

  it("puts the most urgent first", () => {
    const found = ids({
      at: new Date(NOW - 3_600_000).toISOString(),
      status: status({
        notice: "Demo: nothing is real.",
        sources: [source("mdns", "deaf"), source("matter", "working")],
        store: { place: "/x", captures: 1, size_bytes: 1, problem: "The disk is full." },
      }),
      nodes: [node("a"), node("b", { unheard: true, state: "inferred", role: "leader" }), node("c", { unheard: true, state: "confirmed" })],
    });
    expect(found).toEqual(["store", "deaf:mdns", "past", "partial", "notice"]);
  });

  it("gives the service's own reason where it answers and refuses", () => {
    const refusal = { title: "Weft does not know this address", detail: "open it by another" };
    const [lost] = notices(situation({ connection: "lost", since: NOW - 40_000, tries: 4, hasPicture: false, refusal }));
    expect(lost?.title).toBe(refusal.title);
    expect(lost?.detail).toContain("Open it by another.");
    expect(lost?.detail).not.toContain("not answered");
  });

  it("says of a lost connection since when, how often it tried, and what still works", () => {
    const [lost] = notices(
      situation({ connection: "lost", since: NOW - 40_000, tries: 4, status: status({ sources: [source("mdns", "deaf")] }) }),
    );
    expect(lost?.title).toBe("Weft has not answered for 40 s");
    expect(lost?.detail).toContain("Tried 4 times");
    expect(lost?.detail).toContain("look around");
    expect(ids({ connection: "lost", status: status({ sources: [source("mdns", "deaf")] }) })).toEqual(["lost"]);
  });

  it("makes nothing of a scan that ends by itself, and never says that something lasts for 0 s", () => {
    const after = (state: string, milliseconds: number): Notice | undefined => {
      const since = new Date(NOW - milliseconds).toISOString();
      return notices(situation({ status: status({ sources: [{ ...source("dongle", state), since }, source("mdns", "working")] }) }))[0];
    };
    expect(after("suspended", 0)).toBeUndefined();
    expect(after("suspended", -900)).toBeUndefined();
    expect(after("suspended", 59_000)).toBeUndefined();
    expect(after("suspended", 61_000)).toMatchObject({ tone: "info", title: "dongle hears nothing for 61 s" });
    expect(after("deaf", -900)).toMatchObject({ tone: "warning", title: "dongle hears nothing" });
    expect(after("deaf", 400)?.title).toBe("dongle hears nothing");
    expect(after("deaf", 1_000)?.title).toBe("dongle hears nothing for 1 s");
    const nobodyKnows = { ...source("dongle", "suspended"), since: null };
    expect(ids({ status: status({ sources: [nobodyKnows] }) })).toEqual(["deaf:dongle"]);
  });

  it("is loud where the only source is deaf", () => {
    const [only] = notices(situation({ status: status({ sources: [source("mdns", "deaf")] }) }));
    expect(only?.tone).toBe("problem");
    expect(only?.detail).toContain("No interface is up.");
    const [one] = notices(situation({ status: status({ sources: [source("mdns", "deaf"), source("matter", "working")] }) }));
    expect(one?.tone).toBe("warning");
    expect(one?.detail).toContain("1 other source still hears");
  });

  it("lets only harmless notices be put away", () => {
    const dismissed = new Set(["notice", "deaf:mdns", "partial"]);
    expect(
      ids({
        dismissed,
        status: status({ notice: "Demo: not real.", sources: [source("mdns", "deaf")] }),
        nodes: [node("a"), node("b", { unheard: true })],
      }),
    ).toEqual(["deaf:mdns"]);
  });

  it("counts who answered", () => {
    const [partial] = notices(
      situation({ nodes: [node("Attic"), node("Hall", { unheard: true }), node("Moth", { role: "sleepy-end-device", unheard: true })] }),
    );
    expect(partial?.title).toBe("1 of 2 routers told what they know");
    expect(partial?.detail).toContain("Hall is drawn");
  });

  it("shortens lists and ends sentences", () => {
    expect(listed(["a", "b", "c"])).toBe("a, b, c");
    expect(listed(["a", "b", "c", "d"])).toBe("a, b and 2 more");
    expect(sentence("no interface is up")).toBe("No interface is up.");
  });
});

describe("announcements", () => {
  const known = (nodes: Node[]): Map<string, Known> => remembered(nodes);

  it("tells what happened by name, the worst first", () => {
    const before = known([
      node("Garden socket"),
      node("Hall plug"),
      node("Porch"),
      node("Moth", { parent: { node: "Hall plug" } as Node["parent"], role: "end-device" }),
      node("Cellar", { state: "stale" }),
    ]);
    const after = known([
      node("Garden socket", { state: "stale" }),
      node("Hall plug"),
      node("Porch", { role: "leader" }),
      node("Moth", { parent: { node: "Porch" } as Node["parent"], role: "end-device" }),
      node("Cellar"),
      node("New lamp"),
    ]);
    expect(differences(before, after).map((said) => said.words)).toEqual([
      "Garden socket stopped answering",
      "Porch leads the mesh now",
      "Cellar is back",
      "New lamp is new",
      "Moth moved to Porch",
    ]);
  });

  it("is silent where nothing changed", () => {
    expect(differences(known([node("a")]), known([node("a")]))).toEqual([]);
  });

  it("says at most one line in ten seconds", () => {
    const throttle = new Throttle();
    expect(throttle.wait(NOW)).toBeNull();
    throttle.add([{ rank: 4, words: "a moved to b" }]);
    expect(throttle.take(NOW)).toBe("a moved to b");
    throttle.add([{ rank: 4, words: "c moved to d" }]);
    throttle.add([{ rank: 0, words: "e is gone" }]);
    expect(throttle.take(NOW + 9_999)).toBeNull();
    expect(throttle.wait(NOW + 9_000)).toBe(1_000);
    expect(throttle.take(NOW + 10_000)).toBe("e is gone, and 1 more change");
    expect(throttle.take(NOW + 30_000)).toBeNull();
  });
});

describe("live words", () => {
  const facts: LiveFacts = {
    connection: "live",
    since: NOW,
    heardAt: NOW - 4_000,
    now: NOW,
    serviceNow: NOW,
    at: null,
    comparing: false,
    loading: false,
    tries: 0,
  };
  const said = (more: Partial<LiveFacts>): string => {
    const { word, detail } = liveWords({ ...facts, ...more });
    return `${word} ${detail}`.trim();
  };

  it("tells every state with its age", () => {
    expect(said({})).toBe("Live 4 s ago");
    expect(said({ heardAt: NOW })).toBe("Live now");
    expect(said({ connection: "lost", heardAt: NOW - 40_000 })).toBe("Lost 40 s ago");
    expect(said({ connection: "connecting" })).toBe("Reconnecting…");
    expect(said({ connection: "connecting", heardAt: 0 })).toBe("Connecting…");
    expect(said({ connection: "resting" })).toBe("Resting");
    expect(said({ at: new Date(NOW - 86_400_000).toISOString() })).toMatch(/^Showing \S/);
  });
});

describe("title", () => {
  const finding = (severity: string, muted = false) => ({ severity, muted: muted ? { reason: null, since: "" } : null }) as never;

  it("counts the worst that is not muted", () => {
    expect(title([finding("warning"), finding("problem"), finding("problem", true)], "home", false)).toBe("(1 problem) home · Weft");
    expect(title([finding("warning"), finding("warning"), finding("info")], null, false)).toBe("(2 warnings) Weft");
    expect(title([finding("info")], "home", false)).toBe("home · Weft");
    expect(title([], "home", true)).toBe("(connection lost) home · Weft");
  });
});
