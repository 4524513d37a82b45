"""What rules mean to the user, and which file a name typed by the user stands for. Pure, but for `path_in_vault`."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_EXCLUDED: Mapping[str, str] = {
    "hidden": "is hidden: its name or that of a folder above begins with a dot. Obsidian does not show it either",
    "node_modules": "lies in a folder called `node_modules`, which holds the parts of programs",
    "sync-conflict": (
        "is a copy that a synchronisation service left of a conflict. Merge it with the note it was made from, then"
        " delete it; give it another name to have it read"
    ),
    "unsupported": "is in a format that is not read; links that lead to it are still known",
    "needs-pdf": (
        'is a PDF, and reading them needs a package that is not installed. `pip install "obsidian-sidecar[pdf]"`'
        " installs it"
    ),
    "notion-twin": (
        "is a table that Notion exports twice. The other one, with `_all` in its name, has every row and is read"
    ),
    "not-downloaded": (
        "is in the cloud and not on this machine. Let the cloud folder keep it here (Download Now, Always Keep on This"
        " Device), and it is read"
    ),
    "outside-vault": "is a link that leads out of the vault, and such links are not followed. Copy the file into it",
    "link-inside-vault": "is a link to something in the vault, which is read where it lies",
    "unreadable": "may not be read by your user, so that nothing is known of what is in it. Check who may read it",
    "not-a-file": "is no file but a pipe, a socket or a device",
    "unusable-name": "has a name that not every system can use, such as one with a backslash in it. Rename it",
}
_FROM_SETTINGS: Mapping[str, str] = {
    "obsidian": (
        "meets `{}` of Obsidian's excluded files. Take that out in Obsidian under Settings, Files and links, Excluded"
        " files, to have it read"
    ),
    "glob": "meets `{}` of the setting `exclude`. Take that out of Sidecar's settings to have it read",
    "templates": (
        "lies in the folder of templates that Obsidian's settings name, `{}`. Set `include_templates = true` to have it"
        " read"
    ),
    "logseq": "is hidden in Logseq by `{}`: that is Logseq's own folder, or one under `:hidden` in `logseq/config.edn`",
}
_OWN_MARKS = frozenset({"private: true", "private:: true", "sidecar: false", "sidecar:: false", "#private"})
_NOTE_SUFFIXES = (".md", ".markdown")
_LINK = re.compile(r"!?\[\[([^\[\]]+)\]\]")
_MAX_CANDIDATES = 20


def explain_rule(rule: str) -> str:
    """Say in one or two sentences why a file is not read and what to do about it.

    `rule` is one of `Exclusions.rule_for`, `Excluded.rule` or a note's own. The file is the subject: "It lies in …".
    """
    if rule in _OWN_MARKS:
        return f"It says itself that it is private, by `{rule}`. Take that out of the note to have it read."
    kind, colon, detail = rule.partition(": ")
    if colon and kind in _FROM_SETTINGS:
        return f"It {_FROM_SETTINGS[kind].format(detail)}."
    return f"It {_EXCLUDED[rule]}." if rule in _EXCLUDED else f"It is excluded by the rule `{rule}`."


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The file that was meant, or `None` and those it may have been, by path."""

    path: str | None = None
    candidates: tuple[str, ...] = ()


def find_file(typed: str, paths: Iterable[str]) -> Found:
    """Find the file that somebody means, among the vault-relative `paths` of all files.

    In this order: the path; the path of a note without its ending; either with another case or form of Unicode; the
    end of a path or its last name anywhere in the vault, with the ending and without. The first of these that one file
    meets decides. When several do, or none but some whose names hold what was typed, they are the candidates.
    """
    known = tuple(paths)
    if typed in known:
        return Found(path=typed)
    wanted = _posix(typed)
    if not wanted:
        return Found()
    for meets in _readings(wanted):
        met = [path for path in known if meets(path)]
        if met:
            return Found(path=met[0]) if len(met) == 1 else _candidates(met)
    folded = _fold(wanted)
    return _candidates(path for path in known if folded in _fold(path))


def path_in_vault(typed: str, *, vault: Path, folder: Path) -> str | None:
    """Give the vault-relative path of a file that lies at `typed`, absolute or seen from `folder`.

    `None` when nothing lies there, or not in this vault.
    """
    try:
        file = Path(os.path.normpath(folder / Path(typed).expanduser()))
        if not os.path.lexists(file):
            return None
        # The folder is resolved and not the file: a link in the vault is a file of its own.
        inside = (file.parent.resolve() / file.name).relative_to(vault.resolve())
    except (OSError, ValueError, RuntimeError):
        return None
    return inside.as_posix() if inside.name else None


def _posix(typed: str) -> str:
    path = typed.strip().replace("\\", "/")
    while path.startswith("./"):
        path = path[2:]
    # As it stands in a note: `![[Note#Heading|shown text]]`.
    if link := _LINK.fullmatch(path):
        path = link[1].partition("|")[0].partition("#")[0].strip()
    return path.strip("/")


def _readings(wanted: str) -> Sequence[Callable[[str], bool]]:
    folded = _fold(wanted)
    exact = {wanted, *(wanted + suffix for suffix in _NOTE_SUFFIXES)}
    loose = {_fold(path) for path in exact}
    return (
        lambda path: path == wanted,
        lambda path: path in exact,
        lambda path: _fold(path) == folded,
        lambda path: _fold(path) in loose,
        lambda path: _fold(path).endswith(f"/{folded}"),
        lambda path: any(_fold(path).endswith(f"/{end}") for end in loose),
    )


def _candidates(paths: Iterable[str]) -> Found:
    return Found(candidates=tuple(sorted(paths, key=lambda path: (path.count("/"), path))[:_MAX_CANDIDATES]))


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()
