"""Whether the machine runs on its battery, as told by folders like Linux's and by what psutil says."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from sidecar.hardware.battery import on_battery
from sidecar.hardware.heap import give_back
from sidecar.hardware.spent import cpu_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    power_plugged: bool | None


def supplies(folder: Path, kinds: Mapping[str, Mapping[str, str]]) -> Path:
    for name, files in kinds.items():
        (folder / name).mkdir(parents=True)
        for file, text in files.items():
            (folder / name / file).write_text(f"{text}\n", encoding="utf-8")
    return folder


LAPTOP = {"AC": {"type": "Mains"}, "BAT0": {"type": "Battery"}}


@pytest.mark.parametrize(
    ("told", "discharging"),
    [(Told(power_plugged=False), True), (Told(power_plugged=True), False), (Told(power_plugged=None), False)],
)
def test_a_laptop_runs_on_its_battery_when_that_is_known(tmp_path: Path, told: Told, discharging: bool) -> None:
    assert on_battery(sensor=lambda: told, supplies=supplies(tmp_path / "power", LAPTOP)) is discharging


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells of the batteries of devices")
@pytest.mark.parametrize(
    "kinds",
    [
        {},
        {"AC": {"type": "Mains"}},
        {"hidpp_battery_0": {"type": "Battery", "scope": "Device"}},
        {"broken": {}},
    ],
)
def test_the_battery_of_a_mouse_is_not_the_machines(tmp_path: Path, kinds: Mapping[str, Mapping[str, str]]) -> None:
    folder = supplies(tmp_path / "power", kinds)
    assert not on_battery(sensor=lambda: Told(power_plugged=False), supplies=folder)
    laptop = supplies(tmp_path / "both", {**kinds, "BAT1": {"type": "Battery", "scope": "System"}})
    assert on_battery(sensor=lambda: Told(power_plugged=False), supplies=laptop)


@pytest.mark.parametrize("error", [FileNotFoundError("gone"), ValueError("not a number"), NotImplementedError()])
def test_a_driver_that_tells_nonsense_means_mains_power(tmp_path: Path, error: Exception) -> None:
    def broken() -> Told:
        raise error

    assert not on_battery(sensor=broken, supplies=supplies(tmp_path / "power", LAPTOP))
    assert not on_battery(sensor=lambda: None, supplies=tmp_path / "power")


def test_this_machine_can_be_asked_and_time_that_was_spent_grows() -> None:
    assert on_battery() in (True, False)
    before = cpu_seconds()
    while cpu_seconds() == before:
        sum(range(100_000))
    assert cpu_seconds() > before > 0


def test_giving_memory_back_is_harmless_everywhere() -> None:
    kept = bytes(5_000_000)
    give_back()
    assert kept == bytes(5_000_000)
