"""The service manager of a platform, behind one face: what is planned, checked, asked and shown."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sidecar.clients.program import Platform
from sidecar.errors import SidecarError
from sidecar.service import launchd, systemd, task_scheduler
from sidecar.service.commands import Runner
from sidecar.service.plan import Account, Launch, Plan
from sidecar.service.state import State

_NO_WALLS = (
    "systemd cannot give this account's services namespaces (user namespaces are switched off, or restricted as by"
    " Ubuntu's AppArmor): the service runs without a read-only view of your files; its other limits hold."
)


def this_platform(name: str = sys.platform) -> Platform:
    """The platform under which this program runs. Raises SidecarError for one whose service manager is not known."""
    known: Mapping[str, Platform] = {"linux": "linux", "darwin": "macos", "win32": "windows"}
    if name not in known:
        raise SidecarError(f"There is no login service for {name}.", hint="Have your system start `sidecar serve`.")
    return known[name]


def this_account(environ: Mapping[str, str], platform: Platform) -> Account:
    """The account that runs this program, as the platform's service manager names it."""
    name = environ.get("USERNAME", "") or environ.get("USER", "") or _login_name()
    if platform == "windows" and (domain := environ.get("USERDOMAIN", "")):
        name = f"{domain}\\{name}"
    uid = os.getuid() if sys.platform != "win32" else 501
    return Account(platform=platform, home=Path.home(), environ=environ, uid=uid, name=name)


def found_account(account: Account, run: Runner) -> Account:
    """The account with what its service manager tells of where definitions lie."""
    return replace(account, unit_folder=systemd.unit_folder(account, run)) if account.platform == "linux" else account


def refuse_sudo(environ: Mapping[str, str]) -> None:
    """Raise SidecarError under sudo: the service would be root's, and run when root signs in."""
    if environ.get("SUDO_USER") and this_platform() != "windows" and os.geteuid() == 0:
        raise SidecarError("Under sudo this would be root's service, not yours.", hint="Run it again without sudo.")


def plan_for(account: Account, launch: Launch, *, run: Runner | None = None) -> tuple[Plan, tuple[str, ...]]:
    """The plan, and what the user should know about it. Without `run` nothing is asked of this system, and what systems
    usually can is taken for granted.
    """
    if account.platform == "macos":
        return launchd.plan(account, launch), ()
    if account.platform == "windows":
        return task_scheduler.plan(account, launch), ()
    if run is None:
        return systemd.plan(account, launch), ()
    walled = systemd.can_be_walled(run)
    plan = systemd.plan(account, launch, walled=walled, version=systemd.version_of(run))
    return plan, () if walled else (_NO_WALLS,)


def check(account: Account, run: Runner) -> None:
    """Raise SidecarError where the service manager cannot be used, saying what to do."""
    if account.platform == "macos":
        launchd.check(account, run)
    elif account.platform == "linux":
        systemd.check(run)


def state(account: Account, run: Runner) -> State:
    """What is installed, and how it fares."""
    ask = {"linux": systemd.state, "macos": launchd.state, "windows": task_scheduler.state}[account.platform]
    return ask(account, run)


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid()) if sys.platform != "win32" else ""
