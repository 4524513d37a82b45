"""One server that runs models, over HTTP, shared by the rooms that chat with it and embed through it."""

from __future__ import annotations

from sidecar.upstream.kind import ServerKind
from sidecar.upstream.listing import OllamaModel, UpstreamModel
from sidecar.upstream.local import FoundServer, find_local
from sidecar.upstream.server import Upstream
from sidecar.upstream.transport import Health

__all__ = ["FoundServer", "Health", "OllamaModel", "ServerKind", "Upstream", "UpstreamModel", "find_local"]
