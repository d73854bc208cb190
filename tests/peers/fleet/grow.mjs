// Made-up meshes of any size.

import { pairOf } from "./mesh.mjs";

/** A repeatable sequence of numbers in 0..1 (mulberry32). */
function sequence(seed) {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6d2b79f5) | 0;
        let value = Math.imul(state ^ (state >>> 15), 1 | state);
        value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
        return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
    };
}

/** A plausible home: routers spread over floors, children where they fall, and as many Matter devices as wanted. The same for the same numbers. */
export function grow({ routers = 12, children = 20, border = 2, matter = routers + children - border, seed = 1 }) {
    if (routers > 32 || border > routers || matter > routers + children - border)
        throw new Error("no such mesh: at most 32 routers; border routers are routers and no Matter devices");
    const random = sequence(seed);
    const hex = (bytes) =>
        Array.from({ length: bytes }, () =>
            Math.floor(random() * 256)
                .toString(16)
                .padStart(2, "0"),
        ).join("");
    const side = 9 + 3 * Math.sqrt((routers + children) / 3);
    const ids = Array.from({ length: 62 }, (_, id) => id);
    for (let i = ids.length - 1; i > 0; i--) {
        const j = Math.floor(random() * (i + 1));
        [ids[i], ids[j]] = [ids[j], ids[i]];
    }
    const nodes = Array.from({ length: routers + children }, (_, i) => {
        const isRouter = i < routers;
        const kind = random();
        const role = i === 0 ? "leader" : isRouter ? "router" : kind < 0.65 ? "sleepy-end-device" : kind < 0.8 ? "reed" : "end-device";
        // Mains sockets are everywhere, so routers are spread evenly.
        const place = isRouter ? [((i * 0.754877) % 1) * side, ((i * 0.56984) % 1) * side] : [random() * side, random() * side];
        return {
            extended_address: hex(8),
            role,
            rloc16: isRouter ? ids[i] << 10 : 0,
            name: `Device ${i}`,
            vendor: "Weft",
            product: role,
            omr_interface_id: hex(8),
            border_router: i < border,
            place,
            floor: Math.floor(random() * 3),
        };
    });
    const radio = [];
    const strength = (a, b) => {
        const metres = Math.max(1, Math.hypot(a.place[0] - b.place[0], a.place[1] - b.place[1], (a.floor - b.floor) * 2.8));
        return 8 - (44 + 30 * Math.log10(metres) + 4 * Math.floor(metres / 4) + 12 * Math.abs(a.floor - b.floor) + 8 * (random() - 0.5));
    };
    for (const [i, a] of nodes.entries())
        for (const b of nodes.slice(i + 1)) {
            if (i >= routers) continue;
            const dbm = Math.round(strength(a, b) * 10) / 10;
            // A chain through all routers, so that the mesh is one.
            const neighbours = nodes.indexOf(b) === i + 1 && i + 1 < routers;
            if (neighbours || dbm > -100)
                radio.push([
                    a.extended_address,
                    b.extended_address,
                    neighbours ? Math.max(dbm, -89) : dbm,
                    neighbours ? Math.max(dbm, -90) : dbm - 1,
                ]);
        }
    const heard = new Map(radio.map(([a, b, dbm]) => [pairOf(a, b), dbm]));
    const families = new Map();
    for (const child of nodes.slice(routers)) {
        const best = nodes
            .slice(0, routers)
            .filter((router) => (families.get(router) ?? 0) < 60)
            .sort(
                (a, b) =>
                    (heard.get(pairOf(b.extended_address, child.extended_address)) ?? -128) -
                    (heard.get(pairOf(a.extended_address, child.extended_address)) ?? -128),
            )[0];
        if ((heard.get(pairOf(best.extended_address, child.extended_address)) ?? -128) < -96)
            radio.push([best.extended_address, child.extended_address, -92, -91]);
        families.set(best, (families.get(best) ?? 0) + 1);
        child.parent = best.extended_address;
        child.rloc16 = best.rloc16 | families.get(best);
    }
    // From all sides of the mesh: every device that is no border router, up to the number that is wanted.
    const candidates = nodes.slice(border);
    for (let i = 0; i < matter; i++) {
        const node = candidates[Math.floor((i * candidates.length) / matter)];
        node.matter = {
            revision: 1 + (i % 3),
            counters: i % 4 !== 1,
            device_type: node.role === "sleepy-end-device" ? 0x15 : 0x100,
            discriminator: (i * 1021 + 7) % 4096,
            passcode: 20202021 + i * 7,
        };
    }
    const network = {
        name: `grown-${seed}`,
        extended_pan_id: hex(8),
        pan_id: "0x4f21",
        channel: 11 + Math.floor(random() * 15),
        mesh_local_prefix: `fd${hex(7)}`,
        omr_prefix: `fd${hex(7)}`,
        partition_id: 0x1000 + seed,
        weighting: 64,
        data_version: 7,
        stable_data_version: 6,
        active_timestamp_seconds: 1,
    };
    return { network, nodes, radio };
}
