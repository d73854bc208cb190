/** The very program that users get, started by a test and ended with it. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** Nothing that a test starts lives longer, whatever becomes of the test. */
const LIFE_SECONDS = 600;

/** Where the binary is. */
export function binary(): string {
  const path = process.env.WEFT_BIN ?? resolve(import.meta.dirname, "../../../target/debug/weft");
  if (!existsSync(path)) throw new Error(`there is no ${path}: build it with \`cargo build -p weft-mesh\`, or name it in WEFT_BIN`);
  return path;
}

/** Where pictures go. */
export const out = (): string => process.env.WEFT_OUT ?? resolve(import.meta.dirname, "../../../target/web-ui");

/** A file below the project. */
export const project = (...parts: string[]): string => join(resolve(import.meta.dirname, "../../.."), ...parts);

/** A running service. */
export class Weft {
  private constructor(
    private readonly process: ChildProcess,
    /** `http://127.0.0.1:40123` */
    readonly address: string,
    private readonly said: string[],
  ) {}

  /** Starts `weft` with these arguments; `namespace` is the network namespace that it runs in. */
  static async start(args: string[], namespace?: string): Promise<Weft> {
    const command = namespace ? ["ip", "netns", "exec", namespace] : [];
    const [program, ...rest] = [...command, "timeout", String(LIFE_SECONDS), binary(), ...args];
    const child = spawn(program!, rest, { stdio: ["ignore", "pipe", "pipe"] });
    const said: string[] = [];
    const address = await new Promise<string>((found, failed) => {
      const read = (chunk: Buffer): void => {
        said.push(chunk.toString());
        const line = /Weft is at (http:\S+?)\/?\s/.exec(said.join(""));
        if (line) found(line[1]!);
      };
      child.stdout.on("data", read);
      child.stderr.on("data", read);
      child.on("exit", (status) => failed(new Error(`weft ${args.join(" ")} ended with ${status}:\n${said.join("")}`)));
      child.on("error", failed);
      setTimeout(() => failed(new Error(`weft ${args.join(" ")} did not tell its address:\n${said.join("")}`)), 30_000).unref();
    });
    return new Weft(child, address, said);
  }

  /** The demo: a synthetic day in a home of 44 devices, at real speed unless told otherwise. */
  static demo(...further: string[]): Promise<Weft> {
    const speed = further.includes("--speed") ? [] : ["--speed", "1"];
    return Weft.start(["demo", "--listen", "127.0.0.1:0", ...speed, ...further]);
  }

  /** A recording. */
  static replay(file: string, ...further: string[]): Promise<Weft> {
    return Weft.start(["replay", file, "--listen", "127.0.0.1:0", ...further]);
  }

  get port(): number {
    return Number(new URL(this.address).port);
  }

  /** What it wrote to its terminal. */
  get output(): string {
    return this.said.join("");
  }

  /** JSON of its API. */
  async get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.address}${path}`);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** Waits until the past is read: until then, the timeline is incomplete. */
  async historyIsRead(): Promise<void> {
    const isRead = async (): Promise<boolean> =>
      (await this.get<{ complete_until: string | null }>("/api/v1/timeline?buckets=1")).complete_until === null;
    const end = Date.now() + 80_000;
    while (!(await isRead())) {
      if (Date.now() > end) throw new Error(`the history of ${this.address} is not read after 80 s`);
      await new Promise((resolved) => setTimeout(resolved, 250));
    }
  }

  /** Ends it as a user would. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (this.process.exitCode !== null) return;
    const ended = new Promise((resolved) => this.process.once("exit", resolved));
    this.process.kill(signal);
    await Promise.race([ended, new Promise((resolved) => setTimeout(resolved, 8_000))]);
    this.process.kill("SIGKILL");
  }
}
