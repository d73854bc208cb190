// Lets a test reach a service that listens on this network namespace's own loopback: a Unix socket that is passed through.
//
//   node bridge.mjs --control SOCKET --port PORT

import net from "node:net";
import { rmSync } from "node:fs";
import { options } from "./control.mjs";

const given = options();
rmSync(given.control, { force: true });
const server = net.createServer({ allowHalfOpen: true }, (near) => {
    const far = net.connect({ host: "127.0.0.1", port: Number(given.port), allowHalfOpen: true });
    near.pipe(far).pipe(near);
    near.on("error", () => far.destroy());
    far.on("error", () => near.destroy());
});
process.stdin.on("end", () => process.exit(0)).resume();
server.listen(given.control, () => console.log("ready"));
