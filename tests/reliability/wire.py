"""Requests as an attacker writes them: bytes on a socket, which no client library would send."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from http.client import BadStatusLine, HTTPResponse
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from tests.serving import Server

Header: TypeAlias = tuple[str, str | bytes]
DEADLINE = 30.0
"""Seconds after which a server that neither answers nor closes fails a test."""
OWN = "OWN"
"""Stands for the name and port of the server that is asked."""
OLLAMA = "/api/"
LM_STUDIO = "/api/v0/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer as it came; `status` is 0 where the server closed without one. Names of headers are lower case."""

    status: int
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""

    def values(self, name: str) -> list[str]:
        """The values of a header, in their order."""
        return [value for known, value in self.headers if known == name]

    def error(self, path: str = "/v1") -> dict[str, Any]:
        """The error, which has OpenAI's shape; under Ollama's paths it has Ollama's, a text alone. Fails for others."""
        error = json.loads(self.body)["error"]
        if path.startswith(OLLAMA) and not path.startswith(LM_STUDIO):
            error = {"message": error, "type": None, "param": None, "code": None}
        assert error.keys() == {"message", "type", "param", "code"}, error
        assert isinstance(error["message"], str), error
        assert error["message"]
        found: dict[str, Any] = error
        return found


class Wire:
    """One connection, kept alive and opened anew when the server closed it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._socket: socket.socket | None = None

    def ask(
        self,
        method: str,
        target: str,
        headers: Iterable[Header] = (),
        *,
        body: bytes | None = None,
        host: str | bytes | None = OWN,
    ) -> Reply:
        """Write a request and read its answer; see `written`."""
        return self.send(written(self._server, method, target, headers, body=body, host=host), method=method)

    def send(self, request: bytes, *, method: str = "GET") -> Reply:
        """Write bytes and read the answer to a request of that method."""
        if self._socket is None:
            self._socket = dial(self._server)
        # A server that refuses early may close before it has read everything.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(request)
        response = HTTPResponse(self._socket, method=method)
        try:
            response.begin()
            body = response.read()
        except (BadStatusLine, ConnectionError):
            self.close()
            return Reply(status=0)
        finally:
            response.close()
        if response.will_close:
            self.close()
        headers = [(name.lower(), value) for name, value in response.getheaders()]
        return Reply(status=response.status, headers=headers, body=body)

    def close(self) -> None:
        """Close the connection; the next request opens another. Idempotent."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


@contextlib.contextmanager
def wire(server: Server) -> Iterator[Wire]:
    """Hold a connection to a server until the block ends."""
    connection = Wire(server)
    try:
        yield connection
    finally:
        connection.close()


def port_of(server: Server) -> int:
    """The port that a server listens on."""
    port = urlsplit(server.url).port
    assert port is not None
    return port


def dial(server: Server) -> socket.socket:
    """Connect to a server."""
    return socket.create_connection(("127.0.0.1", port_of(server)), timeout=DEADLINE)


def key_of(server: Server) -> Header:
    """The header that lets a client in."""
    return ("Authorization", f"Bearer {server.token}")


def written(
    server: Server,
    method: str,
    target: str,
    headers: Iterable[Header] = (),
    *,
    body: bytes | None = None,
    host: str | bytes | None = OWN,
) -> bytes:
    """The bytes of a request; `host` is the server's own unless given, and `None` leaves the header out."""
    host = f"127.0.0.1:{port_of(server)}" if host == OWN else host
    lines: list[Header] = [] if host is None else [("Host", host)]
    lines += headers
    if body is not None:
        lines.append(("Content-Length", str(len(body))))
    start = f"{method} {target} HTTP/1.1\r\n".encode()
    return start + b"".join(_line(*line) for line in lines) + b"\r\n" + (body or b"")


def ask(
    server: Server, method: str, target: str, headers: Iterable[Header] = (), *, body: bytes | None = None
) -> Reply:
    """Ask with the right key, on a connection of its own."""
    with wire(server) as connection:
        return connection.ask(method, target, [key_of(server), *headers], body=body)


def _line(name: str, value: str | bytes) -> bytes:
    return name.encode() + b": " + (value if isinstance(value, bytes) else value.encode("utf-8")) + b"\r\n"
