// One virtual Matter device on Thread: a matter.js node whose clusters say what the mesh says.

import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { Endpoint, Millis, ServerNode, VendorId } from "@matter/main";
import { IcdManagementServer } from "@matter/main/behaviors/icd-management";
import { NetworkCommissioningServer } from "@matter/main/behaviors/network-commissioning";
import { OperationalCredentialsServer } from "@matter/main/behaviors/operational-credentials";
import { PowerSourceServer } from "@matter/main/behaviors/power-source";
import { ThreadNetworkDiagnosticsServer } from "@matter/main/behaviors/thread-network-diagnostics";
import { GeneralDiagnostics } from "@matter/main/clusters/general-diagnostics";
import { NetworkCommissioning } from "@matter/main/clusters/network-commissioning";
import { OperationalCredentials } from "@matter/main/clusters/operational-credentials";
import { PowerSource } from "@matter/main/clusters/power-source";
import { ThreadNetworkDiagnostics } from "@matter/main/clusters/thread-network-diagnostics";
import { ContactSensorDevice } from "@matter/main/devices/contact-sensor";
import { OnOffLightDevice } from "@matter/main/devices/on-off-light";
import { DeviceCommissioner, FabricManager } from "@matter/protocol";
import { adopt, Faults } from "./faults.mjs";
import { Mesh } from "./mesh.mjs";
import { Air } from "./radio.mjs";

const CONTACT_SENSOR = 0x15;
const ROUTING_ROLES = { "sleepy-end-device": 2, "end-device": 3, reed: 4, router: 5, leader: 6 };
/** How long a sleeping device's peers are asked to wait, beside its poll period. */
const IDLE_MARGIN_MILLISECONDS = 500;
const ACTIVE_MARGIN_MILLISECONDS = 300;

const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));
const number = (hex) => BigInt(`0x${hex}`);
const groups = (hex) =>
    hex
        .match(/.{4}/g)
        .map((group) => group.replace(/^0{1,3}/, ""))
        .join(":");
/** Tables as matter.js wants them. */
const rows = (table) => table.map((row) => ({ ...row, extAddress: number(row.extAddress) }));

/** The interface id that OpenThread makes of an extended address (RFC 4291, appendix A). */
function interfaceId(extendedAddress) {
    const id = Buffer.from(extendedAddress, "hex");
    id[0] ^= 0x02;
    return id.toString("hex");
}

class ThreadCommissioning extends NetworkCommissioningServer.with(NetworkCommissioning.Feature.ThreadNetworkInterface) {
    scanNetworks() {
        return { networkingStatus: 0, threadScanResults: [] };
    }
    addOrUpdateThreadNetwork() {
        return { networkingStatus: 0, debugText: "", networkIndex: 0 };
    }
    removeNetwork() {
        return { networkingStatus: 0, debugText: "", networkIndex: 0 };
    }
    connectNetwork() {
        return { networkingStatus: 0, debugText: "", errorValue: null };
    }
    reorderNetwork() {
        return { networkingStatus: 0, debugText: "", networkIndex: 0 };
    }
}

const devices = new Map();

/** A device with room for fewer fabrics than the five that the specification asks for: so that a test need not fill five. */
class Credentials extends OperationalCredentialsServer {
    addNoc(request) {
        const { places } = devices.get(this.endpoint.id);
        if (this.env.get(FabricManager).length >= places)
            return { statusCode: OperationalCredentials.NodeOperationalCertStatus.TableFull, debugText: "no place" };
        return super.addNoc(request);
    }
}

const diagnostics = new Map();

/** Cluster 0x0035 of a revision; before the third it tells neither extended address nor RLOC16. */
function threadDiagnostics(revision, counters) {
    const key = `${revision} ${counters}`;
    if (!diagnostics.has(key)) {
        const { PacketCounts, ErrorCounts, MleCounts, MacCounts } = ThreadNetworkDiagnostics.Feature;
        const Base = counters ? ThreadNetworkDiagnosticsServer.with(PacketCounts, ErrorCounts, MleCounts, MacCounts) : ThreadNetworkDiagnosticsServer;
        diagnostics.set(
            key,
            class extends Base {
                initialize() {
                    if (revision < 3) Object.assign(this.state, { extAddress: undefined, rloc16: undefined, clusterRevision: revision });
                    return super.initialize?.();
                }
                resetCounts() {
                    this.state.overrunCount = 0;
                }
            },
        );
    }
    return diagnostics.get(key);
}

/** In the order of their ids. */
const COUNTERS = `
    detachedRoleCount childRoleCount routerRoleCount leaderRoleCount attachAttemptCount partitionIdChangeCount betterPartitionAttachAttemptCount
    parentChangeCount txTotalCount txUnicastCount txBroadcastCount txAckRequestedCount txAckedCount txNoAckRequestedCount txDataCount
    txDataPollCount txBeaconCount txBeaconRequestCount txOtherCount txRetryCount txDirectMaxRetryExpiryCount txIndirectMaxRetryExpiryCount
    txErrCcaCount txErrAbortCount txErrBusyChannelCount rxTotalCount rxUnicastCount rxBroadcastCount rxDataCount rxDataPollCount rxBeaconCount
    rxBeaconRequestCount rxOtherCount rxAddressFilteredCount rxDestAddrFilteredCount rxDuplicatedCount rxErrNoFrameCount
    rxErrUnknownNeighborCount rxErrInvalidSrcAddrCount rxErrSecCount rxErrFcsCount rxErrOtherCount`
    .trim()
    .split(/\s+/);

export class Device {
    constructor(mesh, meshNode, { internalPort, radio, conditions }) {
        this.mesh = mesh;
        this.meshNode = meshNode;
        this.internalPort = internalPort;
        this.conditions = conditions;
        this.id = `d${meshNode.extended_address}`;
        this.host = `${meshNode.extended_address.toUpperCase()}.local`;
        this.omrInterfaceId = meshNode.omr_interface_id;
        this.faults = new Faults();
        this.air = new Air(this.omrAddress);
        this.counts = {};
        /** Fabrics that it has room for. */
        this.places = 254;
        this.hasThreadDiagnostics = true;
        this.node = undefined;
        radio.add(internalPort, this.air);
        devices.set(this.id, this);
    }

    get extendedAddress() {
        return this.meshNode.extended_address;
    }

    get isSleepy() {
        return this.meshNode.role === "sleepy-end-device";
    }

    get omrAddress() {
        return groups(this.mesh.network.omr_prefix + this.omrInterfaceId);
    }

    /** Delay, loss and sleep as the mesh has them: one hop from the border router to a router, one to its child. */
    applyConditions() {
        const { latency, jitter, loss, poll } = this.conditions;
        const router = Mesh.isRouter(this.meshNode) ? this.meshNode : this.mesh.parentOf(this.meshNode);
        const nearBorder =
            router && [...this.mesh.nodes.values()].some((node) => node.border_router && (node === router || this.mesh.hasLink(node, router)));
        const hops = (Mesh.isRouter(this.meshNode) ? 0 : 1) + (nearBorder ? 1 : 2);
        Object.assign(this.air, { latency: latency * hops, jitter, loss, poll: this.isSleepy ? poll : 0 });
        if (poll > 0) this.air.pollPhase = Number(number(this.extendedAddress) % BigInt(poll));
    }

    addAddress(address) {
        execFileSync("ip", ["addr", "replace", `${address}/64`, "dev", "eth0", "nodad", "noprefixroute"]);
    }

    removeAddress(address) {
        execFileSync("ip", ["addr", "del", `${address}/64`, "dev", "eth0"]);
    }

    // ---- what its clusters say

    threadState() {
        const { network } = this.mesh;
        const { meshNode } = this;
        const leader = this.mesh.active.find((node) => node.role === "leader");
        const state = {
            channel: network.channel,
            routingRole: meshNode.down ? 1 : ROUTING_ROLES[meshNode.role],
            networkName: network.name,
            panId: Number(network.pan_id),
            extendedPanId: number(network.extended_pan_id),
            meshLocalPrefix: Uint8Array.from([64, ...bytes(network.mesh_local_prefix)]),
            neighborTable: rows(meshNode.neighbors),
            routeTable: rows(meshNode.routes),
            partitionId: network.partition_id,
            weighting: network.weighting,
            dataVersion: network.data_version,
            stableDataVersion: network.stable_data_version,
            leaderRouterId: leader ? Mesh.routerId(leader) : 0,
            securityPolicy: { rotationTime: 672, flags: 8335 },
            channelPage0Mask: Uint8Array.from([0, 0x1f, 0xff, 0xe0]),
            operationalDatasetComponents: {
                activeTimestampPresent: true,
                pendingTimestampPresent: false,
                masterKeyPresent: true,
                networkNamePresent: true,
                extendedPanIdPresent: true,
                meshLocalPrefixPresent: true,
                delayPresent: false,
                panIdPresent: true,
                channelPresent: true,
                pskcPresent: true,
                securityPolicyPresent: true,
                channelMaskPresent: true,
            },
            activeNetworkFaultsList: [],
        };
        if (meshNode.matter.revision >= 3) Object.assign(state, { extAddress: number(this.extendedAddress), rloc16: meshNode.rloc16 });
        if (meshNode.matter.counters) {
            state.overrunCount = 0n;
            // The first eight are 16 bits wide.
            for (const [i, name] of COUNTERS.entries())
                state[name] =
                    ((Number(number(this.extendedAddress) % 9973n) * (i + 1) + this.mesh.moment * (1 + (i % 5))) >>> 0) %
                    (i < 8 ? 0x10000 : 0x100000000);
            Object.assign(state, { activeTimestamp: BigInt(network.active_timestamp_seconds) << 16n, pendingTimestamp: 0n, delay: 0 });
        }
        return state;
    }

    interfaces() {
        const { mesh_local_prefix: meshLocal, omr_prefix: omr, name } = this.mesh.network;
        const rloc16 = this.meshNode.rloc16.toString(16).padStart(4, "0");
        const swapped = this.extendedAddress.slice(8) + this.extendedAddress.slice(0, 8);
        const addresses = [
            `${meshLocal}000000fffe00${rloc16}`,
            meshLocal + interfaceId(swapped),
            `fe80000000000000${interfaceId(this.extendedAddress)}`,
            omr + this.omrInterfaceId,
        ];
        return [
            {
                name,
                isOperational: true,
                offPremiseServicesReachableIPv4: null,
                offPremiseServicesReachableIPv6: null,
                hardwareAddress: bytes(this.extendedAddress),
                iPv4Addresses: [],
                iPv6Addresses: addresses.map(bytes),
                type: GeneralDiagnostics.InterfaceType.Thread,
            },
        ];
    }

    // ---- life

    async start() {
        this.applyConditions();
        this.addAddress(this.air.address);
        const { meshNode } = this;
        const { matter } = meshNode;
        const extendedPanId = bytes(this.mesh.network.extended_pan_id);
        const name = meshNode.name.slice(0, 32);
        const behaviors = [ThreadCommissioning, Credentials];
        const state = {
            id: this.id,
            network: { port: this.internalPort, listeningAddressIpv6: this.air.address, ipv4: false, tcp: false },
            commissioning: { passcode: matter.passcode, discriminator: matter.discriminator },
            // Else it looks for its former subscribers first when it starts again.
            subscriptions: { persistenceEnabled: false },
            productDescription: { name, deviceType: matter.device_type },
            basicInformation: {
                vendorName: meshNode.vendor,
                vendorId: VendorId(0xfff1),
                productName: meshNode.product,
                productId: 0x8000,
                nodeLabel: name,
                productLabel: meshNode.product,
                serialNumber: `W-${this.extendedAddress}`,
                uniqueId: this.extendedAddress,
                hardwareVersion: 1,
                hardwareVersionString: "1",
                softwareVersion: 10203,
                softwareVersionString: "1.2.3",
            },
            networkCommissioning: {
                maxNetworks: 1,
                interfaceEnabled: true,
                lastNetworkingStatus: 0,
                lastNetworkId: extendedPanId,
                lastConnectErrorValue: null,
                networks: [{ networkId: extendedPanId, connected: true }],
                scanMaxTimeSeconds: 10,
                connectMaxTimeSeconds: 20,
                supportedThreadFeatures: {
                    isBorderRouterCapable: false,
                    isRouterCapable: !this.isSleepy,
                    isSleepyEndDeviceCapable: this.isSleepy,
                    isFullThreadDevice: Mesh.isRouter(meshNode) || meshNode.role === "reed",
                    isSynchronizedSleepyEndDeviceCapable: false,
                },
                threadVersion: 4,
            },
        };
        if (this.hasThreadDiagnostics) {
            behaviors.push(threadDiagnostics(matter.revision, matter.counters));
            state.threadNetworkDiagnostics = this.threadState();
        }
        if (this.isSleepy) {
            const { poll } = this.conditions;
            if (poll > 0) {
                const intervals = {
                    idleInterval: Millis(poll + IDLE_MARGIN_MILLISECONDS),
                    activeInterval: Millis(poll + ACTIVE_MARGIN_MILLISECONDS),
                    activeThreshold: Millis(4000),
                };
                state.sessions = { intervals };
            }
            behaviors.push(IcdManagementServer, PowerSourceServer.with(PowerSource.Feature.Battery, PowerSource.Feature.Replaceable));
            state.powerSource = {
                status: PowerSource.PowerSourceStatus.Active,
                order: 0,
                description: "Battery",
                endpointList: [],
                batChargeLevel: PowerSource.BatChargeLevel.Ok,
                batReplacementNeeded: false,
                batReplaceability: PowerSource.BatReplaceability.UserReplaceable,
                batReplacementDescription: "CR2450",
                batQuantity: 1,
                batPercentRemaining: 180,
            };
        }
        const node = await ServerNode.create(ServerNode.RootEndpoint.with(...behaviors), state);
        await node.add(new Endpoint(matter.device_type === CONTACT_SENSOR ? ContactSensorDevice : OnOffLightDevice, { id: "main" }));
        adopt(node, this);
        await node.start();
        await node.set({ generalDiagnostics: { networkInterfaces: this.interfaces() } });
        this.node = node;
    }

    /** Says what the mesh says now. */
    async refresh() {
        if (!this.node) return;
        this.applyConditions();
        const values = { generalDiagnostics: { networkInterfaces: this.interfaces() } };
        if (this.hasThreadDiagnostics) values.threadNetworkDiagnostics = this.threadState();
        await this.node.set(values);
    }

    /** Goes off the net. Without a word: as when the battery is taken out, sessions and a fail-safe are lost and nobody is told. */
    async stop({ silently = true } = {}) {
        const { node } = this;
        this.node = undefined;
        if (!node) return;
        const { silent } = this.air;
        this.air.silent = silent || silently;
        await node.close();
        this.air.silent = silent;
    }

    async restart() {
        await this.stop();
        this.air.silent = false;
        this.faults.trap = undefined;
        this.faults.caught = undefined;
        await this.start();
    }

    /** As new: no fabric, its first code. */
    async reset() {
        const { node } = this;
        this.air.silent = false;
        this.faults = new Faults();
        await node.erase();
        adopt(node, this);
        await node.start();
        await this.refresh();
    }

    /** What its clock would do: the fail-safe runs out now, not in a minute. */
    async expireFailSafe() {
        const commissioner = this.node.env.get(DeviceCommissioner);
        const armed = commissioner.isFailsafeArmed;
        if (armed) await commissioner.failsafeContext.close();
        return armed;
    }

    /** Registers anew with another routable address, as after a prefix change. Sessions live on. */
    async changeAddress() {
        const former = this.air.address;
        this.omrInterfaceId = randomBytes(8).toString("hex");
        this.air.address = this.omrAddress;
        this.addAddress(this.air.address);
        await this.air.socket.bind();
        this.removeAddress(former);
        await this.refresh();
        return { former, address: this.air.address };
    }

    // ---- what a test may know

    describe() {
        // A device that its last fabric leaves starts anew by itself; meanwhile it can be asked nothing.
        const isUp = this.node?.lifecycle.isOnline ?? false;
        const { commissioning } = isUp ? this.node.state : {};
        const fabrics = isUp
            ? [...this.node.env.get(FabricManager)].map((fabric) => ({
                  index: fabric.fabricIndex,
                  label: fabric.label,
                  node: fabric.nodeId.toString(16).padStart(16, "0"),
              }))
            : [];
        const { received, sent, lost, silent, address } = this.air;
        return {
            extended_address: this.extendedAddress,
            name: this.meshNode.name,
            role: this.meshNode.role,
            sleepy: this.isSleepy,
            up: isUp,
            address,
            discriminator: this.meshNode.matter.discriminator,
            passcode: this.meshNode.matter.passcode,
            manual_code: commissioning?.pairingCodes.manualPairingCode ?? null,
            qr_code: commissioning?.pairingCodes.qrPairingCode ?? null,
            fail_safe_armed: isUp && this.node.env.get(DeviceCommissioner).isFailsafeArmed,
            caught: this.faults.caught ?? null,
            silent,
            fabrics,
            traffic: { received, sent, lost },
            messages: this.counts,
        };
    }
}
