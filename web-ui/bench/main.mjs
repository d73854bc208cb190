// Runs bench/run.ts, which is TypeScript, with what the project has anyway. `npm run bench -- 44,300 own` measures a part.
import { runnerImport } from "vite";

await runnerImport("./bench/run.ts");
