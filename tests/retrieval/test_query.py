from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import RequestError
from sidecar.index.records import NoteRecord
from sidecar.retrieval.query import Mention, Query, add_filters, admits, parse_query


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("what is the gate code?", Query(text="what is the gate code?")),
        (
            "summarise [[Boiler#Repair|it]] please",
            Query(text="summarise Boiler Repair please", mentions=(Mention(name="Boiler", heading="Repair"),)),
        ),
        ("#project/alpha meetings", Query(text="meetings", tags=("project/alpha",))),
        ("issue #42 is open", Query(text="issue #42 is open")),
        ("notas #ação", Query(text="notas", tags=("ação",))),
        ("path:Work/ rates", Query(text="rates", paths=("Work/",))),
        ('path:"My folder/" file:plan x', Query(text="x", paths=("My folder/",), files=("plan",))),
        ("[status:done] tasks", Query(text="tasks", properties=(("status", "done"),))),
        ("[rating]", Query(text="", properties=(("rating", None),))),
        ("- [ ] milk - [x] bread [1] a[i] b[key]", Query(text="- [ ] milk - [x] bread [1] a[i] b[key]")),
        ('who said "never again" there', Query(text='who said "never again" there', phrases=("never again",))),
        ("see [a link](https://x.example) ok", Query(text="see [a link](https://x.example) ok")),
        ("C# and F#", Query(text="C# and F#")),
        ("", Query(text="")),
    ],
)
def test_operators_are_taken_out_of_the_words(text: str, expected: Query) -> None:
    assert parse_query(text) == expected


@given(st.text(max_size=300))
def test_any_text_is_a_query(text: str) -> None:
    assert isinstance(parse_query(text), Query)


def note(**values: Any) -> NoteRecord:
    defaults: dict[str, Any] = {
        "id": 1,
        "path": "Work/Plan.md",
        "title": "Plan",
        "aliases": (),
        "tags": ("Project/Alpha",),
        "properties": {"Status": "Done", "people": ["Ana", "João"], "draft": False},
        "date": None,
        "mtime_ns": 0,
    }
    return NoteRecord(**(defaults | values))


@pytest.mark.parametrize(
    ("text", "admitted"),
    [
        ("#project", True),
        ("#project/alpha", True),
        ("#alpha", False),
        ("#proj", False),
        ("path:work", True),
        ("path:home", False),
        ("file:plan", True),
        ("file:work", False),
        ("[status:done]", True),
        ("[status:open]", False),
        ("[people:joao]", True),
        ("[draft:false]", True),
        ("[missing]", False),
        ("#project path:home", False),
    ],
)
def test_filters_mean_what_they_mean_in_obsidian(text: str, admitted: bool) -> None:
    assert admits(parse_query(text), note()) is admitted


def test_filters_of_a_body_are_added_and_unknown_ones_refused() -> None:
    query = add_filters(parse_query("x"), {"tags": ["#project"], "path": "Work/", "properties": {"status": "done"}})
    assert admits(query, note())
    with pytest.raises(RequestError) as caught:
        add_filters(Query(text="x"), {"colour": "red"})
    assert caught.value.param == "filters"
    with pytest.raises(RequestError):
        add_filters(Query(text="x"), {"tags": 3})
