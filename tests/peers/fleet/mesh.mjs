// One Thread mesh: nodes and how well each radio hears each other one. Tables and truth are computed from that, so that they agree.
//
// Tables are as OpenThread fills in cluster 0x0035 (connectedhomeip, GenericThreadStackManagerImpl_OpenThread.hpp):
// - a router's own row, and rows of routers that it has no link with, have no extended address, no qualities and no link;
// - a minimal end device knows one neighbour and one route: its parent;
// - a full end device ("reed") lists routers that it hears, not its parent; the parent's row looks like "no link", and every other row's next hop is the parent.

const NO_NEXT_HOP = 63;
const NO_ADDRESS = "0000000000000000";
/** Costs from here on are no route (Route64). */
const MAX_COST = 16;
/** Further routers that a full end device keeps links with. */
const REED_NEIGHBORS = 3;
const NOTHING_HEARD_DBM = -128;

/** Link quality 0 to 3 for a signal strength, over a noise floor of -100 dBm (OpenThread, link_quality.cpp: margins 2, 10, 20 dB). */
export function qualityOf(dbm) {
    const margin = dbm + 100;
    return margin > 20 ? 3 : margin > 10 ? 2 : margin > 2 ? 1 : 0;
}

const costOf = (quality) => [MAX_COST, 4, 2, 1][quality];
/** A name for two nodes, whichever comes first. */
export const pairOf = (a, b) => (a < b ? `${a} ${b}` : `${b} ${a}`);

/** A number that looks random and is the same for the same words. */
function numberFor(modulus, ...words) {
    let hash = 2166136261;
    for (const character of words.join("|")) hash = Math.imul(hash ^ character.charCodeAt(0), 16777619);
    return (hash >>> 0) % modulus;
}

export class Mesh {
    /** `description` is the parsed file; see `fixtures/meshes/README.md`. */
    constructor(description) {
        this.network = { ...description.network };
        this.nodes = new Map(description.nodes.map((node) => [node.extended_address, { ...node, rloc16: Number(node.rloc16), down: false }]));
        this.radio = new Map();
        for (const [a, b, aHearsB, bHearsA] of description.radio) this.setLink(a, b, aHearsB, bHearsA);
        /** Rises with every change, so that ages and counters move. */
        this.moment = 0;
        this.compute();
    }

    static isRouter(node) {
        return node.role === "router" || node.role === "leader";
    }

    static routerId(node) {
        return node.rloc16 >> 10;
    }

    get active() {
        return [...this.nodes.values()].filter((node) => !node.down);
    }

    get matterNodes() {
        return [...this.nodes.values()].filter((node) => node.matter);
    }

    /** The node with this extended address, or this name. */
    find(which) {
        const node = this.nodes.get(which) ?? [...this.nodes.values()].find((node) => node.name === which);
        if (!node) throw new Error(`there is no node ${which}`);
        return node;
    }

    /** The signal strength with which `a` hears `b`. */
    hears(a, b) {
        const link = this.radio.get(pairOf(a.extended_address, b.extended_address));
        if (!link) return NOTHING_HEARD_DBM;
        return a.extended_address < b.extended_address ? link[0] : link[1];
    }

    quality(a, b) {
        return qualityOf(this.hears(a, b));
    }

    setLink(a, b, aHearsB, bHearsA) {
        this.radio.set(pairOf(a, b), a < b ? [aHearsB, bHearsA] : [bHearsA, aHearsB]);
    }

    hasLink(a, b) {
        return a !== b && this.quality(a, b) > 0 && this.quality(b, a) > 0;
    }

    parentOf(node) {
        const parent = node.parent === undefined ? undefined : this.nodes.get(node.parent);
        return parent && !parent.down ? parent : undefined;
    }

    // ---- changes

    /** Moves a child below another router, within reach or not. */
    moveChild(which, to) {
        const child = this.find(which);
        const parent = this.find(to);
        if (Mesh.isRouter(child)) throw new Error(`${which} is a router`);
        if (!Mesh.isRouter(parent)) throw new Error(`${to} is no router`);
        if (!this.hasLink(child, parent)) this.setLink(child.extended_address, parent.extended_address, -82, -83);
        child.parent = parent.extended_address;
        child.rloc16 = this.#freeLocator(parent);
        this.compute();
    }

    #freeLocator(parent) {
        const taken = new Set([...this.nodes.values()].map((node) => node.rloc16));
        let child = 1;
        while (taken.has((Mesh.routerId(parent) << 10) | child)) child += 1;
        return (Mesh.routerId(parent) << 10) | child;
    }

    /** Switches a node off. Children of a router go to the best other one in reach; another router leads if the leader goes. */
    down(which) {
        const node = this.find(which);
        node.down = true;
        if (Mesh.isRouter(node)) {
            for (const child of this.active.filter((other) => other.parent === node.extended_address)) {
                const reachable = this.active.filter((router) => Mesh.isRouter(router) && this.hasLink(child, router));
                reachable.sort((a, b) => this.hears(child, b) - this.hears(child, a));
                if (reachable.length > 0) this.moveChild(child.extended_address, reachable[0].extended_address);
            }
        }
        if (node.role === "leader") {
            node.role = "router";
            const heir = this.active.find(Mesh.isRouter);
            if (heir) heir.role = "leader";
            this.network.partition_id = (this.network.partition_id + 0x01234567) >>> 0;
        }
        this.compute();
    }

    up(which) {
        this.find(which).down = false;
        this.compute();
    }

    // ---- tables

    /** Computes `neighbors` and `routes` of every node. */
    compute() {
        this.moment += 1;
        const routers = this.active.filter(Mesh.isRouter).sort((a, b) => a.rloc16 - b.rloc16);
        const index = new Map(routers.map((router, position) => [router, position]));
        const linkCost = routers.map((a) =>
            routers.map((b) => (this.hasLink(a, b) ? costOf(Math.min(this.quality(a, b), this.quality(b, a))) : MAX_COST)),
        );
        const distance = linkCost.map((row, i) => row.map((cost, j) => (i === j ? 0 : cost)));
        for (let via = 0; via < routers.length; via++)
            for (let i = 0; i < routers.length; i++)
                for (let j = 0; j < routers.length; j++) distance[i][j] = Math.min(distance[i][j], distance[i][via] + distance[via][j]);

        for (const node of this.nodes.values()) Object.assign(node, { neighbors: [], routes: [], reedNeighbors: [] });
        for (const router of routers) {
            const i = index.get(router);
            const children = this.active.filter((node) => !Mesh.isRouter(node) && node.parent === router.extended_address);
            children.sort((a, b) => a.rloc16 - b.rloc16);
            router.neighbors = children.map((child) => this.#neighborRow(router, child, true));
            for (const other of routers) if (this.hasLink(router, other)) router.neighbors.push(this.#neighborRow(router, other, false));
            router.routes = routers.map((other, j) => {
                if (other === router) return this.#routeRow(router, other, { nextHop: NO_NEXT_HOP, cost: 0, linked: false });
                // The best way over another router; what the next hop advertises does not count the link to it.
                let best = { total: MAX_COST, cost: 0, nextHop: NO_NEXT_HOP };
                for (const [k, via] of routers.entries()) {
                    const total = linkCost[i][k] + distance[k][j];
                    if (k !== j && k !== i && total < best.total) best = { total, cost: distance[k][j], nextHop: Mesh.routerId(via) };
                }
                return this.#routeRow(router, other, { ...best, linked: this.hasLink(router, other) });
            });
        }
        for (const child of this.active.filter((node) => !Mesh.isRouter(node))) {
            const parent = this.parentOf(child);
            if (!parent) continue;
            if (child.role !== "reed") {
                child.neighbors = [this.#neighborRow(child, parent, false)];
                child.routes = [this.#routeRow(child, parent, { nextHop: Mesh.routerId(parent), cost: 1, linked: true })];
                continue;
            }
            const near = routers.filter((router) => router !== parent && this.quality(child, router) >= 2 && this.hasLink(child, router));
            near.sort((a, b) => this.hears(child, b) - this.hears(child, a));
            child.reedNeighbors = near.slice(0, REED_NEIGHBORS);
            child.neighbors = child.reedNeighbors.map((router) => this.#neighborRow(child, router, false));
            child.routes = routers.map((router) =>
                this.#routeRow(child, router, {
                    nextHop: router === parent ? NO_NEXT_HOP : Mesh.routerId(parent),
                    cost: router === parent ? 0 : distance[index.get(parent)][index.get(router)] % MAX_COST,
                    linked: child.reedNeighbors.includes(router),
                }),
            );
        }
    }

    #neighborRow(self, other, isChild) {
        const dbm = Math.round(this.hears(self, other));
        const quality = qualityOf(dbm);
        const sleepy = other.role === "sleepy-end-device";
        const number = (modulus, what) => numberFor(modulus, what, self.extended_address, other.extended_address);
        return {
            extAddress: other.extended_address,
            age: numberFor(sleepy ? 240 : 60, this.moment, self.extended_address, other.extended_address),
            rloc16: other.rloc16,
            linkFrameCounter: 1000 + number(2_000_000, "link") + this.moment * 37,
            mleFrameCounter: 1000 + number(200_000, "mle") + this.moment,
            lqi: quality,
            averageRssi: dbm,
            lastRssi: dbm + number(3, "last") - 1,
            frameErrorRate: [0, 10, 2, 0][quality] + number([1, 60, 15, 3][quality], "frames"),
            messageErrorRate: [0, 1, 0, 0][quality] + number([1, 9, 3, 1][quality], "messages"),
            rxOnWhenIdle: !sleepy,
            fullThreadDevice: Mesh.isRouter(other) || other.role === "reed",
            fullNetworkData: !sleepy,
            isChild,
        };
    }

    #routeRow(self, other, { nextHop, cost, linked }) {
        return {
            extAddress: linked ? other.extended_address : NO_ADDRESS,
            rloc16: other.rloc16,
            routerId: Mesh.routerId(other),
            nextHop,
            pathCost: nextHop === NO_NEXT_HOP ? 0 : cost,
            lqiIn: linked ? this.quality(self, other) : 0,
            lqiOut: linked ? this.quality(other, self) : 0,
            age: linked ? numberFor(40, this.moment, "route", self.extended_address, other.extended_address) : 0,
            allocated: true,
            linkEstablished: linked,
        };
    }

    // ---- truth

    /** What is true of the mesh, and under `visible` what the tables of `paired` Matter devices can know of it: shaped as `truth.json` of a fixture. */
    truth(paired = this.matterNodes.map((node) => node.extended_address)) {
        const locator = (rloc16) => `0x${rloc16.toString(16).padStart(4, "0")}`;
        const nodes = this.active.sort((a, b) => (a.extended_address < b.extended_address ? -1 : 1));
        const routers = nodes.filter(Mesh.isRouter);
        const children = nodes.filter((node) => !Mesh.isRouter(node) && this.parentOf(node));
        return {
            taken_at: "2026-01-01T00:00:00.000Z",
            nodes: nodes.map((node) => ({
                extended_address: node.extended_address,
                rloc16: locator(node.rloc16),
                role: node.role,
                parent: Mesh.isRouter(node) ? null : (this.parentOf(node)?.extended_address ?? null),
                partition: this.network.partition_id,
                name: node.name,
                matter: Boolean(node.matter),
            })),
            router_links: routers.flatMap((a, i) =>
                routers
                    .slice(i + 1)
                    .filter((b) => this.hasLink(a, b))
                    .map((b) => ({ a: a.extended_address, b: b.extended_address, a_hears_b: this.quality(a, b), b_hears_a: this.quality(b, a) })),
            ),
            child_links: children.map((child) => ({
                parent: child.parent,
                child: child.extended_address,
                parent_hears_child: this.quality(this.parentOf(child), child),
                child_hears_parent: this.quality(child, this.parentOf(child)),
            })),
            neighbor_links: children.flatMap((child) =>
                child.reedNeighbors.map((router) => ({
                    child: child.extended_address,
                    router: router.extended_address,
                    child_hears_router: this.quality(child, router),
                    steady: true,
                })),
            ),
            unsteady: { router_links: [], parents: [] },
            stale_rows: [],
            dead: [],
            border_routers: nodes.filter((node) => node.border_router).map((node) => node.extended_address),
            visible: this.#visibleTo(new Set(paired)),
        };
    }

    #visibleTo(paired) {
        const askable = this.active.filter((node) => node.matter && paired.has(node.extended_address));
        const known = new Set(askable.map((node) => node.extended_address));
        const links = new Set();
        const parents = new Map();
        for (const node of askable)
            for (const row of node.neighbors) {
                known.add(row.extAddress);
                links.add(pairOf(node.extended_address, row.extAddress));
                if (row.isChild) parents.set(row.extAddress, node.extended_address);
                else if (!Mesh.isRouter(node) && node.role !== "reed") parents.set(node.extended_address, row.extAddress);
            }
        // A full end device names its parent by router id only: a link where somebody knows who that router is.
        for (const node of askable.filter((node) => node.role === "reed")) {
            const hops = new Set(node.routes.map((row) => row.nextHop).filter((hop) => hop !== NO_NEXT_HOP));
            const parent = this.parentOf(node);
            if (hops.size === 1 && parent && known.has(parent.extended_address)) {
                links.add(pairOf(node.extended_address, parent.extended_address));
                parents.set(node.extended_address, parent.extended_address);
            }
        }
        const inRoutes = new Set(askable.flatMap((node) => node.routes.map((row) => row.rloc16)));
        const named = new Set(this.active.filter((node) => known.has(node.extended_address)).map((node) => node.rloc16));
        return {
            nodes: [...known].sort(),
            links: [...links].sort().map((link) => link.split(" ")),
            parents: [...parents].sort().map(([child, parent]) => ({ child, parent })),
            known_by_rloc16_only: [...inRoutes]
                .filter((rloc16) => !named.has(rloc16))
                .sort((a, b) => a - b)
                .map((rloc16) => `0x${rloc16.toString(16).padStart(4, "0")}`),
        };
    }
}
