"""Which vaults there are: those of the settings, and those of Obsidian's list, with what speaks against each."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sidecar.config import Config
from sidecar.setup.counting import MOST_SECONDS
from sidecar.setup.vaults import SeenVault, look_at
from sidecar.vault.registry import obsidian_config_path, registered_vaults, vanished_vaults

MOST_SECONDS_TOGETHER = 6.0
"""For the notes of all vaults: a list may hold hundreds, and drives may be slow."""


def find_vaults(
    config: Config,
    *,
    platform: str,
    home: Path,
    environ: Mapping[str, str],
    clock: Callable[[], float] = time.monotonic,
) -> tuple[tuple[SeenVault, ...], tuple[str, ...]]:
    """The vaults of the settings, then those of Obsidian's list that are not among them; and what of the list is not
    there. `platform` is `sys.platform`'s value.

    Obsidian's own sandbox, which it makes anew whenever it is opened, is none.
    """
    places = obsidian_config_path(platform=platform, home=home, environ=environ)
    end = clock() + MOST_SECONDS_TOGETHER
    known: dict[str, SeenVault] = {}
    listed = (vault.path for vault in registered_vaults(places) if not _is_sandbox(vault.path, places))
    for path, origin in (*((path, "settings") for path in config.vaults), *((path, "obsidian") for path in listed)):
        real = os.path.realpath(path)
        if real not in known:
            seconds = min(MOST_SECONDS, max(0.0, end - clock()))
            known[real] = look_at(path, "settings" if origin == "settings" else "obsidian", seconds=seconds)
    return tuple(_questioned(known, os.path.realpath(config.data_dir))), vanished_vaults(places)


def _is_sandbox(path: Path, places: Sequence[Path]) -> bool:
    return any(path.is_relative_to(os.path.realpath(place)) for place in places)


def _questioned(known: Mapping[str, SeenVault], data_dir: str) -> Iterator[SeenVault]:
    """Say of vaults that were only found in a list what would go wrong with them."""
    usable = {real for real, vault in known.items() if vault.problem is None and not _holds(real, data_dir)}
    for real, vault in known.items():
        problem = vault.problem
        if vault.origin != "settings" and problem is None:
            if real not in usable:
                problem = "Sidecar's own data folder lies in it, which must lie elsewhere"
            elif (outer := _outer(real, usable)) is not None:
                problem = f"its notes are read with those of {known[outer].path}, in which it lies"
        yield replace(vault, problem=problem)


def _holds(folder: str, other: str) -> bool:
    return Path(other).is_relative_to(folder)


def _outer(real: str, usable: set[str]) -> str | None:
    """The largest vault that reads this one's notes too; `None` when there is none, as none reads hidden folders."""
    found, path = None, Path(real)
    for inner, folder in itertools.pairwise((path, *path.parents)):
        if inner.name.startswith("."):
            break
        if str(folder) in usable:
            found = str(folder)
    return found
