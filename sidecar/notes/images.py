"""What the name of an image says. The picture itself is not looked at."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

from sidecar.notes.note import Block, Note
from sidecar.notes.reading import assemble_note
from sidecar.notes.rules import ReadingRules
from sidecar.notes.spans import LineIndex
from sidecar.notes.yaml_loader import replace_unsafe

_PROGRAMS = (
    # What Obsidian, operating systems and screenshot programs put before the time, in the language they are set to.
    "pasted image", "screenshot", "screen shot", "screencapture", "snipaste", "cleanshot", "bildschirmfoto",
    "captura de pantalla", "captura de ecrã", "captura de tela", "capture d'écran", "schermata", "schermafbeelding",
    "skärmavbild", "skärmbild", "skjermbilde", "skærmbillede", "näyttökuva", "zrzut ekranu", "ekran resmi",
    "снимок экрана", "знімок екрана", "スクリーンショット", "스크린샷", "截屏", "屏幕截图", "屏幕快照", "螢幕截圖",
    "截圖", "截图",
    # Cameras, messengers and browsers, before a number.
    "img", "dsc", "dscn", "dscf", "pxl", "mvimg", "gopr", "image", "photo", "picture", "whatsapp image", "signal",
    "clipboard", "unnamed", "untitled", "download", "mmexport", "微信图片",
)  # fmt: skip
_PROGRAM = re.compile(
    "_?(?:" + "|".join(re.escape(name) for name in sorted(_PROGRAMS, key=len, reverse=True)) + r")(?![^\W\d_])"
)
_BETWEEN_NUMBERS = frozenset((
    # The little words of a time, such as "2024-05-01 at 10.00 PM".
    "at", "from", "on", "am", "pm", "um", "vom", "del", "du", "den", "a", "à", "alle", "le", "la", "las", "les", "às",
    "om", "kl", "o", "в", "t", "z", "上午", "下午", "午前", "午後", "오전", "오후",
    # What a program puts behind a number.
    "copy", "wa", "edited", "hdr", "burst", "x", "scaled",
))  # fmt: skip
_ANDROID = re.compile(r"screenshot_\d{8}-\d{6}_")
"""The name of the program that was seen stands behind it."""
_WORD = re.compile(r"[^\W\d_]+")
_NUMBERS = re.compile(r"[\d\s._()+,:@~tzx-]*")
_IDENTIFIER = re.compile(
    r"(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=[a-f]*\d)[0-9a-f]{12,}+)(?:_md5)?[\s\d()_-]*"
)


def image_note(path: str) -> Note:
    """Make the note of an image from its path. Its text is its name in words, empty when a program gave the name."""
    text = replace_unsafe(_in_words(path.rpartition("/")[2].rpartition(".")[0]))
    note = assemble_note(path, text, rules=ReadingRules(), kind="image", sections=())
    if not text:
        return note
    return replace(note, blocks=(Block(kind="paragraph", span=LineIndex(text).span(0, len(text)), heading_path=()),))


def _in_words(name: str) -> str:
    if _is_given_by_program(unicodedata.normalize("NFC", name).casefold().replace("’", "'")):
        return ""
    # Hyphens hold words together in a name with spaces, and stand for the spaces in one without.
    return " ".join(re.split(r"[\s_]+" if " " in name.strip() else r"[\s_+-]+", name)).strip()


def _is_given_by_program(name: str) -> bool:
    if _NUMBERS.fullmatch(name) or _IDENTIFIER.fullmatch(name) or _ANDROID.match(name):
        return True
    program = _PROGRAM.match(name)
    return program is not None and all(word in _BETWEEN_NUMBERS for word in _WORD.findall(name, program.end()))
