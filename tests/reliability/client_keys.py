"""Clients' keys of a running server: made and taken away as `sidecar token` does, behind its back."""

from __future__ import annotations

import time
import uuid

from sidecar.runtime import client_keys
from sidecar.runtime.client_keys import Scope, digest_of
from tests.serving import Server


def key_for(server: Server, scope: Scope) -> str:
    """A new key."""
    name = f"client {uuid.uuid4().hex[:8]}"
    return client_keys.create(server.data_dir, name=name, scope=scope, now=time.time())


def expired(server: Server, scope: Scope) -> str:
    """A key that was good until a second ago."""
    name = f"client {uuid.uuid4().hex[:8]}"
    return client_keys.create(server.data_dir, name=name, scope=scope, now=time.time() - 61, seconds=60)


def revoked(server: Server, key: str) -> str:
    """The same key, which opens nothing any more."""
    digest = digest_of(key.encode("ascii"))
    name = next(each.name for each in client_keys.load(server.data_dir) if each.sha256 == digest)
    client_keys.revoke(server.data_dir, name)
    return key
