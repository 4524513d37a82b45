"""Tags: `#nested/tag` in the prose and `tags` in the properties."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from sidecar.notes.note import PropertyValue

# What may not be part of a tag is Obsidian's list (ASCII punctuation but - _ /, general punctuation, white space), and
# CJK and full-width punctuation: "#标签，然后" tags 标签. U+200D stays, it joins emoji.
_TAG = re.compile(
    r"""(?:^|(?<=[\s(\[{"'*_~=>|、，。；：！？（【「『《“‘]))\#"""
    r"""([^\s\x00\u2000-\u200c\u200e-\u206f\u2e00-\u2e7f\u3000-\u303f\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"""
    r"""«»¿¡'!"\#$%&()*+,.:;<=>?@^`{|}~\[\]\\]+)""",
    re.MULTILINE,
)
_SEPARATOR = re.compile(r"[,\s]+")


def find_tags(prose: str) -> list[str]:
    """Tags in the prose, in order, without `#`; links must have been blanked out."""
    return [tag for match in _TAG.finditer(prose) if (tag := _clean(match[1]))]


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


def _texts(value: PropertyValue) -> list[str]:
    if isinstance(value, str):
        # Brackets and quotes are left over from a list in frontmatter that did not parse.
        return [text.strip("[]\"'") for text in _SEPARATOR.split(value)]
    if isinstance(value, list):
        return [str(item) for item in value if isinstance(item, str | int | float) and not isinstance(item, bool)]
    return []


def _clean(tag: str) -> str:
    """The tag without `#` and outer slashes, or nothing when it is a number or has no letter or symbol at all."""
    tag = tag.strip().lstrip("#").strip("/").strip()
    if not tag or tag.isdecimal() or not tag.strip("-_/"):
        return ""
    return tag
