"""What the installed llama-cpp-python was built for, asked in a process that ends at once: its library may abort."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass

from sidecar.hardware.source import Run, run_tool

DEADLINE = 20.0
"""Seconds. Half a second is usual; drivers of graphics processors have been seen to take ten at their first use."""
# -P: with the current folder in its path, a vault that the server was started in could bring its own json.py.
_QUESTION = (
    "import json, llama_cpp as l; "
    "print(json.dumps({'version': l.__version__, 'offload': bool(l.llama_supports_gpu_offload()), "
    "'system': l.llama_print_system_info().decode('utf-8', 'replace')}))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LlamaBuild:
    """One installed build."""

    version: str
    can_offload: bool
    """Whether it can put layers on a graphics processor."""
    features: tuple[str, ...]
    """What it uses of the processor, such as `AVX2`."""


def ask_llama_build(
    run: Run = run_tool, *, python: str = sys.executable, deadline: float = DEADLINE
) -> LlamaBuild | None:
    """Ask the installed llama-cpp-python what it can do; `None` when there is none or it does not answer.

    It takes half a second: ask once and keep the answer.
    """
    text = run([python, "-P", "-c", _QUESTION], deadline) or ""
    try:
        answer = json.loads(text.strip().splitlines()[-1])
        version, offload, system = str(answer["version"]), answer["offload"] is True, str(answer["system"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return LlamaBuild(version=version[:40], can_offload=offload, features=_features(system))


def _features(system: str) -> tuple[str, ...]:
    """The names in a line such as `CPU : AVX = 1 | AVX2 = 1 | `."""
    pairs = [part.split(":")[-1].partition("=") for part in system.split("|")]
    return tuple(name.strip() for name, _, value in pairs if name.strip() and value.strip() not in {"", "0"})
