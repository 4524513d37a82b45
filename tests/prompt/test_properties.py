"""Which properties are told in front of a passage."""

from __future__ import annotations

from typing import Any

import pytest

from sidecar.prompt import told_properties


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ({"status": "done", "rating": 7, "paid": True}, (("status", "done"), ("rating", "7"), ("paid", "yes"))),
        ({"author": ["[[E. M. Forster]]", "[[Ann|A.]]"]}, (("author", "E. M. Forster, A."),)),
        ({"sidecar": "local", "publish": True, "cssclasses": ["wide"], "UID": "x", "kanban-plugin": "board"}, ()),
        ({"a": "", "b": None, "c": [], "d": "null", "e": {"x": 1}, "f": [None, ""]}, ()),
        ({"created": "{{date}}", "by": "<% tp.file.title %>", "x": "${name}"}, ()),
        ({"created": "2024-03-02", "due": "2024-04-01", "at": "2024-03-02T10:00"}, (("due", "2024-04-01"),)),
        ({"statut": "terminé", "作者": "鲁迅", "статус": "готово"},
         (("statut", "terminé"), ("作者", "鲁迅"), ("статус", "готово"))),
        ({"parts": list(range(9))}, (("parts", "0, 1, 2, 3, 4, 5, …"),)),
    ],
)  # fmt: skip
def test_properties_that_tell_something_are_told(properties: dict[str, Any], told: tuple[tuple[str, str], ...]) -> None:
    assert told_properties(properties, date="2024-03-02") == told


def test_what_the_passage_itself_says_is_not_told_twice() -> None:
    text = "price:: 240\nIt broke."
    assert told_properties({"price": "240", "shop": "Bosch"}, date=None, text=text) == (("shop", "Bosch"),)


def test_other_names_of_a_note_are_told_unless_they_are_its_title() -> None:
    assert told_properties({}, date=None, aliases=("Bob", "robert smith", "x/Robert Smith"), title="Robert Smith") == (
        ("aliases", "Bob"),
    )


def test_values_are_short_and_few_and_cut_between_words() -> None:
    told = told_properties({f"p{n}": "many words " * 100 for n in range(30)}, date=None)
    assert len(told) == 6
    assert all(len(value) <= 60 and value.endswith("words…") for _, value in told)


@pytest.mark.parametrize("value", ["x" * 10**6, "[[" * 500_000, ["a"] * 10**6, 10**30, float("nan"), "\ud800"])
def test_hostile_values_are_told_short_or_not_at_all(value: object) -> None:
    assert all(len(said) <= 70 for _, said in told_properties({"k": value, "n" * 10**6: "v"}, date=None))
