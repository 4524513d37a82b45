"""What is installed has the whole page."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from sidecar.api.console.page import FILES

ROOT = Path(__file__).resolve().parents[3]


def test_a_wheel_has_every_file_of_the_page(tmp_path: Path) -> None:
    builders = pytest.importorskip("hatchling.builders.wheel", reason="hatchling is not installed")
    (wheel,) = builders.WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    assert {f"sidecar/api/console/static/{name}" for name in FILES.values()} <= inside
