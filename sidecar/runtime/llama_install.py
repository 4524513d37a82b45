"""The command that installs llama-cpp-python beside Sidecar, for the graphics processor that is there."""

from __future__ import annotations

import importlib.util
import shlex
import sys
from collections.abc import Mapping

from sidecar.hardware.machine import GpuKind

_PACKAGE = "llama-cpp-python"
# Intel's own backend needs its compiler; Vulkan needs the driver alone.
_OPTION: Mapping[GpuKind, str] = {
    "nvidia": "-DGGML_CUDA=on",
    "amd": "-DGGML_HIP=on",
    "intel": "-DGGML_VULKAN=on",
    "apple": "-DGGML_METAL=on",
}


def install_command(
    kind: GpuKind | None = None,
    *,
    anew: bool = False,
    platform: str = sys.platform,
    python: str = sys.executable,
    pip: bool | None = None,
) -> str:
    """Give the command. With `kind` it builds for such a graphics processor; `anew` replaces a build that is there.

    `platform` is `sys.platform`'s value: Windows gets PowerShell's form. `pip` is whether the environment has pip;
    those that uv made have none.
    """
    has_pip = importlib.util.find_spec("pip") is not None if pip is None else pip
    windows = platform == "win32"
    quoted = f'"{python}"' if windows else shlex.quote(python)
    if has_pip:
        install = f"{'& ' if windows else ''}{quoted} -m pip install"
        again = f"--force-reinstall --no-deps --no-cache-dir --no-binary {_PACKAGE} "
    else:
        install = f"uv pip install --python {quoted}"
        again = f"--reinstall-package {_PACKAGE} --no-cache --no-binary {_PACKAGE} "
    command = f"{install} {again if anew or kind is not None else ''}{_PACKAGE}"
    if kind is None:
        return command
    return f'$env:CMAKE_ARGS="{_OPTION[kind]}"; {command}' if windows else f'CMAKE_ARGS="{_OPTION[kind]}" {command}'
