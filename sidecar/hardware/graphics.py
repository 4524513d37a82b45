"""Graphics processors and their memory, as far as the system tells without a driver's library being loaded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sidecar.hardware.memory import Memory
from sidecar.hardware.source import Source, whole

GpuKind: TypeAlias = Literal["nvidia", "amd", "intel", "apple"]

_MIB = 2**20
_GIB = 2**30
_NVIDIA = ("nvidia-smi", "--query-gpu=name,memory.total,memory.free", "--format=csv,noheader,nounits")
_AMD_VENDOR, _INTEL_VENDOR = "0x1002", "0x8086"
_CARD = re.compile(r"card\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """A graphics processor. Sizes in bytes; with `unified` memory it shares that of the system."""

    name: str
    kind: GpuKind
    total: int
    free: int
    unified: bool = False


def read_gpus(source: Source, memory: Memory, *, sysctl: Mapping[str, str], deadline: float = 3.0) -> tuple[Gpu, ...]:
    """Look for graphics processors. `deadline` in seconds is for each tool that is asked."""
    if source.platform == "darwin":
        return _of_apple(sysctl, memory)
    return (*_of_nvidia(source, memory, deadline), *_of_drm(source, memory))


def _of_nvidia(source: Source, memory: Memory, deadline: float) -> tuple[Gpu, ...]:
    found = []
    for line in (source.run(_NVIDIA, deadline) or "").splitlines():
        fields = [field.strip() for field in line.rsplit(",", 2)]
        if len(fields) != 3 or not fields[0]:
            continue
        total, free = whole(fields[1]), whole(fields[2])
        if total and free is not None:
            name = fields[0][:120]
            found.append(Gpu(name=name, kind="nvidia", total=total * _MIB, free=min(total, free) * _MIB))
        elif fields[1].strip("[]").upper() in {"N/A", "NOT SUPPORTED"}:
            # Boards whose memory is that of the system (Jetson, GB10) say so in place of a number.
            name = fields[0][:120]
            found.append(Gpu(name=name, kind="nvidia", total=memory.total, free=memory.available, unified=True))
    return tuple(found)


def _of_drm(source: Source, memory: Memory) -> tuple[Gpu, ...]:
    """AMD's and Intel's by what Linux tells of its cards; of Intel's memory it tells nothing: its sizes are 0."""
    found = []
    for card in (name for name in source.names("/sys/class/drm") if _CARD.fullmatch(name)):
        device = f"/sys/class/drm/{card}/device"
        vendor = (source.text(f"{device}/vendor") or "").strip()
        if vendor == _AMD_VENDOR and (total := source.number(f"{device}/mem_info_vram_total")):
            used = source.number(f"{device}/mem_info_vram_used") or 0
            name = (source.text(f"{device}/product_name") or "").strip()[:120] or f"AMD graphics ({card})"
            found.append(Gpu(name=name, kind="amd", total=total, free=max(0, total - used)))
        elif vendor == _INTEL_VENDOR:
            found.append(Gpu(name=f"Intel graphics ({card})", kind="intel", total=0, free=0, unified=True))
    return tuple(found)


def _of_apple(sysctl: Mapping[str, str], memory: Memory) -> tuple[Gpu, ...]:
    if sysctl.get("hw.optional.arm64") != "1":
        return ()
    total = whole(sysctl.get("hw.memsize")) or memory.total
    limit = min(total, _apple_limit(sysctl, total))
    name = sysctl.get("machdep.cpu.brand_string") or "Apple"
    return (Gpu(name=name, kind="apple", total=limit, free=min(limit, memory.available), unified=True),)


def _apple_limit(sysctl: Mapping[str, str], total: int) -> int:
    """What Metal recommends as the most to be used (`recommendedMaxWorkingSetSize`), which a user can set.

    Unset it is two thirds up to 32 GiB and three quarters above, as llama.cpp's logs show (16 GiB: 10,923 MiB, 64 GiB:
    49,152 MiB); macOS 26 allows more, up to 84 %.
    """
    for name, unit in (("iogpu.wired_limit_mb", _MIB), ("debug.iogpu.wired_limit", 1)):
        if wanted := whole(sysctl.get(name)):
            return wanted * unit
    return total * 2 // 3 if total <= 32 * _GIB else total * 3 // 4
