import { expect, it } from "vitest";
import type { Evidence } from "../../api/types";
import { captureTitle, explained, seqOf } from "./captures";

const capture = { seq: 7, at: "2026-11-20T12:00:00.000Z", source: "border-agent", kind: "tmf" };
const said = { seq: 7, title: "Children of Hall plug", sections: [], troubles: [] };
const evidence = (more: object): Evidence => ({ captures: [capture], not_kept: [], omitted: 0, ...more }) as unknown as Evidence;

it("takes the service's words, and does without them where it is of a version that has none", () => {
  expect(captureTitle(capture, evidence({ explained: [said] }), "Hall plug")).toBe("Children of Hall plug");
  expect(captureTitle(capture, evidence({}), "Hall plug")).toBe("Network diagnostics of Hall plug");
  expect(captureTitle(capture, evidence({}), null)).toBe("Network diagnostics, diagnostics over a border agent");
  expect(captureTitle({ kind: "some-kind" }, evidence({ explained: [said] }), null)).toBe("some kind");
  expect(captureTitle({}, evidence({}), null)).toBe("Capture");
  expect([explained(evidence({}), 7), explained(evidence({ explained: [said] }), 7)]).toEqual([null, said]);
  expect([seqOf(capture), seqOf({ seq: "7" })]).toEqual([7, -1]);
});
