"""The processor: its name, the cores that this process may use, those of them that are fast, and what they can do."""

from __future__ import annotations

import math
import os
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sidecar.hardware.memory import group_folders
from sidecar.hardware.source import Source, whole

_MAX_CORES = 4096
_FLAGS: Mapping[str, str] = {
    "avx": "AVX", "avx2": "AVX2", "avx512f": "AVX512", "avx_vnni": "AVX-VNNI", "avx512_vnni": "AVX512-VNNI",
    "amx_tile": "AMX", "fma": "FMA", "f16c": "F16C", "neon": "NEON", "asimd": "NEON", "asimddp": "DOTPROD",
    "i8mm": "I8MM", "sve": "SVE",
}  # fmt: skip
"""Flags of /proc/cpuinfo that decide how fast llama.cpp is → names as llama.cpp writes them."""
_WINDOWS = {"NEON": 19, "AVX": 39, "AVX2": 40, "AVX512": 41}
"""Numbers of winnt.h, `PF_*_INSTRUCTIONS_AVAILABLE`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor:
    """Counts are of what this process may use."""

    name: str | None
    cores: int
    """Physical ones, no more than the control group's share of time is worth."""
    performance_cores: int
    """Those of `cores` that are fast; all where the system makes no difference."""
    threads: int
    instructions: tuple[str, ...] = ()


def read_processor(source: Source, *, affinity: frozenset[int] | None, sysctl: Mapping[str, str]) -> Processor:
    """Read the processor. `affinity` are the logical processors allowed, `None` for all; `sysctl` is for Apple's."""
    if source.platform == "linux":
        return _of_linux(source, affinity)
    if source.platform == "darwin":
        return _of_apple(sysctl)
    return _of_any(source)


def own_affinity() -> frozenset[int] | None:
    """The logical processors that this process may run on; `None` where the system has no such thing."""
    try:
        return frozenset(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        return None


# ── Linux ──


def _of_linux(source: Source, affinity: frozenset[int] | None) -> Processor:
    online = _ranges(source.text("/sys/devices/system/cpu/online")) or affinity or frozenset({0})
    allowed = (online & affinity if affinity else online) or online
    info = source.text("/proc/cpuinfo") or ""
    fast = _fast(source, allowed)
    quota = _quota(source)
    cores, quick = _physical(source, allowed), _physical(source, fast)
    worth = max(1, math.ceil(quota)) if quota else len(allowed)
    return Processor(
        name=_name(info),
        cores=max(1, min(cores, worth)),
        performance_cores=max(1, min(quick, worth)),
        threads=max(1, min(len(allowed), worth)),
        instructions=_instructions(info),
    )


def _physical(source: Source, allowed: frozenset[int]) -> int:
    """Cores that some logical processors lie on; each counts for itself where the system does not tell."""
    place = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
    return len({_ranges(source.text(place.format(cpu))) or frozenset({cpu}) for cpu in allowed})


def _fast(source: Source, allowed: frozenset[int]) -> frozenset[int]:
    """Those of the logical processors that lie on fast cores: Intel names them, ARM gives each a capacity."""
    if named := _ranges(source.text("/sys/devices/cpu_core/cpus")) & allowed:
        return named
    place = "/sys/devices/system/cpu/cpu{}/cpu_capacity"
    if source.number(place.format(min(allowed))) is None:
        return allowed
    capacities = {cpu: source.number(place.format(cpu)) or 0 for cpu in allowed}
    most = max(capacities.values())
    # Phones and single-board computers have three kinds; the middle one is fast enough to be worth waiting for.
    return frozenset(cpu for cpu, capacity in capacities.items() if capacity * 2 > most) if most else allowed


def _quota(source: Source) -> float | None:
    """Processors' worth of time that the tightest control group allows; `None` without a limit."""
    written = [(source.text(f"{folder}/cpu.max") or "").strip().partition(" ") for folder in group_folders(source, "")]
    shares = [(whole(limit), whole(period)) for limit, _, period in written]
    shares += [
        (source.number(f"{folder}/cpu.cfs_quota_us"), source.number(f"{folder}/cpu.cfs_period_us"))
        for folder in group_folders(source, "cpu")
    ]
    return min((limit / period for limit, period in shares if limit and period), default=None)


def _ranges(text: str | None) -> frozenset[int]:
    """Numbers written like `0-3,8`."""
    found: set[int] = set()
    for part in (text or "").strip().split(","):
        first, _, last = part.partition("-")
        begin, end = whole(first), whole(last or first)
        if begin is not None and end is not None and end < _MAX_CORES:
            found.update(range(begin, end + 1))
    return frozenset(found)


def _name(info: str) -> str | None:
    found = re.search(r"^(?:model name|Model|Hardware)\s*:[ \t]*(\S.*)$", info, re.MULTILINE)
    return " ".join(found[1].split())[:120] if found else None


def _instructions(info: str) -> tuple[str, ...]:
    # Of the first processor: llama.cpp is built for what all have.
    found = re.search(r"^(?:flags|Features)\s*:(.*)$", info, re.MULTILINE)
    words = set(found[1].split()) if found else set()
    return tuple(dict.fromkeys(name for flag, name in _FLAGS.items() if flag in words))


# ── Apple, Windows and others ──

APPLE_NAMES = (
    "hw.memsize",
    "hw.physicalcpu",
    "hw.logicalcpu",
    "hw.perflevel0.physicalcpu",
    "hw.optional.arm64",
    "hw.optional.arm.FEAT_DotProd",
    "hw.optional.arm.FEAT_I8MM",
    "hw.optional.avx1_0",
    "hw.optional.avx2_0",
    "hw.optional.avx512f",
    "hw.optional.fma",
    "hw.optional.f16c",
    "machdep.cpu.brand_string",
    "iogpu.wired_limit_mb",
    "debug.iogpu.wired_limit",
)
"""What sysctl is asked for, all at once."""
_APPLE_FLAGS = {
    "hw.optional.arm64": "NEON",
    "hw.optional.arm.FEAT_DotProd": "DOTPROD",
    "hw.optional.arm.FEAT_I8MM": "I8MM",
    "hw.optional.avx1_0": "AVX",
    "hw.optional.avx2_0": "AVX2",
    "hw.optional.avx512f": "AVX512",
    "hw.optional.fma": "FMA",
    "hw.optional.f16c": "F16C",
}


def read_sysctl(source: Source, *, deadline: float = 2.0) -> Mapping[str, str]:
    """Ask macOS for its facts; empty elsewhere. Names that it does not know are missing."""
    if source.platform != "darwin":
        return {}
    lines = (source.run(["sysctl", *APPLE_NAMES], deadline) or "").splitlines()
    return {name: value.strip() for name, found, value in (line.partition(":") for line in lines) if found}


def _of_apple(sysctl: Mapping[str, str]) -> Processor:
    cores = whole(sysctl.get("hw.physicalcpu")) or os.cpu_count() or 1
    return Processor(
        name=sysctl.get("machdep.cpu.brand_string"),
        cores=cores,
        performance_cores=min(cores, whole(sysctl.get("hw.perflevel0.physicalcpu")) or cores),
        threads=whole(sysctl.get("hw.logicalcpu")) or cores,
        instructions=tuple(name for key, name in _APPLE_FLAGS.items() if sysctl.get(key) == "1"),
    )


def _of_any(source: Source) -> Processor:
    import psutil  # only here: Linux is read without it

    threads = os.cpu_count() or 1
    cores = psutil.cpu_count(logical=False) or threads
    name = platform.processor() or None
    return Processor(
        name=name,
        cores=cores,
        performance_cores=cores,
        threads=threads,
        instructions=_windows_instructions() if source.platform == "win32" else (),
    )


def _windows_instructions() -> tuple[str, ...]:
    try:
        import ctypes  # only here: nothing else needs it

        present = ctypes.windll.kernel32.IsProcessorFeaturePresent  # type: ignore[attr-defined]  # Windows alone
        return tuple(name for name, number in _WINDOWS.items() if present(number))
    except (AttributeError, OSError, ImportError):
        return ()
