/** Network namespaces of a test's own: Weft in one, independent responders (avahi) in others, a switch between them. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const LIFE_SECONDS = 120;
const CHROMIUM = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  (path) => path && existsSync(path),
);
let made = 0;

const ip = (...args: string[]): void => void execFileSync("ip", args, { stdio: "pipe" });

/** A service that avahi announces. */
export interface Service {
  /** `_meshcop._udp` */
  type: string;
  /** Instance name. */
  name: string;
  port: number;
  /** Keys of the TXT record: text, or bytes as hexadecimal digits. */
  txt: Record<string, string | { hex: string }>;
}

/** A small network: Weft on one machine, responders on others, a switch between them. */
export class Lan {
  private readonly folder = mkdtempSync(join(tmpdir(), "weft-e2e-"));
  private readonly running: ChildProcess[] = [];
  private readonly machines: string[] = [];
  private plugged = 0;

  private constructor(
    /** Where Weft and the browser run. */
    readonly here: string,
    /** Where the switch is; each responder is a machine of its own beside it. */
    readonly there: string,
  ) {}

  /** Null, with the reason, where this machine gives no namespaces: in CI that is a failure. */
  static make(): Lan | string {
    if (!existsSync("/usr/sbin/avahi-daemon")) return Lan.missing("avahi-daemon is not installed");
    const name = `wfe${process.pid}-${made++}`;
    const lan = new Lan(`${name}a`, `${name}b`);
    try {
      ip("netns", "add", lan.here);
    } catch (error) {
      return Lan.missing(`network namespaces cannot be made (root is needed): ${String(error)}`);
    }
    ip("netns", "add", lan.there);
    lan.within(lan.there, "ip link add br0 type bridge; ip link set br0 up");
    lan.plug(lan.here);
    lan.settle();
    return lan;
  }

  /** Waits until the interface works and says no more of itself: a browser gives up what it loads when its network changes. */
  private settle(): void {
    const settled = "ip link show eth0 | grep -q 'state UP' && ! ip -6 addr show dev eth0 | grep -q tentative";
    this.within(this.here, `for try in $(seq 50); do if ${settled}; then sleep 0.2; exit 0; fi; sleep 0.1; done; ip addr show; exit 1`);
  }

  private static missing(reason: string): string {
    if (process.env.CI) throw new Error(reason);
    return reason;
  }

  /** A cable from a namespace to the switch. */
  private plug(namespace: string): void {
    const number = ++this.plugged;
    ip("link", "add", "eth0", "netns", namespace, "type", "veth", "peer", "name", `port${number}`, "netns", this.there);
    this.within(this.there, `ip link set port${number} master br0 up`);
    // No address of the kernel's own making: it would come a second or two after the others.
    this.within(namespace, `ip link set eth0 addrgenmode none; ip link set lo up; ip addr add 192.0.2.${number}/24 dev eth0`);
    this.within(namespace, `ip addr add fe80::b0${number}/64 dev eth0 nodad; ip link set eth0 up`);
  }

  /** Runs a shell script in a namespace. */
  within(namespace: string, script: string): string {
    return execFileSync("ip", ["netns", "exec", namespace, "sh", "-c", script], { encoding: "utf8" });
  }

  /** A program that is Chromium within Weft's namespace: Playwright talks to it through pipes, which know no namespaces. */
  browser(chromium = CHROMIUM): string {
    if (!chromium) throw new Error("Chromium is not installed: name it in CHROMIUM");
    const path = join(this.folder, "chromium");
    writeFileSync(path, `#!/bin/sh\nexec ip netns exec ${this.here} ${chromium} "$@"\n`);
    chmodSync(path, 0o755);
    return path;
  }

  /** A folder that is removed with the namespaces. */
  scratch(name: string): string {
    const path = join(this.folder, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** A machine of its own with an avahi daemon that announces these services; ends when told, with its goodbyes. */
  announce(host: string, services: Service[]): () => void {
    const machine = `${this.there}${this.machines.length}`;
    ip("netns", "add", machine);
    this.machines.push(machine);
    this.plug(machine);
    const folder = join(this.folder, host);
    mkdirSync(join(folder, "services"), { recursive: true });
    writeFileSync(
      join(folder, "avahi-daemon.conf"),
      `[server]\nhost-name=${host}\nuse-ipv4=yes\nuse-ipv6=yes\nenable-dbus=no\n[publish]\npublish-workstation=no\n`,
    );
    services.forEach((service, index) => writeFileSync(join(folder, "services", `${index}.service`), xml(service)));
    const script =
      `mount --bind ${folder} /etc/avahi && mount -t tmpfs tmpfs /run && ` +
      `timeout ${LIFE_SECONDS} avahi-daemon --no-drop-root --no-chroot --no-rlimits >/dev/null 2>&1 & ` +
      "cat >/dev/null; avahi-daemon --kill 2>/dev/null; kill $! 2>/dev/null";
    const child = spawn("ip", ["netns", "exec", machine, "sh", "-c", script], { stdio: ["pipe", "ignore", "ignore"] });
    this.running.push(child);
    return () => child.stdin.end();
  }

  /** Ends everything and leaves nothing behind. */
  remove(): void {
    for (const child of this.running) child.stdin?.end();
    for (const namespace of [this.here, ...this.machines, this.there]) {
      try {
        ip("netns", "del", namespace);
      } catch {
        // Gone already.
      }
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function xml({ type, name, port, txt }: Service): string {
  const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const record = ([key, value]: [string, string | { hex: string }]): string =>
    typeof value === "string"
      ? `<txt-record>${escaped(`${key}=${value}`)}</txt-record>`
      : `<txt-record value-format="binary-hex">${key}=${value.hex}</txt-record>`;
  return `<?xml version="1.0" standalone='no'?><!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group><name>${escaped(name)}</name><service><type>${type}</type><port>${port}</port>${Object.entries(txt).map(record).join("")}</service></service-group>
`;
}
