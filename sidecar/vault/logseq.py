"""Logseq's own settings of a graph, as far as they say something about its files: `logseq/config.edn`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sidecar.vault.edn import Edn, Keyword, read_edn

SETTINGS_FOLDER = "logseq"
"""Settings and backups; no notes."""
SETTINGS_FILES = (f"{SETTINGS_FOLDER}/config.edn",)
"""Graph-relative paths of the files that `load_logseq_settings` reads."""
_MAX_BYTES = 1024 * 1024
# The letters of Joda-Time, which Logseq writes formats in, and those of moment.js. `do` is Logseq's addition.
_LETTERS: Mapping[str, str] = dict(
    pair.split("=")
    for pair in (
        *("yyyy=YYYY", "yy=YY", "y=YYYY", "YYYY=YYYY", "YY=YY", "Y=YYYY", "xxxx=GGGG", "ww=WW", "w=W"),
        *("MMMM=MMMM", "MMM=MMM", "MM=MM", "M=M", "do=Do", "dth=Do", "dd=DD", "d=D", "DDD=DDDD", "DD=DDD", "D=DDD"),
        *("EEEE=dddd", "EEE=ddd", "E=ddd", "e=E", "HH=HH", "H=H", "mm=mm", "ss=ss"),
    )
)
_FORMAT = re.compile(
    r"'([^']*)'|(" + "|".join(sorted(_LETTERS, key=len, reverse=True)) + r")|([A-Za-z]+?)|(.)", re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogseqSettings:
    """What Logseq's settings say about a graph's files. The defaults are those of a new graph."""

    journals_folder: str = "journals"
    daily_format: str = "YYYY_MM_DD"
    """Of the names of journal files, in the letters of moment.js."""
    journal_titles: str = "MMM Do, YYYY"
    """Of the titles of journal pages, in the letters of moment.js."""
    hidden: tuple[str, ...] = ()
    """How the paths begin that Logseq does not read, without a slash in front."""
    file_name_format: Literal["triple-lowbar", "legacy"] = "triple-lowbar"
    """How titles are written as file names. A settings file that does not say is from before 2022: `legacy`."""
    problems: tuple[str, ...] = ()
    complete: bool = True
    """Whether the settings file, if it exists, could be read. If not, the hidden paths read before are to be kept."""


def load_logseq_settings(root: Path) -> LogseqSettings:
    """Read the settings of the graph at `root`. What is missing or broken has its default; never raises."""
    problems: list[str] = []
    config = _read_config(root / SETTINGS_FILES[0], problems)
    if config is None:
        return LogseqSettings(problems=tuple(problems), complete=not problems)
    hidden = config.get("hidden")
    if hidden is not None and not isinstance(hidden, tuple):
        problems.append(f"Logseq's hidden files in {SETTINGS_FILES[0]} are not a list.")
    name_format = config.get("file/name-format")
    return LogseqSettings(
        journals_folder=_folder(config.get("journals-directory")) or "journals",
        daily_format=moment_format(_text(config.get("journal/file-name-format")) or "yyyy_MM_dd"),
        journal_titles=moment_format(_text(config.get("journal/page-title-format")) or "MMM do, yyyy"),
        hidden=_prefixes(hidden) if isinstance(hidden, tuple) else (),
        file_name_format="triple-lowbar" if name_format == Keyword(name="triple-lowbar") else "legacy",
        problems=tuple(problems),
        complete=not problems,
    )


def moment_format(java: str) -> str:
    """Write a date format of Logseq's, in the letters of Java, in those of moment.js."""
    return "".join(
        _LETTERS[letters] if letters else other or (f"[{literal or word}]" if literal or word else "'")
        for literal, letters, word, other in _FORMAT.findall(java)
    )


def _read_config(file: Path, problems: list[str]) -> dict[str, Edn] | None:
    """The settings by the names of their keys; `None` when there are none or they cannot be read."""
    try:
        if not file.exists():
            return None
        # A FIFO of this name would block the reader for ever.
        if not file.is_file() or file.stat().st_size > _MAX_BYTES:
            raise ValueError("not a settings file")
        config = read_edn(file.read_text(encoding="utf-8-sig"))
        if not isinstance(config, dict):
            raise ValueError("not a map")
    except (OSError, ValueError):
        problems.append(f"Logseq's settings in {SETTINGS_FILES[0]} cannot be read.")
        return None
    return {key.name: value for key, value in config.items() if isinstance(key, Keyword)}


def _prefixes(hidden: tuple[Edn, ...]) -> tuple[str, ...]:
    prefixes = (path.removeprefix("/") for path in hidden if isinstance(path, str))
    return tuple(prefix for prefix in prefixes if prefix)


def _text(value: Edn) -> str:
    return value.strip() if isinstance(value, str) else ""


def _folder(value: Edn) -> str | None:
    """A folder inside the graph; one that leads out of it is not followed."""
    folder = _text(value).replace("\\", "/").strip("/")
    return folder if folder and ".." not in folder.split("/") else None
