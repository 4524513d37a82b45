"""One HTTP connection with deadlines, over uvicorn's h11 protocol.

uvicorn waits for ever for the rest of a request's headers or body, and for ever for a client that does not read. Here
each of these has a deadline after which the connection is closed; the application then sees a client that left. What
h11 refuses before there is a request is answered in the same error shape as everything else.
"""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from http import HTTPStatus

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from sidecar.protocol.openai_errors import error_body

HEADER_SECONDS = 5.0
"""From the first byte of a request, or from connecting, to the end of its headers; armed anew for each request."""
BODY_SECONDS = 60.0
WRITE_SECONDS = 60.0
"""How long a client may leave what it asked for unread once its buffers are full."""
MAX_HEADER_BYTES = 32 * 1024
MAX_CONNECTIONS = 2048


class Connection(H11Protocol):
    """uvicorn's connection, closed when the client takes too long. Subclasses change the limits."""

    header_seconds = HEADER_SECONDS
    body_seconds = BODY_SECONDS
    write_seconds = WRITE_SECONDS
    max_connections = MAX_CONNECTIONS

    _deadline: asyncio.TimerHandle | None = None
    _waits_for: type[h11.IDLE] | type[h11.SEND_BODY] | None = None
    _write_deadline: asyncio.TimerHandle | None = None
    _last_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        if len(self.connections) > self.max_connections:
            transport.close()
            return
        self._wait(h11.IDLE)

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait(None)
        self.resume_writing()
        if self._last_deadline is not None:
            self._last_deadline.cancel()
        # uvicorn lets its timer run, and with it keeps the whole connection, when the client left without a word.
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._rearm()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._close()
        self._rearm()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._write_deadline = self.loop.call_later(self.write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        if self._write_deadline is not None:
            self._write_deadline.cancel()
            self._write_deadline = None
        if self.flow is not None:
            super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._close()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no request at all. uvicorn calls it while it handles h11's error."""
        if self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            self._close()
            return
        error = sys.exception()
        status = HTTPStatus(error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400)
        body = json.dumps(
            error_body(message=f"{status.phrase}: {msg}", kind="invalid_request_error", code="bad_request")
        ).encode("ascii")
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode("ascii")),
            (b"x-request-id", f"req_{uuid.uuid4().hex}".encode("ascii")),
            (b"connection", b"close"),
        ]
        response = h11.Response(status_code=status.value, headers=headers, reason=status.phrase.encode("ascii"))
        for event in (response, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self._close()

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: clients that offer HTTP/2 (curl, Java) are simply answered in HTTP/1.1."""

    def _rearm(self) -> None:
        """Follow the request's state: its headers under way, its body under way, or nothing owed by the client."""
        state = self.conn.their_state
        if state is h11.SEND_BODY:
            self._wait(h11.SEND_BODY)
        elif state is h11.IDLE and self.conn.trailing_data[0]:
            self._wait(h11.IDLE)
        else:
            self._wait(None)

    def _wait(self, what: type[h11.IDLE] | type[h11.SEND_BODY] | None) -> None:
        if what is self._waits_for:
            return
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        self._waits_for = what
        if what is not None:
            seconds = self.header_seconds if what is h11.IDLE else self.body_seconds
            self._deadline = self.loop.call_later(seconds, self._close)

    def _close(self) -> None:
        """Close, in the end without what the client does not read: a transport waits for that for ever."""
        self.transport.close()
        if self._last_deadline is None:
            self._last_deadline = self.loop.call_later(self.write_seconds, self.transport.abort)
