"""The definitions as they are expected, for all three systems; `python -m tests.service.goldens` writes them anew."""

from __future__ import annotations

from pathlib import Path

from sidecar.service import launchd, systemd, task_scheduler
from sidecar.service.plan import Plan
from tests.service.machines import LAUNCH, account

FOLDER = Path(__file__).parent / "golden"


def definitions() -> dict[str, bytes]:
    """The files by their names."""
    plans: dict[str, Plan] = {
        "sidecar.service": systemd.plan(account("linux"), LAUNCH),
        "sidecar-254.service": systemd.plan(account("linux"), LAUNCH, version=254),
        "sidecar-unwalled.service": systemd.plan(account("linux"), LAUNCH, walled=False),
        "local.obsidian-sidecar.plist": launchd.plan(account("macos"), LAUNCH),
        "task.xml": task_scheduler.plan(account("windows"), LAUNCH),
    }
    return {name: plan.content for name, plan in plans.items()}


if __name__ == "__main__":
    for name, content in definitions().items():
        (FOLDER / name).write_bytes(content)
