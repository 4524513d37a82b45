"""One OpenAI-compatible server over HTTP, shared by the rooms that chat with it and embed through it."""

from __future__ import annotations

from sidecar.upstream.listing import UpstreamModel
from sidecar.upstream.local import FoundServer, find_local
from sidecar.upstream.server import Upstream

__all__ = ["FoundServer", "Upstream", "UpstreamModel", "find_local"]
