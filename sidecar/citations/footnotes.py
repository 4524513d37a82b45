"""Footnotes of an answer: numbered by their first use, those of the answer's own among them."""

from __future__ import annotations

import re

_LABEL = re.compile(r"\[\^(\d{1,6})\]")


class Footnotes:
    """The numbers given so far."""

    def __init__(self, conversation: str) -> None:
        """Numbers that the conversation uses are not given: the answer may be put beside it."""
        self._taken = {int(label) for label in _LABEL.findall(conversation)}
        self._next = 1
        self._cited: dict[str, int] = {}
        self._own: dict[str, int] = {}

    def of_link(self, link: str) -> int:
        """The number of the footnote that leads to a link."""
        return self._numbered(self._cited, link)

    def of_label(self, label: str) -> int:
        """The number in place of a label that the answer itself has given."""
        return self._numbered(self._own, label)

    def definitions(self) -> str:
        """The ends of the footnotes that lead to links, in order; empty without any."""
        return "\n".join(f"[^{number}]: [[{link}]]" for link, number in self._cited.items())

    def _numbered(self, numbers: dict[str, int], key: str) -> int:
        if key not in numbers:
            while self._next in self._taken:
                self._next += 1
            numbers[key] = self._next
            self._taken.add(self._next)
        return numbers[key]
