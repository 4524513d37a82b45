"""Templates filled with facts: plain text for fields, one escaped literal of the language for code and files."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from sidecar.clients.entry import Language

_NAME = re.compile(r"\$([a-z_]+)")
_LITERAL = re.compile(r"\{\{([^{}]*)\}\}")
# What TOML and YAML do not take as it is, and JavaScript long did not.
_TO_ESCAPE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_WORDS = re.compile(r"<<([a-z_]+)>>")
_WORD_END = "\x1f"
_HALF = re.compile("[\ud800-\udfff]")
_NULL = "$null"
_BARE = re.compile(r"[\w@%+=:,./-]+", re.ASCII)


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put values in place of `$names`. Raises KeyError for a name that does not exist."""
    return _NAME.sub(lambda found: values[found[1]], template)


def fill_snippet(text: str, language: Language, values: Mapping[str, str]) -> str:
    """Fill a snippet: each `{{…}}` becomes a literal of the language, each `<<name>>` the literals of the value's words
    as a list has them, and nothing else changes.
    """
    between = " " if language == "shell" else ", "
    # Between the others, so that what a word holds is not filled in turn.
    start = 0
    parts = []
    for found in _WORDS.finditer(text):
        words = values[found[1]].split(_WORD_END)
        parts += [_filled(text[start : found.start()], language, values)]
        parts += [between.join(literal(word, language) for word in words)]
        start = found.end()
    return "".join([*parts, _filled(text[start:], language, values)])


def words_value(words: Iterable[str]) -> str:
    """Words as one value, for `<<name>>`."""
    return _WORD_END.join(word.replace(_WORD_END, "") for word in words)


def _filled(text: str, language: Language, values: Mapping[str, str]) -> str:
    return _LITERAL.sub(lambda found: literal(fill(found[1], values), language), text)


def fill_body(body: Any, values: Mapping[str, str]) -> Any:
    """Fill the strings of a JSON value; `$null` stands for null, which TOML does not have."""
    if isinstance(body, str):
        return None if body == _NULL else fill(body, values)
    if isinstance(body, list):
        return [fill_body(item, values) for item in body]
    if isinstance(body, Mapping):
        return {name: fill_body(item, values) for name, item in body.items()}
    return body


def literal(text: str, language: Language) -> str:
    """Write a string as the language does: a JSON string is one in all of them but the shell's."""
    text = _HALF.sub("\ufffd", text)
    if language == "shell":
        return shlex.quote(text.replace("\0", ""))
    if language == "env":
        return _env_value(text.replace("\0", ""))
    quoted = json.dumps(text, ensure_ascii=False)
    return _TO_ESCAPE.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)


def _env_value(text: str) -> str:
    """A value as the readers of `.env` files agree on it. They read bare words alike, and what stands between single
    quotes but for that quote; within double ones they know a backslash before a quote or a backslash.
    """
    if _BARE.fullmatch(text):
        return text
    if "'" not in text:
        return f"'{text}'"
    return '"{}"'.format(text.replace("\\", "\\\\").replace('"', '\\"'))
