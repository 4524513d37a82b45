"""Fixtures of the tests of `/v1/responses`: a server over the fake runtime that keeps what it answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.runtime.stored_responses import FILE, StoredResponses
from tests.api.live import Live, running


@pytest.fixture
async def live(anyio_backend: str, tmp_path: Path) -> AsyncIterator[Live]:
    stored = StoredResponses(tmp_path / FILE)
    async with running() as server:
        server.runtime.stored_responses = stored
        try:
            yield server
        finally:
            await server.runtime.response_runs.aclose()
            await stored.aclose()
