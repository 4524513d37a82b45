"""The arguments of `sidecar serve` that the service is given: those that the user gave, with absolute paths."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from sidecar.config import Config
from sidecar.models.naming import is_path

_PATHS = frozenset({"data_dir", "config_file"})
# A model is a path only when there is a file: it may as well be a name.
_MODELS = frozenset({"model", "embedding_model", "rerank_model"})
_SPELLING = {"config_file": "config"}


def serving_words(flags: Mapping[str, Any], vaults: Iterable[Path]) -> tuple[str, ...]:
    """`serve`, the flags that were given (`None` and `False` were not), `--` and the vaults."""
    words = ["serve"]
    for name, value in flags.items():
        if value is None or value is False:
            continue
        words.append(f"--{_SPELLING.get(name, name).replace('_', '-')}")
        if value is not True:
            words.append(_value(name, value))
    folders = [absolute(vault) for vault in vaults]
    # `--`: what begins with a dash is a folder all the same.
    return (*words, *(["--", *folders] if folders else []))


def absolute(path: Path) -> str:
    """A path from the root, its links not followed: what a link leads to may change."""
    return os.path.abspath(path.expanduser())  # noqa: PTH100  # Path.resolve would follow links


def unseen_settings(environ: Mapping[str, str], given: Sequence[str]) -> tuple[str, ...]:
    """The variables of this shell that set something for Sidecar and that a service does not see."""
    seen = {_variable(name) for name in given}
    # What else begins so, such as the SIDECAR_API_KEY of a client, sets nothing here.
    known = {_variable(name) for name in ("config_file", *(field.name for field in fields(Config)))}
    return tuple(sorted(name for name in known - seen if environ.get(name)))


def _variable(name: str) -> str:
    return f"SIDECAR_{_SPELLING.get(name, name).upper()}"


def _value(name: str, value: Any) -> str:
    if name in _PATHS:
        return absolute(Path(value))
    if name in _MODELS and is_path(str(value)) and Path(value).expanduser().is_file():
        return absolute(Path(value))
    return str(value)
