"""References to files on the Hugging Face Hub as people write and paste them.

`hf:owner/repo/file.gguf`, with `@revision` at its end; `hf:owner/repo`, and `hf:owner/repo:Q4_K_M` as llama.cpp and
Ollama have it; and the address of a file's page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from sidecar.errors import ConfigError

MAIN = "main"
_NAME = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,96}(?<!\.)")
_REVISION = re.compile(r"(?![/.])[A-Za-z0-9._/-]{1,200}(?<!/)")
_QUANTISATION = re.compile(r"[A-Za-z0-9._-]{1,40}")
# What Windows cannot have in a name, and what would lead out of the folder.
_BAD_IN_PATH = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)
_MAX_PATH = 400
_HINT = "Write it like hf:owner/repo/file.gguf, or hf:owner/repo to see which files there are."


@dataclass(frozen=True, slots=True, kw_only=True)
class HubReference:
    """A file of a repository, or the repository where `file` is `None`."""

    repo: str
    file: str | None
    revision: str = MAIN
    quantisation: str | None = None
    """Which file of a repository is meant, such as `Q4_K_M`."""


def is_reference(text: str) -> bool:
    """Whether this is meant as a reference to the hub, well written or not."""
    return text.startswith(("hf:", "https://", "http://"))


def parse_reference(text: str) -> HubReference:
    """Read a reference. Raises ConfigError saying what is wrong with it."""
    if text.startswith(("https://", "http://")):
        return _from_address(text)
    rest, at, revision = text.removeprefix("hf:").removeprefix("//").partition("@")
    owner, _, rest = rest.partition("/")
    name, slash, file = rest.partition("/")
    name, colon, quantisation = name.partition(":")
    if colon and (slash or not _QUANTISATION.fullmatch(quantisation)):
        raise _wrong(text)
    return _checked(
        text,
        repo=f"{owner}/{name}",
        file=file if slash else None,
        revision=revision if at else MAIN,
        quantisation=quantisation if colon else None,
    )


def checked_file(path: str) -> str:
    """Give a path in a repository back when it can be a path in a folder of any system. Raises ValueError."""
    parts = path.split("/")
    bad = any(not part or part != part.strip(". ") for part in parts)
    if bad or len(path) > _MAX_PATH or _BAD_IN_PATH.search(path) or any(map(_RESERVED.match, parts)):
        raise ValueError(path)
    return path


def _from_address(text: str) -> HubReference:
    """The address of a page or a file: `…/owner/repo/blob/main/file.gguf`, `…/resolve/…`, or the repository's own."""
    try:
        parts = [unquote(part) for part in urlsplit(text).path.strip("/").split("/")]
    except ValueError:
        raise _wrong(text) from None
    if len(parts) == 2:
        return _checked(text, repo="/".join(parts), file=None, revision=MAIN, quantisation=None)
    if len(parts) >= 4 and parts[2] in {"blob", "resolve", "tree"}:
        file = "/".join(parts[4:]) or None
        return _checked(text, repo="/".join(parts[:2]), file=file, revision=parts[3], quantisation=None)
    raise _wrong(text)


def _checked(text: str, *, repo: str, file: str | None, revision: str, quantisation: str | None) -> HubReference:
    owner, _, name = repo.partition("/")
    if not _NAME.fullmatch(owner) or not _NAME.fullmatch(name) or not _REVISION.fullmatch(revision):
        raise _wrong(text)
    if ".." in revision.split("/"):
        raise _wrong(text)
    if file is not None:
        try:
            checked_file(file)
        except ValueError:
            raise _wrong(text) from None
        if not file.lower().endswith(".gguf"):
            raise ConfigError(f"{file!r} is not a GGUF file by its name.", hint=_HINT)
    return HubReference(repo=repo, file=file, revision=revision, quantisation=quantisation)


def _wrong(text: str) -> ConfigError:
    return ConfigError(f"{text[:200]!r} is not a reference to a file on the hub.", hint=_HINT)
