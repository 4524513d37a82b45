from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.notes.note import PropertyValue
from sidecar.notes.properties import property_aliases, property_classes, property_type

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("words", "text"),
        ("", "text"),
        (None, "text"),
        (True, "checkbox"),
        (0, "number"),
        (-3.5, "number"),
        ([], "list"),
        (["a", 1, None], "list"),
        ("2024-05-06", "date"),
        ("2024-05-06T10:30:00", "datetime"),
        ("2024-05-06T10:30", "datetime"),
        ("2024-5-6", "text"),
        ("2024-05-06 10:30", "text"),
        ("due 2024-05-06", "text"),
        ({"a": 1}, "unknown"),
        ([{"a": 1}], "unknown"),
    ],
)
def test_a_property_is_shown_as_its_value_looks(value: PropertyValue, shown: str) -> None:
    assert property_type("any", value, {}) == shown


@pytest.mark.parametrize(
    ("given_type", "shown"),
    [
        ("text", "text"),
        ("multitext", "list"),
        ("number", "number"),
        ("checkbox", "checkbox"),
        ("date", "date"),
        ("datetime", "datetime"),
        ("aliases", "aliases"),
        ("tags", "tags"),
    ],
)
def test_the_vaults_own_type_wins(given_type: str, shown: str) -> None:
    assert property_type("Rating", ["x"], {"other": "text", "rating": given_type}) == shown
    assert property_type("rating", ["x"], {"Rating": given_type}) == shown


def test_a_type_that_obsidian_does_not_know_is_passed_over() -> None:
    assert property_type("rating", 5, {"rating": "stars"}) == "number"


@pytest.mark.parametrize(("name", "shown"), [("tags", "tags"), ("Aliases", "aliases"), ("cssclasses", "list")])
def test_the_types_of_obsidians_own_properties_stay(name: str, shown: str) -> None:
    assert property_type(name, "x", {name: "number"}) == shown


@given(st.text(max_size=20), _VALUES, st.dictionaries(st.text(max_size=10), st.text(max_size=10), max_size=3))
def test_any_property_has_a_type(name: str, value: PropertyValue, types: dict[str, str]) -> None:
    assert property_type(name, value, types)


@given(st.dictionaries(st.sampled_from(["aliases", "alias", "title", "cssclasses", "cssclass", "x"]), _VALUES))
def test_names_and_classes_are_words_without_repetitions(properties: dict[str, PropertyValue]) -> None:
    names = property_aliases(properties)
    assert len({name.casefold() for name in names}) == len(names)
    classes = property_classes(properties)
    assert len(set(classes)) == len(classes)
    assert all(word == word.strip() and word for word in (*names, *classes))
