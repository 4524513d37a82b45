"""A proxy before a server, as its clients on other machines meet it: `tailscale serve`, or a tunnel of cloudflared.

What each does to a request is as their sources say: Tailscale (ipn/ipnlocal/serve.go) and cloudflared without
`httpHostHeader` leave `Host` as the client wrote it; with it, the tunnel writes that instead and tells the client's in
X-Forwarded-Host. Answers are passed on as they come.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from socketserver import StreamRequestHandler, ThreadingTCPServer

Headers = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a proxy adds to a request, and the `Host` it writes; `None` leaves the client's."""

    adds: Mapping[str, str]
    host: str | None = None


TAILSCALE = Kind(
    adds={
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "100.101.102.103",
        "Tailscale-User-Login": "ines@example.com",
        "Tailscale-User-Name": "Ines",
        "Tailscale-Headers-Info": "https://tailscale.com/s/serve-headers",
    }
)
CLOUDFLARED = Kind(
    adds={
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "192.0.2.7",
        "Cf-Connecting-Ip": "192.0.2.7",
        "Cf-Ray": "8a1b2c3d4e5f6789-LIS",
        "Cdn-Loop": "cloudflare; loops=1",
        "Accept-Encoding": "gzip, br",
    }
)


@dataclass(slots=True, kw_only=True)
class Proxy:
    """Where it listens, and the last request that it passed on."""

    url: str
    passed_on: Headers = field(default_factory=dict)


class _Server(ThreadingTCPServer):
    daemon_threads = False
    proxy: Proxy
    kind: Kind
    port: int
    open: set[socket.socket]


class _Handler(StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        """One request and its answer; the connection ends with them."""
        with contextlib.suppress(OSError):
            start, headers = self._head()
            body = self.rfile.read(int(headers.get("Content-Length", 0)))
            told, host = {"X-Forwarded-Host": headers["Host"]}, self.server.kind.host or headers["Host"]
            headers |= {**told, **self.server.kind.adds, "Host": host, "Connection": "close"}
            self.server.proxy.passed_on = dict(headers)
            head = "\r\n".join([start, *(f"{name}: {value}" for name, value in headers.items())])
            self._pass_on(head.encode("latin-1") + b"\r\n\r\n" + body)

    def _head(self) -> tuple[str, Headers]:
        start = self.rfile.readline().decode("latin-1").rstrip("\r\n")
        lines = iter(lambda: self.rfile.readline().decode("latin-1").rstrip("\r\n"), "")
        return start, {name.title(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def _pass_on(self, request: bytes) -> None:
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=60) as there:
            self.server.open.add(there)
            there.sendall(request)
            while piece := there.recv(65536):
                self.connection.sendall(piece)
            self.server.open.discard(there)


@contextlib.contextmanager
def proxy(kind: Kind, *, server_port: int) -> Iterator[Proxy]:
    """Pass requests on to a server on this machine until the block ends."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.kind, server.port, server.open = kind, server_port, set()
    server.proxy = Proxy(url=f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.proxy
    finally:
        server.shutdown()
        thread.join()
        for each in list(server.open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        server.server_close()
