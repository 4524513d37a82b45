"""Whether Sidecar can be started at login on this machine, and whether it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sidecar.errors import SidecarError
from sidecar.service import manager
from sidecar.service.commands import Runner


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceState:
    """What the service manager says."""

    problem: str | None
    """Why Sidecar cannot be started at login; `None` when it can."""
    installed: bool = False


def service_state(
    environ: Mapping[str, str], run: Runner, *, check: Callable[..., None] = manager.check
) -> ServiceState:
    """Ask the service manager, where there is one."""
    try:
        manager.refuse_sudo(environ)
        account = manager.this_account(environ, manager.this_platform())
        check(account, run)
        return ServiceState(problem=None, installed=manager.state(manager.found_account(account, run), run).installed)
    except SidecarError as error:
        return ServiceState(problem=error.message)
