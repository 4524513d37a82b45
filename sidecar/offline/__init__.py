"""The offline lock: this process reaches no other machine but those that the user named."""

from sidecar.offline.landlock import landlock_version, restrict_tcp
from sidecar.offline.lock import OutgoingLock

__all__ = ["OutgoingLock", "landlock_version", "restrict_tcp"]
