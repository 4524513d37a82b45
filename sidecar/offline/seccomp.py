"""The part of the offline lock that filters the system's calls: seccomp, for what Landlock has no rule for.

Landlock's rules know connections of TCP alone. Past them go datagrams, and with them the look-up of a name; raw
packets; Multipath TCP and SCTP; a connection that its first data opens (TCP Fast Open); links to the host of a virtual
machine; and io_uring, whose sockets come without a call that a filter sees. Names are also looked up by other programs
of this machine (systemd-resolved, nscd, Avahi), asked over a socket of the file system.

What is left is TCP, which Landlock keeps to its ports, and what stays in this machine: netlink, by which the C library
asks for this machine's addresses, pairs of sockets, and sockets of the file system that keep packets apart, which
CUDA's driver listens on. A call that is refused fails with EACCES; no process is ever ended.

Sources: linux/seccomp.h, linux/filter.h and https://man7.org/linux/man-pages/man2/seccomp.2.html for the interface;
https://github.com/landlock-lsm/linux/issues/41 and /54 for what goes past Landlock.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from sidecar.offline.kernel import give_up_privileges, libc

Step: TypeAlias = tuple[int, int, str]
"""Operation, operand, and the label to go on at when a comparison holds; else the next step follows."""

# What the kernel calls the processor, and its numbers of calls: seccomp, socket, sendto, sendmsg, sendmmsg.
_PROCESSORS: Final[Mapping[str, tuple[int, ...]]] = {
    "x86_64": (0xC000003E, 317, 41, 44, 46, 307),
    "aarch64": (0xC00000B7, 277, 198, 206, 211, 269),
}
_IO_URING_SETUP = 425
_OTHER_CALLS = 0x40000000
"""From here on, x86-64 has its calls a second time, for programs of 32-bit pointers."""
_SET_FILTER, _ASK_FOR_ACTION = 1, 2
# For all threads; and, since Linux 4.17, without the slower memory access that older ones force on what is filtered.
_ALL_THREADS, _QUICK_MEMORY = 1 << 0, 1 << 2
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EACCES

_LOAD, _AND, _EQUALS, _AT_LEAST, _HAS_BIT, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
_CALL, _PROCESSOR = 0, 4
_UNIX, _INET, _INET6, _NETLINK = 1, 2, 10, 16
_STREAM, _DATAGRAM, _KIND = 1, 2, 0xF
_TCP, _UDP = 6, 17
_FAST_OPEN = 0x20000000


def seccomp_available() -> bool:
    """Whether this system filters calls so, and this program knows its processor's calls."""
    number = _call_number()
    if number is None:
        return False
    action = ctypes.c_uint32(_REFUSE & 0xFFFF0000)
    return bool(libc().syscall(number, _ASK_FOR_ACTION, ctypes.c_uint32(0), ctypes.byref(action)) == 0)


def restrict_sockets(*, look_up_names: bool) -> bool:
    """Refuse this process, and every process that it starts from now on, sockets by which something goes past Landlock.
    `look_up_names` leaves those by which names are looked up. Says whether the system could; there is no way back.
    """
    number = _call_number()
    if number is None or not seccomp_available():
        return False
    code = filter_code(os.uname().machine, look_up_names=look_up_names)
    kept = ctypes.create_string_buffer(code, len(code))
    # struct sock_fprog: the number of instructions, and where they are.
    program = struct.pack("HP", len(code) // 8, ctypes.addressof(kept))
    return give_up_privileges() and any(
        libc().syscall(number, _SET_FILTER, ctypes.c_uint32(flags), program) == 0
        for flags in (_ALL_THREADS | _QUICK_MEMORY, _ALL_THREADS)
    )


def filter_code(machine: str, *, look_up_names: bool) -> bytes:
    """The filter for a processor, `x86_64` or `aarch64`: instructions of the kernel's packet filter, 8 bytes each."""
    return _assembled(_steps(_PROCESSORS[machine], look_up_names=look_up_names))


def _call_number() -> int | None:
    # A program of 32 bits has other calls than its system.
    if sys.platform != "linux" or sys.maxsize < 2**32 or os.uname().machine not in _PROCESSORS:
        return None
    return _PROCESSORS[os.uname().machine][1]


def _steps(processor: Sequence[int], *, look_up_names: bool) -> list[Step | str]:
    name, _, socket, sendto, sendmsg, sendmmsg = processor
    refuse, allow = (_RETURN, _REFUSE, ""), (_RETURN, _ALLOW, "")
    by_name: list[Step | str] = [(_EQUALS, _DATAGRAM, "datagram")] if look_up_names else []
    asking: list[Step | str] = [] if look_up_names else [(_EQUALS, _STREAM, "refuse")]
    return [
        *((_LOAD, _PROCESSOR, ""), (_EQUALS, name, "ours"), refuse),
        *("ours", (_LOAD, _CALL, ""), (_AT_LEAST, _OTHER_CALLS, "refuse"), (_EQUALS, _IO_URING_SETUP, "refuse")),
        *((_EQUALS, socket, "socket"), (_EQUALS, sendmsg, "flags third")),
        *((_EQUALS, sendto, "flags fourth"), (_EQUALS, sendmmsg, "flags fourth"), allow),
        *("flags third", _argument(2), (_HAS_BIT, _FAST_OPEN, "refuse"), allow),
        *("flags fourth", _argument(3), (_HAS_BIT, _FAST_OPEN, "refuse"), allow),
        *("socket", _argument(0), (_EQUALS, _NETLINK, "allow"), (_EQUALS, _UNIX, "file system")),
        *((_EQUALS, _INET, "internet"), (_EQUALS, _INET6, "internet"), refuse),
        *("file system", _argument(1), (_AND, _KIND, ""), *asking, allow),
        *("internet", _argument(1), (_AND, _KIND, ""), (_EQUALS, _STREAM, "stream"), *by_name, refuse),
        *("stream", _argument(2), (_EQUALS, 0, "allow"), (_EQUALS, _TCP, "allow"), refuse),
        *("datagram", _argument(2), (_EQUALS, 0, "allow"), (_EQUALS, _UDP, "allow"), refuse),
        *("refuse", refuse, "allow", allow),
    ]


def _argument(number: int) -> Step:
    # The lower half, on processors that keep it first; the arguments that are looked at are of 32 bits.
    return _LOAD, 16 + 8 * number, ""


def _assembled(steps: Sequence[Step | str]) -> bytes:
    # A string among the steps is the label of the next one.
    places: dict[str, int] = {}
    code: list[Step] = []
    for step in steps:
        if isinstance(step, str):
            places[step] = len(code)
        else:
            code.append(step)
    return b"".join(
        struct.pack("=HBBI", operation, places[target] - place - 1 if target else 0, 0, operand)
        for place, (operation, operand, target) in enumerate(code)
    )
