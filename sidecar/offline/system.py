"""What the system closes for the offline lock, whatever of it there is: Landlock and seccomp, on Linux."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterable

from sidecar.offline.landlock import NETWORK_SINCE, landlock_problem, landlock_version, restrict_tcp
from sidecar.offline.seccomp import restrict_sockets, seccomp_available

_REASONS = {
    errno.ENOSYS: "the kernel is older than 5.13 or was built without it",
    errno.EOPNOTSUPP: "the kernel has it, but it was not switched on when the system started (`lsm=`)",
    errno.EPERM: "a container or a sandbox around this program does not let it",
}


def close_system(ports: Iterable[int], *, look_up_names: bool) -> list[str]:
    """Leave this process, and all that it starts from now on, TCP to these ports and, where that is wanted, the look-up
    of names. Gives what is closed: `landlock`, `seccomp`, both or nothing. There is no way back.
    """
    closed = ["landlock"] if restrict_tcp(ports) else []
    return [*closed, "seccomp"] if restrict_sockets(look_up_names=look_up_names) else closed


def missing_walls() -> dict[str, str]:
    """What this system cannot close, each with the reason."""
    if sys.platform != "linux":
        return dict.fromkeys(("landlock", "seccomp"), "Linux alone has it")
    missing = {}
    version = landlock_version()
    if version == 0:
        missing["landlock"] = _REASONS.get(landlock_problem(), "the system refuses it")
    elif version < NETWORK_SINCE:
        missing["landlock"] = "the kernel is older than 6.7, so it has no rules for the network"
    if not seccomp_available():
        missing["seccomp"] = "the kernel or this processor's kind does not have it, or a sandbox does not let it"
    return missing
