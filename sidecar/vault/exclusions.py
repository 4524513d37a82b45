"""What is not read: hidden files, copies left by synchronisation, what settings and globs exclude, unknown formats.

A rule is decided from the path alone, before anything is opened. Rules a note sets for itself (`private: true`) belong
to the notes, rules that come from what a file is on disk (a link, a placeholder) to `files`. Which formats can be read
is not known here: whoever reads them says so (`unread`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from sidecar.vault.notion import is_table_twin
from sidecar.vault.patterns import MAX_SUBJECT, compile_filter, compile_glob, is_expression

HIDDEN = "hidden"
NODE_MODULES = "node_modules"
SYNC_CONFLICT = "sync-conflict"
UNSUPPORTED = "unsupported"
NOTION_TWIN = "notion-twin"
NOTE_SUFFIXES = (".md", ".markdown")
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


def only_markdown(path: str) -> str | None:
    """Give `unsupported` for everything but Markdown."""
    return None if path.lower().endswith(NOTE_SUFFIXES) else UNSUPPORTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusions:
    """The rules of one vault. `Exclusions()` has the built-in ones alone; `Exclusions.build` adds the others."""

    rules: tuple[_Rule, ...] = ()
    unread: Callable[[str], str | None] = only_markdown
    """Pure: names the rule for a file in a format that nothing reads; `None` for one that is read."""
    table_twins: bool = False
    """Whether the tables of the vault lie in it twice, as in an export from Notion."""
    problems: tuple[str, ...] = field(default=(), compare=False)
    """A sentence for each filter or glob that cannot be used."""

    @classmethod
    def build(
        cls,
        *,
        user_ignore_filters: Sequence[str] = (),
        globs: Sequence[str] = (),
        templates_folders: Sequence[str] = (),
        hidden: Sequence[str] = (),
        table_twins: bool = False,
        unread: Callable[[str], str | None] = only_markdown,
    ) -> Exclusions:
        """Build the rules. Patterns that cannot be used are left out and named in `problems`.

        `templates_folders` are vault-relative; `hidden` are beginnings of paths, as in Logseq's settings.
        """
        making = _Making()
        for text in filter(None, user_ignore_filters):
            making.filter(text, name=f"obsidian: {text}", source="Obsidian's excluded files:")
        for glob in globs:
            making.glob(glob)
        for folder in templates_folders:
            making.filter(f"{folder}/", name=f"templates: {folder}", source="The folder of templates")
        for text in hidden:
            # Logseq writes such a path with a slash before it or without.
            if beginning := text.lstrip("/"):
                making.filter(beginning, name=f"logseq: {text}", source="Logseq's hidden files:")
        return cls(rules=tuple(making.rules), unread=unread, table_twins=table_twins, problems=tuple(making.problems))

    def rule_for(self, path: str, *, siblings: Collection[str] = ()) -> str | None:
        """Name the rule that keeps a file, given by its vault-relative POSIX path, from being read; `None` when it is.

        Names: those of `place_rule_for`, then those of `format_rule_for`. `siblings` are the names in its folder.
        """
        return self.place_rule_for(path) or self.format_rule_for(path, siblings=siblings)

    def format_rule_for(self, path: str, *, siblings: Collection[str] = ()) -> str | None:
        """Name the rule for a file that no place excludes: `notion-twin` or what `unread` says."""
        if self.table_twins and is_table_twin(path.rpartition("/")[2], siblings):
            return NOTION_TWIN
        return self.unread(path)

    def place_rule_for(self, path: str) -> str | None:
        """Name the rule that excludes a file or folder for where it lies and what it is called, whatever it holds.

        Names: `hidden` (a dot file or folder), `node_modules`, `sync-conflict`, `obsidian: FILTER`, `glob: GLOB`,
        `templates: FOLDER`, `logseq: PATH`.
        """
        hidden = hiding_rule(path)
        if hidden is not None:
            return hidden
        path = path if path.isascii() else unicodedata.normalize("NFC", path)
        if _CONFLICT.search(path):
            return SYNC_CONFLICT
        return next((rule.name for rule in self.rules if rule.meets(path)), None)


class _Making:
    """Rules and problems as they come up."""

    def __init__(self) -> None:
        self.rules: list[_Rule] = []
        self.problems: list[str] = []

    def filter(self, text: str, *, name: str, source: str) -> None:
        try:
            pattern = compile_filter(text)
        except ValueError as error:
            self.problems.append(f"{source} `{text[:80]}` is not applied, {error}.")
        else:
            self.rules.append(_Rule(name=name, pattern=pattern, expression=is_expression(text)))

    def glob(self, glob: str) -> None:
        try:
            self.rules.append(_Rule(name=f"glob: {glob}", pattern=compile_glob(glob), expression=False))
        except ValueError as error:
            self.problems.append(f"Exclusion `{glob[:80]}` is not applied, {error}.")


def hiding_rule(path: str) -> str | None:
    """Name the rule for what Obsidian itself does not show: `hidden`, `node_modules` or `None`.

    What these meet is neither listed nor watched nor counted: settings, repositories and caches are no part of what the
    vault says. All other files are listed, so that their number adds up to the files on disk.
    """
    for part in path.split("/"):
        if part.startswith("."):
            return HIDDEN
        if part == NODE_MODULES:
            return NODE_MODULES
    return None
