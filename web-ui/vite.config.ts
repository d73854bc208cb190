import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";
import { writeSourceHash } from "./source-hash";

/** Where `npm run dev` finds a running Weft. */
const service = process.env.WEFT_URL ?? "http://127.0.0.1:8439";

export default defineConfig({
  plugins: [svelte(), writeSourceHash()],
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    reportCompressedSize: false,
    rolldownOptions: {
      // Fixed names: what is committed changes only where its sources do.
      output: { entryFileNames: "app.js", chunkFileNames: "[name].js", assetFileNames: "app[extname]" },
    },
  },
  server: { proxy: { "/api": { target: service, changeOrigin: true, headers: { origin: service } } } },
  test: { environment: "happy-dom", include: ["src/**/*.test.ts"] },
  resolve: process.env.VITEST ? { conditions: ["browser"] } : undefined,
});
