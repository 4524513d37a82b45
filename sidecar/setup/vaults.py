"""The vaults of a set-up: those that Obsidian knows, and folders that the user names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from sidecar.errors import VaultError
from sidecar.runtime.opening import free_name
from sidecar.setup.counting import MOST_SECONDS, Count, count_notes
from sidecar.vault.archive import is_archive
from sidecar.vault.files import check_vault, recognise_kind
from sidecar.vault.settings import VaultKind

Origin: TypeAlias = Literal["obsidian", "named", "settings", "demonstration"]
"""Obsidian's own list, the user now, the settings file that is there, or the notes that Sidecar brings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenVault:
    """A folder or archive with notes, as far as a quick look tells."""

    path: Path
    origin: Origin
    kind: VaultKind = "folder"
    count: Count | None = None
    """`None` for an archive, and for what cannot be looked into."""
    problem: str | None = None
    """Why it cannot be read now."""


def same_place(one: Path, other: Path) -> bool:
    """Whether two paths lead to the same place."""
    return one == other or os.path.realpath(one) == os.path.realpath(other)


def look_at(path: Path, origin: Origin, *, seconds: float = MOST_SECONDS) -> SeenVault:
    """Look at a folder, or a zip file of an export from Notion; what keeps it from being read is its `problem`. Notes
    are counted for so many `seconds`.
    """
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return SeenVault(path=path, origin=origin, problem="its path is no UTF-8, which a settings file is in")
    if is_archive(path):
        return SeenVault(path=path, origin=origin, kind="notion")
    try:
        folder = check_vault(path)
    except VaultError as error:
        return SeenVault(path=path, origin=origin, problem=error.message)
    return SeenVault(path=path, origin=origin, kind=_kind(folder), count=count_notes(folder, seconds=seconds))


def named_vault(text: str) -> SeenVault:
    """Look at a folder as a person types it: with `~`, relative to the current folder, in quotes. Raises VaultError."""
    path = typed_path(text)
    if not is_archive(path):
        check_vault(path)
    return look_at(path, "named")


def typed_path(text: str) -> Path:
    """The absolute path that a person typed; one dragged into a terminal often comes in quotes. Raises VaultError."""
    bare = text.strip()
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "'\"":
        bare = bare[1:-1]
    try:
        if bare and "\0" not in bare:
            return Path(os.path.abspath(Path(bare).expanduser()))  # noqa: PTH100  # Path.resolve would follow links
    except RuntimeError:
        pass
    raise VaultError(f"{text[:200]!r} is no path.", hint="Type the folder of your notes, such as ~/Notes.")


def names_of(paths: Iterable[Path]) -> tuple[str, ...]:
    """What the server will call vaults: their folders' names, numbered where two are the same."""
    taken: list[str] = []
    for path in paths:
        taken.append(free_name(path, taken))
    return tuple(taken)


def chosen_by_numbers(text: str, seen: Sequence[SeenVault]) -> tuple[Path, ...] | None:
    """The vaults whose numbers, from 1, were typed; `None` for what is not a list of numbers that there are."""
    numbers = text.replace(",", " ").split()
    if not numbers or not all(number.isascii() and number.isdigit() and len(number) < 5 for number in numbers):
        return None
    chosen = [int(number) for number in numbers]
    if not all(1 <= number <= len(seen) for number in chosen):
        return None
    return tuple(seen[number - 1].path for number in dict.fromkeys(chosen))


def completions(text: str, *, most: int = 50) -> list[str]:
    """Folders that begin as `text` does, `~` kept as it was typed; for a terminal that completes."""
    head, tail = os.path.split(text)
    try:
        folder = Path(head or ".").expanduser()
        names = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and _begins(entry.name, tail))
    except (OSError, ValueError, RuntimeError):
        return []
    return [os.path.join(head, name) + os.sep for name in names[:most]]  # noqa: PTH118  # Path would lose `~/` and `./`


def _begins(name: str, tail: str) -> bool:
    return name.startswith(tail) and (tail.startswith(".") or not name.startswith("."))


def _kind(folder: Path) -> VaultKind:
    try:
        return recognise_kind(folder)
    except OSError:
        return "folder"
