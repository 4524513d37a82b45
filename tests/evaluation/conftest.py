"""The vault that the tests of this room ask, made and indexed once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.evaluation.vault import make_vault


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds the vault and its index, which the first test makes."""
    root = tmp_path_factory.mktemp("evaluated")
    make_vault(root / "vault")
    return root
