"""Addresses that open a note in Obsidian."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote


def obsidian_uri(vault: str, path: str, heading_path: Sequence[str] = ()) -> str:
    """The `obsidian://open` address of a note, or of a heading in it."""
    file = path.removesuffix(".md") + (f"#{heading_path[-1]}" if heading_path else "")
    return f"obsidian://open?vault={quote(vault, safe='')}&file={quote(file, safe='')}"
