"""Requests that come through a proxy: which pages are the server's own there, and when none is answered.

What a proxy says of whom it asks for (`X-Forwarded-*`, `Tailscale-User-*`, `Cf-*`) is never believed: any client can
write it. That it is there at all is a sign that counts against the request, and no more.
"""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.api.cors import Headers
from sidecar.api.errors import RefusedError
from sidecar.offline.address import is_this_machine, name_of

_SIGNS = frozenset({b"forwarded", b"via", b"x-real-ip", b"x-client-ip", b"true-client-ip", b"cdn-loop"})
_SIGN_BEGINNINGS = (b"x-forwarded-", b"x-original-", b"tailscale-", b"cf-")


def own_origins(host: bytes) -> Iterator[bytes]:
    """The origins of the server's own pages under one of its `Host` values.

    Elsewhere a proxy may have added TLS. On this machine none has: what speaks HTTPS there is another program.
    """
    yield b"http://" + host
    if not is_this_machine(name_of(host.decode("utf-8"))):
        yield b"https://" + host


def refuse_proxied(headers: Headers) -> None:
    """Raise RefusedError for a request that says it came through a proxy: a server without a key would let in whoever
    reaches the proxy. A tunnel that rewrites `Host` to this machine's name looks like this machine otherwise.
    """
    if any(name in _SIGNS or name.startswith(_SIGN_BEGINNINGS) for name, _ in headers):
        raise RefusedError(
            "This server asks for no key, so it answers nobody through a proxy.",
            status=403,
            kind="permission_error",
            code="proxy_without_key",
            hint="Start it without --no-auth.",
        )
