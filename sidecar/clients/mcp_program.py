"""The words that start this installation's `sidecar mcp`, as another program's settings have to hold them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sidecar.clients.program import installed_program


def mcp_program(
    *,
    data_dir: Path | None,
    config_file: Path | None,
    vaults: Sequence[Path],
    environ: Mapping[str, str],
    executable: Path | None = None,
    platform: str = sys.platform,
) -> tuple[str, ...]:
    """The program and its arguments. What was given here by flags or variables is written out, with whole paths: a
    client has neither this shell's variables nor its folder.
    """
    named = {
        "--data-dir": data_dir or environ.get("SIDECAR_DATA_DIR"),
        "--config": config_file or environ.get("SIDECAR_CONFIG"),
    }
    options = [word for flag, path in named.items() if path for word in (flag, str(Path(path).absolute()))]
    options += [word for vault in vaults for word in ("--vault", str(vault.absolute()))]
    return (*_program(executable or Path(sys.executable), platform), "mcp", *options)


def _program(executable: Path, platform: str) -> tuple[str, ...]:
    if platform != "win32":
        return installed_program(executable, platform="macos" if platform == "darwin" else "linux")
    # The windowless one, which a service wants, has no standard output of its own.
    script = executable.with_name("sidecar.exe")
    return (str(script),) if script.exists() else (str(executable.with_name("python.exe")), "-P", "-m", "sidecar")
