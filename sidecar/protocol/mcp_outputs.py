"""What the tools of `sidecar mcp` answer with, as structured content."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class _Output(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PassageFound(_Output):
    path: str
    title: str
    heading_path: list[str]
    snippet: str
    first_line: int
    last_line: int
    score: float = Field(description="In [0, 1]; means the same for every query.")
    uri: str = Field(description="Opens the note in Obsidian.")
    tags: list[str]
    modified: str = Field(description="The day on which the file was last changed.")


class SearchOutput(_Output):
    results: list[PassageFound]
    index_complete: bool = Field(description="False while notes are still being read: some may be missing.")


class RelatedNote(PassageFound):
    links_to: bool = Field(description="Whether the note that was asked about links to it.")
    linked_from: bool = Field(description="Whether it links to the note that was asked about.")
    reasons: list[str]


class RelatedOutput(_Output):
    results: list[RelatedNote]
    index_complete: bool


class LinkOut(_Output):
    target: str = Field(description="As the note writes it.")
    path: str | None = Field(description="The note it leads to, where that can be read.")


class ReadOutput(_Output):
    path: str
    title: str
    uri: str
    date: str | None
    tags: list[str]
    properties: dict[str, Any]
    headings: list[str] = Field(description="Its sections, for `heading`.")
    text: str
    offset: int
    next_offset: int | None = Field(description="Where to go on; null at the end.")
    total_characters: int
    links: list[LinkOut]
    linked_from: list[str] = Field(description="Paths of notes that link to it.")


class CitedPassage(_Output):
    path: str
    heading_path: list[str]
    first_line: int
    last_line: int
    uri: str
    quote: str | None


class AskOutput(_Output):
    answer: str
    sources: list[CitedPassage]


class VaultTold(_Output):
    name: str
    kind: str
    notes: int = Field(description="Notes that can be searched and read here.")
    ready: bool
    note: str | None = Field(default=None, description="What the user should look at, if anything.")


class StatusOutput(_Output):
    version: str
    vaults: list[VaultTold]


def output_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of a tool's structured content."""
    return model.model_json_schema(mode="serialization")
