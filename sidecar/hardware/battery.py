"""Whether this machine runs on its battery, as far as the system tells."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import psutil

_SUPPLIES = Path("/sys/class/power_supply")


class Battery(Protocol):
    """What psutil tells of a battery: `None` where it does not know whether mains power is there."""

    @property
    def power_plugged(self) -> bool | None: ...


def _sensor() -> Battery | None:
    # psutil has no such function on systems without batteries.
    ask = getattr(psutil, "sensors_battery", None)
    return None if ask is None else ask()


def on_battery(*, sensor: Callable[[], Battery | None] = _sensor, supplies: Path = _SUPPLIES) -> bool:
    """Whether the battery is what the machine runs on; `False` where there is none or nobody knows.

    `supplies` is Linux's folder of power supplies (Documentation/ABI/testing/sysfs-class-power).
    """
    # Elsewhere the battery is the machine's own; there, that of a mouse would make a desktop run on it.
    if sys.platform == "linux" and not _has_own_battery(supplies):
        return False
    try:
        battery = sensor()
    except (OSError, ValueError, RuntimeError):
        # A driver that tells nonsense.
        return False
    return battery is not None and battery.power_plugged is False


def _has_own_battery(supplies: Path) -> bool:
    """Whether one of the batteries powers the system and not a device, such as a mouse."""
    try:
        found = [(_told(each / "type"), _told(each / "scope")) for each in supplies.iterdir()]
    except OSError:
        return False
    return any(kind == "battery" and scope != "device" for kind, scope in found)


def _told(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip().lower()
    except OSError:
        return None
