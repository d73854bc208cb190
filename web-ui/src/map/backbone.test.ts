import { describe, expect, it } from "vitest";
import { generate, link } from "../bench/generate";
import { backbone } from "./backbone";

describe("backbone", () => {
  it("connects everything over the strongest links", () => {
    const links = [link("a", "b", 3, 3), link("b", "c", 2, 2), link("a", "c", 1, 1)];
    expect([...backbone(links)].sort()).toEqual(["a~b", "b~c"]);
  });

  it("goes by the weaker direction", () => {
    const links = [link("a", "b", 3, 1), link("b", "c", 2, 2), link("a", "c", 2, 2)];
    expect(backbone(links).has("a~b")).toBe(false);
  });

  it("takes links that are good both ways beside the tree, but few for each router", () => {
    const ids = ["a", "b", "c", "d", "e", "f"];
    const links = ids.flatMap((a, index) => ids.slice(index + 1).map((b) => link(a, b, 3, 3)));
    const chosen = backbone(links, 3);
    expect(chosen.size).toBeGreaterThan(ids.length - 1);
    expect(chosen.size).toBeLessThan(links.length);
  });

  it("never takes what is gone, a child's link, or a link over the LAN", () => {
    const links = [
      link("a", "b", 3, 3, { state: "gone" }),
      link("a", "c", 3, 3, { kind: "parent-child" }),
      link("a", "d", null, null, { medium: "trel" }),
    ];
    expect(backbone(links).size).toBe(0);
  });

  it("is the same in any order", () => {
    const { links } = generate(120).topology;
    expect([...backbone([...links].reverse())].sort()).toEqual([...backbone(links)].sort());
  });

  it("keeps every router connected that can be", () => {
    const { links, nodes } = generate(100).topology;
    const chosen = links.filter((one) => backbone(links).has(one.id));
    const reached = new Set([nodes[0]!.id]);
    for (let size = 0; size !== reached.size;) {
      size = reached.size;
      for (const { a, b } of chosen) if (reached.has(a) || reached.has(b)) reached.add(a).add(b);
    }
    expect(reached.size).toBe(nodes.filter((node) => !node.parent).length);
  });
});
