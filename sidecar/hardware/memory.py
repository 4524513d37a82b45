"""Main memory: how much there is, how much can be taken without swapping, and what sets the limit.

A process in a container is killed at the limit of its control group, whatever the machine has. Every group above the
process has its own limit; the least room counts.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from sidecar.hardware.source import Source, whole

_KIB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Sizes in bytes."""

    total: int
    available: int
    swap_free: int = 0
    limit: str | None = None
    """The control group whose limit is below what the machine has; `None` when none is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """A control group with a limit."""

    path: str
    limit: int
    used: int
    """Without what the system can drop at once."""


def read_memory(source: Source) -> Memory:
    """Read the memory of the system, and of the control groups that this process is in."""
    memory = _of_linux(source) if source.platform == "linux" else None
    if memory is None:
        return _of_any()
    limits = [group for group in _groups(source) if group.limit < memory.total]
    if not limits:
        return memory
    tightest = min(limits, key=lambda group: group.limit - group.used)
    room = max(0, tightest.limit - tightest.used)
    return Memory(
        total=min(group.limit for group in limits),
        available=min(memory.available, room),
        swap_free=memory.swap_free,
        limit=tightest.path if room < memory.available else None,
    )


def _of_any() -> Memory:
    import psutil  # only here: Linux is read without it

    memory = psutil.virtual_memory()
    try:
        swap = int(psutil.swap_memory().free)
    except (OSError, RuntimeError):
        swap = 0
    return Memory(total=int(memory.total), available=int(memory.available), swap_free=swap)


def _of_linux(source: Source) -> Memory | None:
    rows = dict(line.split(":", 1) for line in (source.text("/proc/meminfo") or "").splitlines() if ":" in line)
    sizes = {name: whole(value.removesuffix("kB").strip()) for name, value in rows.items()}
    total, available = sizes.get("MemTotal"), sizes.get("MemAvailable")
    if not total:
        return None
    if available is None:
        # Kernels before 3.14, and some sandboxes, say no more than this.
        available = (sizes.get("MemFree") or 0) + (sizes.get("Cached") or 0)
    swap = sizes.get("SwapFree") or 0
    return Memory(total=total * _KIB, available=min(total, available) * _KIB, swap_free=swap * _KIB)


def _groups(source: Source) -> Iterator[_Group]:
    for folder, version in memory_folders(source):
        limits = (
            (source.number(f"{folder}/memory.max"), source.number(f"{folder}/memory.high"))
            if version == 2
            else (source.number(f"{folder}/memory.limit_in_bytes"),)
        )
        known = [limit for limit in limits if limit is not None]
        used = source.number(f"{folder}/{'memory.current' if version == 2 else 'memory.usage_in_bytes'}")
        if known and used is not None:
            dropped = _statistic(source, folder, "inactive_file" if version == 2 else "total_inactive_file")
            yield _Group(path=folder, limit=min(known), used=max(0, used - dropped))


def _statistic(source: Source, folder: str, name: str) -> int:
    for line in (source.text(f"{folder}/memory.stat") or "").splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return whole(value) or 0
    return 0


def memory_folders(source: Source) -> list[tuple[str, int]]:
    """The folders of this process's control groups with their version, from its own up to the topmost one."""
    return [
        (folder, version)
        for controller, version in (("", 2), ("memory", 1))
        for folder in group_folders(source, controller)
    ]


def group_folders(source: Source, controller: str) -> list[str]:
    """The folders of this process's groups for a controller of version 1, or of version 2 for the empty name."""
    own = _own_group(source, controller)
    mount = _mount(source, controller)
    if own is None or mount is None:
        return []
    base, point = mount
    # A container without a name space of its own sees the host's path, below a mount that begins at its own group.
    inside = own if base == "/" else own.removeprefix(base) if f"{own}/".startswith(f"{base}/") else "/"
    parts = [part for part in posixpath.normpath("/" + inside).split("/") if part and part != ".."]
    return [posixpath.join(point, *parts[:depth]) for depth in range(len(parts), -1, -1)]


def _own_group(source: Source, controller: str) -> str | None:
    for line in (source.text("/proc/self/cgroup") or "").splitlines():
        fields = line.split(":", 2)
        if len(fields) == 3 and (controller in fields[1].split(",") if controller else fields[0] == "0"):
            return fields[2]
    return None


def _mount(source: Source, controller: str) -> tuple[str, str] | None:
    """What is mounted of the tree of groups, and where: proc_pid_mountinfo(5)."""
    for line in (source.text("/proc/self/mountinfo") or "").splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(" "), after.split(" ")
        if len(fields) < 5 or len(kind) < 3:
            continue
        if kind[0] == "cgroup2" if not controller else kind[0] == "cgroup" and controller in kind[2].split(","):
            return fields[3], fields[4]
    return None
