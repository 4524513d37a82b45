"""Files damaged at random, as disks, copies and crashes damage them; the same seed does the same damage."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

_PAGE = 4096
_MOST_PLACES = 40
# Lower-case words between a capital and a full stop: the terms of a note have neither.
_SENTENCE = re.compile(rb"(?<=[A-Z])[a-z]{2,}(?= [^\0-\x1f]{8,80}[.])")


def damage(path: Path, seed: int) -> str:
    """Damage an index file that nobody has open, and say how."""
    rng = random.Random(seed)
    kind = rng.choice(list(_KINDS))
    content = bytearray(path.read_bytes())
    _KINDS[kind](content, rng)
    path.write_bytes(content)
    if kind == "log":
        log = path.with_name(f"{path.name}-wal")
        log.write_bytes(rng.randbytes(rng.choice([1, 32, _PAGE, 5 * _PAGE])))
    return kind


def _bytes(content: bytearray, rng: random.Random) -> None:
    for _ in range(rng.randint(1, _MOST_PLACES)):
        place = rng.randrange(100, len(content))
        content[place : place + 1] = rng.randbytes(1)


def _bits(content: bytearray, rng: random.Random) -> None:
    for _ in range(rng.randint(1, 3)):
        content[rng.randrange(100, len(content))] ^= 1 << rng.randrange(8)


def _letters(content: bytearray, rng: random.Random) -> None:
    """Letters become other letters: what SQLite can least of all notice."""
    places = [
        place for place in range(100, len(content)) if chr(content[place]).isascii() and chr(content[place]).isalpha()
    ]
    for place in rng.sample(places, min(len(places), rng.randint(1, _MOST_PLACES))):
        content[place] = rng.choice(b"abcdefghijklmnopqrstuvwxyz")


def _letter(content: bytearray, rng: random.Random) -> None:
    """One letter of a sentence becomes another one: nothing but a digest of the text can tell."""
    sentences = [found.span() for found in _SENTENCE.finditer(content)]
    start, end = rng.choice(sentences)
    place = rng.randrange(start, end)
    content[place] = rng.choice(b"abcdefghijklmnopqrstuvwxyz".replace(content[place : place + 1], b""))


def _stretch(content: bytearray, rng: random.Random) -> None:
    place = rng.randrange(100, len(content))
    length = min(rng.randint(2, _PAGE), len(content) - place)
    content[place : place + length] = rng.randbytes(length)


def _emptied(content: bytearray, rng: random.Random) -> None:
    for _ in range(rng.randint(1, 3)):
        _write(content, _some_page(content, rng), bytes(_PAGE))


def _swapped(content: bytearray, rng: random.Random) -> None:
    one, other = _some_page(content, rng), _some_page(content, rng)
    here, there = _read(content, one), _read(content, other)
    _write(content, one, there)
    _write(content, other, here)


def _repeated(content: bytearray, rng: random.Random) -> None:
    _write(content, _some_page(content, rng), _read(content, _some_page(content, rng)))


def _cut(content: bytearray, rng: random.Random) -> None:
    del content[rng.choice([rng.randrange(len(content)), len(content) - rng.randint(1, 3) * _PAGE]) :]


def _header(content: bytearray, rng: random.Random) -> None:
    for _ in range(rng.randint(1, 4)):
        content[rng.randrange(100)] = rng.randrange(256)


def _log(_content: bytearray, _rng: random.Random) -> None:
    """The file stays as it is, and beside it lies a log that is none."""


_KINDS: dict[str, Callable[[bytearray, random.Random], None]] = {
    "bytes": _bytes,
    "bits": _bits,
    "letters": _letters,
    "letter": _letter,
    "stretch": _stretch,
    "emptied": _emptied,
    "swapped": _swapped,
    "repeated": _repeated,
    "cut": _cut,
    "header": _header,
    "log": _log,
}


def _some_page(content: bytearray, rng: random.Random) -> int:
    return rng.randrange(1, len(content) // _PAGE)


def _read(content: bytearray, page: int) -> bytes:
    return bytes(content[page * _PAGE : (page + 1) * _PAGE])


def _write(content: bytearray, page: int, data: bytes) -> None:
    content[page * _PAGE : (page + 1) * _PAGE] = data
