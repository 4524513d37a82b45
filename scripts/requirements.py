"""Writes scripts/requirements/*.txt, pinned and hashed for pip: from uv.lock, what each install stage adds; from the
*.in files beside them, the clients that tests drive, each file an environment of its own."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "scripts" / "requirements"
STAGES: dict[str, list[str]] = {
    "core": [],
    "builtin": ["--extra", "builtin"],
    "pdf": ["--extra", "pdf"],
    "mcp": ["--extra", "mcp"],
    "llama": ["--extra", "llama"],
    "dev": ["--group", "dev"],
}
HEADER = "# What the install stage '{stage}' adds{beyond}. Written by scripts/lock from uv.lock; do not edit.\n"
CLIENTS_HEADER = "# What {name}.in asks for. Written by scripts/lock; do not edit.\n"
Block = tuple[str, str]
"""A requirement's name with its marker, and its lines."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is out of date")
    check = parser.parse_args().check
    uv = shutil.which("uv")
    if uv is None:
        print("uv is not installed: https://docs.astral.sh/uv/", file=sys.stderr)
        return 1
    try:
        run_uv(uv, "lock", *(["--check"] if check else []))
    except subprocess.CalledProcessError as error:
        print(error.stderr, file=sys.stderr)
        return 1
    wanted = requirement_files(uv) | client_files(uv)
    stale = {path: text for path, text in wanted.items() if not is_same(path, text)}
    for path, text in stale.items():
        print(f"{path.relative_to(ROOT)}: {'out of date, run scripts/lock' if check else 'written'}")
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 1 if check and stale else 0


def is_same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def requirement_files(uv: str) -> dict[Path, str]:
    core = export(uv)
    files = {}
    for stage, options in STAGES.items():
        blocks = core if stage == "core" else [block for block in export(uv, *options) if block not in core]
        beyond = "" if stage == "core" else " to core"
        text = HEADER.format(stage=stage, beyond=beyond) + "".join(lines for _, lines in blocks)
        files[FOLDER / f"{stage}.txt"] = text
    return files


def client_files(uv: str) -> dict[Path, str]:
    """Resolve the *.in files apart from uv.lock: their packages hold each other's versions back, and would ours."""
    files = {}
    for source in sorted(FOLDER.glob("*.in")):
        locked = source.with_suffix(".txt")
        with tempfile.TemporaryDirectory() as folder:
            # uv keeps to the versions that it finds in the file it writes.
            written = Path(folder) / locked.name
            if locked.is_file():
                shutil.copy(locked, written)
            options = ("--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate")
            run_uv(uv, "pip", "compile", str(source), "--output-file", str(written), *options)
            files[locked] = CLIENTS_HEADER.format(name=source.stem) + written.read_text(encoding="utf-8")
    return files


def export(uv: str, *options: str) -> list[Block]:
    """Split uv's export into its requirements, each with the hash lines that follow it."""
    text = run_uv(
        uv, "export", "--frozen", "--no-emit-project", "--no-default-groups", "--no-annotate", "--no-header", *options
    )
    found = re.finditer(r"^(\S.*)\n(?:\s+--hash=.*\n)*", text, re.MULTILINE)
    return [(match[1].strip(" \\"), match[0]) for match in found]


def run_uv(uv: str, *arguments: str) -> str:
    # Without the user's own configuration: a mirror or a local wheel folder must not get into files that others use.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}
    environment["UV_NO_CONFIG"] = "1"
    argv = [uv, *arguments, "--default-index", "https://pypi.org/simple", "--quiet"]
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, encoding="utf-8", check=True)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
