"""The address to listen on: taken exclusively, and with a useful word when somebody else has it."""

from __future__ import annotations

import errno
import socket
import sys

import psutil

from sidecar.errors import AddressInUseError, ConfigError

BACKLOG = 2048
_TAKEN = frozenset({errno.EADDRINUSE, 10013, 10048})
"""Windows says WSAEACCES (10013) for an address that another program holds exclusively, WSAEADDRINUSE (10048) else."""


def bind(host: str, port: int) -> socket.socket:
    """Take an address and listen; `port` 0 picks a free one. Connections queue until the server accepts them.

    Raises AddressInUseError, or ConfigError when the address is not this machine's or may not be used.
    """
    if not 0 <= port <= 65535:
        # The resolver would take it modulo 65,536.
        raise ConfigError(f"Port {port} does not exist.", hint="Use a number from 0 to 65535.")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except socket.gaierror as error:
        raise ConfigError(f"'{host}' port {port} is no address to listen on.", hint="Use 127.0.0.1.") from error
    # Named as TCP: asyncio sets TCP_NODELAY only then, and without it every answer and stream event waits 40 ms.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        _make_exclusive(sock)
        sock.bind(address)
        # Listening at once settles the race between two programs that bind the same port.
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise _address_error(error, host, port) from error
    sock.setblocking(False)  # noqa: FBT003  # the standard library takes it by position
    return sock


def _make_exclusive(sock: socket.socket) -> None:
    """No other program may listen on the same port: it could answer in our place and be given the key."""
    if sys.platform == "win32":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        # Only lets us rebind while old connections time out; a port with a listener stays taken. Never SO_REUSEPORT.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)


def _address_error(error: OSError, host: str, port: int) -> AddressInUseError | ConfigError:
    if error.errno in _TAKEN:
        holder = holder_of(port)
        return AddressInUseError(
            f"Port {port} on {host} is already used{f' by {holder}' if holder else ''}.",
            hint="Stop that program, or choose another port with --port; --port 0 picks a free one.",
        )
    if error.errno == errno.EACCES:
        return ConfigError(f"This account may not listen on port {port}.", hint="Choose a port above 1023 with --port.")
    return ConfigError(f"Cannot listen on {host} port {port}: {error.strerror}.", hint="Use --host 127.0.0.1.")


def holder_of(port: int) -> str | None:
    """Name the process that listens on a port, as `name (process 123)`; `None` where the system does not tell."""
    try:
        for connection in psutil.net_connections(kind="tcp"):
            if connection.status != psutil.CONN_LISTEN or not connection.laddr or not connection.pid:
                continue
            if connection.laddr.port == port:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except (psutil.Error, OSError):
        # macOS tells only root about other accounts' sockets.
        return None
    return None
