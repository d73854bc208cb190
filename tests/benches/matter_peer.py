"""Measures python-matter-server (the CHIP SDK's controller) on the same fleet: reads a task from standard input, prints figures as JSON.

The task: {"url", "do": "commission" | "read" | "wait", "codes": [...], "parallel", "nodes": how many to wait for}
Runs with the Python of an environment that python-matter-server is installed in.
"""

import asyncio
import json
import sys
import time

import aiohttp

READY_WITHIN_SECONDS = 90


class Server:
    def __init__(self, socket):
        self.socket = socket
        self.answers = {}
        self.number = 0
        self.listener = asyncio.create_task(self.listen())

    async def listen(self):
        async for message in self.socket:
            answer = json.loads(message.data)
            waiting = self.answers.pop(answer.get("message_id"), None)
            if waiting and not waiting.done():
                waiting.set_result(answer)

    async def call(self, command, **arguments):
        self.number += 1
        message_id = str(self.number)
        waiting = self.answers[message_id] = asyncio.get_running_loop().create_future()
        await self.socket.send_json({"message_id": message_id, "command": command, "args": arguments})
        answer = await waiting
        if "error_code" in answer:
            raise RuntimeError(f"{command}: {answer.get('details')}")
        return answer["result"]


async def connected(session, url):
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while True:
        try:
            return Server(await session.ws_connect(url, max_msg_size=0))
        except aiohttp.ClientError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)


async def commission(server, codes, parallel):
    turns = asyncio.Semaphore(parallel)
    each, failures = [], []

    async def one(code):
        async with turns:
            began = time.monotonic()
            try:
                await server.call("commission_with_code", code=code, network_only=True)
                each.append(time.monotonic() - began)
            except RuntimeError as error:
                failures.append(str(error))

    began = time.monotonic()
    await asyncio.gather(*[one(code) for code in codes])
    return {"all": time.monotonic() - began, "each": sorted(each)[len(each) // 2] if each else 0, "failures": failures}


async def read(server):
    nodes = await server.call("get_nodes")
    began = time.monotonic()
    reads = [server.call("read_attribute", node_id=node["node_id"], attribute_path="0/53/*") for node in nodes]
    answers = await asyncio.gather(*reads, return_exceptions=True)
    failures = [str(answer) for answer in answers if isinstance(answer, Exception)]
    return {"all": time.monotonic() - began, "nodes": len(nodes), "failures": failures}


async def wait(server, count):
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while True:
        nodes = await server.call("get_nodes")
        if sum(1 for node in nodes if node["available"]) >= count or time.monotonic() > deadline:
            return {"available": sum(1 for node in nodes if node["available"])}
        await asyncio.sleep(0.1)


async def main():
    task = json.load(sys.stdin)
    async with aiohttp.ClientSession() as session:
        server = await connected(session, task["url"])
        if task["do"] == "commission":
            figures = await commission(server, task["codes"], task["parallel"])
        elif task["do"] == "read":
            figures = await read(server)
        else:
            figures = await wait(server, task["nodes"])
        print(json.dumps(figures))
        server.listener.cancel()


asyncio.run(main())
