"""Fixtures that every room's tests share, and which tests run by default."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# Commands and servers are started as users start them: Python keeps what it has compiled, which takes half the time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How long an example takes says how busy the machine is, and nothing of the code. The same examples each time, so that
# a change is not refused for what it did not touch; `--hypothesis-profile exploring` tries others, as nightly does.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("exploring", deadline=None, derandomize=False, print_blob=True)
settings.load_profile("same")

pytest_plugins = ("tests.models.fixtures", "tests.reliability.results", "tests.reliability.vaults_untouched")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
