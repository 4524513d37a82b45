"""Made-up words that are planted somewhere, and the search for them in raw bytes, in every form they may be kept in."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

_PACKED = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
_MOST_UNPACKED = 4 * 2**20


def found(words: Iterable[str], data: bytes) -> set[str]:
    """Those of the words that are in the bytes, as they are, folded, escaped, in UTF-16, in base64, or compressed."""
    texts = [data.lower(), *(each.lower() for each in _unpacked(data))]
    return {
        word
        for word in words
        if any(form in text for form in _forms(word) for text in texts) or any(form in data for form in _base64(word))
    }


def holders(folder: Path, words: Iterable[str]) -> dict[str, set[str]]:
    """The files below a folder, by their names in it, that hold one of the words, in their bytes or their names."""
    held: dict[str, set[str]] = {}
    wanted = tuple(words)
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        data = name.encode("utf-8", "surrogateescape") + b"\n"
        with contextlib.suppress(OSError):
            # A log may be emptied, and its file removed, between two looks.
            data += path.read_bytes() if path.is_file() else b""
        if here := found(wanted, data):
            held[name] = here
    return held


def _forms(word: str) -> Iterator[bytes]:
    # The beginning of a term may stand with the one before it: FTS5 keeps what they share once.
    for end in {word[-7:].lower()} if word.isascii() else {word, word.casefold()}:
        yield from (end.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))
        yield json.dumps(end)[1:-1].encode().lower()


def _base64(word: str) -> Iterator[bytes]:
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + word.encode())
        # The first and last signs depend on what stands around it.
        yield whole[4 if before else 0 : -4]


def _unpacked(data: bytes) -> Iterator[bytes]:
    for place in _PACKED.finditer(data):
        with contextlib.suppress(zlib.error):
            yield zlib.decompressobj().decompress(data[place.start() :], _MOST_UNPACKED)
