"""Reading recorded machines, and this one."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import psutil
import pytest

from sidecar.hardware.machine import Machine, look
from sidecar.hardware.source import Source, run_tool
from tests.hardware.recorded import MACHINES, lay_out, write

GIB = 2**30
MIB = 2**20
KIB = 1024


def read(name: str, folder: Path, *, affinity: frozenset[int] | None = None) -> Machine:
    return look(lay_out(name, folder)[0], affinity=affinity)


@pytest.mark.parametrize(
    ("name", "total", "available", "limit"),
    [
        ("desktop-nvidia", 65769088 * KIB, 58012345 * KIB, None),
        # 6 GiB are allowed to the pod (memory.high); it holds 2 GiB, of which 1 GiB is cache that can be dropped.
        ("container-v2-nested", 6 * GIB, 5 * GIB, "/sys/fs/cgroup/kubepods.slice/pod1.slice"),
        ("container-v1-host-path", 2 * GIB, 2 * GIB - 768 * MIB + 256 * MIB, "/sys/fs/cgroup/memory"),
        ("laptop-hybrid", 16131072 * KIB, 9000000 * KIB, None),
        ("old-kernel", 4000000 * KIB, 2250000 * KIB, None),
    ],
)
def test_memory_is_what_the_tightest_control_group_leaves(
    name: str, total: int, available: int, limit: str | None, tmp_path: Path
) -> None:
    machine = read(name, tmp_path)
    assert (machine.total, machine.available, machine.limit) == (total, available, limit)


def test_the_least_room_counts_even_when_another_group_has_the_lower_limit(tmp_path: Path) -> None:
    source, _ = lay_out("container-v2-nested", tmp_path)
    # The group above allows 24 GiB, but its other members hold nearly all.
    write(tmp_path, "/sys/fs/cgroup/kubepods.slice/memory.current", str(24 * GIB))
    machine = look(source)
    assert machine.total == 6 * GIB
    assert machine.available == 1_000_000_000
    assert machine.limit == "/sys/fs/cgroup/kubepods.slice"


def test_a_group_over_its_limit_leaves_nothing(tmp_path: Path) -> None:
    source, _ = lay_out("container-v1-host-path", tmp_path)
    write(tmp_path, "/sys/fs/cgroup/memory/memory.usage_in_bytes", str(9 * GIB))
    assert look(source).available == 0


def test_a_limit_above_what_the_machine_has_is_none(tmp_path: Path) -> None:
    source, _ = lay_out("container-v1-host-path", tmp_path)
    write(tmp_path, "/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712")
    machine = look(source)
    assert (machine.total, machine.available, machine.limit) == (16393652 * KIB, 12000000 * KIB, None)


def test_swap_is_told_but_not_counted_as_available(tmp_path: Path) -> None:
    assert read("desktop-nvidia", tmp_path).swap_free == 8388604 * KIB


@pytest.mark.parametrize(
    ("name", "affinity", "cores", "fast", "threads"),
    [
        ("desktop-nvidia", None, 8, 8, 16),
        ("desktop-nvidia", {0, 8}, 1, 1, 2),
        ("desktop-nvidia", {0, 1, 2}, 3, 3, 3),
        # Four cores, but time for one and a half.
        ("container-v2-nested", None, 2, 2, 2),
        ("container-v1-host-path", None, 3, 3, 3),
        ("laptop-hybrid", None, 12, 4, 16),
        ("laptop-hybrid", {8, 9, 10}, 3, 3, 3),
        ("arm-big-little", None, 8, 4, 8),
        ("raspberry-pi", None, 4, 4, 4),
        ("macbook-m1", None, 8, 4, 8),
        ("mac-studio-raised", None, 16, 12, 16),
        ("intel-mac", None, 6, 6, 12),
    ],
)
def test_cores_are_those_that_the_process_may_use(
    name: str, affinity: set[int] | None, cores: int, fast: int, threads: int, tmp_path: Path
) -> None:
    machine = read(name, tmp_path, affinity=None if affinity is None else frozenset(affinity))
    assert (machine.cores, machine.performance_cores, machine.threads) == (cores, fast, threads)


@pytest.mark.parametrize(
    ("name", "processor", "instructions"),
    [
        (
            "desktop-nvidia",
            "AMD Ryzen 7 7800X3D 8-Core Processor",
            {"AVX", "AVX2", "AVX512", "AVX-VNNI", "AVX512-VNNI", "FMA", "F16C"},
        ),
        ("container-v1-host-path", "Intel(R) Core(TM) i5-6500 CPU @ 3.20GHz", {"AVX", "AVX2", "FMA", "F16C"}),
        ("raspberry-pi", "Raspberry Pi 5 Model B Rev 1.0", {"NEON", "DOTPROD"}),
        ("arm-big-little", None, {"NEON", "DOTPROD", "I8MM"}),
        ("macbook-m1", "Apple M1", {"NEON", "DOTPROD"}),
        ("intel-mac", "Intel(R) Core(TM) i7-8750H CPU @ 2.20GHz", {"AVX", "AVX2", "FMA", "F16C"}),
        ("old-kernel", None, set()),
    ],
)
def test_the_processor_is_named_with_the_instructions_that_matter(
    name: str, processor: str | None, instructions: set[str], tmp_path: Path
) -> None:
    machine = read(name, tmp_path)
    assert machine.processor == processor
    assert set(machine.instructions) == instructions


@pytest.mark.parametrize(
    ("name", "gpus"),
    [
        (
            "desktop-nvidia",
            [
                ("NVIDIA GeForce RTX 4070 SUPER", "nvidia", 12282 * MIB, 10960 * MIB, False),
                ("NVIDIA GeForce GTX 1650", "nvidia", 4096 * MIB, 4020 * MIB, False),
            ],
        ),
        (
            "amd-graphics",
            [
                ("Radeon RX 6800 XT", "amd", 17163091968, 16_000_000_000, False),
                ("AMD graphics (card2)", "amd", 536870912, 536870912, False),
            ],
        ),
        ("laptop-hybrid", [("Intel graphics (card0)", "intel", 0, 0, True)]),
        ("unified-nvidia", [("NVIDIA GB10", "nvidia", 125000000 * KIB, 118000000 * KIB, True)]),
        ("container-v2-nested", []),
        ("intel-mac", []),
    ],
)
def test_graphics_processors_are_found_with_their_memory(
    name: str, gpus: list[tuple[str, str, int, int, bool]], tmp_path: Path
) -> None:
    found = [(gpu.name, gpu.kind, gpu.total, gpu.free, gpu.unified) for gpu in read(name, tmp_path).gpus]
    assert found == gpus


@pytest.mark.parametrize(
    ("name", "total"),
    [("macbook-m1", 16 * GIB * 2 // 3), ("mac-m2-64", 48 * GIB), ("mac-studio-raised", 120 * GIB)],
)
def test_apples_graphics_may_use_the_part_that_metal_recommends_or_the_user_has_set(
    name: str, total: int, tmp_path: Path
) -> None:
    (gpu,) = read(name, tmp_path).gpus
    assert (gpu.kind, gpu.unified, gpu.total) == ("apple", True, total)
    assert 0 < gpu.free <= total


def test_every_tool_has_a_deadline(tmp_path: Path) -> None:
    source, tools = lay_out("desktop-nvidia", tmp_path)
    look(source)
    assert [command[0] for command, _ in tools.asked] == ["nvidia-smi"]
    assert all(0 < deadline <= 5 for _, deadline in tools.asked)


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32", "freebsd14"])
def test_a_system_that_tells_nothing_is_no_error(platform: str, tmp_path: Path) -> None:
    machine = look(Source(root=tmp_path / "nowhere", platform=platform, run=lambda _command, _deadline: None))
    assert machine.cores >= 1
    assert 0 <= machine.available <= machine.total
    assert machine.gpus == ()


_GARBAGE = (
    "", "\0", "max", "-1", "9" * 400, "NaN", "٣", "a,b,c\n,,\n" * 50, "[N/A], [N/A]", "x" * 1_000_000,
    "0-99999999999", "0::/../../../etc\n", "flags : " + "avx " * 9, "MemTotal: kB\nMemAvailable: -5 kB", "1 0",
)  # fmt: skip


@pytest.mark.parametrize("name", MACHINES)
def test_garbage_in_any_file_is_no_error(name: str, tmp_path: Path) -> None:
    source, tools = lay_out(name, tmp_path)
    chance = random.Random(name)
    for file in sorted(path for path in tmp_path.rglob("*") if path.is_file()):
        kept = file.read_bytes()
        file.write_text(chance.choice(_GARBAGE), encoding="utf-8")
        machine = look(source)
        assert machine.cores >= 1
        assert 0 <= machine.available <= machine.total
        file.write_bytes(kept)
    for text in _GARBAGE:
        garbled = Source(root=tmp_path, platform=source.platform, run=lambda _c, _d, text=text: text)  # type: ignore[misc]  # mypy: lambda's default
        assert look(garbled).cores >= 1
    assert tools is not None


def test_this_machine_has_memory_and_cores() -> None:
    machine = look()
    assert 0 < machine.available <= machine.total <= psutil.virtual_memory().total
    assert 1 <= machine.cores <= (os.cpu_count() or 1)
    assert machine.performance_cores is not None
    assert 1 <= machine.performance_cores <= machine.cores


def test_a_tool_that_is_silent_for_too_long_is_given_up() -> None:
    assert run_tool([sys.executable, "-c", "import time; time.sleep(60)"], 0.2) is None


@pytest.mark.parametrize("command", ["sidecar-no-such-program", "/dev/null", "", "\0"])
def test_a_tool_that_cannot_run_gives_nothing(command: str) -> None:
    assert run_tool([command], 1.0) is None


def test_a_tool_that_fails_still_has_written_something() -> None:
    code = "import sys; print('hw.memsize: 5'); sys.exit(1)"
    assert (run_tool([sys.executable, "-c", code], 30.0) or "").strip() == "hw.memsize: 5"
