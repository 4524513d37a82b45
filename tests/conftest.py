"""Fixtures that every room's tests share, and which tests run by default."""

from __future__ import annotations

import pytest

pytest_plugins = ("tests.models.fixtures", "tests.reliability.results", "tests.reliability.vaults_untouched")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
