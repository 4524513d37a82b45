"""How the files of one vault are to be read, as far as its application's settings decide that. Knows no disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Flavour: TypeAlias = Literal["obsidian", "logseq", "notion", "folder"]
FileNames: TypeAlias = Literal["triple-lowbar", "legacy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingRules:
    """The settings of a vault that change what its notes say. The defaults are those of a new Obsidian vault."""

    flavour: Flavour = "obsidian"
    daily_folder: str | None = None
    """Where daily notes (Logseq: journals) lie; `None` means anywhere."""
    daily_format: str = "YYYY-MM-DD"
    """Format of their names, in the letters of moment.js; may hold folders."""
    journal_titles: str | None = None
    """Format in which Logseq writes the name of a journal page in links, in the letters of moment.js."""
    file_names: FileNames = "triple-lowbar"
    """How Logseq makes page titles into file names."""
