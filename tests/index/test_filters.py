"""What can be asked of a note before it is searched, in a real index."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.index import store
from sidecar.index.conditions import (
    Below,
    ColumnIn,
    ColumnIs,
    Condition,
    Dated,
    Every,
    HasProperty,
    Not,
    PathContains,
    PropertyContains,
    PropertyEmpty,
    PropertyIn,
    PropertyIs,
    Says,
    Some,
    Tagged,
)
from sidecar.index.database import connect
from sidecar.index.filters import DatedNote, chunk_ids, dated_note_ids, note_ids
from sidecar.index.schema import create, fingerprint
from sidecar.language.terms import fold
from tests.index.entries import entry_of, make_entry, read_entry, table_entry

NOTES = {
    "Work/Plan.md": "---\ntags: [Project/Alpha]\nstatus: Done\nrating: 5\ndue: 2024-03-10T09:00\nempty:\nlist: []\n"
    "people: [Ana, João]\ndraft: false\n---\nUse `tar -xzf` on the Sunday-paper.\n\nMeet on 2024-05-02.\n",
    "Work/Old/Ideas 2.md": "---\nstatus: open\nrating: 10\ndue: 2023-12-31\nempty: ''\n---\n#project-x work\n\n"
    "effort:: 12\n",
    "Home/2024-03-01.md": "---\nstatus: published\n---\nA workday;\nsee 2024-05-02 and 2023-01-01.\n",
    "日記/カフェ.md": "---\nstatus: 下書き\n---\n珈琲を飲む。\n\n#日本/東京\n",
}


@pytest.fixture
def connection() -> Iterator[apsw.Connection]:
    with opened() as made:
        for path, text in NOTES.items():
            store.replace_note(made, read_entry(path, text))
        yield made


def opened() -> apsw.Connection:
    made = connect(Path(":memory:"), writable=True)
    create(made, fingerprint(reading="test", embedding="test"))
    return made


def paths(connection: apsw.Connection, *conditions: Condition) -> set[str]:
    ids = note_ids(connection, conditions)
    assert ids is not None
    assert ids == sorted(set(ids))
    chunks = chunk_ids(connection, conditions)
    assert chunks is not None
    assert chunks == sorted(set(chunks))
    rows = dict(connection.execute("SELECT id, path FROM notes"))
    of_chunks = {row for (row,) in connection.execute(f"SELECT note_id FROM chunks WHERE id IN ({str(chunks)[1:-1]})")}
    assert of_chunks == set(ids)
    return {rows[note_id].rpartition("/")[2].removesuffix(".md") for note_id in ids}


ALL = {"Plan", "Ideas 2", "2024-03-01", "カフェ"}


def _name(value: object) -> str:
    """In the same words in each process: a set has no order of its own."""
    return str(sorted(value)) if isinstance(value, set) else str(value)


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (PathContains(text="WORK/"), {"Plan", "Ideas 2"}),
        (PathContains(text="%"), set()),
        (PathContains(text="plan", name_only=True), {"Plan"}),
        (PathContains(text="work", name_only=True), set()),
        (PathContains(text="カフェ"), {"カフェ"}),
        (PathContains(text="ｶﾌｪ"), {"カフェ"}),
        (Below(folder="work"), {"Plan", "Ideas 2"}),
        (Below(folder="/Work/Old/"), {"Ideas 2"}),
        (Below(folder="Wor"), set()),
        (Below(folder=""), ALL),
        (Tagged(tag="project"), {"Plan"}),
        (Tagged(tag="project/"), {"Plan"}),
        (Tagged(tag="PROJECT/alpha"), {"Plan"}),
        (Tagged(tag="alpha"), set()),
        (Tagged(tag="日本"), {"カフェ"}),
        (HasProperty(key="STATUS"), ALL),
        (HasProperty(key="list"), {"Plan"}),
        (HasProperty(key="empty"), {"Plan", "Ideas 2"}),
        (HasProperty(key="nowhere"), set()),
        (PropertyEmpty(key="empty"), {"Plan"}),
        (PropertyEmpty(key="list"), set()),
        (PropertyContains(key="status", text="o"), {"Plan", "Ideas 2"}),
        (PropertyContains(key="people", text="joao"), {"Plan"}),
        (PropertyContains(key="draft", text="FALSE"), {"Plan"}),
        (PropertyContains(key="list", text=""), set()),
        (PropertyContains(key="status", text="書"), {"カフェ"}),
        (PropertyIs(key="rating", operator="gt", value=5), {"Ideas 2"}),
        (PropertyIs(key="rating", operator="gte", value=5.0), {"Plan", "Ideas 2"}),
        (PropertyIs(key="rating", operator="lt", value=10), {"Plan"}),
        (PropertyIs(key="effort", operator="gt", value=11.5), {"Ideas 2"}),
        (PropertyIs(key="status", operator="gt", value=0), set()),
        (PropertyIs(key="status", operator="eq", value="DONE"), {"Plan"}),
        (PropertyIs(key="status", operator="eq", value="don"), set()),
        (PropertyIs(key="people", operator="eq", value="ana"), {"Plan"}),
        (PropertyIs(key="rating", operator="gt", value="4"), set()),
        (PropertyIs(key="due", operator="lt", value="2024-01-01", length=10), {"Ideas 2"}),
        (PropertyIs(key="due", operator="gt", value="2024-03-10", length=10), set()),
        (PropertyIs(key="due", operator="lte", value="2024-03-10", length=10), {"Plan", "Ideas 2"}),
        (PropertyIs(key="due", operator="gte", value="2024-03", length=7), {"Plan"}),
        (PropertyIn(key="rating", values=(5, "10", "x")), {"Plan", "Ideas 2"}),
        (PropertyIn(key="rating", values=(7, "5")), {"Plan"}),
        (PropertyIn(key="status", values=("OPEN", "don")), {"Ideas 2"}),
        (PropertyIn(key="list", values=("",)), set()),
        (PropertyIn(key="status", values=()), set()),
        (ColumnIn(column="path", values=("WORK/plan.md", "日記/カフェ.md")), {"Plan", "カフェ"}),
        (ColumnIn(column="title", values=("plan",)), {"Plan"}),
        (ColumnIn(column="kind", values=()), set()),
        (ColumnIs(column="path", operator="eq", value="work/plan.md"), {"Plan"}),
        (ColumnIs(column="title", operator="eq", value="IDEAS 2"), {"Ideas 2"}),
        (ColumnIs(column="kind", operator="eq", value="markdown"), ALL),
        (ColumnIs(column="kind", operator="eq", value="pdf"), set()),
        (ColumnIs(column="date", operator="eq", value="2024-03-01"), {"2024-03-01"}),
        (ColumnIs(column="date", operator="gt", value="2024-03", length=7), set()),
        (ColumnIs(column="date", operator="gte", value="2024-03", length=7), {"2024-03-01"}),
        (ColumnIs(column="modified", operator="lte", value=1), ALL),
        (ColumnIs(column="modified", operator="gt", value=1), set()),
        (Dated(first="2024-03-01", last="2024-03-01"), {"2024-03-01"}),
        (Dated(first="2024-05-02", last="2024-05-02"), {"Plan", "2024-03-01"}),
        (Dated(first="2024-05-03", last="2025-01-01"), set()),
        (Says(text="work"), {"Ideas 2"}),
        (Says(text="tar"), {"Plan"}),
        (Says(text="see 2024"), {"2024-03-01"}),
        (Says(text="飲む"), {"カフェ"}),
        (Says(text="!"), set()),
        (Not(condition=Says(text="work")), ALL - {"Ideas 2"}),
        (Not(condition=Tagged(tag="project")), ALL - {"Plan"}),
        (Not(condition=PropertyIs(key="rating", operator="eq", value=5)), ALL - {"Plan"}),
        (Not(condition=Some(conditions=(Below(folder="work"), Below(folder="home")))), {"カフェ"}),
        (
            Every(conditions=(Below(folder="work"), HasProperty(key="due"), Not(condition=Tagged(tag="project")))),
            {"Ideas 2"},
        ),
        (Every(conditions=()), ALL),
        (Some(conditions=()), set()),
    ],
    ids=_name,
)
def test_a_condition_holds_for_these_notes(connection: apsw.Connection, condition: Condition, found: set[str]) -> None:
    assert paths(connection, condition) == found


def test_all_conditions_must_hold_and_none_leaves_everything(connection: apsw.Connection) -> None:
    assert paths(connection, Tagged(tag="project"), Below(folder="work")) == {"Plan"}
    assert paths(connection, Tagged(tag="project"), Below(folder="home")) == set()
    assert note_ids(connection, ()) is None
    assert chunk_ids(connection, ()) is None


def test_brackets_are_brackets_and_hyphens_hyphens_where_the_notes_have_them_so(connection: apsw.Connection) -> None:
    assert note_ids(connection, [HasProperty(key="sic", typed=True)]) is None
    assert note_ids(connection, [Not(condition=HasProperty(key="sic", typed=True))]) is None
    assert paths(connection, HasProperty(key="Rating", typed=True)) == {"Plan", "Ideas 2"}
    assert note_ids(connection, [Not(condition=Says(text="xzf", typed=True))]) is None
    for word in ("tar", "paper"):
        assert paths(connection, Not(condition=Says(text=word, typed=True))) == ALL - {"Plan"}


def test_a_word_is_excluded_as_every_language_of_the_index_stems_it() -> None:
    with opened() as connection:
        for path, text, language in (("a.md", "two boilers", "en"), ("b.md", "ein Kessel", "de")):
            entry = make_entry(path, [text])
            store.replace_note(connection, entry_of(entry.note, entry.chunks, language=language))
        assert paths(connection, Not(condition=Says(text="boiler"))) == {"b"}


def test_what_is_stored_follows_the_note(connection: apsw.Connection) -> None:
    store.rename_note(connection, "Work/Plan.md", "Home/Plan.md")
    assert paths(connection, Below(folder="work")) == {"Ideas 2"}
    assert paths(connection, PathContains(text="home/plan")) == {"Plan"}
    store.replace_note(connection, read_entry("Home/Plan.md", "---\nstatus: new\n---\n#other\n"))
    assert paths(connection, Tagged(tag="project")) == set()
    assert paths(connection, PropertyContains(key="status", text="done")) == set()
    store.remove_note(connection, "Home/Plan.md")
    for table in ("note_tags", "note_properties", "note_paths"):
        left = f"SELECT count(*) FROM {table} WHERE note_id NOT IN (SELECT id FROM notes)"
        assert connection.execute(left).get == 0
    assert paths(connection, Below(folder="home")) == {"2024-03-01"}


def test_rows_of_a_table_move_with_their_file() -> None:
    with opened() as connection:
        store.replace_note(connection, table_entry("a/list.csv", {"Kettle": "Price:: 5"}))
        store.rename_note(connection, "a/list.csv", "b/list.csv")
        ids = note_ids(connection, [Below(folder="b"), PropertyIs(key="price", operator="eq", value=5)])
        assert ids is not None
        assert len(ids) == 1


def test_days_are_told_with_the_lines_that_name_them(connection: apsw.Connection) -> None:
    ids = {path: note_id for note_id, path in connection.execute("SELECT id, path FROM notes")}
    found = dated_note_ids(connection, [("2024-03-01", "2024-03-31"), ("2024-05-02", "2024-05-02")])
    assert found == {
        ids["Home/2024-03-01.md"]: DatedNote(own=True, lines=(5,)),
        ids["Work/Plan.md"]: DatedNote(own=False, lines=(13,)),
    }
    assert dated_note_ids(connection, []) == {}


@pytest.mark.parametrize("order", [1, -1])
def test_a_note_dated_in_one_range_and_naming_another_is_both(connection: apsw.Connection, order: int) -> None:
    ranges = [("2024-03-01", "2024-03-01"), ("2023-01-01", "2023-01-01")][::order]
    assert list(dated_note_ids(connection, ranges).values()) == [DatedNote(own=True, lines=(5,))]


ODD = st.text(alphabet=st.sampled_from("aAbé/#0 _%'\"\0ß\ud800日か🏠\u0301"), max_size=6)
SCALARS = st.none() | st.booleans() | st.integers(-3, 12) | st.floats() | ODD
PROPERTIES: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    ODD, SCALARS | st.lists(SCALARS | st.lists(ODD, max_size=1), max_size=3), max_size=3
)


def has(held: dict[str, Any], key: str, value: str | None) -> bool:
    """What `[key:value]` means, said once more without SQL."""
    return any(
        fold(own) == fold(key) and (value is None or any(fold(value) in fold(said(item)) for item in items))
        for own, given_value in held.items()
        for items in [given_value if isinstance(given_value, list) else [given_value]]
    )


def said(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(f'"{item}"' for item in value) + "]"
    return "" if value is None else str(value)


def clean(value: Any) -> Any:
    """What SQLite can store of it: no half of a surrogate pair, and nothing that JSON writes another way."""
    if isinstance(value, str):
        return value.replace("\ud800", "?")
    if isinstance(value, list):
        return [clean(item) for item in value]
    return value


@settings(max_examples=60, deadline=None)
@given(held=PROPERTIES, tags=st.lists(ODD, max_size=3), name=ODD, wanted=ODD, value=st.none() | ODD)
def test_filters_mean_the_same_as_said_without_sql(
    held: dict[str, Any], tags: list[str], name: str, wanted: str, value: str | None
) -> None:
    held = {clean(key): clean(item) for key, item in held.items()}
    tags, name, wanted, value = clean(tags), clean(name), clean(wanted), clean(value)
    simple = all(not isinstance(item, list) or all(not isinstance(i, list) for i in item) for item in held.values())
    with opened() as connection:
        entry = make_entry(f"F/{name}.md", ["text"], tags=tuple(tags))
        store.replace_note(connection, replace(entry, note=replace(entry.note, properties=held)))
        path = fold(f"F/{name}.md")
        tagged = any(
            fold(tag) == fold(wanted).rstrip("/") or fold(tag).startswith(fold(wanted).rstrip("/") + "/")
            for tag in tags
        )
        asked = HasProperty(key=wanted) if value is None else PropertyContains(key=wanted, text=value)
        assert bool(note_ids(connection, [PathContains(text=wanted)])) is (fold(wanted) in path)
        assert bool(note_ids(connection, [PathContains(text=wanted, name_only=True)])) is (
            fold(wanted) in path.rpartition("/")[2]
        )
        assert bool(note_ids(connection, [Tagged(tag=wanted)])) is tagged
        if simple:
            assert bool(note_ids(connection, [asked])) is has(held, wanted, value)


@pytest.mark.parametrize(
    "odd",
    ["\ud800", "\0", "[" * 50_000, "%_'\"*", "\u202e\u0301", "x" * 1_000_000],
    ids=["surrogate", "nul", "brackets", "signs", "marks", "letters"],
)
def test_hostile_text_is_only_text(connection: apsw.Connection, odd: str) -> None:
    for condition in (
        PathContains(text=odd),
        Below(folder=odd),
        Tagged(tag=odd),
        PropertyContains(key=odd, text=odd),
        PropertyIs(key="status", operator="gt", value=odd, length=10),
        Says(text=odd[:8_000], typed=True),
    ):
        note_ids(connection, [condition, Not(condition=condition)])
    properties: dict[str, Any] = {
        odd: odd,
        "n": [float("inf"), 10**400 if odd == "\0" else 1, {"a": odd.replace("\ud800", "")}],
    }
    entry = make_entry("odd.md", ["x"], tags=(odd.replace("\ud800", ""),))
    held = {key.replace("\ud800", ""): value for key, value in properties.items()}
    held = {key: value.replace("\ud800", "") if isinstance(value, str) else value for key, value in held.items()}
    store.replace_note(connection, replace(entry, note=replace(entry.note, properties=held, date=dt.date(2024, 1, 1))))
    assert "odd" in paths(connection, HasProperty(key="n"))
