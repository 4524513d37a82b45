"""What is not read: hidden files, copies left by synchronisation, Obsidian's excluded files, the user's globs.

A rule is decided from the path alone, before anything is opened. Rules a note sets for itself (`private: true`) belong
to the notes, rules that come from what a file is on disk (a link, a placeholder) to `files`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from sidecar.vault.patterns import MAX_SUBJECT, compile_filter, compile_glob, is_expression

HIDDEN = "hidden"
NODE_MODULES = "node_modules"
SYNC_CONFLICT = "sync-conflict"
# iCloud and Google Drive only add a number ("Note 2.md", "Note (1).md"). People name notes so themselves, and a note
# that is silently not found is worse than one found twice: those names are no rule here.
_CONFLICT = re.compile(
    r"""\.sync-conflict-\d{8}-\d{6}                         # Syncthing
      | \(([^()/]*\ )?conflicted\ copy\b                    # Dropbox, Nextcloud, iCloud, Obsidian Sync
      | \((case|selective\ sync)\ conflict\b                # Dropbox
      | \(SFConflict\                                       # Seafile
      | \[conflicted\]                                      # pCloud
      | _conflict-\d{8}-\d{6}                               # ownCloud
      | _\w{3}-\d\d-\d{6}-\d{4}_(Case)?Conflict\b           # Synology Drive
      | (?-i:-(DESKTOP|LAPTOP)-[A-Z0-9]{7,8}(-\d+)?(?=\.[^.]+\Z))  # OneDrive adds the computer's name
    """,
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    name: str
    pattern: re.Pattern[str]
    expression: bool
    """Whether it is a regular expression. The others are tried with a `/` behind the path, so that `Templates/` meets
    the folder itself."""

    def meets(self, path: str) -> bool:
        if self.expression and len(path) > MAX_SUBJECT:
            # Fail closed: a path that nobody types is not worth the time a costly expression may take on it.
            return True
        return self.pattern.search(path if self.expression else f"{path}/") is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusions:
    """The rules of one vault. `Exclusions()` has the built-in ones alone; `Exclusions.build` adds the others."""

    rules: tuple[_Rule, ...] = ()
    problems: tuple[str, ...] = field(default=(), compare=False)
    """A sentence for each filter or glob that cannot be used."""

    @classmethod
    def build(cls, *, user_ignore_filters: Sequence[str] = (), globs: Sequence[str] = ()) -> Exclusions:
        """Build the rules. Patterns that cannot be used are left out and named in `problems`."""
        rules: list[_Rule] = []
        problems: list[str] = []
        for text in user_ignore_filters:
            if not text:
                continue
            try:
                pattern = compile_filter(text)
            except ValueError as error:
                problems.append(f"Obsidian's excluded files: `{text[:80]}` is not applied, {error}.")
            else:
                rules.append(_Rule(name=f"obsidian: {text}", pattern=pattern, expression=is_expression(text)))
        for glob in globs:
            try:
                rules.append(_Rule(name=f"glob: {glob}", pattern=compile_glob(glob), expression=False))
            except ValueError as error:
                problems.append(f"Exclusion `{glob[:80]}` is not applied, {error}.")
        return cls(rules=tuple(rules), problems=tuple(problems))

    def rule_for(self, path: str) -> str | None:
        """Name the rule that excludes a vault-relative POSIX path of a note or folder; `None` when none does.

        Names: `hidden` (a dot file or folder), `node_modules`, `sync-conflict`, `obsidian: FILTER`, `glob: GLOB`.
        """
        hidden = hiding_rule(path)
        if hidden is not None:
            return hidden
        path = path if path.isascii() else unicodedata.normalize("NFC", path)
        if _CONFLICT.search(path):
            return SYNC_CONFLICT
        return next((rule.name for rule in self.rules if rule.meets(path)), None)


def hiding_rule(path: str) -> str | None:
    """Name the rule for what Obsidian itself does not show: `hidden`, `node_modules` or `None`.

    What these meet is neither listed nor watched. Other excluded notes are listed, so that their number can be told.
    """
    for part in path.split("/"):
        if part.startswith("."):
            return HIDDEN
        if part == NODE_MODULES:
            return NODE_MODULES
    return None
