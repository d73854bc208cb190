// A fleet of virtual Matter devices that all tell of one Thread mesh.
//
//   node fleet.mjs --mesh FILE --control SOCKET --storage FOLDER
//     --mesh grow:routers=20,children=30,border=6,matter=44,seed=1   a made-up mesh instead of a description
//     --only N              the first N Matter devices only
//     --latency MS --jitter MS --loss 0.3 --poll MS   one-way delay a hop, and on top; share lost; how often sleepy devices listen
//     --log LEVEL           of matter.js (fatal: what a test provokes is not worth a line)
//
// Prints `ready` when all devices are up. See the end of this file for what can be asked of it.

import { readFileSync } from "node:fs";
import { options, each, serve } from "./control.mjs";

const given = options();
process.env.MATTER_STORAGE_PATH = given.storage;
process.env.MATTER_LOG_LEVEL = given.log ?? "fatal";
process.env.MATTER_LOG_FORMAT = "plain";
process.env.MATTER_MDNS_NETWORKINTERFACE = "eth0";
process.env.MATTER_NODEJS_NETWORK = "false";

const { Environment, Network } = await import("@matter/main");
await import("@matter/nodejs");
const { TestCert_PAA_NoVID_Cert } = await import("@matter/protocol");
const { ManualPairingCodeCodec } = await import("@matter/types");
const { Radio } = await import("./radio.mjs");
const { Device } = await import("./device.mjs");
const { grow } = await import("./grow.mjs");
const { Mesh } = await import("./mesh.mjs");
const { installHooks } = await import("./faults.mjs");
const { announceAsThreadDevices, announceAgain } = await import("./announce.mjs");

const FIRST_INTERNAL_PORT = 20_000;

function description() {
    if (!given.mesh.startsWith("grow:")) return JSON.parse(readFileSync(given.mesh, "utf8"));
    const numbers = given.mesh
        .slice("grow:".length)
        .split(",")
        .map((pair) => pair.split("="));
    return grow(Object.fromEntries(numbers.map(([name, value]) => [name, Number(value)])));
}

const radio = new Radio();
Environment.default.set(Network, radio);
installHooks();

const conditions = {
    latency: Number(given.latency ?? 0),
    jitter: Number(given.jitter ?? 0),
    loss: Number(given.loss ?? 0),
    poll: Number(given.poll ?? 0),
};
const mesh = new Mesh(description());
const devices = mesh.matterNodes
    .slice(0, Number(given.only ?? Infinity))
    .map((node, i) => new Device(mesh, node, { internalPort: FIRST_INTERNAL_PORT + i, radio, conditions }));
const byPort = new Map(devices.map((device) => [device.internalPort, device]));
announceAsThreadDevices((port) => byPort.get(port));

const find = (which) => {
    const device = devices.find((device) => device.extendedAddress === which || device.meshNode.name === which);
    if (!device) throw new Error(`there is no device ${which}`);
    return device;
};
/** Every device says what the mesh says now. */
const republish = () => each(devices, 8, (device) => device.refresh());
/** The devices that are meant: one by `device`, else all. */
const meant = ({ device }) => (device === undefined ? devices : [find(device)]);

const actions = {
    /** All devices, or one: codes, fabrics, what they sent and were asked. */
    devices: async (given) => meant(given).map((device) => device.describe()),
    /** What is true; `paired`: extended addresses of the devices that may be asked. */
    truth: async ({ paired }) => mesh.truth(paired ?? devices.map((device) => device.extendedAddress)),

    "move-child": async ({ child, parent }) => {
        mesh.moveChild(child, parent);
        await republish();
    },
    /** Switches a node of the mesh off, a Matter device or not. */
    "node-down": async ({ node }) => {
        mesh.down(node);
        const device = devices.find((device) => device.meshNode === mesh.find(node));
        await device?.stop();
        await republish();
    },
    "node-up": async ({ node }) => {
        mesh.up(node);
        const device = devices.find((device) => device.meshNode === mesh.find(node));
        if (device && !device.node) await device.start();
        await republish();
    },

    /** Takes all datagrams of a device, or lets them through again. */
    vanish: async (given) => meant(given).forEach((device) => (device.air.silent = true)),
    "come-back": async (given) =>
        meant(given).forEach((device) => {
            device.air.silent = false;
            device.faults.chunks = undefined;
        }),
    restart: async (given) => void (await each(meant(given), 8, (device) => device.restart())),
    reset: async (given) => void (await each(meant(given), 8, (device) => device.reset())),
    "expire-fail-safe": async ({ device }) => find(device).expireFailSafe(),
    "change-address": async ({ device }) => {
        const change = await find(device).changeAddress();
        await announceAgain(find(device));
        return change;
    },
    /** With `absent`, the device comes back without cluster 0x0035. */
    cluster: async ({ device, absent }) => {
        find(device).hasThreadDiagnostics = !absent;
        await find(device).restart();
    },
    /** Sets what goes wrong: see `Faults`. `statuses`: `{"53/7": 0x87}`; null takes a fault away. */
    faults: async ({ statuses, trap, ...others }) => {
        for (const device of meant(others)) {
            const { device: _, ...values } = others;
            for (const [name, value] of Object.entries(values)) {
                if (!(name in device.faults)) throw new Error(`${name} is no fault`);
                device.faults[name] = value ?? new device.faults.constructor()[name];
            }
            if (statuses) device.faults.statuses = new Map(Object.entries(statuses));
            if (trap !== undefined) Object.assign(device.faults, { trap: trap ?? undefined, caught: undefined });
        }
    },
    /** Conditions of the radio from now on: `latency`, `jitter`, `loss`, `poll`. */
    conditions: async ({ device, ...values }) => {
        for (const one of meant({ device })) {
            one.conditions = { ...one.conditions, ...values };
            one.applyConditions();
        }
    },
    /** How many fabrics a device has room for. */
    places: async ({ device, count }) => void (find(device).places = count),
    /** The attestation authority (PAA) of all devices: a certificate, DER in hexadecimal. */
    authority: async () => ({ certificate: Buffer.from(TestCert_PAA_NoVID_Cert).toString("hex") }),
    /** The manual code that stands for these. */
    code: async ({ discriminator, passcode }) => ManualPairingCodeCodec.encode({ discriminator, passcode }),
    "clear-counts": async (given) =>
        meant(given).forEach((device) => {
            Object.assign(device.air, { received: 0, sent: 0, lost: 0 });
            device.counts = {};
        }),
    usage: async () => ({ resident_bytes: process.memoryUsage().rss, cpu_microseconds: process.cpuUsage().user + process.cpuUsage().system }),
};

// matter.js waits for its timers; a device that fails to start is a fault of the test.
await each(devices, 4, (device) => device.start());
await serve(given.control, actions, () => {
    for (const device of devices) device.air.silent = true;
});
console.log("ready");
