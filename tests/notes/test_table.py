from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.notes.links import LinkResolver
from sidecar.notes.note import Note
from sidecar.notes.rules import ReadingRules
from sidecar.notes.table import MAX_COLUMNS, read_table, row_pages
from tests.notes.fixtures import Case, load_cases

ID = "0123456789abcdef0123456789abcdef"
RULES = ReadingRules(flavour="notion")
EXPORT = Path(__file__).parents[1] / "vaults" / "notion"


def read(text: str, *, path: str = f"Tasks {ID}.csv", pages: Collection[str] = ()) -> tuple[Note, ...]:
    return read_table(path, text.encode("utf-8"), rules=RULES, pages=pages)


def titles(notes: tuple[Note, ...]) -> list[str]:
    return [note.title for note in notes]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.title) for case in load_cases("rows")])
def test_case_reads_as_written_down(case: Case) -> None:
    _, *rows = read(case.source)
    assert [dict(row.properties) for row in rows] == case.expected["rows"]
    assert [row.text for row in rows] == case.expected.get("texts", [row.text for row in rows])
    for row in rows:
        assert_sound(row)


def test_the_table_itself_is_a_note_that_says_what_it_holds() -> None:
    table, *_ = read("Name,Due\nOil the gate,\nOrder compost,\n")
    assert (table.path, table.kind, table.title) == (f"Tasks {ID}.csv", "table", "Tasks")
    assert table.text == "Tasks: table of 2 rows.\n\nColumns: Name, Due\n"
    assert "Oil the gate" not in table.text


def test_each_row_is_a_note_of_its_own_within_the_file() -> None:
    _, row = read("Name,Due\nOil the gate,\n", path=f"Home {ID}/Tasks {ID}_all.csv")
    assert (row.path, row.kind, row.title) == (f"Home {ID}/Tasks {ID}_all.csv#Oil the gate", "row", "Oil the gate")


def test_rows_of_one_name_have_paths_of_their_own() -> None:
    _, *rows = read("Name\nCall\nCall\nCall 2\nCall\n,\n")
    assert [row.path.partition("#")[2] for row in rows] == ["Call", "Call 2", "Call 2 2", "Call 3"]
    assert titles(tuple(rows)) == ["Call", "Call", "Call 2", "Call"]


def test_a_row_without_a_name_is_untitled() -> None:
    _, row = read("Name,Due\n,soon\n")
    assert (row.title, row.path) == ("Untitled", f"Tasks {ID}.csv#Untitled")


def test_a_row_s_name_in_its_path_has_nothing_that_parts_paths() -> None:
    _, row = read('Name\n"../C#\\a\nb"\n')
    assert row.path == f"Tasks {ID}.csv#..-C-a-b"
    assert row.title == "../C#\\a\nb"


def test_rows_that_have_a_page_are_left_out_as_often_as_there_are_pages() -> None:
    text = "Name\nCall\nCall\nWrite: a letter?\n"
    assert titles(read(text, pages=["Call", "Write a letter"])) == ["Tasks", "Call"]
    assert titles(read(text, pages=["Call", "Call"])) == ["Tasks", "Write: a letter?"]


def test_a_row_is_known_by_the_beginning_of_a_long_name() -> None:
    name = "Symetric & asymetric encryption, discrete logarithm, integer factorisation"
    text = f'Name\n"{name}"\nSymetric\n'
    assert titles(read(text, pages=["Symetric & asymetric encryption, discrete logarith"])) == ["Tasks", "Symetric"]
    # A short name is whole: it stands for no longer one.
    assert titles(read(text, pages=["Symetric & asymetric"])) == ["Tasks", name, "Symetric"]


def test_untitled_rows_have_untitled_pages() -> None:
    assert titles(read("Name,Due\n,soon\n", pages=["Untitled"])) == ["Tasks"]


def test_pages_of_a_table_lie_in_its_folder() -> None:
    paths = [
        f"a/Tasks {ID}/Oil {ID}.md",
        f"a/Tasks {ID}/Oil {ID}/Sub {ID}.md",
        f"a/Tasks/Write {ID}.md",
        f"Tasks {ID}/Call {ID}.md",
        f"a/Tasks {ID}/plan.png",
    ]
    assert row_pages(f"a/Tasks {ID}_all.csv", paths) == ("Oil", "Write")
    assert row_pages(f"a/Tasks {ID}.csv", paths) == ("Oil", "Write")


def test_a_relation_is_a_link_that_stands_where_the_name_stands() -> None:
    cell = f"Oil (Tools%20{ID}/Oil%20{ID}.md), Bees, wasps (https://www.notion.so/Bees-{ID}?pvs=21)"
    _, row = read(f'Name,Needs\nGate,"{cell}"\n')
    assert row.text == "Name: Gate\nNeeds: Oil, Bees, wasps\n"
    shown = [(row.text[link.span.start : link.span.end], link.target, link.style) for link in row.links]
    assert shown == [("Oil", f"Tools {ID}/Oil {ID}.md", "markdown"), ("Bees, wasps", "Bees, wasps", "wikilink")]


def test_a_column_whose_name_is_a_mark_makes_no_heading() -> None:
    _, row = read("Name,# of pages,- item\nBook,3,x\n")
    assert row.text == "Name: Book\n**# of pages**: 3\n**- item**: x\n"
    assert [block.kind for block in row.blocks] == ["paragraph"]


def test_code_in_one_cell_does_not_reach_into_the_next() -> None:
    _, row = read('Name,A,B,Tags\nx,"```\ncode","see #this",b\n')
    assert "this" in row.tags


def test_a_line_in_one_cell_makes_no_heading_of_the_cells_before_it() -> None:
    _, row = read('Name,A,B,C\nx,y,"z\n===",w\n')
    kinds = [(block.kind, row.text[block.span.start : block.span.end]) for block in row.blocks]
    assert kinds == [("paragraph", "Name: x\nA: y"), ("heading", "B: z\n==="), ("paragraph", "C: w")]


def test_a_cell_that_also_says_something_else_is_no_relation() -> None:
    _, row = read(f'Name,Where\nx,"Shed (Shed%20{ID}.md), Gate (the old one)"\n')
    assert row.properties["Where"] == f"Shed (Shed%20{ID}.md), Gate (the old one)"


def test_privacy_flags_count_row_by_row() -> None:
    _, *rows = read('Name,Private,Tags\na,Yes,\nb,No,\nc,,"x, private"\n')
    assert [row.withheld for row in rows] == ["private: true", None, "#private"]


def test_a_row_s_day_comes_from_its_name_or_its_properties() -> None:
    _, *rows = read('Name,Date\nReview 2024-03-05,\nCall,"March 6, 2024"\n"@March 7, 2024 ",\n')
    assert [(str(row.date), row.date_source) for row in rows] == [
        ("2024-03-05", "name"),
        ("2024-03-06", "property"),
        ("2024-03-07", "name"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_a_table_is_read_in_the_encoding_it_has(encoding: str) -> None:
    text = "Nom;Âge;Ville\r\nÉlodie;30;Besançon\r\nRené;41;Orléans\r\nZoë;7;Nîmes\r\n"
    table, *rows = read_table("gens.csv", text.encode(encoding), rules=RULES)
    assert table.text.endswith("Columns: Nom, Âge, Ville\n")
    assert dict(rows[0].properties) == {"Nom": "Élodie", "Âge": 30, "Ville": "Besançon"}


@pytest.mark.parametrize(
    ("text", "properties"),
    [
        ("a;b;c\n1,5;2;x\n", {"a": "1,5", "b": 2, "c": "x"}),
        ("a\tb\n1\tx, y\n", {"a": 1, "b": "x, y"}),
        ('"a;b",c\n1,2\n', {"a;b": 1, "c": 2}),
        ("\n\na,b\n\n1,2\n\n", {"a": 1, "b": 2}),
        ("a,a,\n1,2,3,4\n", {"a": 1, "a 2": 2, "Column 3": 3, "Column 4": 4}),
        ('a,b\n"say ""hi""",x\n', {"a": 'say "hi"', "b": "x"}),
    ],
)
def test_the_parts_of_a_line_are_told_by_the_column_names(text: str, properties: dict[str, object]) -> None:
    assert dict(read(text)[1].properties) == properties


def test_a_quotation_mark_that_is_never_closed_does_not_swallow_the_rows_behind_it() -> None:
    table, *rows = read('Name,Note\na,"open\nb,two\nc,three\n')
    assert [problem.code for problem in table.problems] == ["table-quoting"]
    assert titles(tuple(rows)) == ["a", "b", "c"]


def test_quotation_marks_inside_a_cell_cost_nothing() -> None:
    table, *rows = read('Name,Note\na,"say "hi" now"\nb,"two\nlines"\n')
    assert [problem.code for problem in table.problems] == ["table-quoting"]
    assert [dict(row.properties) for row in rows][1] == {"Name": "b", "Note": "two\nlines"}


def test_a_cell_longer_than_the_csv_module_takes_is_cut() -> None:
    table, *rows = read(f"Name,Note\na,{'x' * 200_000}\nb,two\n")
    assert {problem.code for problem in table.problems} >= {"table-cut"}
    assert titles(tuple(rows)) == ["a", "b"]
    assert len(rows[0].text) < 40_000


@pytest.mark.parametrize("text", ["", "\n\n", ",,,\n", "\ufeff", "Name", "Name\n"])
def test_a_table_without_rows_is_one_note(text: str) -> None:
    (table,) = read(text)
    assert "table of 0 rows" in table.text


def test_rows_have_a_limit_and_the_table_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidecar.notes.table.MAX_ROWS", 50)
    table, *rows = read("Name\n" + "a\n" * 60)
    assert len(rows) == 50
    assert table.text.startswith("Tasks: table of 60 rows.")
    assert [problem.code for problem in table.problems] == ["table-cut"]


def test_columns_have_a_limit_and_the_table_says_so() -> None:
    table, row = read("Name" + ",c" * 300 + "\na" + ",b" * 300 + "\n")
    assert len(row.properties) == MAX_COLUMNS
    assert [problem.code for problem in table.problems] == ["table-cut"]


def test_cells_have_a_limit_over_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidecar.notes.table.MAX_CELLS", 500)
    table, *rows = read("N" + ",c" * 9 + "\n" + ("a" + ",b" * 9 + "\n") * 60)
    assert len(rows) == 50
    assert [problem.code for problem in table.problems] == ["table-cut"]
    # What needs a parser of its own counts threefold.
    assert len(read("N" + ",c" * 9 + "\n" + ("`a`" + ",`b`" * 9 + "\n") * 60)) == 17


def test_an_exported_database_is_read_whole() -> None:
    files = [file.relative_to(EXPORT).as_posix() for file in EXPORT.rglob("*") if file.is_file()]
    (path,) = [file for file in files if file.endswith("_all.csv") and file.startswith("Tasks")]
    data = (EXPORT / path).read_bytes()
    assert row_pages(path, files) in (("Oil the tools", "Order compost"), ("Order compost", "Oil the tools"))
    assert titles(read_table(path, data, rules=RULES, pages=row_pages(path, files))) == ["Tasks", "Repair the gate"]
    _, oil, compost, gate = read_table(path, data, rules=RULES)
    assert dict(oil.properties) == {
        "Name": "Oil the tools", "Status": "Done", "Due": "2024-03-05T10:30:00", "Tags": ["shed", "winter"],
        "Urgent": False,
    }  # fmt: skip
    assert dict(gate.properties) == {"Name": "Repair the gate", "Status": "Open", "Urgent": False}
    resolver = LinkResolver(files)
    led = [resolver.resolve(link.target, source=path) for link in compost.links]
    assert None not in led
    assert len(led) == 2


def assert_sound(note: Note) -> None:
    for span in [*(block.span for block in note.blocks), *(link.span for link in note.links)]:
        assert 0 <= span.start < span.end <= len(note.text)
        assert span.start_line == note.text.count("\n", 0, span.start) + 1
        assert span.end_line == note.text.count("\n", 0, span.end - 1) + 1
    assert json.dumps(dict(note.properties))
    note.path.encode()


_CELLS = st.sampled_from(
    [
        *("", "a", "Yes", "No", "3", "2024/03/05", "March 5, 2024", "a, b", "b", '"', "`x", "$$", "%%", "# h", "x\ny"),
        *(f"P (P%20{ID}.md)", "P (https://notion.so/x)", " (", "#private", "[[a", "é", "日本", "- [ ] x", "\0", "a/b"),
    ]
)


@given(st.lists(st.lists(_CELLS, max_size=6), max_size=8))
@settings(max_examples=200, deadline=None)
def test_any_table_gives_notes_with_paths_of_their_own(rows: list[list[str]]) -> None:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    notes = read(file.getvalue())
    assert len({note.path for note in notes}) == len(notes)
    for note in notes:
        assert_sound(note)


@given(st.one_of(st.binary(max_size=300), st.text(alphabet='ab,;"\n\t\r #`', max_size=200).map(str.encode)))
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_a_table(data: bytes) -> None:
    table, *rows = read_table("a/b.csv", data, rules=RULES)
    assert table.kind == "table"
    for row in rows:
        assert_sound(row)


_HOSTILE = {
    "commas": "," * 200_000,
    "quotation marks": '"' * 200_001,
    "open cells": 'a,"b\n' * 3_001,
    "one endless line": "a" * 400_000,
    "rows of one name": "Name\n" + "a\n" * 3_000,
    "names that look numbered": "Name\n" + "".join(f"a {n}\n" for n in range(1_500)) + "a\n" * 1_500,
    "open relations": 'Name,b\nx,"' + " (a" * 10_000 + ')"\n',
    "spaces": 'Name,b\nx,"' + " " * 30_000 + '\n y"\n',
    "brackets": "Name,b\nx," + "[" * 30_000 + "\n",
}


@pytest.mark.parametrize("source", _HOSTILE.values(), ids=_HOSTILE.keys())
def test_hostile_tables_are_read(source: str) -> None:
    # Quadratic code would meet the suite's deadline here.
    notes = read(source)
    assert len({note.path for note in notes}) == len(notes)
