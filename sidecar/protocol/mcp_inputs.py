"""What the tools of `sidecar mcp` are called with, and the JSON schemas that say so.

A model reads the descriptions, and what it may leave out it does leave out: every field but the first has a default.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field

from sidecar.protocol.fields import Body, LineNumber, Whole

MOST_CHARACTERS = 40_000
"""Of a note, in one answer."""


def _no_way_out(path: str) -> str:
    """A path is put into an address, where dots would lead to another one."""
    if any(part in {".", ".."} for part in path.replace("\\", "/").split("/")):
        raise ValueError("paths are relative to the vault and have no '.' or '..' in them")
    return path


_Path = Annotated[
    str,
    AfterValidator(_no_way_out),
    Field(
        min_length=1,
        max_length=1_000,
        description="The note's path within the vault, as search_notes gives it: `Folder/Note.md`.",
    ),
]
_Vault = Annotated[
    str | None, Field(max_length=200, description="A vault's name, as vault_status lists it; the first one by default.")
]
_Day = Annotated[str | None, Field(max_length=10, description="A day as YYYY-MM-DD, that day included.")]


class ToolInput(Body):
    """The arguments of a call. Unknown ones are refused: a model that misspells one should hear of it."""

    model_config = ConfigDict(extra="forbid")


class SearchInput(ToolInput):
    query: str = Field(
        min_length=1,
        max_length=2_000,
        description=(
            "Words or a question, in the language of the notes. Operators of Obsidian work in it: `#tag`,"
            ' `path:folder/`, `file:name`, `[property:value]`, `[[Note]]`, `"exact phrase"`, and `-` before any of them'
            " to exclude."
        ),
    )
    limit: Whole = Field(default=8, ge=1, le=25, description="Most passages.")
    vault: _Vault = None
    path_contains: str | None = Field(
        default=None, max_length=500, description="Only notes whose path contains this, such as a folder."
    )
    tags: list[Annotated[str, Field(max_length=200)]] = Field(
        default=[], max_length=10, description="Only notes that have all of these tags, or tags below them."
    )
    after: _Day = None
    before: _Day = None
    snippet_characters: Whole = Field(
        default=600, ge=100, le=4_000, description="Most characters shown of each passage; read_note gives the rest."
    )


class ReadInput(ToolInput):
    path: _Path
    vault: _Vault = None
    heading: str | None = Field(default=None, max_length=500, description="Only the section under this heading.")
    first_line: LineNumber | None = Field(default=None, description="Only from this line on.")
    last_line: LineNumber | None = Field(default=None, description="Only up to this line.")
    offset: Whole = Field(
        default=0, ge=0, le=1_000_000_000, description="Where to go on: the `next_offset` of the call before."
    )
    characters: Whole = Field(default=8_000, ge=200, le=MOST_CHARACTERS, description="Most characters of its text.")


class RelatedInput(ToolInput):
    path: _Path
    vault: _Vault = None
    limit: Whole = Field(default=8, ge=1, le=25, description="Most notes.")


class AskInput(ToolInput):
    question: str = Field(
        min_length=1, max_length=4_000, description="A whole question that stands by itself, in any language."
    )
    vault: _Vault = None


class StatusInput(ToolInput):
    pass


def input_schema(model: type[ToolInput]) -> dict[str, Any]:
    """The JSON schema of a tool's arguments: flat, and without null, which several clients do not take in one."""
    schema = model.model_json_schema()
    fields = {name: _plain(field) for name, field in schema.get("properties", {}).items()}
    required = {"required": schema["required"]} if "required" in schema else {}
    return {"type": "object", "properties": fields, **required, "additionalProperties": False}


def _plain(field: dict[str, Any]) -> dict[str, Any]:
    """A field without the titles that pydantic makes; one that may be null is one that may be left out."""
    kinds = [kind for kind in field.get("anyOf", ()) if kind.get("type") != "null"]
    merged = {**field, **(kinds[0] if kinds else {})}
    return {
        name: value
        for name, value in merged.items()
        if name not in {"title", "anyOf"} and not (name == "default" and value is None)
    }
