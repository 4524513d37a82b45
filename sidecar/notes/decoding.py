"""Bytes become text: byte order marks, legacy encodings, and UTF-8 that was once read as something else.

The file itself is never rewritten; the repair is for reading only. What is not touched: quotes, ligatures, Unicode
normalisation, anything that is not an encoding mistake.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass

import charset_normalizer
from ftfy import TextFixerConfig, fix_encoding_and_explain
from ftfy.badness import BADNESS_RE

from sidecar.notes.note import Problem

_BOMS = (
    # UTF-32 LE begins with the bytes of the UTF-16 LE mark, so it comes first.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 64 * 1024
"""Bytes that the guess looks at; it costs about 50 ms per 64 KiB."""
_LEGACY = [
    # What editors saved before UTF-8. The order decides between equally good guesses: "café" is sound as cp1250 too.
    # Left to itself the library also answers with EBCDIC pages.
    "cp1252", "gb18030", "shift_jis", "cp1251", "koi8_r", "cp1250", "big5", "euc_jp", "euc_kr", "cp1253", "cp1254",
    "cp1255", "cp1256", "cp1257", "cp1258", "cp874", "mac_roman", "cp437", "cp850",
]  # fmt: skip
_RARE = frozenset({"mac_roman", "cp437", "cp850"})
_CONTROL = re.compile(rb"[\x01-\x08\x0e-\x1f]")
_REPAIR_LIMIT = 5 * 1024 * 1024
_FIXES = TextFixerConfig(
    explain=True,
    # What these change is a guess about single characters; a note may be about such characters.
    replace_lossy_sequences=False,
    decode_inconsistent_utf8=False,
    fix_c1_controls=False,
)
_FIXES_INSIDE = _FIXES._replace(decode_inconsistent_utf8=True)
_STRONG = 3
"""Lines repaired the same way before the rest of the note is taken to be broken that way too."""
_SURROGATE = re.compile("[\udc80-\udcff]")
_UNSAFE = re.compile("[\x00\ud800-\udfff]")
# A single sequence that turns into a letter of another script is a coincidence: "cosà¬" is no Oriya.
_LIKELY = re.compile("[\u00a0-\u024f\u2000-\u2bff\ufe0f\U0001f000-\U0001faff]")
# No sign of a misread encoding is without one of these, and none is longer than eight characters. ftfy's pattern tries
# three dozen alternatives at every character; ASCII, CJK and emoji are most of what people write.
_SUSPECTS = "\x80-\u2fff\uf8ff\ufb00-\ufb06\ufffd"
_SUSPECT = re.compile(f"[{_SUSPECTS}]++(?:[^{_SUSPECTS}]{{1,16}}+[{_SUSPECTS}]++)*+")
_AROUND = 8
_NON_ASCII = re.compile(r"[^\x00-\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """Text whose lines end in newlines only, without byte order mark, NUL or surrogates."""

    text: str
    problems: tuple[Problem, ...] = ()


def decode(data: bytes) -> Decoded:
    """Turn any bytes into text; what had to be guessed, replaced or repaired is a problem, never an error."""
    text, problems = _to_text(data)
    if not text.isascii() and len(text) <= _REPAIR_LIMIT and (repaired := repair(text)) is not None:
        text = repaired
        problems = [
            *problems,
            Problem(code="encoding-repaired", message="The text was UTF-8 saved as another encoding; it was repaired."),
        ]
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if _UNSAFE.search(text):
        text = _UNSAFE.sub("\ufffd", text)
        problems = [*problems, Problem(code="encoding-nul", message="Characters that are not text were replaced.")]
    return Decoded(text=text, problems=tuple(problems))


def _to_text(data: bytes) -> tuple[str, list[Problem]]:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _decode_with(data[len(bom) :], encoding)
    if (wide := _unmarked_utf16(data)) is not None:
        text, problems = _decode_with(data, wide)
        return text, [*problems, _guessed(wide)]
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError:
        return _decode_invalid(data)


def _decode_with(data: bytes, encoding: str) -> tuple[str, list[Problem]]:
    try:
        return data.decode(encoding), []
    except UnicodeDecodeError:
        return data.decode(encoding, "replace"), [_damaged(encoding)]


def _unmarked_utf16(data: bytes) -> str | None:
    """Recognise UTF-16 without a mark by its NULs: they are the one half of every space, line end and Latin letter.

    Other scripts have fewer of them, but then the rest is no UTF-8, or is full of control characters.
    """
    sample = data[:4096]
    nulls = sample.count(0)
    if len(sample) < 4 or nulls == 0 or not (nulls * 5 >= len(sample) * 2 or _is_no_utf8(data)):
        return None
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if odd > 8 * even:
        return "utf-16-le"
    return "utf-16-be" if even > 8 * odd else None


def _is_no_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return len(_CONTROL.findall(data[:4096])) * 20 > min(len(data), 4096)


def _decode_invalid(data: bytes) -> tuple[str, list[Problem]]:
    escaped = data.decode("utf-8", "surrogateescape")
    bad = len(_SURROGATE.findall(escaped))
    good = len(_NON_ASCII.findall(escaped)) - bad
    # A UTF-8 note cut in the middle of a character, or with a pasted stray byte, is still a UTF-8 note.
    # In a legacy encoding few pairs of bytes happen to be valid, and most are not.
    if good >= 2 * bad:
        return data.decode("utf-8", "replace"), [_damaged("utf-8")]
    guesses = charset_normalizer.from_bytes(data[:_SAMPLE], cp_isolation=_LEGACY)
    encoding = min(guesses, key=_doubt).encoding if guesses else "latin-1"
    return data.decode(encoding, "replace"), [_guessed(encoding)]


def _doubt(guess: charset_normalizer.CharsetMatch) -> tuple[float, float, int]:
    # Finnish saved as Windows-1252 makes sound enough Mac Roman; but notes from such machines are rare today.
    rare = 0.3 if guess.encoding in _RARE else 0.0
    return guess.chaos + rare, -guess.coherence, _LEGACY.index(guess.encoding)


def _damaged(encoding: str) -> Problem:
    return Problem(code="encoding-damaged", message=f"Some bytes are not valid {encoding}; they were replaced.")


def _guessed(encoding: str) -> Problem:
    return Problem(code="encoding-guessed", message=f"The file is not UTF-8; it was read as {encoding}.")


def repair(text: str) -> str | None:
    """Undo a double encoding such as UTF-8 read as Mac Roman; `None` when there is nothing to undo.

    The whole text is tried first: when every character of it turns back into valid UTF-8 there is no doubt. A text that
    also holds sound characters is repaired line by line, and after three lines (`_STRONG`) broken in one way, so are
    the lines whose few broken characters alone would prove nothing.
    """
    if not looks_misread(text):
        return None
    fixed, _ = _fix(text)
    if fixed is not None:
        return fixed
    return _repair_lines(text)


def looks_misread(text: str) -> bool:
    """Whether anything in the text is a sign of a misread encoding, to ftfy's knowledge."""
    return any(
        BADNESS_RE.search(text, max(0, found.start() - _AROUND), found.end() + _AROUND)
        for found in _SUSPECT.finditer(text)
    )


def _fix(text: str, config: TextFixerConfig = _FIXES) -> tuple[str | None, str]:
    """Text with its encoding fixed, or `None`; and the encoding that it had been misread as."""
    fixed, steps = fix_encoding_and_explain(text, config)
    if fixed == text or not steps:
        return None, ""
    # ftfy also moves C1 controls from Latin-1 to Windows-1252: that is no double encoding.
    if any(step.action == "decode" and not step.parameter.startswith("utf-8") for step in steps):
        return None, ""
    return fixed, steps[0].parameter


def _repair_lines(text: str) -> str | None:
    lines = text.split("\n")
    fixed: dict[int, str] = {}
    encodings: Counter[str] = Counter()
    for number in _prose_lines(lines):
        better, encoding = _fix(lines[number])
        if better is not None:
            encodings[encoding] += 1
        else:
            better = _fix_inside(lines[number])
        if better is not None:
            fixed[number] = better
    if not fixed:
        return None
    encoding, count = encodings.most_common(1)[0] if encodings else ("", 0)
    if count >= _STRONG:
        known = _known_sequences("".join(fixed.values()), encoding)
        for number, line in enumerate(lines):
            if number not in fixed and not line.isascii():
                fixed[number] = _unmisread(line, encoding) or known.sub(lambda m: _undo(m[0], encoding), line)
    return "\n".join(fixed.get(number, line) for number, line in enumerate(lines))


def _fix_inside(line: str) -> str | None:
    """Repair sequences in a line that also holds sound characters.

    A line that has the repaired character already is left alone: it may explain how the one became the other.
    """
    if not looks_misread(line):
        return None
    fixed, _ = _fix(line, _FIXES_INSIDE)
    if fixed is None:
        return None
    before, after = Counter(_NON_ASCII.findall(line)), Counter(_NON_ASCII.findall(fixed))
    repaired = after - before
    doubtful = any(before[character] or not _LIKELY.match(character) for character in repaired)
    return None if doubtful else fixed


def _prose_lines(lines: list[str]) -> list[int]:
    """Numbers of the lines worth trying: not ASCII, and not code, where broken characters may be the subject."""
    numbers = []
    in_fence = False
    for number, line in enumerate(lines):
        if line.lstrip().startswith(("```", "~~~")):
            in_fence = not in_fence
        elif not in_fence and not line.isascii() and "`" not in line:
            numbers.append(number)
    return numbers


def _unmisread(line: str, encoding: str) -> str | None:
    try:
        return line.encode(encoding).decode("utf-8")
    except UnicodeError:
        return None


def _undo(sequence: str, encoding: str) -> str:
    return sequence.encode(encoding).decode("utf-8")


def _known_sequences(sound: str, encoding: str) -> re.Pattern[str]:
    """How the characters of the repaired lines looked when misread. Only these are repaired inside a mixed line."""
    spelled = set()
    for character in set(_NON_ASCII.findall(sound)):
        try:
            spelled.add(character.encode("utf-8").decode(encoding))
        except UnicodeError:
            continue
    return re.compile("|".join(map(re.escape, sorted(spelled, key=len, reverse=True))) or r"(?!)")
