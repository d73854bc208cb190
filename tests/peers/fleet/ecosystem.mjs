// The other ecosystem: a matter.js controller that owns the devices first, shares them ("pair with another app") and goes on using them.
//
//   node ecosystem.mjs --control SOCKET --storage FOLDER [--label "Other home"]
//
// Prints `ready`. See the end of this file for what can be asked of it. Devices are named by their extended addresses.

import { each, options, serve } from "./control.mjs";

const given = options();
process.env.MATTER_STORAGE_PATH = given.storage;
process.env.MATTER_LOG_LEVEL = given.log ?? "fatal";
process.env.MATTER_LOG_FORMAT = "plain";
process.env.MATTER_MDNS_NETWORKINTERFACE = "eth0";

const { Crypto, Seconds, ServerNode } = await import("@matter/main");
await import("@matter/nodejs");
const { FabricAuthority, Invoke, PaseClient, Read } = await import("@matter/protocol");
const { CommissioningFlowType, ManualPairingCodeCodec, QrPairingCodeCodec } = await import("@matter/types");
const { ControllerBehavior } = await import("@matter/main/node");
const { AdministratorCommissioning } = await import("@matter/main/clusters/administrator-commissioning");
const { BasicInformation } = await import("@matter/main/clusters/basic-information");
const { OnOff } = await import("@matter/main/clusters/on-off");
const { OperationalCredentials } = await import("@matter/main/clusters/operational-credentials");

const WINDOW_SECONDS = 600;
const ITERATIONS = 1000;

const controller = await ServerNode.create(ServerNode.RootEndpoint.with(ControllerBehavior), {
    id: "ecosystem",
    network: { port: 5540, ipv4: false, tcp: false },
    controller: { adminFabricLabel: given.label ?? "Other home", ble: false },
    commissioning: { enabled: false },
});
await controller.start();
// Made before anything is commissioned: devices that are commissioned side by side would each make one.
await controller.env
    .get(FabricAuthority)
    .defaultFabric(await controller.act(async (agent) => (await agent.load(ControllerBehavior)).fabricAuthorityConfig));
const crypto = controller.env.get(Crypto);
const peers = new Map();

const peer = (which) => {
    const node = peers.get(which);
    if (!node) throw new Error(`${which} is not ours`);
    return node;
};

async function invoke(which, endpoint, cluster, command, fields) {
    let answer;
    for await (const chunk of peer(which).interaction.invoke(
        Invoke({ commands: [Invoke.ConcreteCommandRequest({ endpoint, cluster, command, fields })] }),
    ))
        for (const entry of chunk) answer = entry;
    if (answer?.kind === "cmd-status" && answer.status !== 0) throw new Error(`${command}: status ${answer.status} ${answer.clusterStatus ?? ""}`);
    return answer?.data;
}

async function read(which, endpoint, cluster, attributes) {
    const values = [];
    for await (const chunk of peer(which).interaction.read(Read({ fabricFilter: false }, Read.Attribute({ endpoint, cluster, attributes }))))
        for (const report of chunk) if (report.kind === "attr-value") values.push(report.value);
    return values;
}

/** Opens an enhanced commissioning window; the codes that a user would be shown. */
async function open(which, { seconds = WINDOW_SECONDS, discriminator, passcode }) {
    passcode ??= PaseClient.generateRandomPasscode(crypto);
    discriminator ??= PaseClient.generateRandomDiscriminator(crypto);
    const salt = crypto.randomBytes(32);
    const pakePasscodeVerifier = await PaseClient.generatePakePasscodeVerifier(crypto, passcode, { iterations: ITERATIONS, salt });
    await invoke(which, 0, AdministratorCommissioning, "openCommissioningWindow", {
        commissioningTimeout: seconds,
        pakePasscodeVerifier,
        discriminator,
        iterations: ITERATIONS,
        salt,
    });
    const payload = {
        version: 0,
        vendorId: 0xfff1,
        productId: 0x8000,
        flowType: CommissioningFlowType.Standard,
        discriminator,
        passcode,
        discoveryCapabilities: 0b100,
    };
    return {
        extended_address: which,
        discriminator,
        passcode,
        manual_code: ManualPairingCodeCodec.encode({ discriminator, passcode }),
        qr_code: QrPairingCodeCodec.encode([payload]),
    };
}

const actions = {
    /** `devices`: what the fleet says of them. Gives how long each took. */
    commission: async ({ devices, parallel = 4 }) =>
        each(devices, parallel, async ({ extended_address, address, passcode, discriminator }) => {
            const began = performance.now();
            const node = await controller.peers.forDescriptor({ addresses: [{ type: "udp", ip: address, port: 5540 }], discriminator });
            await node.commission({ passcode, discriminator, autoSubscribe: false, autoStateInitialize: false, onAttestationFailure: () => true });
            peers.set(extended_address, node);
            return { extended_address, milliseconds: Math.round(performance.now() - began) };
        }),
    /** Opens windows; `devices`: extended addresses. */
    open: async ({ devices, parallel = 4, ...window }) => each(devices, parallel, (which) => open(which, window)),
    close: async ({ device }) => void (await invoke(device, 0, AdministratorCommissioning, "revokeCommissioning")),
    /** Who has a place in a device. */
    fabrics: async ({ device }) => {
        const [fabrics, [supported], [commissioned]] = await Promise.all([
            read(device, 0, OperationalCredentials, "fabrics"),
            read(device, 0, OperationalCredentials, "supportedFabrics"),
            read(device, 0, OperationalCredentials, "commissionedFabrics"),
        ]);
        return {
            supported,
            commissioned,
            fabrics: fabrics.flat().map(({ fabricIndex, label, vendorId }) => ({ index: fabricIndex, label, vendor: vendorId })),
        };
    },
    /** What cluster 0x0035 says: rows of its tables, and the status of each attribute that has one. */
    diagnostics: async ({ device }) => {
        const began = performance.now();
        const statuses = {};
        const values = {};
        for await (const chunk of peer(device).interaction.read({
            ...Read({
                attributes: [
                    { endpointId: 0, clusterId: 0x35 },
                    { endpointId: 0, clusterId: 0x35, attributeId: 7 },
                ],
            }),
            includeKnownVersions: true,
        }))
            for (const report of chunk) {
                if (report.kind === "attr-status") statuses[report.path.attributeId] = report.status;
                if (report.kind === "attr-value") values[report.path.attributeId] = report.value;
            }
        return {
            attributes: Object.keys(values).length,
            neighbors: values[7]?.length ?? null,
            routes: values[8]?.length ?? null,
            statuses,
            milliseconds: Math.round(performance.now() - began),
        };
    },
    /** Puts another fabric out, as a user may. */
    "remove-fabric": async ({ device, index }) => void (await invoke(device, 0, OperationalCredentials, "removeFabric", { fabricIndex: index })),
    /** Proof of control: switches a light and reads it back; a sensor tells its name. */
    control: async ({ device }) => {
        const [before] = await read(device, 1, OnOff, "onOff");
        if (before === undefined) return { name: (await read(device, 0, BasicInformation, "nodeLabel"))[0] };
        await invoke(device, 1, OnOff, "toggle");
        const [after] = await read(device, 1, OnOff, "onOff");
        if (after === before) throw new Error(`${device} does not obey`);
        return { on: after };
    },
};

await serve(given.control, actions, () => controller.close());
console.log("ready");
