"""What a note says of its own privacy: that it is not to be read, or not to leave this machine. When in doubt, it is
not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from unicodedata import normalize

from sidecar.notes.note import PropertyValue


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Also as people write them who do not write English.
_YES = _words(
    "true yes on y 1 sim sí si sì oui ja wahr vrai vero verdadero verdadeiro да так tak evet はい 是 예 네 ใช่ نعم हाँ"
)
_NO = _words("false no off n 0 não nao non nein nee falsch faux falso нет ні nie hayır いいえ 否 不 아니요 ไม่ لا नहीं")
# What else says that Sidecar is to keep off. A word that nobody thought of is taken for one of another program.
_KEEP_OFF = _NO | _words(
    "private privado privada privato privata privé privée privat particular geheim secret secreto segreto never none"
    " exclude excluded ignore hidden skip приватно личное 私人 非公開 비공개"
)
_FLAG = re.compile(r"""(?<![\w-])(private|sidecar)["']?[ \t]*:[ \t]*([^\n,}]*)""", re.IGNORECASE)
# On a line of its own, behind whatever marks, or in brackets; the space behind the colons may be missing.
_FIELD = re.compile(
    r"(?:^(?:[^\w\n]|\d{1,9}[.)])*+|[\[(][ \t*_~]*+)_*+(private|sidecar)[ \t*_~]*+::[^\w\n]*+(\w*+)",
    re.IGNORECASE | re.MULTILINE,
)
_TAG_KEY = re.compile(r"""(?<![\w-])tags?["']?[ \t]*:""", re.IGNORECASE)
# `local-only` and `[[Local]]` too: whatever follows the word, it was not "send this anywhere".
_LOCAL = re.compile(r"[\W_]*local(?![^\W_])", re.IGNORECASE)
_LOCAL_WORD = re.compile(r"(?<![^\W_])local(?![^\W_])", re.IGNORECASE)
# The value may stand on the lines below its key, indented or as a list.
_LOCAL_FLAG = re.compile(
    r"""(?<![\w-])sidecar["']?\s*+:\s*+([^\n]*+(?:\n(?:[ \t]|-)[^\n]*+)*+)""",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tag:
    """A tag that is a mark, and the ways in which it is written."""

    name: str
    written: re.Pattern[str]
    """Wider than what Obsidian takes for a tag: `(#private)` and `#private，` are none to it, and still meant."""
    bare: re.Pattern[str]
    item: re.Pattern[str]

    @classmethod
    def called(cls, name: str) -> _Tag:
        return cls(
            name=name,
            written=re.compile(rf"(?<![\w/])#{name}(?![\w-])", re.IGNORECASE),
            bare=re.compile(rf"(?<![\w/-]){name}(?![\w-])", re.IGNORECASE),
            item=re.compile(rf"""^[ \t]*-[ \t]*["']?#?{name}(?:/[^\n]*)?["']?[ \t]*$""", re.IGNORECASE | re.MULTILINE),
        )

    def among(self, tags: Iterable[str]) -> bool:
        """Whether it, or a tag below it, is one of them."""
        return any(tag.casefold() == self.name or tag.casefold().startswith(f"{self.name}/") for tag in tags)

    def in_frontmatter(self, raw: str) -> bool:
        """Whether frontmatter that cannot be read may have it."""
        return self.item.search(raw) is not None or any(map(self._on_line, raw.split("\n")))

    def _on_line(self, line: str) -> bool:
        key = _TAG_KEY.search(line)
        return key is not None and self.bare.search(line, key.end()) is not None


_PRIVATE = _Tag.called("private")
_LOCAL_ONLY = _Tag.called("local-only")


def withheld_by(
    properties: Mapping[str, PropertyValue],
    tags: Iterable[str],
    *,
    frontmatter: str,
    sound: bool,
    passages: Iterable[str] = (),
) -> str | None:
    """The rule that withholds the note, as written in the documentation, or `None`.

    `sound` says that `properties` hold all that `frontmatter` says; when they do not, its text is searched too.
    `passages` are the text without code and links, and its comments, in which a tag or an inline field may say so.
    """
    for key, value in properties.items():
        if key.casefold() == "private" and _means(value, _YES):
            return "private: true"
        if key.casefold() == "sidecar" and _means(value, _KEEP_OFF):
            return "sidecar: false"
    if _PRIVATE.among(tags):
        return "#private"
    if rule := next(filter(None, map(_rule_in_passage, passages)), None):
        return rule
    return None if sound else _flag_in_text(frontmatter)


def local_by(
    properties: Mapping[str, PropertyValue],
    tags: Iterable[str],
    *,
    frontmatter: str,
    sound: bool,
    passages: Iterable[str] = (),
) -> str | None:
    """The mark by which the note stays on this machine, as written in the documentation, or `None`. The parameters are
    those of `withheld_by`.
    """
    if any(key.strip().casefold() == "sidecar" and _means_local(value) for key, value in properties.items()):
        return "sidecar: local"
    if _LOCAL_ONLY.among(tags):
        return "#local-only"
    if rule := next(filter(None, map(_local_in_passage, passages)), None):
        return rule
    return None if sound else local_in_source(frontmatter)


def local_in_source(source: str) -> str | None:
    """The mark that seems to stand in a source that cannot be read as what it is, or `None`."""
    if any(_LOCAL_WORD.search(match[1]) for match in _LOCAL_FLAG.finditer(source)):
        return "sidecar: local"
    if _LOCAL_ONLY.written.search(source) or _LOCAL_ONLY.in_frontmatter(source):
        return "#local-only"
    return None


def _rule_in_passage(passage: str) -> str | None:
    if "#" in passage and _PRIVATE.written.search(passage):
        return "#private"
    if "::" not in passage:
        return None
    for match in _FIELD.finditer(passage):
        if match[1].casefold() == "private" and match[2].casefold() in _YES:
            return "private:: true"
        if match[1].casefold() == "sidecar" and match[2].casefold() in _KEEP_OFF:
            return "sidecar:: false"
    return None


def _local_in_passage(passage: str) -> str | None:
    if "#" in passage and _LOCAL_ONLY.written.search(passage):
        return "#local-only"
    if "::" not in passage:
        return None
    fields = _FIELD.finditer(passage)
    return "sidecar:: local" if any(f[1].casefold() == "sidecar" and _LOCAL.match(f[2]) for f in fields) else None


def _means(value: PropertyValue, words: frozenset[str]) -> bool:
    if isinstance(value, list):
        return any(_means(item, words) for item in value)
    if isinstance(value, float):
        value = int(value)
    # Composed: a Mac writes "não" in four letters.
    return value is not None and normalize("NFC", str(value)).strip().casefold() in words


def _means_local(value: PropertyValue) -> bool:
    if isinstance(value, list):
        return any(map(_means_local, value))
    if isinstance(value, dict):
        return any(map(_means_local, [*value, *value.values()]))
    return isinstance(value, str) and _LOCAL.match(value) is not None


def _flag_in_text(raw: str) -> str | None:
    for match in _FLAG.finditer(raw):
        value = match[2].partition(" #")[0].strip().strip("\"'").casefold()
        if match[1].casefold() == "private":
            # Whatever was meant by a value that is neither: it was not "show this to everyone".
            if value and value not in _NO and value not in ("null", "~"):
                return "private: true"
        elif value in _KEEP_OFF:
            return "sidecar: false"
    return "#private" if _PRIVATE.in_frontmatter(raw) else None
