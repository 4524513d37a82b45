"""The part of the offline lock that Linux enforces: Landlock, for this process and all that it starts.

Landlock (Linux 6.7 and later for the network) takes from a process what it needs no longer, and nothing gives it back.
Its network rules know TCP ports and no addresses, and nothing but TCP (`seccomp` does the rest): it is the second wall
behind the audit hook, for native code that Python does not see. Source: https://docs.kernel.org/userspace-api/landlock.html.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable

from sidecar.offline.kernel import give_up_privileges, libc

# The numbers of the system calls are the same on all processors that came after 2011, and on x86-64.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1
_CONNECT_TCP = 1 << 1
_NET_PORT_RULE = 2
NETWORK_SINCE = 4
"""The version that brought rules for the network."""


def landlock_version() -> int:
    """The version of Landlock's interface that this system has; 0 for none."""
    if sys.platform != "linux":
        return 0
    return max(0, _ask_version())


def landlock_problem() -> int:
    """The system's error number for why there is no Landlock; 0 where there is one."""
    return ctypes.get_errno() if sys.platform == "linux" and _ask_version() < 0 else 0


def _ask_version() -> int:
    return int(libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_FLAG)))


def restrict_tcp(ports: Iterable[int]) -> bool:
    """Refuse this thread, and every thread and process that it starts from now on, TCP connections to ports other than
    these. Says whether the system could; once it did, there is no way back.
    """
    if landlock_version() < NETWORK_SINCE:
        return False
    system = libc()
    # struct landlock_ruleset_attr: what is handled of the file system, of the network.
    handled = struct.pack("=QQ", 0, _CONNECT_TCP)
    ruleset = system.syscall(_CREATE_RULESET, handled, ctypes.c_size_t(len(handled)), ctypes.c_uint32(0))
    if ruleset < 0:
        return False
    try:
        # struct landlock_net_port_attr: what is allowed, at which port.
        rules = [struct.pack("=QQ", _CONNECT_TCP, port) for port in set(ports)]
        added = all(system.syscall(_ADD_RULE, ruleset, _NET_PORT_RULE, rule, ctypes.c_uint32(0)) == 0 for rule in rules)
        if not added or not give_up_privileges():
            return False
        return bool(system.syscall(_RESTRICT_SELF, ruleset, ctypes.c_uint32(0)) == 0)
    finally:
        os.close(ruleset)
