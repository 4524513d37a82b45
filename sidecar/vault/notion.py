"""What the names in a folder say about a Notion export. Asks nothing of the disk."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

_EXPORTED = re.compile(r"(?:.*[ -])?[0-9a-f]{32}(?:_all)?\.(?:md|csv)", re.DOTALL)


def looks_like_notion(names: Iterable[str]) -> bool:
    """Whether files of these names, with or without folders in front, come from a Notion export.

    At least half of the Markdown and CSV files must carry an id of 32 hexadecimal digits. An export often has a single
    folder on top (`Export-…`, `Private & Shared`): ask with the names in it too.
    """
    files = [name.rpartition("/")[2] for name in names if name.lower().endswith((".md", ".csv"))]
    exported = sum(_EXPORTED.fullmatch(name) is not None for name in files)
    return exported > 0 and exported * 2 >= len(files)


def is_table_twin(path: str, siblings: Collection[str]) -> bool:
    """Whether this CSV file is the smaller one of two for the same database.

    `Name id_all.csv` has every row and column; `Name id.csv` beside it only those of the view on the page. `siblings`
    are paths or names of the files in the same folder, in the same form as `path`.
    """
    return (fuller := fuller_table(path)) is not None and fuller in siblings


def fuller_table(path: str) -> str | None:
    """Where the table with all rows lies if there is one; `None` for what is no view of a table.

    Links in pages lead to the smaller one.
    """
    stem, dot, extension = path.rpartition(".")
    return f"{stem}_all{dot}{extension}" if extension.lower() == "csv" and not stem.endswith("_all") else None
