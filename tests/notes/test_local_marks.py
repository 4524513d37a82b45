"""The mark by which a note stays on this machine, in what is no Markdown note of Obsidian's, and in hostile text."""

from __future__ import annotations

import json

import pytest

from sidecar.notes.canvas import read_canvas
from sidecar.notes.kinds import read_file
from sidecar.notes.logseq.page import read_logseq
from sidecar.notes.notion import read_notion
from sidecar.notes.privacy import local_by, local_in_source
from sidecar.notes.rules import ReadingRules
from sidecar.notes.table import read_table

LOGSEQ = ReadingRules(flavour="logseq", daily_folder="journals")
NOTION = ReadingRules(flavour="notion")


def canvas(*cards: str) -> str:
    box = {"x": 0, "y": 0, "width": 10, "height": 10}
    return json.dumps({"nodes": [{"id": str(n), "type": "text", "text": t, **box} for n, t in enumerate(cards)]})


@pytest.mark.parametrize(
    ("page", "mark"),
    [
        ("sidecar:: local\n\n- x", "sidecar: local"),
        ("- x\n  Sidecar:: Local", "sidecar: local"),
        ("- x\n\t- y\n\t  sidecar::local", "sidecar: local"),
        ("sidecar:: [[local]]\n\n- x", "sidecar: local"),
        ("---\nsidecar: local\n---\n- x", "sidecar: local"),
        ("---\ntitle: [\nsidecar: local\n---\n- x", "sidecar: local"),
        ("- x #local-only", "#local-only"),
        ("- x (#local-only/diary)", "#local-only"),
        ("- #[[local-only]]", "#local-only"),
        ("tags:: a, local-only\n\n- x", "#local-only"),
        ("- x <!-- #local-only -->", "#local-only"),
        ("sidecar:: localhost\n\n- #local-only-ish, sidecar is local", None),
    ],
)
def test_a_page_of_logseq_is_local_by_any_of_its_blocks(page: str, mark: str | None) -> None:
    assert read_logseq("pages/x.md", page.encode(), rules=LOGSEQ).local == mark


@pytest.mark.parametrize(
    ("page", "mark"),
    [
        ("# Title\n\nSidecar: local\nStatus: Open\n\nText\n", "sidecar: local"),
        ("# Title\n\nSidecar: local\nand a line that is no property\n\nText\n", "sidecar: local"),
        ("# Title\n\nTags: garden, local-only\n\nText\n", "#local-only"),
        ("---\nsidecar: local\n---\n# Title\n\nText\n", "sidecar: local"),
        ("# Title\n\nStatus: local\n\nText\n", None),
    ],
)
def test_a_page_of_notion_is_local_by_its_properties(page: str, mark: str | None) -> None:
    assert read_notion("Title.md", page.encode(), rules=NOTION).local == mark


def test_the_rows_of_a_table_are_local_one_by_one() -> None:
    data = b'Name,Sidecar,Tags,Text\na,Local,,\nb,,,x\nc,,"x, local-only",\nd,,,a [sidecar:: local] day\n'
    table, *rows = read_table("t.csv", data, rules=NOTION)
    assert table.local is None
    assert [row.local for row in rows] == ["sidecar: local", None, "#local-only", "sidecar:: local"]


@pytest.mark.parametrize(
    ("source", "mark"),
    [
        (canvas("x", "sidecar:: local"), "sidecar:: local"),
        (canvas("x #local-only"), "#local-only"),
        (canvas("nothing local"), None),
        # Damaged: what was left out may have said it.
        (canvas("x", "sidecar:: local")[:-12] + "{", "sidecar: local"),
        ('{"nodes": 3, "note": "#local\\u002donly"}', "#local-only"),
        ('{"nodes": 3, "sidecar": "local"}', "sidecar: local"),
        ('{"nodes": 3, "place": "local"}', None),
    ],
)
def test_a_canvas_is_local_by_any_of_its_cards_and_a_damaged_one_by_its_source(source: str, mark: str | None) -> None:
    note = read_canvas("a.canvas", source.encode(), rules=ReadingRules())
    assert (note.local or "").replace("::", ":") == (mark or "").replace("::", ":")


def test_a_note_that_is_read_without_the_markdown_parser_is_local_too() -> None:
    (note,) = read_file("a.md", b"---\nsidecar: local\n---\nx", rules=ReadingRules(), plain=True)
    assert note.local == "sidecar: local"


@pytest.mark.parametrize("value", [None, True, 1, 1.5, [], {}, [None, [{}]], "", "loc al", "not local"])
def test_a_value_that_does_not_say_local_is_none(value: object) -> None:
    properties = {"sidecar": value}
    assert local_by(properties, (), frontmatter="", sound=True) is None  # type: ignore[arg-type]  # as YAML may give it


@pytest.mark.parametrize(
    "source",
    [
        "sidecar:" * 120_000,
        "sidecar:\n" * 110_000,
        "sidecar" + " " * 1_000_000,
        "sidecar:" + "\n -" * 330_000,
        "-" * 1_000_000,
        " " * 1_000_000 + "sidecar: locality",
        "tags: " * 160_000,
        "#local-" * 140_000,
        "\0" * 1_000_000,
    ],
    ids=lambda source: f"{source[:12]!r}",
)
def test_a_megabyte_of_anything_has_no_mark(source: str) -> None:
    # Anything but linear work would take hours.
    assert local_in_source(source) is None
