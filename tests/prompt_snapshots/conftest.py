"""`pytest tests/prompt_snapshots --renew-snapshots` writes the prompts as they are now; the diff is what changed."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew-snapshots", action="store_true", help="write the golden prompts anew")


@pytest.fixture
def renewing(request: pytest.FixtureRequest) -> bool:
    """Whether the prompts are to be written anew. The option is not known when other folders are named first."""
    return bool(request.config.getoption("--renew-snapshots", default=False))
