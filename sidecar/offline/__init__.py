"""The offline lock: this process reaches no other machine but those that the user named."""

from sidecar.offline.address import is_looked_up
from sidecar.offline.landlock import landlock_version, restrict_tcp
from sidecar.offline.lock import OutgoingLock
from sidecar.offline.seccomp import restrict_sockets, seccomp_available
from sidecar.offline.system import close_system, missing_walls

__all__ = [
    "OutgoingLock",
    "close_system",
    "is_looked_up",
    "landlock_version",
    "missing_walls",
    "restrict_sockets",
    "restrict_tcp",
    "seccomp_available",
]
