// How a test speaks to a peer: JSON over HTTP on a Unix socket, which is reached from every network namespace. The peer ends when its standard input does.

import http from "node:http";
import { rmSync } from "node:fs";

async function bodyOf(request) {
    let text = "";
    for await (const part of request) text += part;
    return text === "" ? {} : JSON.parse(text);
}

/** Serves `actions` (`{name: async (parameters) => answer}`) as `POST /name` on a socket; ends the process with `end` when standard input closes. */
export function serve(path, actions, end) {
    rmSync(path, { force: true });
    const server = http.createServer(async (request, response) => {
        const reply = (status, answer) => {
            const text = JSON.stringify(answer ?? null);
            response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text), connection: "close" });
            response.end(text);
        };
        const action = actions[request.url.slice(1)];
        if (!action) return reply(404, { error: `there is ${Object.keys(actions).join(", ")}` });
        try {
            reply(200, await action(await bodyOf(request)));
        } catch (error) {
            reply(500, { error: `${error?.message ?? error}`, cause: `${error?.cause?.message ?? ""}` });
        }
    });
    let ending = false;
    const finish = async () => {
        if (ending) return;
        ending = true;
        setTimeout(() => process.exit(0), 3000).unref();
        await end?.();
        process.exit(0);
    };
    process.stdin.on("end", finish).on("error", finish).resume();
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, finish);
    return new Promise((resolve) => server.listen(path, resolve));
}

/** Works on all items, at most `parallel` at a time; gives results in order. */
export async function each(items, parallel, work) {
    const results = [];
    let next = 0;
    await Promise.all(
        Array.from({ length: Math.min(parallel, items.length) }, async () => {
            while (next < items.length) {
                const i = next++;
                results[i] = await work(items[i]);
            }
        }),
    );
    return results;
}

/** `--name value` and `--flag` of the command line. */
export function options() {
    const words = process.argv.slice(2);
    const found = {};
    for (let i = 0; i < words.length; i++) {
        if (!words[i].startsWith("--")) throw new Error(`${words[i]}: options begin with --`);
        const hasValue = i + 1 < words.length && !words[i + 1].startsWith("--");
        found[words[i].slice(2)] = hasValue ? words[++i] : true;
    }
    // matter.js would read them too.
    process.argv.length = 2;
    return found;
}
