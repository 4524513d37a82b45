from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sidecar.hardware.llama_build import LlamaBuild
from sidecar.hardware.machine import Gpu, GpuKind, Machine
from sidecar.runtime.doctor_hardware import examine_hardware
from sidecar.runtime.llama_install import install_command

GIB = 2**30
ON_PROCESSOR = LlamaBuild(version="0.3.36", can_offload=False, features=("AVX", "AVX2"))
WITH_GPU = LlamaBuild(version="0.3.36", can_offload=True, features=("AVX", "AVX2"))
ANEW_PIP = "--force-reinstall --no-deps --no-cache-dir --no-binary llama-cpp-python llama-cpp-python"
ANEW_UV = "--reinstall-package llama-cpp-python --no-cache --no-binary llama-cpp-python llama-cpp-python"
CARD = Gpu(name="RTX 4060", kind="nvidia", total=8 * GIB, free=7 * GIB)


def machine(**facts: Any) -> Machine:
    usual: dict[str, Any] = {"total": 16 * GIB, "available": 11 * GIB, "cores": 8, "instructions": ("AVX", "AVX2")}
    return Machine(**usual | facts)


def look(tmp_path: Path, of: Machine, build: LlamaBuild | None = ON_PROCESSOR) -> dict[str, Any]:
    return examine_hardware(of, build=build, models_folder=tmp_path)


def said(facts: Mapping[str, Any], level: str) -> str:
    return "\n".join(f"{each['text']} {each['hint'] or ''}" for each in facts["checks"] if each["level"] == level)


def test_a_plain_machine_is_told_and_nothing_is_wrong_with_it(tmp_path: Path) -> None:
    facts = look(tmp_path, machine(processor="Some CPU", performance_cores=4, bandwidth=45e9))
    assert said(facts, "warning") == ""
    ok = said(facts, "ok")
    for expected in (
        "Some CPU, 8 cores, 4 of them fast; AVX, AVX2",
        "memory: 16.0 GiB, of which 11.0 GiB are available",
        "45 GB/s",
        "llama-cpp-python 0.3.36, runs on the processor",
    ):
        assert expected in ok
    assert "no graphics processor" in said(facts, "note")
    assert (facts["total"], facts["cores"], facts["llama_cpp_python"]["version"]) == (16 * GIB, 8, "0.3.36")


def test_a_limit_of_the_control_group_and_little_memory_are_told(tmp_path: Path) -> None:
    facts = look(tmp_path, machine(total=2 * GIB, available=GIB // 2, limit="/sys/fs/cgroup/box"))
    assert "/sys/fs/cgroup/box" in said(facts, "note")
    assert "512 MiB are available Close other programs" in said(facts, "warning")


@pytest.mark.parametrize(
    ("kind", "option"), [("nvidia", "CUDA"), ("amd", "HIP"), ("intel", "VULKAN"), ("apple", "METAL")]
)
def test_a_graphics_processor_that_is_not_used_comes_with_the_command_that_changes_it(
    tmp_path: Path, kind: GpuKind, option: str
) -> None:
    gpu = Gpu(name="Card", kind=kind, total=8 * GIB, free=7 * GIB, unified=kind == "apple")
    warning = said(look(tmp_path, machine(gpus=(gpu,))), "warning")
    assert "Card is not used" in warning
    assert f'CMAKE_ARGS="-DGGML_{option}=on"' in warning


def test_a_graphics_processor_that_is_used_is_told_without_a_warning(tmp_path: Path) -> None:
    facts = look(tmp_path, machine(gpus=(CARD,)), WITH_GPU)
    assert said(facts, "warning") == ""
    assert "RTX 4060, 8.0 GiB, of which 7.0 GiB are free" in said(facts, "ok")
    assert "can use the graphics processor" in said(facts, "ok")


def test_one_whose_memory_is_not_known_is_not_asked_to_be_used(tmp_path: Path) -> None:
    gpu = Gpu(name="Intel graphics", kind="intel", total=0, free=0, unified=True)
    facts = look(tmp_path, machine(gpus=(gpu,)))
    assert "does not tell" in said(facts, "note")
    assert said(facts, "warning") == ""


def test_without_llama_cpp_python_the_command_that_installs_it_is_named(tmp_path: Path) -> None:
    facts = look(tmp_path, machine(), None)
    assert "llama-cpp-python is not installed" in said(facts, "note")
    assert said(facts, "note").rstrip().endswith("llama-cpp-python")
    assert facts["llama_cpp_python"] is None
    assert "CUDA" in said(look(tmp_path, machine(gpus=(CARD,)), None), "note")


def test_a_build_without_what_the_processor_can_do_is_told(tmp_path: Path) -> None:
    basic = LlamaBuild(version="0.3.36", can_offload=False, features=("SSE3",))
    assert "built without AVX2" in said(look(tmp_path, machine(), basic), "warning")
    assert said(look(tmp_path, machine(instructions=()), basic), "warning") == ""
    silent = LlamaBuild(version="0.3.36", can_offload=False, features=())
    assert said(look(tmp_path, machine(), silent), "warning") == ""


@pytest.mark.parametrize(
    ("options", "command"),
    [
        ({"pip": True}, "'/opt/my env/python' -m pip install llama-cpp-python"),
        ({"pip": False}, "uv pip install --python '/opt/my env/python' llama-cpp-python"),
        (
            {"pip": True, "kind": "nvidia"},
            f"CMAKE_ARGS=\"-DGGML_CUDA=on\" '/opt/my env/python' -m pip install {ANEW_PIP}",
        ),
        (
            {"pip": False, "kind": "apple"},
            f"CMAKE_ARGS=\"-DGGML_METAL=on\" uv pip install --python '/opt/my env/python' {ANEW_UV}",
        ),
        (
            {"pip": True, "kind": "nvidia", "platform": "win32"},
            f'$env:CMAKE_ARGS="-DGGML_CUDA=on"; & "/opt/my env/python" -m pip install {ANEW_PIP}',
        ),
    ],
)
def test_the_command_is_for_this_environment_and_shell(options: dict[str, Any], command: str) -> None:
    usual: dict[str, Any] = {"platform": "linux", "python": "/opt/my env/python"}
    assert install_command(**usual | options) == command
