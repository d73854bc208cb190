// What a device may do wrong, and what it did: hooks in matter.js where reads are answered, reports are sent and messages come in.

import { AttributeReadResponse, InteractionServerMessenger, MessageExchange, MessageType, SessionManager } from "@matter/protocol";
import { TlvInvokeRequest, TlvString } from "@matter/types";

const THREAD_DIAGNOSTICS = 0x35;
const NEIGHBOR_TABLE = 7;
const ROUTE_TABLE = 8;
const SECURE_CHANNEL = 0;
const INTERACTION_MODEL = 1;

/** Stable names of messages, for counting and for traps. */
const SECURE_CHANNEL_NAMES = new Map([
    [0x20, "pbkdf"],
    [0x22, "pake1"],
    [0x24, "pake3"],
    [0x30, "sigma1"],
    [0x32, "sigma3"],
]);
const INTERACTION_NAMES = new Map([
    [0x02, "read"],
    [0x03, "subscribe"],
    [0x06, "write"],
    [0x08, "invoke"],
]);
const COMMAND_NAMES = new Map([
    ["48/0", "arm-fail-safe"],
    ["48/2", "regulatory"],
    ["48/4", "complete"],
    ["62/0", "attestation"],
    ["62/2", "certificate-chain"],
    ["62/4", "csr"],
    ["62/6", "add-noc"],
    ["62/9", "label"],
    ["62/10", "remove-fabric"],
    ["62/11", "add-root"],
]);

/** What one device does wrong. Everything off. */
export class Faults {
    /** Status codes by `cluster/attribute`. */
    statuses = new Map();
    /** Nobody is in its tables. */
    empty = false;
    /** This many invented neighbours instead of its own. */
    crowd = 0;
    /** Milliseconds before a report is sent. */
    slow = 0;
    /** `message`: a report is no TLV. `deep`: structures in structures. `cut`: a report ends in the middle. `value`: tables are texts. */
    garbage = undefined;
    /** Later chunks of a report tell of other tables than the first one. */
    shifting = false;
    /** Falls silent after so many chunks of a report. */
    chunks = undefined;
    /** Falls silent when this message comes (see the names above). */
    trap = undefined;
    /** The message that a trap caught. */
    caught = undefined;
}

const deviceOf = { node: new WeakMap(), sessions: new WeakMap() };

/** Ties a running matter.js node to its device. */
export function adopt(node, device) {
    deviceOf.node.set(node.protocol, device);
    deviceOf.sessions.set(node.env.get(SessionManager), device);
}

const deviceOfExchange = (exchange) => deviceOf.sessions.get(exchange.session.manager);

function nameOf(message) {
    const { protocolId, messageType } = message.payloadHeader;
    if (protocolId === SECURE_CHANNEL) return SECURE_CHANNEL_NAMES.get(messageType);
    if (protocolId !== INTERACTION_MODEL) return undefined;
    const name = INTERACTION_NAMES.get(messageType);
    if (name !== "invoke") return name;
    const { clusterId, commandId } = TlvInvokeRequest.decode(message.payload).invokeRequests[0].commandPath;
    return COMMAND_NAMES.get(`${clusterId}/${commandId}`) ?? `command-${clusterId}/${commandId}`;
}

/** A neighbour that nobody has. */
const invented = (i) => ({
    extAddress: 0x0200_0000_0000_0000n + BigInt(i),
    age: i % 200,
    rloc16: i % 0xfc00,
    linkFrameCounter: i,
    mleFrameCounter: i,
    lqi: 1 + (i % 3),
    averageRssi: -60 - (i % 30),
    lastRssi: -60 - (i % 30),
    frameErrorRate: 0,
    messageErrorRate: 0,
    rxOnWhenIdle: true,
    fullThreadDevice: true,
    fullNetworkData: true,
    isChild: false,
});

/** A report as the device's faults make it. */
function spoiled(report, faults) {
    if (report.kind !== "attr-value" && report.kind !== "attr-status") return report;
    const { clusterId, attributeId } = report.path;
    const status = faults.statuses.get(`${clusterId}/${attributeId}`);
    if (status !== undefined) return { kind: "attr-status", path: report.path, status };
    const isTable = clusterId === THREAD_DIAGNOSTICS && (attributeId === NEIGHBOR_TABLE || attributeId === ROUTE_TABLE);
    if (report.kind === "attr-status" || !isTable) return report;
    if (faults.empty) return { ...report, value: [] };
    if (faults.garbage === "value") return { ...report, value: "no table", tlv: TlvString };
    if (faults.crowd > 0 && attributeId === NEIGHBOR_TABLE) return { ...report, value: Array.from({ length: faults.crowd }, (_, i) => invented(i)) };
    return report;
}

/** Raises the data version of a report that stands as a stream of TLV elements: `{1: {0: version, …}}`. */
function otherVersion(stream, by) {
    let inData = false;
    return stream.map((element) => {
        if (element.tag?.id === 1 && element.value === undefined) inData = true;
        if (!inData || element.tag?.id !== 0 || typeof element.value !== "number") return element;
        inData = false;
        return { ...element, value: (element.value + by) >>> 0 };
    });
}

/** Rubbish that is the same each time. */
function rubbish(kind, real) {
    if (kind === "cut") return real.slice(0, Math.floor(real.length * 0.6));
    if (kind === "deep") return new Uint8Array(1100).fill(0x15);
    return Uint8Array.from({ length: 600 }, (_, i) => (i * 167 + 13) & 0xff);
}

/** Installs the hooks. Once per process. */
export function installHooks() {
    const process = AttributeReadResponse.prototype.process;
    AttributeReadResponse.prototype.process = function* (request) {
        const faults = deviceOf.node.get(this.node)?.faults;
        for (const chunk of process.call(this, request)) yield faults ? chunk.map((report) => spoiled(report, faults)) : chunk;
    };

    const sendReport = InteractionServerMessenger.prototype.sendDataReportMessage;
    InteractionServerMessenger.prototype.sendDataReportMessage = async function (report, waitForAck) {
        const device = deviceOfExchange(this.exchange);
        if (!device) return sendReport.call(this, report, waitForAck);
        const { faults } = device;
        this.chunksSent = (this.chunksSent ?? 0) + 1;
        device.counts.chunks = (device.counts.chunks ?? 0) + 1;
        if (faults.slow > 0) await new Promise((resolve) => setTimeout(resolve, faults.slow));
        if (faults.chunks !== undefined && this.chunksSent > faults.chunks) device.air.silent = true;
        if (faults.shifting && this.chunksSent > 1 && report.attributeReports) {
            const reports = report.attributeReports.map((stream) => otherVersion(stream, this.chunksSent));
            // A row that went before it was told, and one that is told twice.
            report = { ...report, attributeReports: reports.length > 2 ? [...reports.slice(1), reports.at(-1)].slice(0, reports.length) : reports };
        }
        if (!["message", "deep", "cut"].includes(faults.garbage)) return sendReport.call(this, report, waitForAck);
        const exchange = this.exchange;
        const send = exchange.send;
        exchange.send = (type, payload, options) =>
            send.call(exchange, type, type === MessageType.ReportData ? rubbish(faults.garbage, payload) : payload, options);
        try {
            return await sendReport.call(this, report, waitForAck);
        } finally {
            exchange.send = send;
        }
    };

    const received = MessageExchange.prototype.onMessageReceived;
    MessageExchange.prototype.onMessageReceived = async function (message, duplicate) {
        const device = deviceOfExchange(this);
        const name = device && !duplicate ? nameOf(message) : undefined;
        if (name !== undefined) {
            device.counts[name] = (device.counts[name] ?? 0) + 1;
            if (device.faults.trap === name) {
                device.faults.caught = name;
                device.faults.trap = undefined;
                device.air.silent = true;
                return;
            }
        }
        return received.call(this, message, duplicate);
    };
}
