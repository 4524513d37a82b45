"""Where a link leads: Obsidian's rules for resolving what stands in `[[…]]` to a note of the vault."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping


class LinkResolver:
    """Resolves against one fixed set of files; when files change, build a new one (about 10 µs per file)."""

    def __init__(self, paths: Iterable[str], *, aliases: Mapping[str, Iterable[str]] | None = None) -> None:
        """`paths` are vault-relative POSIX paths of notes and of any other files; `aliases` maps a path to its own."""
        self._paths = frozenset(paths)
        self._by_path: dict[str, list[str]] = {}
        self._by_name: dict[str, list[str]] = {}
        self._mentions: dict[str, set[str]] = {}
        for path in sorted(self._paths):
            for spelling in _spellings(path):
                self._by_path.setdefault(_fold(spelling), []).append(path)
                self._by_name.setdefault(_fold(_name(spelling)), []).append(path)
            self._add_mention(_without_md(_name(path)), path)
        for path, names in (aliases or {}).items():
            for name in names:
                self._add_mention(name, path)

    def resolve(self, target: str, *, source: str) -> str | None:
        """Path of the file that `target`, without its `#…` part, leads to from the note `source`; `None` if nowhere.

        An empty target is the note itself. Where several files fit, in order: the exact spelling (NFC and NFD twins,
        names that differ in case), the exact path from the vault's root, the file nearest to the source's folder, the
        shortest path, the first in code point order.
        """
        target = target.strip().replace("\\", "/")
        if not target:
            return source if source in self._paths else None
        if target.startswith(("./", "../")):
            joined = _join(_folder(source), target)
            return None if joined is None else self._exact(joined)
        if target.startswith("/"):
            return self._exact(target.strip("/"))
        target = target.strip("/")
        exact = self._exact(target) if "/" in target else None
        return exact or self._nearest(target, source)

    def mention(self, name: str) -> tuple[str, ...]:
        """Paths of all notes with this title or alias, in any case, in code point order."""
        return tuple(sorted(self._mentions.get(_fold(name.strip()), ())))

    def _add_mention(self, name: str, path: str) -> None:
        if folded := _fold(name.strip()):
            self._mentions.setdefault(folded, set()).add(path)

    def _exact(self, path: str) -> str | None:
        candidates = self._by_path.get(_fold(path), ())
        return min(candidates, key=lambda candidate: (*_spelling_rank(candidate, path), candidate), default=None)

    def _nearest(self, target: str, source: str) -> str | None:
        candidates = self._by_name.get(_fold(_name(target)), ())
        if "/" in target:
            suffix = "/" + _fold(target)
            candidates = [path for path in candidates if any(_fold("/" + s).endswith(suffix) for s in _spellings(path))]
        folder = _folder(source)
        return min(
            candidates,
            key=lambda path: (
                *_spelling_rank(path, target),
                # A link that names just a file at the root means that file.
                _fold(_without_md(path)) != _fold(_without_md(target)),
                _distance(_folder(path), folder),
                len(path),
                path,
            ),
            default=None,
        )


def _spellings(path: str) -> tuple[str, ...]:
    """How a file may be written in a link: a note's extension may be left out, others may not."""
    bare = _without_md(path)
    return (path,) if bare == path else (path, bare)


def _without_md(path: str) -> str:
    for suffix in (".md", ".markdown"):
        if path.casefold().endswith(suffix):
            return path[: -len(suffix)]
    return path


def _spelling_rank(path: str, target: str) -> tuple[bool, bool]:
    """Sort twins: first the spelling as written, then the one that differs in normalisation only, then in case."""
    written, bare = _without_md(target), _without_md(path)
    composed = unicodedata.normalize("NFC", bare).endswith(unicodedata.normalize("NFC", written))
    return not composed, not bare.endswith(written)


def _fold(text: str) -> str:
    # NFC before and after: casefold takes some composed characters apart.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _folder(path: str) -> tuple[str, ...]:
    return tuple(path.split("/")[:-1])


def _join(folder: tuple[str, ...], relative: str) -> str | None:
    """Follow `./` and `../` from a folder; `None` when they lead out of the vault."""
    parts = list(folder)
    for part in relative.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _distance(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """Steps up and down from one folder to the other."""
    shared = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        shared += 1
    return len(one) + len(other) - 2 * shared
