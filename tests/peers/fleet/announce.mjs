// mDNS as a border router's advertising proxy says it of Thread devices: the host name is the extended address, the address is the device's own
// routable one, and the port is Matter's. matter.js would name the host after the LAN's card and list all addresses of that.

import { MdnsServer } from "@matter/protocol";
import { MATTER_PORT } from "./radio.mjs";

const TYPE_TXT = 16;
const TYPE_AAAA = 28;
const TYPE_SRV = 33;

/** What is announced: by service, whose it is, who announces it and how its records are made. */
const announced = new Map();
const { setRecordsGenerator, expireAnnouncements } = MdnsServer.prototype;

/** Rewrites what matter.js announces; `deviceAt` finds a device by its internal port. */
export function announceAsThreadDevices(deviceAt) {
    // matter.js remembers what it has just answered by name and type only, so that of many devices in one process only the first would answer a question for all.
    MdnsServer.prototype.buildDnsRecordKey = (record, netInterface, unicast) =>
        [
            record.name.toLowerCase(),
            record.recordClass,
            record.recordType,
            typeof record.value === "string" ? record.value : "",
            netInterface,
            unicast,
        ].join("-");

    MdnsServer.prototype.setRecordsGenerator = function (service, generate) {
        const entry = { server: this };
        entry.generate = (netInterface, addresses) => {
            const records = generate(netInterface, { ...addresses, ipV4: [], ipV6: ["fe80::1"] });
            const device = deviceAt(records.find((record) => record.recordType === TYPE_SRV)?.value.port);
            if (!device) return records;
            entry.device = device;
            // One device alone speaks for these names, so what it says replaces what it said.
            return records.map((record) => {
                if (record.recordType === TYPE_SRV)
                    return { ...record, flushCache: true, value: { ...record.value, port: MATTER_PORT, target: device.host } };
                if (record.recordType === TYPE_AAAA) return { ...record, flushCache: true, name: device.host, value: device.air.address };
                return record.recordType === TYPE_TXT ? { ...record, flushCache: true } : record;
            });
        };
        announced.set(service, entry);
        return setRecordsGenerator.call(this, service, entry.generate);
    };

    MdnsServer.prototype.expireAnnouncements = function (...services) {
        for (const service of services) announced.delete(service);
        return expireAnnouncements.call(this, ...services);
    };
}

/** Says everything about a device again: its address is another now. */
export async function announceAgain(device) {
    for (const [service, { server, generate, device: whose }] of [...announced]) {
        if (whose !== device) continue;
        await setRecordsGenerator.call(server, service, generate);
        await server.broadcast(service);
    }
}
