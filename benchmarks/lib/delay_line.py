"""A line with a delay between two network namespaces: a TUN device in each, and packets held between.

    python3 delay_line.py NAMESPACE_A NAMESPACE_B DEVICE MILLISECONDS

The delay is that of one way. Needs root. Says "ready" once both devices are there.
"""

import ctypes
import fcntl
import heapq
import os
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
CLONE_NEWNET = 0x40000000
LARGEST = 65536


def tun(namespace: str, device: str) -> int:
    """A new TUN device in a namespace, whose packets this process reads and writes."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/var/run/netns/{namespace}") as entry:
        if libc.setns(entry.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {namespace}")
    file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(file, TUNSETIFF, struct.pack("16sH", device.encode(), IFF_TUN | IFF_NO_PI))
    return file


def main() -> None:
    first, second, device, delay = *sys.argv[1:4], float(sys.argv[4]) / 1000
    ends = [tun(first, device), tun(second, device)]
    print("ready", flush=True)
    held: list[tuple[float, int, int, bytes]] = []
    number = 0
    while True:
        wait = max(0.0, held[0][0] - time.monotonic()) if held else None
        readable, _, _ = select.select(ends, [], [], wait)
        for end in readable:
            packet = os.read(end, LARGEST)
            number += 1
            other = ends[1 - ends.index(end)]
            heapq.heappush(held, (time.monotonic() + delay, number, other, packet))
        while held and held[0][0] <= time.monotonic():
            _, _, end, packet = heapq.heappop(held)
            try:
                os.write(end, packet)
            except OSError:
                pass  # Its queue is full, or it is down: lost, as on any line.


if __name__ == "__main__":
    main()
