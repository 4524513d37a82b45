"""Asking the installed llama-cpp-python what it was built for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sidecar.hardware.llama_build import ask_llama_build


def test_the_installed_build_is_asked_in_a_process_of_its_own() -> None:
    pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    # In a fresh process: other tests may have loaded the library here.
    code = (
        "import sys\n"
        "from sidecar.hardware.llama_build import ask_llama_build\n"
        "build = ask_llama_build()\n"
        "print(build.version.count('.') >= 2, type(build.can_offload).__name__, bool(build.features))\n"
        "print('llama_cpp' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "bool", "True", "False"]


def test_its_features_are_read_out_of_its_own_line() -> None:
    line = '{"version": "0.3.36", "offload": true, "system": "CUDA : ARCHS = 890 | CPU : AVX2 = 1 | AMX = 0 | "}'
    build = ask_llama_build(lambda _command, _deadline: f"loading\n{line}\n")
    assert build is not None
    assert (build.version, build.can_offload, build.features) == ("0.3.36", True, ("ARCHS", "AVX2"))


@pytest.mark.parametrize(
    "answer", [None, "", "\n\n", "Illegal instruction", "[]", "7", '{"version": 1}', "[" * 100_000, '{"offload": true}']
)
def test_a_build_that_does_not_answer_is_none(answer: str | None) -> None:
    assert ask_llama_build(lambda _command, _deadline: answer) is None


def test_a_python_that_has_no_such_package_is_none() -> None:
    assert ask_llama_build(python="sidecar-no-such-python") is None
