// What lies between a device and the LAN: delay, loss, a receiver that is mostly off, silence, an address that changes; and who counted what.
// It is the operating system's network as matter.js sees it, with sockets of devices passed through this file.

import { createSocket } from "node:dgram";
import { NodeJsNetwork } from "@matter/nodejs";
import { MAX_UDP_MESSAGE_SIZE } from "@matter/main";

/** Every Thread device has an address of its own, so all use Matter's port. */
export const MATTER_PORT = 5540;

/** The air around one device. Times in milliseconds. */
export class Air {
    constructor(address) {
        this.address = address;
        /** One-way delay, of all hops together. */
        this.latency = 0;
        this.jitter = 0;
        /** Share of datagrams that are lost, each way. */
        this.loss = 0;
        /** A sleeping receiver asks its parent for datagrams this often; 0: always on. */
        this.poll = 0;
        this.pollPhase = 0;
        /** Nothing comes in or out. */
        this.silent = false;
        this.received = 0;
        this.sent = 0;
        this.lost = 0;
        this.socket = undefined;
    }

    /** True if the next datagram does not make it. */
    loses() {
        const loses = this.silent || (this.loss > 0 && Math.random() < this.loss);
        if (loses) this.lost += 1;
        return loses;
    }

    delay() {
        return this.latency + (this.jitter > 0 ? Math.random() * this.jitter : 0);
    }

    /** Until a datagram that reaches the parent after `delay` is fetched. */
    untilPolled(delay) {
        if (this.poll === 0) return delay;
        const arrives = performance.now() + delay + this.pollPhase;
        return delay + this.poll - (arrives % this.poll);
    }
}

const later = (milliseconds, what) => (milliseconds > 0 ? setTimeout(what, milliseconds) : what());

/** A device's socket. What it is bound to may change while matter.js keeps it. */
class DeviceSocket {
    maxPayloadSize = MAX_UDP_MESSAGE_SIZE;
    #air;
    #internalPort;
    #socket;
    #listeners = new Set();

    constructor(air, internalPort) {
        this.#air = air;
        this.#internalPort = internalPort;
    }

    async bind() {
        const socket = createSocket({ type: "udp6", ipv6Only: true });
        await new Promise((resolve, reject) => {
            socket.once("error", reject);
            socket.bind(MATTER_PORT, this.#air.address, resolve);
        });
        // A peer that is gone answers with "port unreachable": nothing that a radio would tell.
        socket.on("error", () => {});
        socket.on("message", (data, from) => this.#receive(data, from));
        const former = this.#socket;
        this.#socket = socket;
        former?.close();
    }

    #receive(data, { address, port }) {
        const air = this.#air;
        air.received += 1;
        if (air.loses()) return;
        later(air.untilPolled(air.delay()), () => {
            if (air.silent) return;
            for (const listener of this.#listeners) listener("eth0", address, port, data);
        });
    }

    async send(host, port, data) {
        const air = this.#air;
        air.sent += 1;
        if (air.loses()) return;
        const copy = Buffer.from(data);
        later(air.delay(), () => {
            try {
                if (!air.silent) this.#socket?.send(copy, port, host, () => {});
            } catch {
                // Closed meanwhile.
            }
        });
    }

    onData(listener) {
        this.#listeners.add(listener);
        return { close: async () => void this.#listeners.delete(listener) };
    }

    addMembership() {}

    dropMembership() {}

    supports(type, address) {
        return type === "udp" && (address === undefined || address.includes(":"));
    }

    /** matter.js tells devices apart by this one; peers see `MATTER_PORT`. */
    get port() {
        return this.#internalPort;
    }

    async close() {
        const socket = this.#socket;
        this.#socket = undefined;
        if (socket) await new Promise((resolve) => socket.close(resolve));
    }
}

/** The network that all devices share. */
export class Radio extends NodeJsNetwork {
    #airByPort = new Map();

    /** Sockets that matter.js opens on `internalPort` are this device's. */
    add(internalPort, air) {
        this.#airByPort.set(internalPort, air);
    }

    async createUdpSocket(options) {
        const air = this.#airByPort.get(options.listeningPort);
        if (!air) return super.createUdpSocket(options);
        air.socket = new DeviceSocket(air, options.listeningPort);
        await air.socket.bind();
        return air.socket;
    }
}
