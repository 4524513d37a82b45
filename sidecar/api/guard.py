"""Who may ask. The outermost layer: it decides on path and headers alone, before anything reads the body or runs.

Order: the headers' size (a flood), Host (a rebound DNS name), Origin and Sec-Fetch-Site (a page in the user's browser),
preflight, token (another program or account), then what the body claims to be. Refusing is the protection; response
headers are not: a browser hides the answer from a foreign page, but by then the handler would have run.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable
from email.utils import formatdate

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sidecar.api.connection import MAX_HEADER_BYTES
from sidecar.api.console.page import PAGE, PATHS
from sidecar.api.console.sessions import Sessions
from sidecar.api.console.sign_in import SIGN_IN
from sidecar.api.cors import Headers, preflight_headers, response_headers
from sidecar.api.errors import RefusedError, describe_failure, send_failure
from sidecar.api.remote import own_origins
from sidecar.api.scopes import RouteScopes, check_scope
from sidecar.api.sender import Senders
from sidecar.api.traffic import note_sender
from sidecar.runtime.key_ring import KeyRing

OPEN_PATHS = frozenset({"/healthz", "/health", SIGN_IN}) | PATHS
"""What asks for no key: whether the server lives, the console's files, and the exchange of a link's code for a key."""
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})
_OUR_SITES = frozenset({b"none", b"same-origin"})
"""What Sec-Fetch-Site says of an address that the user typed, and of our own page. A page on another port of this
machine counts as the same site: that is a foreign one."""
_ALWAYS: Headers = [(b"x-content-type-options", b"nosniff"), (b"cross-origin-resource-policy", b"same-origin")]


class Guard:
    """Lets a request through or answers it itself; every answer leaves with a request id and CORS headers.

    `token` gives the server's own key, `None` where no key is asked for; the key of one of the `sessions` is as good,
    one of `keys` opens what its scope does. Hosts are exact `name:port` pairs, without a port that is the scheme's own.
    Origins are compared as raw strings, because parsed custom schemes (`app://obsidian.md`) all become `null`; the
    server's own are among them.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        token: Callable[[], str | None],
        allowed_hosts: Iterable[str],
        allowed_origins: Iterable[str],
        sessions: Sessions | None = None,
        keys: KeyRing | None = None,
        scopes: RouteScopes | None = None,
    ) -> None:
        self._app = app
        self._senders = Senders(token, sessions=sessions or Sessions(), keys=keys)
        self._scopes = scopes
        self._hosts = frozenset(host.lower().encode("utf-8") for host in allowed_hosts)
        own = frozenset(origin for host in self._hosts for origin in own_origins(host))
        self._origins = own | {origin.encode("utf-8") for origin in allowed_origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            # Nothing here speaks WebSocket; a page could open one without asking CORS.
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: Headers = scope["headers"]
        request_id = _request_id(headers)
        origin = _origin(headers)
        allowed = origin if origin in self._origins else None
        scope = {**scope, "state": {**scope.get("state", {}), "request_id": request_id.decode("ascii")}}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": _complete(message.get("headers", ()), request_id, allowed)}
            await send(message)

        self._senders.look()
        try:
            _check_size(scope)
            self._check_host(headers, target=scope["raw_path"])
            if not _opens_the_page(scope):
                self._check_origin(headers, origin)
            if allowed is not None and _is_preflight(scope):
                answer = [
                    (b"x-request-id", request_id),
                    (b"content-length", b"0"),
                    *preflight_headers(allowed, headers),
                ]
                await send({"type": "http.response.start", "status": 200, "headers": answer})
                await send({"type": "http.response.body", "body": b""})
                return
            if scope["path"] not in OPEN_PATHS:
                self._check_sender(headers, scope)
            _check_content(scope["method"], headers, from_page=origin is not None or _has_page_sign(headers))
        except RefusedError as error:
            await send_failure(send_with_headers, describe_failure(error))
            return
        await self._app(scope, receive, send_with_headers)

    def _check_host(self, headers: Headers, *, target: bytes) -> None:
        hosts = [value.lower() for name, value in headers if name == b"host"]
        # A target that names a host of its own (as a proxy is asked) counts more than the header, says RFC 9112.
        if len(hosts) != 1 or hosts[0] not in self._hosts or not target.startswith(b"/"):
            raise RefusedError(
                "This server does not answer under that host name.",
                status=421,
                code="host_not_allowed",
                hint="Use the address that `sidecar serve` printed.",
            )

    def _check_origin(self, headers: Headers, origin: bytes | None) -> None:
        foreign = any(name == b"sec-fetch-site" and value not in _OUR_SITES for name, value in headers)
        if origin in self._origins or (origin is None and not foreign):
            return
        raise RefusedError(
            "Pages of this origin may not use this server.",
            status=403,
            kind="permission_error",
            code="origin_not_allowed",
            hint="Add the origin to allowed_origins in the configuration if you trust it.",
        )

    def _check_sender(self, headers: Headers, scope: Scope) -> None:
        sender = self._senders.find(headers)
        note_sender(scope, sender)
        check_scope(sender.scope, scope, self._scopes)
        self._senders.note_use(sender)


def _opens_the_page(scope: Scope) -> bool:
    """Whether a browser goes to the console in a tab of its own, from a link in a terminal, a note or any page.

    What a link opens in its own tab, who holds the link cannot read; in a frame it is refused as everything foreign.
    """
    if scope["path"] != PAGE or scope["method"] not in {"GET", "HEAD"}:
        return False
    said = [(name, value) for name, value in scope["headers"] if name.startswith(b"sec-fetch-") or name == b"origin"]
    told = {name: value for name, value in said if name != b"sec-fetch-user"}
    navigates = told.get(b"sec-fetch-mode") == b"navigate" and told.get(b"sec-fetch-dest") == b"document"
    return navigates and b"origin" not in told and len({name for name, _ in said}) == len(said)


def _check_size(scope: Scope) -> None:
    """The parser bounds a request's head only while it is incomplete: one that arrives in a single read is not."""
    size = len(scope["raw_path"]) + len(scope["query_string"])
    if size + sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADER_BYTES:
        raise RefusedError("The request's headers are too large.", status=431, code="headers_too_large")


def _has_page_sign(headers: Headers) -> bool:
    """Whether a browser says that a page asks, though it names no origin."""
    return any(name == b"sec-fetch-site" and value != b"none" for name, value in headers)


def _check_content(method: str, headers: Headers, *, from_page: bool) -> None:
    """Pages may send JSON only: a form or `text/plain` needs no preflight. Other programs label JSON as they like."""
    if method in _WITHOUT_BODY:
        return
    kinds = [value for name, value in headers if name == b"content-type"]
    if from_page and (len(kinds) != 1 or kinds[0].split(b";")[0].strip().lower() != b"application/json"):
        raise RefusedError("The body has to be application/json.", status=415, code="unsupported_media_type")
    if any(name == b"content-encoding" and value.strip().lower() != b"identity" for name, value in headers):
        raise RefusedError("Compressed bodies are not read.", status=415, code="unsupported_media_type")


def _origin(headers: Headers) -> bytes | None:
    """The Origin header, `None` without one; several are as good as a foreign one."""
    origins = [value for name, value in headers if name == b"origin"]
    if not origins:
        return None
    return origins[0] if len(origins) == 1 else b"several"


def _is_preflight(scope: Scope) -> bool:
    asks = any(name == b"access-control-request-method" for name, _ in scope["headers"])
    return bool(scope["method"] == "OPTIONS" and asks)


def _request_id(headers: Headers) -> bytes:
    sent = [value for name, value in headers if name == b"x-request-id"]
    if len(sent) == 1 and _REQUEST_ID.fullmatch(sent[0]):
        return sent[0]
    return b"req_" + uuid.uuid4().hex.encode("ascii")


def _complete(headers: Iterable[tuple[bytes, bytes]], request_id: bytes, origin: bytes | None) -> Headers:
    date = (b"date", formatdate(usegmt=True).encode("ascii"))
    complete = [*headers, date, (b"x-request-id", request_id), *_ALWAYS, *response_headers(origin)]
    if not any(name.lower() == b"cache-control" for name, _ in complete):
        complete.append((b"cache-control", b"no-store"))
    return complete
