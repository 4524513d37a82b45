"""The part of the offline lock that Python enforces: an audit hook (PEP 578) that refuses connections.

What it sees is every connection, datagram and look-up of a name that Python code asks for, in whatever library. What it
does not see is native code that calls the system itself. And a socket that is told to connect to a name has looked the
name up before Python audits the connection, which then is refused: nothing here and no library that is used does so.
On Linux `landlock` and `seccomp` stand behind it, for both. A hook cannot be removed from a process, so there is one
for its whole life, and what it allows only widens.

Names are allowed as names. An address that was looked up is a number by the time of the connection, so for a server
named by a name the hook allows any address at that server's port; nothing else can have looked one up.
"""

from __future__ import annotations

import errno
import ipaddress
import logging
import sys
from collections.abc import Callable
from typing import Any

from sidecar.offline.address import is_number, is_this_machine

log = logging.getLogger(__name__)

_CONNECTING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_LOOKING_UP = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"})


class OutgoingLock:
    """What this process may connect to: itself and other programs of this machine, and the servers that were named."""

    def __init__(self) -> None:
        self._open = False
        self._names: set[str] = set()
        self._addresses: set[tuple[str, int]] = set()
        self._ports: set[int] = set()
        self.refused = 0
        """Attempts that were refused so far."""

    def install(self, add_hook: Callable[[Callable[[str, tuple[Any, ...]], None]], None] = sys.addaudithook) -> None:
        """Close the lock, for as long as the process lives."""
        add_hook(self._audit)

    def allow(self, host: str, port: int) -> None:
        """Allow connections to a server that the user named."""
        host = _plain(host)
        try:
            self._addresses.add((str(ipaddress.ip_address(host)), port))
        except ValueError:
            self._names.add(host)
            self._ports.add(port)

    def allow_name(self, host: str) -> None:
        """Allow that a name is looked up, as that of the address to listen on."""
        self._names.add(_plain(host))

    def open(self) -> None:
        """Allow everything: the user asked for something to be fetched."""
        self._open = True

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        # Called for everything that Python audits, imports and opened files too: what is not ours leaves at once.
        if self._open or not event.startswith("socket."):
            return
        if event in _CONNECTING:
            self._check_address(arguments[1])
        elif event in _LOOKING_UP:
            self._check_name(arguments[0])

    def _check_address(self, address: object) -> None:
        # A path is a socket of this machine; `None` is a datagram on a socket that was connected, and checked, before.
        if not isinstance(address, tuple) or len(address) < 2:
            return
        host, port = _plain(_text(address[0])), address[1]
        try:
            number = str(ipaddress.ip_address(host))
        except ValueError:
            self._check_name(host)
            return
        if not (is_this_machine(host) or (number, port) in self._addresses or port in self._ports):
            self._refuse(f"{host}, port {port}")

    def _check_name(self, name: object) -> None:
        # A tuple is an address whose name is asked for; an empty name means this machine.
        host = _plain(_text(name[0] if isinstance(name, tuple) and name else name))
        known = host in self._names or any(host == number for number, _ in self._addresses)
        if host and not known and not is_this_machine(host) and not _any_address(host):
            self._refuse(f"{host}, by name" if not is_number(host) else host)

    def _refuse(self, whom: str) -> None:
        self.refused += 1
        log.warning("the offline lock refused a connection to %s", whom)
        raise PermissionError(errno.EACCES, f"Sidecar's offline lock refuses to connect to {whom}")


def _text(host: object) -> str:
    if isinstance(host, bytes | bytearray):
        return bytes(host).decode("ascii", "replace")
    return host if isinstance(host, str) else ""


def _plain(host: str) -> str:
    # A zone, as in fe80::1%eth0, says by which way and not to whom.
    return host.strip("[]").rstrip(".").lower().partition("%")[0]


def _any_address(host: str) -> bool:
    """Whether it is what a socket is bound to when it listens everywhere."""
    return host in ("0.0.0.0", "::")  # noqa: S104  # compared with, not listened on
