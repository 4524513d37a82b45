"""Finds the model that a name means, among those on this machine."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path

from sidecar.errors import ConfigError, ModelUnavailableError
from sidecar.models.found import GGUF, FoundModel
from sidecar.models.places import OWNER_NAMES

_MOST_SHOWN = 6


def resolve(name: str, found: Sequence[FoundModel]) -> Path:
    """Give the file to load of the model called `name`: of a split model, its first part.

    Raises ConfigError when none or several are called so, ModelUnavailableError when parts of it are missing.
    """
    model = look_up(name, found)
    if model is None:
        raise unknown(name, found)
    if missing := missing_parts(model):
        raise ModelUnavailableError(
            f"The model {model.name} is not complete: {missing}.", hint="Fetch it again, or choose another model."
        )
    return model.path


def look_up(name: str, found: Sequence[FoundModel]) -> FoundModel | None:
    """Give the model called `name`, `None` when there is none. `.gguf` may be left out, and case counts only among
    several. Raises ConfigError when several are called so, with names that tell them apart.
    """
    wanted = name[: -len(GGUF)] if name.lower().endswith(GGUF) else name
    exact = [model for model in found if wanted in model.names]
    meant = exact or [model for model in found if wanted.lower() in {each.lower() for each in model.names}]
    if len(meant) > 1:
        raise _ambiguous(name, meant)
    return meant[0] if meant else None


def missing_parts(model: FoundModel) -> str | None:
    """Say which parts of a split model are not there; `None` when all are."""
    if len(model.parts) == model.part_count:
        return None
    return f"{len(model.parts)} of its {model.part_count} parts are here"


def unknown(name: str, found: Sequence[FoundModel]) -> ConfigError:
    """What to say about a name that no model has, with those that are most like it."""
    names = {each.lower(): each for model in found for each in model.names}
    close = [names[each] for each in difflib.get_close_matches(name[:200].lower(), names, n=3, cutoff=0.5)]
    hint = f"Did you mean {' or '.join(close)}? " if close else ""
    return ConfigError(
        f"No model on this machine is called {name[:200]!r}.", hint=f"{hint}`sidecar models list` shows all."
    )


def _ambiguous(name: str, meant: Sequence[FoundModel]) -> ConfigError:
    shown = [f"{_telling(model, meant)} ({OWNER_NAMES[model.owner]})" for model in meant[:_MOST_SHOWN]]
    more = f" and {len(meant) - _MOST_SHOWN} more" if len(meant) > _MOST_SHOWN else ""
    return ConfigError(
        f"{len(meant)} models on this machine are called {name!r}: {', '.join(shown)}{more}.",
        hint="Use one of these names, or the path of the file.",
    )


def _telling(model: FoundModel, others: Sequence[FoundModel]) -> str:
    """A name that none of the others has, else the path."""
    taken = {name.lower() for other in others if other is not model for name in other.names}
    return next((name for name in model.names if name.lower() not in taken), str(model.path))


def is_path(name: str) -> bool:
    """Whether a model is named by its file: a word without a folder or `.gguf` is a name, whatever lies in the current
    folder. With a folder it may be both.
    """
    return name.lower().endswith(".gguf") or "/" in name or os.sep in name or name.startswith("~")
