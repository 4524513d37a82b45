"""Finding changes by looking again, for folders whose file system does not tell of them.

watchfiles can poll too, but compares times in whole seconds: of two saves within one it misses the second.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from sidecar.vault.exclusions import Exclusions
from sidecar.vault.files import scan
from sidecar.vault.settings import SETTINGS_FILES

# File systems on Linux where others write unseen: inotify tells only of what this kernel did itself. 9p and drvfs are
# the Windows drives under WSL.
_SILENT = frozenset(
    {"9p", "drvfs", "virtiofs", "nfs", "nfs4", "cifs", "smb3", "smbfs", "vboxsf", "prl_fs", "davfs", "afs", "ceph"}
)
_SILENT_FUSE = re.compile(r"fuse\.(sshfs|rclone|davfs2?|gvfsd-fuse|google-drive-ocamlfuse|s3fs|vmhgfs-fuse|grpcfuse)")

Snapshot: TypeAlias = "dict[str, tuple[int, int]]"
"""Path → size and modification time; minus ones for a file that is listed but not read."""


def take_snapshot(root: Path, *, unread: Callable[[str], str | None], before: Snapshot) -> Snapshot:
    """Look at every file and the settings. What could not be seen this time is taken from `before`.

    Only hidden folders are left out, and of formats that are `unread` no size is kept, so that the snapshot does not
    depend on settings that may change.
    """
    found = scan(root, Exclusions(unread=unread))
    snapshot = {} if found.complete else dict(before)
    snapshot |= {file.path: (file.size, file.mtime_ns) for file in found.files}
    snapshot |= {excluded.path: (-1, -1) for excluded in found.excluded}
    for path in SETTINGS_FILES:
        try:
            status = (root / path).stat()
        except OSError:
            continue
        snapshot[path] = (status.st_size, status.st_mtime_ns)
    return snapshot


def differences(before: Snapshot, after: Snapshot) -> frozenset[str]:
    """Give the paths that came, went or changed."""
    return frozenset(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def needs_polling(root: Path, *, mounts: Path = Path("/proc/self/mountinfo")) -> bool:
    """Whether the file system under this folder is one that keeps changes made elsewhere to itself."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return False
    depth, kind = -1, ""
    for line in lines:
        # proc(5): id, parent id, device, root, mount point, options …, "-", type, source, options.
        fields, _, rest = line.partition(" - ")
        point = Path(re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), fields.split(" ")[4]))
        # A later line mounts over an earlier one.
        if len(point.parts) >= depth and root.is_relative_to(point):
            depth, kind = len(point.parts), rest.split(" ")[0]
    return kind in _SILENT or _SILENT_FUSE.fullmatch(kind) is not None
