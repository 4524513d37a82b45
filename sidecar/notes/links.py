"""Where a link leads: Obsidian's rules for resolving what stands in `[[…]]` to a file, a heading and a block.

The rules for files are those seen in Obsidian 1.13 through `getFirstLinkpathDest`; those for headings are its API's
`stripHeading` and `resolveSubpath`. Markdown links follow the same rules there, and others in a tree of documentation.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from sidecar.notes.rules import Flavour

NOTE_SUFFIXES = (".md", ".markdown")
"""Extensions that a link may leave out, in the order in which they are tried."""
# Applications whose Markdown links start in the folder of the note, as in any other Markdown.
_RELATIVE = ("folder", "notion")
_SPACES = re.compile("[\u00a0\u202f]")
_HEADING_MARKS = re.compile(r"""[!"#$%&()*+,.:;<=>?@^`{|}~/\[\]\\\s]+""")
# Sorts behind whatever follows a folder's slash.
_LAST = "\U0010ffff"
# MkDocs prefers index.md where a folder has both.
_INDEX_FILES = ("index.md", "README.md", "_index.md")


class LinkResolver:
    """Resolves against one fixed set of files; when files change, build a new one (about 10 µs per file)."""

    def __init__(
        self,
        paths: Iterable[str],
        *,
        aliases: Mapping[str, Iterable[str]] | None = None,
        titles: Mapping[str, str] | None = None,
        flavour: Flavour = "obsidian",
    ) -> None:
        """`paths` are vault-relative POSIX paths of notes and of any other files; `aliases` maps a path to its own,
        `titles` to its title. Both are what a link may say in Logseq; Obsidian merely suggests them.
        """
        self._paths = frozenset(paths)
        self._flavour = flavour
        self._by_ending: dict[str, list[tuple[str, str]]] = {}
        self._pages: dict[str, str] = {}
        self._mentions: dict[str, set[str]] = {}
        self._nearest: dict[tuple[str, str], str] = {}
        for folded, path in sorted((fold_path(path), path) for path in self._paths):
            for ending in _endings(folded):
                self._by_ending.setdefault(ending, []).append((folded, path))
            self._add_mention(_without_suffix(_name(path)), path)
        for path, title in sorted((titles or {}).items()):
            self._pages.setdefault(fold_path(title), path)
        for path, names in sorted((aliases or {}).items()):
            for name in names:
                self._pages.setdefault(fold_path(name), path)
                self._add_mention(name, path)

    def resolve(self, target: str, *, source: str, style: Literal["wikilink", "markdown"] = "wikilink") -> str | None:
        """Path of the file that `target`, without its `#…` part, leads to from the note `source`; `None` if nowhere.

        An empty target is the note itself. A name or the end of a path may fit several files; then, in order: the exact
        path from the vault's root, a file in the source's folder or below it, the shortest path, the exact spelling
        (normal form and case say nothing before), the first in code point order.
        """
        target = target.strip().replace("\\", "/")
        if not target:
            return source if source in self._paths else None
        folder = source.rpartition("/")[0]
        if self._flavour in _RELATIVE and style == "markdown":
            found = self._in_documentation(target, folder)
            return self._fuller_table(found) if self._flavour == "notion" else found
        if self._flavour == "logseq" and (page := self._pages.get(fold_path(target))):
            return page
        found = self._in_obsidian(target, folder)
        return found or (self._in_documentation(target, folder) if self._flavour == "folder" else None)

    def mention(self, name: str) -> tuple[str, ...]:
        """Paths of all notes with this title or alias, in any case, in code point order."""
        return tuple(sorted(self._mentions.get(_caseless(name.strip()), ())))

    def _add_mention(self, name: str, path: str) -> None:
        if folded := _caseless(name.strip()):
            self._mentions.setdefault(folded, set()).add(path)

    def _in_obsidian(self, target: str, folder: str) -> str | None:
        if target.startswith("/"):
            return self._exact(target.lstrip("/"))
        if target.startswith(("./", "../")):
            joined = follow(folder, target)
            return None if joined is None else self._exact(joined) or self._ending_in(joined, folder)
        return self._exact(target) or self._ending_in(target, folder)

    def _in_documentation(self, target: str, folder: str) -> str | None:
        """From the note's folder, then from the root; a folder means its index note."""
        # `.` and `..` are a folder's name from the note alone.
        starts = (folder, "") if _name(target.rstrip("/")) not in (".", "..") else (folder,)
        if target.startswith("/"):
            starts = ("",)
        for start in starts:
            if (joined := follow(start, target)) is None:
                continue
            meant = [] if target.endswith("/") else [joined]
            if self._flavour == "folder":
                meant += [_without_suffix(path) for path in folder_targets(joined)]
            if found := next((file for path in meant if (file := self._exact(path))), None):
                return found
        return None

    def _fuller_table(self, path: str | None) -> str | None:
        """Of a table that Notion exports twice, the one with all rows; its pages link to the other."""
        if path is None or not path.lower().endswith(".csv"):
            return path
        return self._exact(f"{path[:-4]}_all.csv") or path

    def _fitting(self, path: str) -> tuple[str, list[tuple[str, str]]]:
        """The files that end in `path`, as it stands or with a note's extension, and the folded path they end in."""
        folded = fold_path(path)
        name = _name(folded)
        # A name without a dot is a note's; a file of any other kind is named in full.
        for suffix in ("", *NOTE_SUFFIXES) if "." in name else NOTE_SUFFIXES:
            if name + suffix in self._by_ending:
                return folded + suffix, self._by_ending.get(folded + suffix, [])
        return folded, []

    def _exact(self, path: str) -> str | None:
        wanted, files = self._fitting(path)
        twins = _below(files, wanted, wanted)
        return min((own for _, own in twins), key=lambda own: (_respelled(own, path), own), default=None)

    def _ending_in(self, path: str, folder: str) -> str | None:
        _, files = self._fitting(path)
        if not files:
            return None
        inside = fold_path(folder) + "/"
        own = _below(files, inside, inside + _LAST) if folder else []
        # What lies elsewhere is the same for every source.
        place = (path, inside if own else "")
        if place not in self._nearest:
            self._nearest[place] = min(
                own or files, key=lambda file: (len(file[0]), _respelled(file[1], path), file[1])
            )[1]
        return self._nearest[place]


def folder_targets(path: str) -> tuple[str, ...]:
    """Files that a link to the folder `path` may mean, in the order in which to try them; matching ignores case.

    `path` is a link's target as written: `guide/`, `../guide`, `.`, and an empty path or `/` for the vault's root. Last
    comes `guide.md`, which documentation generators publish at `guide/`.
    """
    folder = path.strip().replace("\\", "/").rstrip("/")
    prefix = f"{folder}/" if folder or path.strip().startswith("/") else ""
    files = tuple(prefix + name for name in _INDEX_FILES)
    return files if folder.rpartition("/")[2] in ("", ".", "..") else (*files, f"{folder}.md")


def file_keys(path: str, *, names: Iterable[str] = ()) -> set[str]:
    """The keys of a file: its folded name without a note's extension, the name of the folder that it is the index of,
    and the last part of other `names` that it has. A link can only lead to files that have its key.
    """
    keys = {_key(path), *(_key(name.rstrip("/")) for name in names)}
    if path.lower().endswith("_all.csv"):
        keys.add(_key(f"{path[:-8]}.csv"))
    return keys | {_key(path.rpartition("/")[0])} if _key(path) in _INDEX_KEYS else keys


def target_key(target: str, *, source: str) -> str:
    """The key of every file that `target` can lead to from the note `source`."""
    target = target.strip().replace("\\", "/").rstrip("/")
    if _name(target) in (".", ".."):
        target = follow("" if target.startswith("/") else source.rpartition("/")[0], target) or ""
    return _key(target)


def follow(folder: str, relative: str) -> str | None:
    """Follow a path with its `./` and `../` from a folder; `None` when they lead out of the vault."""
    parts = folder.split("/") if folder else []
    for part in relative.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def heading_matches(link_heading: str, heading_text: str) -> bool:
    """Whether a link's heading means a heading of this text; of nested ones (`A#B`) the last counts.

    Case, punctuation that Obsidian strips, and the number of spaces make no difference.
    """
    wanted = _heading_keys(link_heading)
    return bool(wanted) and wanted[-1] == _heading_key(heading_text)


def section_matches(link_heading: str, heading_path: Sequence[str]) -> bool:
    """Whether a link's heading means the last one of `heading_path`: `A#B` is a B somewhere under an A."""
    wanted = _heading_keys(link_heading)
    if not wanted or not heading_path or wanted[-1] != _heading_key(heading_path[-1]):
        return False
    above = iter(map(_heading_key, heading_path[:-1]))
    return all(heading in above for heading in wanted[:-1])


def block_key(block_id: str) -> str:
    """Fold a block id, which may be written in any case."""
    return block_id.lower()


def fold_path(text: str) -> str:
    """Fold case and normal form as Obsidian does, so that paths which mean the same are equal."""
    if text.isascii():
        return text.lower()
    # NFC before and after: lower-casing takes some composed characters apart.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", _SPACES.sub(" ", text)).lower())


def _key(path: str) -> str:
    name = _name(fold_path(path))
    end = len(name)
    # All of them: where there is no `a.md`, `[[a.md]]` means `a.md.md`.
    while (suffix := next((each for each in NOTE_SUFFIXES if name.endswith(each, 0, end)), None)) is not None:
        end -= len(suffix)
    return name[:end]


def _heading_keys(link_heading: str) -> list[str]:
    return [key for part in link_heading.split("#") if (key := _heading_key(part))]


def _heading_key(text: str) -> str:
    return fold_path(_HEADING_MARKS.sub(" ", text).strip())


def _endings(folded: str) -> list[str]:
    """The name, the name with its folder, and so on up to the whole path."""
    starts = [i + 1 for i, character in enumerate(folded) if character == "/"]
    return [folded[start:] for start in (0, *starts)]


def _below(files: Sequence[tuple[str, str]], first: str, last: str) -> Sequence[tuple[str, str]]:
    """The files, sorted by folded path, between two paths, both included."""
    return files[bisect_left(files, (first,)) : bisect_left(files, (last, _LAST))]


def _respelled(path: str, target: str) -> tuple[bool, bool]:
    """Sort twins: first the spelling as written, then the one that differs in normal form only, then in case."""
    bare, written = _without_suffix(path), _without_suffix(target)
    composed = unicodedata.normalize("NFC", bare).endswith(unicodedata.normalize("NFC", written))
    return not composed, not bare.endswith(written)


def _without_suffix(path: str) -> str:
    for suffix in NOTE_SUFFIXES:
        if path.lower().endswith(suffix):
            return path[: -len(suffix)]
    return path


def _caseless(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _name(path: str) -> str:
    return path.rpartition("/")[2]


_INDEX_KEYS = frozenset(_key(path) for path in folder_targets(""))
