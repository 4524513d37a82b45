"""Fixtures that every room's tests share."""

from __future__ import annotations

import pytest

pytest_plugins = ("tests.models.fixtures",)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
