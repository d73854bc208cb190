"""A bad line between two network interfaces: carries Ethernet frames both ways, and loses, doubles and delays some of them.

    line.py ONE OTHER LOST_PERCENT DOUBLED_PERCENT LATE_PERCENT SEED

Ends with its standard input."""

import heapq
import random
import select
import socket
import sys
import time

names = sys.argv[1:3]
lost, doubled, late = (int(percent) for percent in sys.argv[3:6])
chance = random.Random(int(sys.argv[6]))
ALL_PROTOCOLS = 3
OUTGOING = 4
LATE_SECONDS = 0.06

ends = []
for name in names:
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
    end.bind((name, ALL_PROTOCOLS))
    ends.append(end)
others = {ends[0]: ends[1], ends[1]: ends[0]}
waiting = []
count = {"carried": 0, "lost": 0, "doubled": 0, "late": 0}


def happens(percent):
    return chance.randrange(100) < percent


def send(end, frame):
    count["carried"] += 1
    try:
        end.send(frame)
    except OSError as error:
        print("not sent:", error, flush=True)


def carry(end, frame):
    if happens(lost):
        count["lost"] += 1
        return
    if happens(doubled):
        count["doubled"] += 1
        send(end, frame)
    if happens(late):
        count["late"] += 1
        heapq.heappush(waiting, (time.monotonic() + chance.random() * LATE_SECONDS, count["late"], end, frame))
    else:
        send(end, frame)


print("ready", flush=True)
while True:
    pause = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
    readable, _, _ = select.select([*ends, sys.stdin], [], [], pause)
    if sys.stdin in readable and not sys.stdin.buffer.read1(4096):
        print(count, flush=True)
        sys.exit(0)
    for end in ends:
        if end in readable:
            frame, origin = end.recvfrom(65536)
            if origin[2] != OUTGOING:
                carry(others[end], frame)
    while waiting and waiting[0][0] <= time.monotonic():
        _, _, end, frame = heapq.heappop(waiting)
        send(end, frame)
