"""A serial port with a program behind it, as a dongle is: what is written to the port goes to the program, and what the program says comes out of it.

    port.py NAME PROGRAM [ARGUMENT...]

Ends with its standard input, and takes the program and the name with it."""

import os
import subprocess
import sys
import threading
import time
import tty

PAUSE_SECONDS = 0.005
name, command = sys.argv[1], sys.argv[2:]
master, slave = os.openpty()
port = os.ttyname(slave)
# Bytes pass as they are. Nobody has the other end open before Weft does: a port that is in use is not taken.
tty.setraw(master)
os.close(slave)
program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)


def there():
    while True:
        try:
            program.stdin.write(os.read(master, 4096))
        except BrokenPipeError:
            return
        except OSError:
            # Nobody has the port open.
            time.sleep(PAUSE_SECONDS)


def back():
    while said := os.read(program.stdout.fileno(), 4096):
        os.write(master, said)


for carry in (there, back):
    threading.Thread(target=carry, daemon=True).start()
os.symlink(port, name)
print("ready", flush=True)
try:
    sys.stdin.buffer.read()
finally:
    os.unlink(name)
    program.kill()
    program.wait()
