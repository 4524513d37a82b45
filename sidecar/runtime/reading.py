"""How the files of a vault are read: what its application's settings and the user's own say, put together."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import get_args

import apsw

from sidecar.index.database import Database
from sidecar.index.schema import write_meta
from sidecar.notes.formats import unread_rule
from sidecar.notes.rules import ReadingRules
from sidecar.runtime.presence import is_empty, readable
from sidecar.vault.exclusions import Exclusions
from sidecar.vault.settings import VaultKind, VaultSettings, load_vault_settings

SETTINGS_KEY = "settings"
"""Where the index keeps the settings that were last read whole."""
KIND_KEY = "kind"
"""Where it keeps which application's vault it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What decides which files of a vault are read, and as what."""

    settings: VaultSettings
    exclusions: Exclusions
    rules: ReadingRules

    @property
    def digest(self) -> str:
        """Changes whenever the same file could become another note."""
        return hashlib.blake2b(repr(self.rules).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class LastReading:
    """What an index keeps of the settings under which it was made: enough to go on while the vault is away."""

    settings: VaultSettings
    kind: VaultKind | None


class ReadingInForce:
    """How the files of one open vault are read now."""

    def __init__(self, root: Path, first: Reading, *, load: Callable[[VaultSettings], Reading]) -> None:
        """`load` looks at the settings of the vault at `root` anew, given those before."""
        self.now = first
        self._root = root
        self._load = load

    def renew(self) -> None:
        """Look at the settings again. A vault that is away says nothing about them, and must not come back without its
        exclusions.
        """
        if readable(self._root) is None and not is_empty(self._root):
            self.now = self._load(self.now.settings)

    async def remember(self, index: Database) -> None:
        """Keep in an index what was read, when it was read whole. Raises IndexUnavailableError."""
        settings = self.now.settings
        if settings.complete:
            await index.write(lambda connection: _remember(connection, settings))


def _remember(connection: apsw.Connection, settings: VaultSettings) -> None:
    # For a start at which a settings file is half written.
    write_meta(connection, SETTINGS_KEY, settings.told)
    write_meta(connection, KIND_KEY, settings.kind)


def load_reading(
    root: Path,
    kind: VaultKind,
    *,
    before: VaultSettings,
    exclude: Sequence[str] = (),
    include_templates: bool = False,
    away: bool = False,
) -> Reading:
    """Read the settings of the vault at `root`; `exclude` are the user's globs. Never raises.

    When a file that decides what is excluded cannot be read, what it said `before` still holds; so it does when the
    vault is `away`.
    """
    settings = replace(before, problems=(), complete=False) if away else load_vault_settings(root, kind)
    if not settings.complete:
        # A half-written file must not let excluded notes in, nor have all notes read again as something else.
        settings = replace(before, kind=kind, problems=settings.problems, complete=False)
    return Reading(
        settings=settings,
        exclusions=Exclusions.build(
            user_ignore_filters=settings.user_ignore_filters,
            globs=exclude,
            templates_folders=() if include_templates else settings.templates_folders,
            hidden=settings.hidden,
            table_twins=kind == "notion",
            unread=partial(unread_rule, flavour=kind),
        ),
        rules=ReadingRules(
            flavour=kind,
            daily_folder=settings.daily_folder,
            daily_format=settings.daily_format,
            journal_titles=settings.journal_titles,
            file_names=settings.file_names,
        ),
    )


def kind_told(text: str | None) -> VaultKind | None:
    """Read what is kept under `KIND_KEY`; `None` for nothing, or nothing of this version's."""
    return next((kind for kind in get_args(VaultKind) if kind == text), None)
