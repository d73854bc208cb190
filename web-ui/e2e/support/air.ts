/** An air of a test's own: a real OpenThread mesh on a simulated radio, and a dongle with OpenThread's own RCP program. */

import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const LIFE_SECONDS = 600;
const ANSWER_MILLISECONDS = 20_000;
const ROLE_MILLISECONDS = 150_000;
let made = 0;

/** The network that all nodes of an air are in. */
export const MESH = {
  name: "weft-mesh",
  extendedPanId: "dead1111beef2222",
  channel: 20,
  panId: "0x1234",
  networkKey: "00112233445566778899aabbccddeeff",
  /** Timestamp, channel, extended PAN id, network key, PAN id, mesh-local prefix, name, PSKc, security policy. */
  dataset:
    "0e08000000000001000000030000140208dead1111beef2222051000112233445566778899aabbccddeeff010212340708fdf01cc8d6f8f4f0" +
    "0309776566742d6d6573680410c0ffee00c0ffee00c0ffee00c0ffee000c0402a0f7f8",
};

const programs = (): string => process.env.WEFT_OPENTHREAD ?? resolve(import.meta.dirname, "../../../target/openthread/bin");

/** A namespace whose loopback is the air. */
export class Air {
  private readonly folder = mkdtempSync(join(tmpdir(), "weft-air-"));
  private readonly running: ChildProcessWithoutNullStreams[] = [];

  private constructor(private readonly namespace: string) {}

  /** The reason, where this machine gives no namespaces or has no OpenThread: in CI that is a failure. */
  static make(): Air | string {
    if (!existsSync(join(programs(), "ot-rcp"))) return Air.missing(`${programs()} has no ot-rcp: \`cargo xtask openthread\` builds it`);
    const air = new Air(`wfair${process.pid}-${made++}`);
    try {
      execFileSync("ip", ["netns", "add", air.namespace], { stdio: "pipe" });
    } catch (error) {
      rmSync(air.folder, { recursive: true, force: true });
      return Air.missing(`network namespaces cannot be made (root is needed): ${String(error)}`);
    }
    execFileSync("ip", ["-n", air.namespace, "link", "set", "lo", "up"]);
    return air;
  }

  private static missing(reason: string): string {
    if (process.env.CI) throw new Error(reason);
    return reason;
  }

  /** One of OpenThread's programs as a radio on this air, with a number of its own. */
  private command(program: string, number: number): string[] {
    return ["ip", "netns", "exec", this.namespace, "timeout", String(LIFE_SECONDS), join(programs(), program), String(number)];
  }

  private start(command: string[]): ChildProcessWithoutNullStreams {
    const child = spawn(command[0]!, command.slice(1), { cwd: this.folder, stdio: "pipe" });
    child.stderr.resume();
    // What is written to one that has just ended is lost, as on a wire.
    child.stdin.on("error", () => undefined);
    this.running.push(child);
    return child;
  }

  /** Plugs a dongle in; gives its port, and how to pull it out. */
  async dongle(number = 40): Promise<{ port: string; unplug: () => void }> {
    const port = join(this.folder, `dongle${number}`);
    const child = this.start(["python3", join(import.meta.dirname, "port.py"), port, ...this.command("ot-rcp", number)]);
    await new Promise<void>((ready, failed) => {
      child.stdout.once("data", () => ready());
      child.once("exit", (status) => failed(new Error(`the dongle's port ended with ${status}`)));
    });
    return { port, unplug: () => void child.stdin.end() };
  }

  /** A node that is in the mesh. */
  async node(number: number, role: "leader" | "router" | "sleepy"): Promise<MeshNode> {
    const node = new MeshNode(this.start(this.command(role === "sleepy" ? "ot-cli-mtd" : "ot-cli-ftd", number)));
    await node.ask(`dataset set active ${MESH.dataset}`);
    for (const command of role === "sleepy" ? ["pollperiod 200", "mode -"] : ["routerselectionjitter 1"]) await node.ask(command);
    for (const command of ["ifconfig up", "thread start"]) await node.ask(command);
    await node.becomes(role === "sleepy" ? "child" : role);
    return node;
  }

  /** A folder that is removed with the air. */
  scratch(name: string): string {
    return join(this.folder, name);
  }

  /** Ends everything and leaves nothing behind. */
  remove(): void {
    for (const child of this.running) {
      child.stdin.end();
      child.kill();
    }
    try {
      execFileSync("ip", ["netns", "del", this.namespace], { stdio: "pipe" });
    } catch {
      // Gone already.
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A node of the mesh, asked through its own command line. */
export class MeshNode {
  private readonly lines: string[] = [];
  private rest = "";
  private heard: (() => void) | null = null;

  constructor(private readonly child: ChildProcessWithoutNullStreams) {
    child.stdout.on("data", (chunk: Buffer) => {
      const parts = (this.rest + chunk.toString()).split(/\r?\n/);
      this.rest = parts.pop() ?? "";
      this.lines.push(...parts.map((line) => line.replace(/^(> )+/, "").trim()));
      this.heard?.();
    });
  }

  /** One command; the lines of its answer. */
  async ask(command: string): Promise<string[]> {
    this.lines.length = 0;
    this.child.stdin.write(`${command}\n`);
    const end = Date.now() + ANSWER_MILLISECONDS;
    for (;;) {
      const refusal = this.lines.find((line) => line.startsWith("Error "));
      if (refusal) throw new Error(`${command}: ${refusal}`);
      const done = this.lines.indexOf("Done");
      if (done >= 0) return this.lines.slice(0, done).filter((line) => line !== "" && line !== command);
      if (Date.now() > end) throw new Error(`${command}: no answer`);
      await new Promise<void>((resolved) => {
        const timer = setTimeout(resolved, 500);
        this.heard = () => {
          clearTimeout(timer);
          resolved();
        };
      });
    }
  }

  /** Waits until it is that. */
  async becomes(state: string): Promise<void> {
    const end = Date.now() + ROLE_MILLISECONDS;
    let now = "";
    while ((now = (await this.ask("state")).join(" ")) !== state) {
      if (Date.now() > end) throw new Error(`it is ${now}, and no ${state}`);
      await new Promise((resolved) => setTimeout(resolved, 200));
    }
  }

  /** 16 hexadecimal digits. */
  async extendedAddress(): Promise<string> {
    return (await this.ask("extaddr")).join("");
  }

  /** "0x2c00" */
  async rloc16(): Promise<string> {
    return `0x${(await this.ask("rloc16")).join("")}`;
  }

  /** The extended addresses of its children. */
  async children(): Promise<string[]> {
    return (await this.ask("child table")).flatMap((line) => /\b[0-9a-f]{16}\b/.exec(line)?.[0] ?? []);
  }
}
