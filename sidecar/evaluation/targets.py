"""What a question should find, as notes and sections of the index: names looked up, and hits told to be them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import apsw

from sidecar.evaluation.questions import Mistakes, Question
from sidecar.index import records
from sidecar.index.records import ChunkRecord
from sidecar.notes.links import NOTE_SUFFIXES, LinkResolver, block_key, heading_matches, section_matches

_LINK = re.compile(r"!?\[\[([^\[\]]*)\]\]")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.*)")
_MOST_SUGGESTED = 3
# Comparing a name with ten thousand others takes a tenth of a second; a file may hold thousands of wrong ones.
_MOST_LOOKED_UP = 5
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A note, or with `section` (a heading, `A#B`, or `^id`) a part of one."""

    path: str
    section: str | None = None

    @property
    def name(self) -> str:
        """Stands for the target in a ranking."""
        return self.path if self.section is None else f"{self.path}#{self.section}"

    def met_by(self, chunk: ChunkRecord) -> bool:
        """Whether a chunk is of this note, or of a row in it, and of this section."""
        path = chunk.note.path
        if path != self.path and not path.startswith(f"{self.path}#"):
            return False
        return self.section is None or _holds(chunk, self.section)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """A question with what it should find looked up in one vault."""

    question: Question
    targets: tuple[Target, ...]
    grades: Mapping[str, int]
    """Grade of each target, by its name."""
    unwanted: tuple[Target, ...] = ()

    def name_of(self, chunk: ChunkRecord) -> str:
        """What a hit counts as in the ranking: the target that it meets, else its note."""
        met = (target.name for target in (*self.targets, *self.unwanted) if target.met_by(chunk))
        return next(met, chunk.note.path)


def take_aim(questions: Sequence[Question], connection: apsw.Connection, *, file: Path) -> list[Aim]:
    """Look up in an index what the questions expect. Raises RequestError naming the lines whose notes are not there,
    with those that may have been meant.
    """
    return _Aiming(connection, file).aims(questions)


class _Aiming:
    """The looking up of one file's names. `aims` does all of it."""

    def __init__(self, connection: apsw.Connection, file: Path) -> None:
        self._connection = connection
        self._aliases = dict(records.names(connection))
        self._resolver = LinkResolver(self._aliases, aliases=self._aliases)
        self._mistakes = Mistakes(file)

    def aims(self, questions: Iterable[Question]) -> list[Aim]:
        aims = [self._aim(question) for question in questions]
        self._mistakes.raise_any(
            hint="Give a note's name, its path in the vault, or Note#Heading; `sidecar why NOTE` says why one is not"
            " indexed."
        )
        return aims

    def _aim(self, question: Question) -> Aim:
        found = {name: self._target(question.line, name) for name in (*question.expected, *question.unwanted)}
        # The whole note holds its sections.
        whole = {target.path for target in found.values() if target.section is None}
        found = {n: t if t.path not in whole else Target(path=t.path) for n, t in found.items()}
        grades: dict[str, int] = {}
        for name, grade in question.expected.items():
            grades[found[name].name] = max(grade, grades.get(found[name].name, 0))
        return Aim(
            question=question,
            targets=tuple(dict.fromkeys(found[name] for name in question.expected)),
            grades=grades,
            unwanted=tuple(dict.fromkeys(found[name] for name in question.unwanted)),
        )

    def _target(self, line: int, written: str) -> Target:
        name = _link_target(written)
        section = None
        if name not in self._aliases:
            name, _, section_written = name.partition("#")
            section = section_written.strip() or None
        paths = self._paths(name.strip())
        if len(paths) != 1:
            self._mistakes.add(line, self._unknown(name, paths))
            return Target(path=name)
        if section is not None and not self._has_section(paths[0], section):
            self._mistakes.add(line, f"{paths[0]} has no section {section!r}{self._sections_like(paths[0], section)}")
        return Target(path=paths[0], section=section)

    def _paths(self, name: str) -> Sequence[str]:
        """The notes that a name means; a path, or what Obsidian would link to, means one."""
        if name in self._aliases:
            return [name]
        bare = next((name[: -len(suffix)] for suffix in NOTE_SUFFIXES if name.lower().endswith(suffix)), name)
        if "/" not in name and (mentioned := self._resolver.mention(bare)):
            return mentioned
        resolved = self._resolver.resolve(name, source="") if name else None
        return [resolved] if resolved else []

    def _unknown(self, name: str, paths: Sequence[str]) -> str:
        if paths:
            return f"{name!r} may be any of {_listed(paths)}: write its path"
        if self._mistakes.count >= _MOST_LOOKED_UP:
            return f"no indexed note is called {name!r}"
        known = {_bare(path): None for path in self._aliases} | {
            a: None for names in self._aliases.values() for a in names
        }
        near = _nearest(name, known)
        return f"no indexed note is called {name!r}" + (f"; is {_listed(near)} meant?" if near else "")

    def _has_section(self, path: str, section: str) -> bool:
        return any(_holds(chunk, section) for chunk in records.chunks_of(self._connection, path))

    def _sections_like(self, path: str, section: str) -> str:
        chunks = records.chunks_of(self._connection, path)
        near = _nearest(section, chain.from_iterable(map(_headings, chunks)))
        return f"; is {_listed(near)} meant?" if near else ""


def _holds(chunk: ChunkRecord, section: str) -> bool:
    """Whether a chunk stands in a section, or has it whole beside other short ones."""
    if section.startswith("^"):
        return block_key(section[1:]) in map(block_key, chunk.block_ids)
    path = chunk.heading_path
    if any(section_matches(section, path[:depth]) for depth in range(1, len(path) + 1)):
        return True
    return any(heading_matches(section, heading) for heading in _headings(chunk)[len(path) :])


def _headings(chunk: ChunkRecord) -> list[str]:
    """The headings above a chunk, then those in it."""
    within = (match[1].rstrip("# \t") for line in chunk.text.split("\n") if (match := _HEADING.fullmatch(line)))
    return [*chunk.heading_path, *within]


def _link_target(written: str) -> str:
    """What stands in a wikilink without its shown text; anything else as it is."""
    link = _LINK.fullmatch(written.strip())
    return link[1].partition("|")[0].strip() if link else written.strip()


def _nearest(name: str, known: Iterable[str]) -> list[str]:
    folded = {each[:_LONGEST_NAME].casefold(): each for each in known}
    near = difflib.get_close_matches(_bare(name)[:_LONGEST_NAME].casefold(), folded, n=_MOST_SUGGESTED, cutoff=0.6)
    return [folded[each] for each in near]


def _bare(path: str) -> str:
    name = path.rpartition("/")[2]
    return next((name[: -len(suffix)] for suffix in NOTE_SUFFIXES if name.lower().endswith(suffix)), name)


def _listed(names: Sequence[str]) -> str:
    shown = [repr(name) for name in names[:_MOST_SUGGESTED]]
    return " or ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
