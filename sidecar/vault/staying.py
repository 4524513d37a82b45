"""Which places of a vault stay on this machine, by the user's globs. Decided from the path alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from sidecar.vault.patterns import compile_glob

_EVERYWHERE = re.compile("")
LOCAL_ONLY = "local_only: "
"""What the rules begin with that places are under, before the glob."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StayingPlaces:
    """The places of one vault. `StayingPlaces()` has none."""

    rules: tuple[tuple[str, re.Pattern[str]], ...] = ()
    problems: tuple[str, ...] = field(default=(), compare=False)
    """A sentence for each glob that cannot be used."""

    @classmethod
    def build(cls, globs: Sequence[str]) -> StayingPlaces:
        """Build the rules. A glob that cannot be used is met by every path: what it was to protect is not known."""
        rules: list[tuple[str, re.Pattern[str]]] = []
        problems: list[str] = []
        for glob in globs:
            try:
                pattern = compile_glob(glob)
            except ValueError as error:
                problems.append(f"`{glob[:80]}` in `local_only` cannot be used, {error}: no note is sent away.")
                pattern = _EVERYWHERE
            rules.append((f"{LOCAL_ONLY}{glob}", pattern))
        return cls(rules=tuple(rules), problems=tuple(problems))

    @property
    def digest(self) -> str:
        """Changes whenever a path could be under another rule; empty where there are none."""
        return "\n".join(rule for rule, _ in self.rules)

    def rule_for(self, path: str) -> str | None:
        """Name the rule, `local_only: GLOB`, by which a file, given by its vault-relative POSIX path, stays here."""
        subject = path if path.isascii() else unicodedata.normalize("NFC", path)
        return next((rule for rule, pattern in self.rules if pattern.search(f"{subject}/")), None)
