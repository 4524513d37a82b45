"""One server that runs models, over HTTP, shared by the rooms that chat with it and embed through it."""

from __future__ import annotations

from sidecar.upstream.kind import ServerKind
from sidecar.upstream.listing import OllamaModel, UpstreamModel
from sidecar.upstream.local import KNOWN_PORTS, FoundServer, find_local
from sidecar.upstream.server import Upstream
from sidecar.upstream.transport import Health

__all__ = [
    "KNOWN_PORTS",
    "FoundServer",
    "Health",
    "OllamaModel",
    "ServerKind",
    "Upstream",
    "UpstreamModel",
    "find_local",
]
