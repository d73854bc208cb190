import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Topology } from "../api/types";
import { Mesh } from "../state/mesh.svelte";
import { type Column, sorted, windowOfRows } from "./columns";
import { csv } from "./csv";
import { DEVICE_COLUMNS, deviceRow, type DeviceRow, linkQuality } from "./devices";
import { byParent, filtered, NO_FILTERS } from "./filters";
import { findingsByNetwork, LINK_COLUMNS, linkRow, NETWORK_COLUMNS, networkRow } from "./others";

function meshOf(fixture: string): Mesh {
  const mesh = new Mesh();
  mesh.replace(JSON.parse(readFileSync(`../fixtures/${fixture}/topology.json`, "utf8")) as Topology, { networks: {}, nodes: {} });
  return mesh;
}

const rowsOf = (mesh: Mesh): DeviceRow[] => [...mesh.nodes.values()].map((node) => deviceRow(node, mesh));
const order = { column: "name", isDescending: false };

const fixtures = readdirSync("../fixtures").filter((name) => {
  try {
    return readFileSync(`../fixtures/${name}/topology.json`).length > 0;
  } catch {
    return false;
  }
});

test.each(fixtures)("%s: every cell of every table is a text or not known, and sorting loses no row", (name) => {
  const mesh = meshOf(name);
  const check = <Row extends { id: string }>(rows: Row[], columns: Column<Row>[]): void => {
    for (const column of columns) {
      for (const row of rows) {
        const text = column.text(row);
        expect(text === null || (text !== "" && !/undefined|NaN|\[object/.test(text)), `${column.id}: ${text}`).toBe(true);
      }
      for (const isDescending of [true, false]) {
        const ids = sorted(rows, columns, { column: column.id, isDescending }).map((row) => row.id);
        expect([...ids].sort()).toEqual(rows.map((row) => row.id).sort());
      }
    }
  };
  check(rowsOf(mesh), DEVICE_COLUMNS);
  check(
    [...mesh.links.values()].map((link) => linkRow(link, mesh)),
    LINK_COLUMNS,
  );
  check(
    [...mesh.networks.values()].map((network) => networkRow(network, mesh, findingsByNetwork(mesh))),
    NETWORK_COLUMNS,
  );
});

test("what is not known stands last in both directions", () => {
  const columns: Column<{ id: string; value: number | null }>[] = [
    { id: "value", title: "", width: 1, isFirstChoice: true, text: (row) => String(row.value), key: (row) => row.value },
  ];
  const rows = [
    { id: "x", value: null },
    { id: "a", value: 2 },
    { id: "b", value: 10 },
  ];
  const ids = (isDescending: boolean): string =>
    sorted(rows, columns, { column: "value", isDescending })
      .map((row) => row.id)
      .join("");
  expect(ids(false)).toBe("abx");
  expect(ids(true)).toBe("bax");
});

test("a child's signal is that of the link to its parent", () => {
  const mesh = meshOf("home44-all");
  const child = rowsOf(mesh).find(
    (row) => row.parent && mesh.linksOf(row.id).some((link) => link.kind === "parent-child" && linkQuality(link) !== null),
  )!;
  const link = mesh.linksOf(child.id).find((one) => one.kind === "parent-child" && one.b === child.id)!;
  expect(child.quality).toBe(linkQuality(link));
  expect(child.parent!.id).toBe(link.a);
});

test("filters narrow, roles add up, and a text finds what the search finds", () => {
  const mesh = meshOf("home44-all");
  const rows = rowsOf(mesh);
  const ask = (filters: Partial<typeof NO_FILTERS>, text = ""): DeviceRow[] => filtered(rows, { ...NO_FILTERS, ...filters }, null, text);
  expect(ask({})).toHaveLength(rows.length);
  const routers = ask({ roles: ["router"] });
  const sleepy = ask({ roles: ["sleepy-end-device"] });
  expect(routers.length).toBeGreaterThan(0);
  expect(ask({ roles: ["router", "sleepy-end-device"] })).toHaveLength(routers.length + sleepy.length);
  expect(ask({ switches: ["weak"] }).every((row) => row.quality! <= 1)).toBe(true);
  expect(
    ask({ switches: ["finding"] })
      .map((row) => row.id)
      .sort(),
  ).toEqual(
    rows
      .filter((row) => mesh.findingsAbout(row.id).length)
      .map((row) => row.id)
      .sort(),
  );
  const named = rows.find((row) => row.node.name)!;
  expect(ask({}, named.node.name!).map((row) => row.id)).toContain(named.id);
  expect(filtered(rows, NO_FILTERS, "no such network", "")).toHaveLength(0);
});

test("grouped by parent, every child stands below its own parent and nobody is lost", () => {
  const mesh = meshOf("home44-all");
  const rows = rowsOf(mesh);
  const all = new Map(rows.map((row) => [row.id, row]));
  const grouped = byParent(rows, all, order);
  expect(grouped.map((row) => row.id).sort()).toEqual(rows.map((row) => row.id).sort());
  let top = "";
  let children = 0;
  for (const row of grouped) {
    if (row.level === 0) top = row.id;
    else {
      children++;
      expect(row.parent!.id).toBe(top);
    }
  }
  expect(children).toBeGreaterThan(10);
  const sleepy = filtered(rows, { ...NO_FILTERS, roles: ["sleepy-end-device"] }, null, "");
  const context = byParent(sleepy, all, order).filter((row) => row.isContext);
  expect(context.length).toBe(new Set(sleepy.flatMap((row) => row.parent?.id ?? [])).size);
});

test("a file is after RFC 4180, and no cell is a formula", () => {
  const text = csv([
    ["Name", "dBm"],
    ['He said "no", twice', "-86"],
    ["=HYPERLINK(1)", "+1 mm"],
    ["line\nbreak", "@x"],
  ]);
  expect(text).toBe('Name,dBm\r\n"He said ""no"", twice",-86\r\n\'=HYPERLINK(1),\'+1 mm\r\n"line\nbreak",\'@x\r\n');
});

test("only rows in view are drawn", () => {
  expect(windowOfRows(20_000, 40, 0, 600)).toEqual({ from: 0, to: 23 });
  expect(windowOfRows(20_000, 40, 400_000, 600)).toEqual({ from: 9_992, to: 10_023 });
  expect(windowOfRows(5, 40, 10_000, 600)).toEqual({ from: 0, to: 5 });
  expect(windowOfRows(0, 40, 0, 600)).toEqual({ from: 0, to: 0 });
});
