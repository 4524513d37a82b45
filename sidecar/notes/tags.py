"""Tags: `#nested/tag` in the prose and `tags` in the properties.

What is one and where it ends follows what Obsidian 1.13 puts in its index, as others have read it there.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence

from sidecar.notes.inline import BLANK
from sidecar.notes.note import PropertyValue

# What may not be part of a tag is white space, ASCII punctuation but - _ /, general and supplemental punctuation:
# a dash or a joiner between emoji ends it, a full-width comma does not.
_TAG = re.compile(
    r"#([^\s\x00\ufeff\u2000-\u206f\u2e00-\u2e7f!-,.:-@\[-^`{-~]++)",
)
_SEPARATOR = re.compile(r"[,\s]+")
_DIGITS = re.compile(r"[0-9]+")
_REACH = 300
"""Characters of the line, to either side, in which the partner of a mark is looked for."""


def find_tags(prose: str, *, tables: Sequence[tuple[int, int]] = ()) -> list[str]:
    """Tags in the prose, in order, without `#`; links must have been blanked out.

    `tables` are where tables stand, in order: in one, a tag may touch the bar between two cells.
    """
    if "#" not in prose:
        return []
    found: list[str] = []
    last = -1
    for match in _TAG.finditer(prose):
        name = match[1]
        begins = match.start() == last or _begins(prose, match.start(), tables)
        if not begins and prose[match.start() - 1] == "_":
            begins, name = _in_underscores(prose, match)
        if begins and not _DIGITS.fullmatch(name) and (name := name.lstrip("/")).strip("-_/"):
            found.append(name)
            last = match.end()
    return found


def property_tags(properties: Mapping[str, PropertyValue]) -> list[str]:
    """Tags of the frontmatter: `tags` or `tag`, a list, or one string with commas or spaces between them."""
    tags: list[str] = []
    for key, value in properties.items():
        if key.casefold() in ("tags", "tag"):
            tags.extend(tag for text in _texts(value) if (tag := _clean(text)))
    return tags


def unique(tags: Iterable[str]) -> tuple[str, ...]:
    """Without repetitions that differ in case only; the first spelling stays."""
    found: dict[str, str] = {}
    for tag in tags:
        found.setdefault(tag.casefold(), tag)
    return tuple(found.values())


def _begins(prose: str, start: int, tables: Sequence[tuple[int, int]]) -> bool:
    """Whether a tag may begin here: behind a space, or a mark that is not shown. Behind a word's comma it may not."""
    before = prose[start - 1] if start else "\n"
    match before:
        case _ if before == BLANK or before == "\ufeff" or before.isspace():
            return True
        case "*":
            return _partnered(prose, start, "*")
        case "=" | "~":
            return prose.startswith(before * 2, start - 2) and _partnered(prose, start, before * 2)
        case ">":
            line = prose[max(0, start - _REACH) : start].rpartition("\n")
            return (bool(line[1]) or start <= _REACH) and not line[2].strip("> \t")
        case "|":
            table = bisect_right(tables, start, key=lambda span: span[0]) - 1
            return table >= 0 and start < tables[table][1]
        case "[":
            return _opens_brackets(prose, start)
        case "]":
            opening = prose.rfind("[", max(0, start - _REACH), start - 1)
            return 0 <= opening < start - 2 and "]" not in prose[opening : start - 1]
        case _:
            return False


def _partnered(prose: str, start: int, mark: str) -> bool:
    """Whether the mark that ends at `start` stands on the line once more: alone it is a character like any other."""
    own = start - len(mark)
    while own > max(0, start - _REACH) and prose[own - 1] == mark[0]:
        own -= 1
    line_start = max(0, own - _REACH, prose.rfind("\n", max(0, own - _REACH), own) + 1)
    following = prose.find("\n", start, start + _REACH)
    line_end = start + _REACH if following < 0 else following
    return mark in prose[line_start:own] or mark in prose[start:line_end]


def _opens_brackets(prose: str, start: int) -> bool:
    """Whether the bracket before `start` is closed and neither an image's, a label's, nor a wikilink's."""
    closing = prose.find("]", start, start + _REACH)
    if closing < 0 or "[" in prose[start:closing] or prose[max(0, start - 2) : start - 1] in ("!", "[", "]"):
        return False
    return prose[closing + 1 : closing + 2] not in ("]", ":")


def _in_underscores(prose: str, match: re.Match[str]) -> tuple[bool, str]:
    """Whether a tag begins behind underscores that mark emphasis, and its name without those that end it.

    An underscore may be part of a tag, so it only counts as a mark with a partner.
    """
    name, start = match[1], match.start()
    opening = start - len(prose[max(0, start - _REACH) : start].rstrip("_")) - max(0, start - _REACH)
    line_start = max(0, start - _REACH, prose.rfind("\n", max(0, start - _REACH), start) + 1)
    # An odd number of them before these: these close what the last one opened.
    if len(re.findall("_+", prose[line_start : start - opening])) % 2:
        return True, name
    ending = len(name) - len(name.rstrip("_"))
    follows = prose[match.end() : match.end() + 1]
    if 0 < ending <= opening and not (follows.isascii() and follows.isalnum()):
        return True, name.rstrip("_")
    return False, name


def _texts(value: PropertyValue) -> list[str]:
    if isinstance(value, str):
        # Brackets and quotes are left over from a list in frontmatter that did not parse.
        return [text.strip("[]\"'") for text in _SEPARATOR.split(value)]
    if isinstance(value, list):
        return [str(item) for item in value if isinstance(item, str | int | float) and not isinstance(item, bool)]
    return []


def _clean(tag: str) -> str:
    """A property's tag without `#` and outer slashes, or nothing when it is a number or has no letter or symbol."""
    tag = tag.strip().lstrip("#").strip("/").strip()
    if not tag or _DIGITS.fullmatch(tag) or not tag.strip("-_/"):
        return ""
    return tag
