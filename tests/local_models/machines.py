"""Machines as data: what people have, with other programs running."""

from __future__ import annotations

from sidecar.hardware.machine import Gpu, Machine

GIB = 2**30


def laptop(total: float, available: float, *, bandwidth: float | None = 40e9, cores: int = 4) -> Machine:
    """A machine without graphics memory. Sizes in GiB, `bandwidth` in bytes a second."""
    return Machine(total=int(total * GIB), available=int(available * GIB), cores=cores, bandwidth=bandwidth)


def with_card(total: float, available: float, vram: float, *, bandwidth: float | None = 45e9) -> Machine:
    """A machine with an NVIDIA card, of which the screen has 0.6 GiB."""
    card = Gpu(name="RTX", kind="nvidia", total=int(vram * GIB), free=int((vram - 0.6) * GIB))
    return Machine(total=int(total * GIB), available=int(available * GIB), cores=8, bandwidth=bandwidth, gpus=(card,))


def apple(total: float, available: float, *, bandwidth: float | None = 100e9) -> Machine:
    """A Mac, whose graphics may use two thirds of the memory, three quarters above 32 GiB."""
    limit = total * (2 / 3 if total <= 32 else 3 / 4)
    gpu = Gpu(name="M", kind="apple", total=int(limit * GIB), free=int(min(limit, available) * GIB), unified=True)
    return Machine(total=int(total * GIB), available=int(available * GIB), cores=8, bandwidth=bandwidth, gpus=(gpu,))
