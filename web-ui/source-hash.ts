/** Tells whether `dist` was built from the sources beside it: the server's tests make the same sum without Node.js. */

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Plugin } from "vite";

const SINGLE = ["index.html", "package.json", "package-lock.json", "svelte.config.js", "tsconfig.json", "vite.config.ts"];
const FOLDERS = ["src", "public"];

/** SHA-256 over name and content of every file that the build depends on. */
export function sourceHash(root: string): string {
  const listed = FOLDERS.flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(root.length + 1)
        .replaceAll("\\", "/"),
    );
  const names = [...SINGLE, ...listed].filter((name) => !name.endsWith(".test.ts") && !name.startsWith("src/bench/"));
  names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const sum = createHash("sha256");
  for (const name of names) {
    const body = readFileSync(join(root, name));
    sum.update(`${name}\0${body.length}\0`).update(body);
  }
  return sum.digest("hex");
}

/** Writes the sum beside what was built. */
export function writeSourceHash(): Plugin {
  let out = "";
  return {
    name: "source-hash",
    apply: "build",
    configResolved(config) {
      out = resolve(config.root, config.build.outDir);
    },
    closeBundle() {
      mkdirSync(out, { recursive: true });
      writeFileSync(join(out, ".source-hash"), `${sourceHash(import.meta.dirname)}\n`);
    },
  };
}
