"""A network with nothing but its own loopback, on Linux: `python -m tests.reliability.own_network PROGRAM ...`, started
by `unshare -rn`, brings the loopback up and becomes the program.

The loopback gets a second address that is not one of 127.0.0.0/8: a server there counts as one on another machine, as
some tests need, and nothing leads out all the same.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence
from functools import cache

_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1
_SET_ADDRESS, _SET_MASK = 0x8916, 0x891C
OUTSIDE = "192.0.2.1"
"""An address for documentation, which nobody has (RFC 5737)."""


@cache
def problem() -> str | None:
    """Why no such network can be made here; `None` when it can."""
    if sys.platform != "linux":
        return "networks of one's own are Linux's"
    try:
        made = subprocess.run(["unshare", "-rn", "true"], capture_output=True, timeout=30, check=False)
    except OSError:
        return "unshare is not installed"
    return None if made.returncode == 0 else "this system lets no user make a network of their own (unshare -rn)"


def inside(program: Sequence[str]) -> list[str]:
    """The command that runs a program in such a network."""
    return ["unshare", "-rn", sys.executable, "-m", "tests.reliability.own_network", *program]


def bring_up_loopback() -> None:
    """Switch the loopback on, which a new network has switched off, and give it its second address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh14x", b"lo", 0)
        _, flags = struct.unpack("16sh14x", fcntl.ioctl(sock, _GET_FLAGS, request))
        fcntl.ioctl(sock, _SET_FLAGS, struct.pack("16sh14x", b"lo", flags | _UP))
        for call, value in ((_SET_ADDRESS, OUTSIDE), (_SET_MASK, "255.255.255.255")):
            # struct ifreq: the name, then a struct sockaddr_in.
            address = struct.pack("=16sHH4s16x", b"lo:0", socket.AF_INET, 0, socket.inet_aton(value))
            fcntl.ioctl(sock, call, address)


if __name__ == "__main__":
    bring_up_loopback()
    os.execvp(sys.argv[1], sys.argv[1:])
