"""Templates filled with facts: plain text for fields, one escaped literal of the language for code and files."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

from sidecar.clients.entry import Language

_NAME = re.compile(r"\$([a-z_]+)")
_LITERAL = re.compile(r"\{\{([^{}]*)\}\}")
# What TOML and YAML do not take as it is, and JavaScript long did not.
_TO_ESCAPE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_HALF = re.compile("[\ud800-\udfff]")
_NULL = "$null"


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put values in place of `$names`. Raises KeyError for a name that does not exist."""
    return _NAME.sub(lambda found: values[found[1]], template)


def fill_snippet(text: str, language: Language, values: Mapping[str, str]) -> str:
    """Fill a snippet: each `{{…}}` becomes a literal of the language, and nothing else changes."""
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
    if language in {"shell", "env"}:
        return shlex.quote(text.replace("\0", ""))
    quoted = json.dumps(text, ensure_ascii=False)
    return _TO_ESCAPE.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)
