"""The model processes that this one has started."""

from __future__ import annotations

import psutil


def model_processes() -> list[psutil.Process]:
    """Those that run: what else this process has started, and what has ended and waits to be collected, is none."""
    return [child for child in psutil.Process().children() if "worker_main" in _command(child)]


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
