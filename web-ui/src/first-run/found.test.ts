import { describe, expect, it } from "vitest";
import type { Network, Node, Status } from "../api/types";
import { found, foundWords, heading, listening } from "./found";

const node = (id: string, more: Partial<Node>): Node =>
  ({ id, border_router: true, state: "confirmed", network: "n1", vendor: "Acme", ...more }) as Node;
const networks = new Map<string, Network>([
  ["n1", { id: "n1" } as Network],
  ["n2", { id: "n2" } as Network],
]);

describe("first run", () => {
  it("counts border routers, networks and makers, and none that is gone", () => {
    const all = [
      node("a", {}),
      node("b", { network: "n2", vendor: "Other" }),
      node("c", { state: "gone" }),
      node("d", { border_router: false }),
      node("e", { network: null, vendor: null }),
    ];
    const seen = found(all, networks);
    expect([seen.borderRouters.length, seen.networks, seen.vendors]).toEqual([3, 2, 2]);
    expect(heading(seen)).toBe("3 border routers are here. Their devices come next.");
    expect(foundWords(seen)).toBe("3 units from 2 makers, by their own announcements (mDNS).");
    expect(heading(found([], networks))).toContain("No border router");
  });

  it("does not claim to listen where nobody does", () => {
    const status = (sources: object[]): Status => ({ notice: null, store: null, sources }) as Status;
    const now = Date.parse("2026-11-21T12:00:12Z");
    expect(listening(status([{ kind: "mdns", state: "working", since: "2026-11-21T12:00:00Z" }]), now)).toEqual({
      listens: true,
      words: "Listening for border routers for 12 s",
    });
    expect(listening(status([{ kind: "mdns", state: "deaf" }]), now).listens).toBe(false);
    expect(listening(status([]), now).listens).toBe(false);
    expect(listening(null, now).listens).toBe(false);
  });
});
