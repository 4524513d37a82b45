"""Values as TOML: strings with every character escaped that TOML wants escaped. Source: toml.io, version 1.0."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath

from sidecar.errors import ConfigError

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPED = re.compile(r'[\x00-\x1f\x7f"\\]')
_SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def toml_value(value: object) -> str:
    """A value of the settings in one line, a list of strings in several. Raises ConfigError for what TOML has not."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str | PurePath):
        return _string(str(value))
    if isinstance(value, list | tuple):
        return "[" + "".join(f"\n    {toml_value(item)}," for item in value) + ("\n]" if value else "]")
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{toml_key(key)} = {toml_value(inner)}" for key, inner in value.items()) + " }"
    raise ConfigError(f"A settings file cannot hold a {type(value).__name__}.")


def toml_key(key: str) -> str:
    """A key, in quotes where it needs them."""
    return key if _BARE_KEY.fullmatch(key) else _string(key)


def _string(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        shown = text.encode("utf-8", "replace").decode("utf-8")
        raise ConfigError(f"{shown!r} is no UTF-8, which a settings file is in.", hint="Rename the folder.") from None
    return '"' + _ESCAPED.sub(lambda found: _SHORT.get(found[0]) or f"\\u{ord(found[0]):04x}", text) + '"'
