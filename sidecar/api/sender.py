"""Who sends a request, told by the keys in its headers: the server's own, a console's session, or a client's."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass

from sidecar.api.console.sessions import Sessions
from sidecar.api.cors import Headers
from sidecar.api.errors import RefusedError
from sidecar.api.remote import refuse_proxied
from sidecar.runtime.client_keys import ClientKey, Scope
from sidecar.runtime.key_ring import KeyRing

OWNER = "owner"
"""Stands where a client's key has its name. A client's key may have this name too, and never this scope."""
_KEY_HEADERS = (b"authorization", b"x-api-key", b"api-key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who is let in, and how far."""

    scope: Scope
    name: str | None = None
    """The key's; `None` for a session of the console, and where no key is asked for."""
    is_session: bool = False
    key: ClientKey | None = None


class Senders:
    """Knows the keys. `token` gives the server's own, `None` where no key is asked for; when it is another one than
    before, whoever signed in with the old one is signed out.
    """

    def __init__(self, token: Callable[[], str | None], *, sessions: Sessions, keys: KeyRing | None) -> None:
        self._read_token = token
        self._token = token()
        self._sessions = sessions
        self._keys = keys

    def look(self) -> None:
        """Take the server's own key anew. Called with each request, those that need no key included: a link of the old
        key's owner signs nobody in.
        """
        token = self._read_token()
        if token != self._token:
            self._token = token
            self._sessions.clear()

    def find(self, headers: Headers) -> Sender:
        """Say who sends these headers. Raises RefusedError for who has no key, or one too many."""
        if self._token is None:
            refuse_proxied(headers)
            return Sender(scope=Scope.OWNER)
        sent = [(name, value) for name, value in headers if name in _KEY_HEADERS]
        # Every key sent has to be the right one, and each header stands once: a proxy and this server may otherwise
        # read different ones.
        once = len({name for name, _ in sent}) == len(sent)
        token = self._token.encode("utf-8")
        found = [self._sender_of(name, _key(name, value), token) for name, value in sent]
        senders = [sender for sender in found if sender is not None]
        if not sent or not once or len(senders) < len(sent):
            raise _refused(nothing=not sent)
        return min(senders, key=lambda sender: sender.scope)

    def note_use(self, sender: Sender) -> None:
        """Remember that a client's key opened something today."""
        if self._keys is not None and sender.key is not None:
            self._keys.note_use(sender.key)

    def _sender_of(self, name: bytes, key: bytes, token: bytes) -> Sender | None:
        if hmac.compare_digest(key, token):
            return Sender(scope=Scope.OWNER, name=OWNER)
        if name == b"authorization" and self._sessions.holds(key):
            return Sender(scope=Scope.OWNER, is_session=True)
        known = None if self._keys is None else self._keys.find(key)
        return None if known is None else Sender(scope=known.scope, name=known.name, key=known)


def _refused(*, nothing: bool) -> RefusedError:
    return RefusedError(
        "A key is needed to use this server." if nothing else "The key sent is not this server's.",
        status=401,
        code="invalid_api_key",
        hint="Send 'Authorization: Bearer KEY'; `sidecar token show` prints the key.",
        headers=((b"www-authenticate", b'Bearer realm="sidecar"'),),
    )


def _key(name: bytes, value: bytes) -> bytes:
    if name != b"authorization":
        return value
    scheme, _, key = value.partition(b" ")
    return key.strip(b" ") if scheme.lower() == b"bearer" else b""
