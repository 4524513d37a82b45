"""Fixtures of the HTTP tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.api.live import Live, running


@pytest.fixture
async def live(anyio_backend: str) -> AsyncIterator[Live]:
    async with running() as server:
        yield server
