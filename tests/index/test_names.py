"""Which titles and aliases stand in a text, in a real index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.index import store
from sidecar.index.database import connect
from sidecar.index.names import name_key, named_in
from sidecar.index.schema import create, fingerprint
from tests.index.entries import make_entry

ALIASES = {
    "Boiler": (),
    "Boiler repair": ("Fixing the  boiler",),
    "meeting-notes 2024": (),
    "Ana-María Núñez": ("AMN",),
    "C++": (),
    ".NET": (),
    "🏠": (),
    "notes": (),
    "How to": (),
    "7": (),
    "x": (),
    "2024": (),
    "東京の計画": ("旅行",),
    "iPhone設定": (),
    "การเงิน": (),
    "คร": (),
    "हिन्दी व्याकरण": (),
    "كتاب الطبخ": (),
    "회의록": (),
    "Dense retrieval of passages for answering open questions without any reader model": (),
}


@pytest.fixture
def connection() -> Iterator[apsw.Connection]:
    with opened() as made:
        for number, (title, aliases) in enumerate(ALIASES.items()):
            add(made, f"{number}.md", title, aliases)
        yield made


def opened() -> apsw.Connection:
    made = connect(Path(":memory:"), writable=True)
    create(made, fingerprint(reading="test", embedding="test"))
    return made


def add(connection: apsw.Connection, path: str, title: str, aliases: tuple[str, ...] = (), text: str = "text") -> None:
    entry = make_entry(path, [text], aliases=aliases)
    store.replace_note(connection, replace(entry, note=replace(entry.note, title=title)))


def found(connection: apsw.Connection, text: str) -> list[str]:
    titles = dict(connection.execute("SELECT id, title FROM notes"))
    return [titles[named.note_id] for named in named_in(connection, text, limit=10)]


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("how do I repair the boiler", ["Boiler"]),
        ("what does BOILER   Repair cost?", ["Boiler repair"]),
        ("boiler repair, and what else has the boiler?", ["Boiler repair", "Boiler"]),
        ("is fixing the boiler hard", ["Boiler repair"]),
        ("boilers and reboiler", []),
        ("meeting notes 2024 please", ["meeting-notes 2024"]),
        ("who is ana maria nunez", ["Ana-María Núñez"]),
        ("“Ana-Mari\u0301a Nu\u0301n\u0303ez”?", ["Ana-María Núñez"]),
        ("ask AMN!", ["Ana-María Núñez"]),
        ("templates in C++, please", ["C++"]),
        ("news of .NET today", [".NET"]),
        ("what is in 🏠?", ["🏠"]),
        ("all notes on that", []),
        ("how to do it", []),
        ("7 of x", []),
        ("what happened in 2024", ["2024"]),
        ("東京の計画はどこですか", ["東京の計画"]),
        ("次の旅行について", ["東京の計画"]),
        ("iPhone設定を教えて", ["iPhone設定"]),
        ("เรื่องการเงินของฉัน", ["การเงิน"]),
        ("คุณครูอยู่ไหน", []),
        ("คนครบแล้ว", ["คร"]),
        ("हिन्दी व्याकरण क्या है", ["हिन्दी व्याकरण"]),
        ("أين كتاب الطبخ؟", ["كتاب الطبخ"]),
        ("지난 회의록은 어디", ["회의록"]),
        ("Dense retrieval of passages for answering open questions without any reader model?", [list(ALIASES)[-1]]),
        ("", []),
        ("???", []),
    ],
)
def test_names_are_found_as_whole_words(connection: apsw.Connection, text: str, titles: list[str]) -> None:
    assert found(connection, text) == titles


@pytest.mark.parametrize("title", list(ALIASES))
@pytest.mark.parametrize("around", ["{}", " {}？ ", '"{}"?', "«{}»"])
def test_any_name_counts_as_the_whole_query(connection: apsw.Connection, title: str, around: str) -> None:
    named = named_in(connection, around.format(title), limit=10)
    assert named[0].whole
    assert named[0].name == name_key(title)
    assert [each.whole for each in named[1:]] == [False] * (len(named) - 1)


def test_a_name_says_whether_it_is_a_title_or_an_alias(connection: apsw.Connection) -> None:
    (alias,) = named_in(connection, "amn", limit=1)
    (title,) = named_in(connection, "the boiler", limit=1)
    assert (alias.kind, alias.whole, title.kind, title.whole) == ("alias", True, "title", False)


def test_no_more_names_are_given_than_asked_for(connection: apsw.Connection) -> None:
    text = "boiler repair by ana maria nunez"
    assert [each.name for each in named_in(connection, text, limit=1)] == ["ana maria nunez"]
    assert named_in(connection, text, limit=0) == []


def test_a_name_of_several_notes_names_them_and_one_of_many_notes_none() -> None:
    with opened() as connection:
        for number in range(2):
            add(connection, f"few{number}.md", "Kitchen plan")
        for number in range(20):
            add(connection, f"many{number}.md", "Read me")
        assert found(connection, "see the kitchen plan now") == ["Kitchen plan"] * 2
        assert found(connection, "first read me then") == []
        assert found(connection, "read me") == ["Read me"] * 10


def test_a_word_that_the_vault_is_about_names_no_note() -> None:
    with opened() as connection:
        for number in range(30):
            add(connection, f"{number}.md", f"Day {number}", text="ideas for the garden")
        add(connection, "ideas.md", "Ideas")
        add(connection, "garden.md", "Garden gate")
        assert found(connection, "more ideas about it") == []
        assert found(connection, "ideas") == ["Ideas"]
        assert found(connection, "ideas for the garden gate") == ["Garden gate"]


def test_images_have_no_names_and_names_follow_their_notes(connection: apsw.Connection) -> None:
    entry = make_entry("scan.png", [])
    store.replace_note(connection, replace(entry, note=replace(entry.note, title="Scan", kind="image")))
    assert found(connection, "scan") == []
    add(connection, "0.md", "Furnace")
    assert found(connection, "boiler") == []
    assert found(connection, "furnace") == ["Furnace"]
    store.remove_note(connection, "0.md")
    assert found(connection, "furnace") == []


def test_of_a_long_text_the_beginning_and_the_end_are_looked_at(connection: apsw.Connection) -> None:
    filler = "word " * 2_000
    assert found(connection, f"boiler repair: {filler} what did ana maria nunez say?") == [
        "Ana-María Núñez",
        "Boiler repair",
    ]
    assert found(connection, f"{filler} boiler repair {filler}") == []


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "[" * 1_000_000,
        "か" * 8_000,
        "a " * 500_000,
        "\ud800\0",
        "\u0301" * 8_000,
        "🏠" * 8_000,
        "\0b\0 b++",
    ],
    ids=["word", "brackets", "kana", "letters", "surrogate", "marks", "emoji", "nul"],
)
def test_hostile_text_names_nothing(connection: apsw.Connection, text: str) -> None:
    assert named_in(connection, text, limit=10) == []
    add(connection, "odd.md", text.replace("\ud800", ""), (text[:5_000].replace("\ud800", ""),))


WORDS = st.lists(st.sampled_from(["boiler", "repair", "東京", "計画", "x", "C++", "Ana", "-", "?", "กา"]), max_size=12)


@settings(max_examples=40, deadline=None)
@given(title=WORDS, before=WORDS, after=WORDS)
def test_a_name_that_stands_in_a_text_is_found_or_lies_in_a_longer_one(
    title: list[str], before: list[str], after: list[str]
) -> None:
    with opened() as connection:
        add(connection, "one.md", " ".join(title))
        text = " ".join([*before, *title, *after])
        named = named_in(connection, text, limit=10)
        key = name_key(" ".join(title))
        telling = not {"boiler", "東京", "計画"}.isdisjoint(title) and len(title) <= 6
        assert all(each.name == key for each in named)
        assert not telling or [each.name for each in named] == [key]
