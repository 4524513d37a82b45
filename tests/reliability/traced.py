"""What the system saw of a program's network, by strace: whom it spoke to, what sockets it made, what it started."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace, of Linux, is not installed")

_SPOKEN = re.compile(r"(?:connect|sendto|sendmsg|sendmmsg)(?:\(| resumed>).*?sa_family=(AF_\w+)([^}]*)")
_ADDRESS = re.compile(r"inet_(?:addr|pton)\((?:AF_INET6, )?\"([^\"]+)\"")
_PORT = re.compile(r"htons\((\d+)\)")
_MADE = re.compile(r"\bsocket\((AF_\w+), (SOCK_\w+)")
_STARTED = re.compile(r"\bexecve\(\"([^\"]+)\"")


def watching(trace: Path, what: str = "%network,execve", *, refused_too: bool = False) -> list[str]:
    """The command before a program that has strace write its calls, and those of all it starts, into a file. The
    program stays the process that was started.

    With `refused_too` it also sees calls that the program's own filter refuses: every call stops the program then,
    which makes it several times slower.
    """
    stops = [] if refused_too else ["--seccomp-bpf"]
    return ["strace", "-D", "-f", *stops, "-qq", "-e", f"trace={what}", "-o", str(trace)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Whom something was sent to, or a connection asked for."""

    family: str
    address: str
    """An IP address, or what strace shows of another kind of one."""
    port: int | None

    @property
    def here(self) -> bool:
        """Whether it is this machine: loopback, or no network at all."""
        if self.family in ("AF_INET", "AF_INET6"):
            return self.address.startswith("127.") or self.address in ("::1", "::ffff:127.0.0.1")
        # A program asks the system for its own addresses over netlink; process 0 is the system itself.
        system = self.family == "AF_NETLINK" and "nl_pid=0," in self.address
        return system or self.family in ("AF_UNIX", "AF_UNSPEC")


def peers(traces: Sequence[Path]) -> list[Peer]:
    """Everybody who was spoken to."""
    found = []
    for family, rest in _SPOKEN.findall(_read(traces)):
        address, port = _ADDRESS.search(rest), _PORT.search(rest)
        found.append(Peer(family=family, address=address[1] if address else rest, port=int(port[1]) if port else None))
    return found


def sockets(traces: Sequence[Path]) -> set[tuple[str, str]]:
    """The kinds of sockets that were asked for: family and kind."""
    return set(_MADE.findall(_read(traces)))


def programs(traces: Sequence[Path]) -> set[str]:
    """The names of the programs that were started."""
    return {Path(path).name for path in _STARTED.findall(_read(traces))}


def _read(traces: Sequence[Path]) -> str:
    return "\n".join(trace.read_text(encoding="utf-8", errors="replace") for trace in traces)
