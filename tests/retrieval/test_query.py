from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import RequestError
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
    compiled,
)
from sidecar.index.database import connect
from sidecar.index.filters import note_ids
from sidecar.index.schema import create, fingerprint
from sidecar.retrieval.query import Excluded, Mention, Query, add_filters, parse_query
from sidecar.retrieval.where import read_where


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
        ("x -path:Work/ -file:plan", Query(text="x", excluded=Excluded(paths=("Work/",), files=("plan",)))),
        ('x -path:"My folder/"', Query(text="x", excluded=Excluded(paths=("My folder/",)))),
        (
            "x -[[My Note]] [[Other]]",
            Query(
                text="x Other", mentions=(Mention(name="Other", heading=None),), excluded=Excluded(notes=("My Note",))
            ),
        ),
        ("a-[[b]] -[[ ]]", Query(text="a- b", mentions=(Mention(name="b", heading=None),))),
        ("x -tag:#done -#old/stuff", Query(text="x", excluded=Excluded(tags=("done", "old/stuff")))),
        (
            "x -[status:done] -[rating]",
            Query(text="x", excluded=Excluded(properties=(("status", "done"), ("rating", None)))),
        ),
        (
            '"star trek" -"star wars"',
            Query(text='"star trek"', phrases=("star trek",), excluded=Excluded(phrases=("star wars",))),
        ),
        ("meeting -work -Überstunden", Query(text="meeting", excluded=Excluded(words=("work", "Überstunden")))),
        ("咖啡 -茶", Query(text="咖啡", excluded=Excluded(words=("茶",)))),
        ("well-known - dash -- and -5 -v a-#b", Query(text="well-known - dash -- and -5 -v a-", tags=("b",))),
        ("what does tar -xzf do?", Query(text="what does tar -xzf do?")),
        ("one\n-two\n-three", Query(text="one -two -three")),
        ('-"!!" -"" x', Query(text='-"" x')),
        ("", Query(text="")),
    ],
)
def test_operators_are_taken_out_of_the_words(text: str, expected: Query) -> None:
    assert parse_query(text) == expected


@given(st.text(max_size=300))
def test_any_text_is_a_query(text: str) -> None:
    assert isinstance(parse_query(text), Query)


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("plain words", ()),
        ("#a path:b file:c", (Tagged(tag="a"), PathContains(text="b"), PathContains(text="c", name_only=True))),
        ("-#a", (Not(condition=Tagged(tag="a")),)),
        ('-"a b" -cd', (Not(condition=Says(text="a b")), Not(condition=Says(text="cd", typed=True)))),
        ("[ab]", (HasProperty(key="ab", typed=True),)),
        ("-[ab]", (Not(condition=HasProperty(key="ab", typed=True)),)),
        ("[a:b c]", (PropertyContains(key="a", text="b c"),)),
        ("[a:null]", (PropertyEmpty(key="a"),)),
        ('[a:"null"]', (PropertyContains(key="a", text="null"),)),
        ("[a:>5]", (PropertyIs(key="a", operator="gt", value=5),)),
        ("[a: <= -2.5]", (PropertyIs(key="a", operator="lte", value=-2.5),)),
        ("[a:<2024-01-01]", (PropertyIs(key="a", operator="lt", value="2024-01-01", length=10),)),
        ("[a:>=2024-01]", (PropertyIs(key="a", operator="gte", value="2024-01", length=7),)),
        ("[a:>b]", (PropertyContains(key="a", text=">b"),)),
        (
            "[a:Draft OR (b) OR null OR >1]",
            (
                Some(
                    conditions=(
                        PropertyContains(key="a", text="Draft"),
                        PropertyContains(key="a", text="(b)"),
                        PropertyEmpty(key="a"),
                        PropertyIs(key="a", operator="gt", value=1),
                    )
                ),
            ),
        ),
        ("[a:( b OR c )]", (Some(conditions=tuple(PropertyContains(key="a", text=text) for text in "bc")),)),
        ("[a:order or doors]", (PropertyContains(key="a", text="order or doors"),)),
        ("[a: OR ]", (PropertyContains(key="a", text="OR"),)),
        ("[title:>5]", (PropertyIs(key="title", operator="gt", value=5),)),
    ],
)
def test_operators_become_conditions(text: str, conditions: tuple[Condition, ...]) -> None:
    query = parse_query(text)
    assert query.conditions == conditions
    assert query.filtered is bool(conditions)


def test_days_that_the_words_name_do_not_narrow() -> None:
    assert not Query(text="last week", dates=(("2024-03-01", "2024-03-07"),)).filtered


@pytest.mark.parametrize("odd", ["[", "-[a:", '-"', "#", "path:", "[a:>", "-a ", "[[", "(", "\u0301", "\0", "[a: OR "])
def test_a_million_of_one_sign_is_a_query(odd: str) -> None:
    assert isinstance(parse_query(odd * (1_000_000 // len(odd))).conditions, tuple)


def where(tree: Any) -> Condition:
    return add_filters(Query(text="x"), {"where": tree}).conditions[0]


@pytest.mark.parametrize(
    ("comparison", "condition"),
    [
        (("eq", "status", "done"), PropertyIs(key="status", operator="eq", value="done")),
        (("eq", "done", True), PropertyIs(key="done", operator="eq", value="true")),
        (("gt", "rating", 4), PropertyIs(key="rating", operator="gt", value=4.0)),
        (("lte", "due", "2024-03-01"), PropertyIs(key="due", operator="lte", value="2024-03-01", length=10)),
        (("gte", "Path", "a/b.md"), ColumnIs(column="path", operator="gte", value="a/b.md")),
        (("eq", "title", "Plan"), ColumnIs(column="title", operator="eq", value="Plan")),
        (("eq", "kind", "pdf"), ColumnIs(column="kind", operator="eq", value="pdf")),
        (("eq", "folder", "Work"), Below(folder="Work")),
        (("eq", "tags", "#a"), Tagged(tag="a")),
        (("lt", "modified", 5), ColumnIs(column="modified", operator="lt", value=5.0)),
        (("gt", "date", "2024-03"), ColumnIs(column="date", operator="gt", value="2024-03", length=7)),
        (
            ("lt", "created", "2024-03-01"),
            Some(
                conditions=(
                    PropertyIs(key="created", operator="lt", value="2024-03-01", length=10),
                    Every(
                        conditions=(
                            Not(condition=HasProperty(key="created")),
                            ColumnIs(column="date", operator="lt", value="2024-03-01", length=10),
                        )
                    ),
                )
            ),
        ),
    ],
)
def test_a_comparison_reads_what_a_note_has(comparison: tuple[str, str, Any], condition: Condition) -> None:
    kind, key, value = comparison
    assert where({"type": kind, "key": key, "value": value}) == condition


def test_a_filter_tree_is_read_whole() -> None:
    a, b = ({"type": "eq", "key": "tags", "value": value} for value in "ab")
    one, two = (Tagged(tag=value) for value in "ab")
    assert where({"type": "and", "filters": [a, {"type": "or", "filters": [a, b]}]}) == Every(
        conditions=(one, Some(conditions=(one, two)))
    )
    both = Some(conditions=(Tagged(tag="a"), Tagged(tag="b")))
    assert where({"type": "in", "key": "tags", "value": ["a", "b"]}) == both
    assert where({"type": "nin", "key": "tags", "value": ["a", "b"]}) == Not(condition=both)
    assert where({"type": "ne", "key": "tags", "value": "a"}) == Not(condition=one)
    assert where({"type": "in", "key": "x", "value": ["a", True, 3]}) == PropertyIn(key="x", values=("a", "true", 3.0))
    assert where({"type": "in", "key": "Path", "value": ["a", "b"]}) == ColumnIn(column="path", values=("a", "b"))
    assert where({"type": "in", "key": "x", "value": []}) == PropertyIn(key="x", values=())


LEAF: dict[str, Any] = {"type": "eq", "key": "a", "value": "b"}


def nested(depth: int) -> Any:
    return LEAF if depth == 1 else {"type": "and", "filters": [nested(depth - 1)]}


@pytest.mark.parametrize(
    ("tree", "param"),
    [
        ("status", "filters.where"),
        ({"type": "like"}, "filters.where.type"),
        ({"type": ["eq"]}, "filters.where.type"),
        ({"type": "and", "filters": []}, "filters.where.filters"),
        ({"type": "and", "filters": LEAF}, "filters.where.filters"),
        ({"type": "or", "filters": [LEAF, {"type": "or", "filters": [3]}]}, "filters.where.filters[1].filters[0]"),
        (LEAF | {"key": ""}, "filters.where.key"),
        (LEAF | {"key": None}, "filters.where.key"),
        (LEAF | {"value": None}, "filters.where.value"),
        (LEAF | {"value": ["a"]}, "filters.where.value"),
        (LEAF | {"value": "x" * 2_000}, "filters.where.value"),
        (LEAF | {"value": float("nan")}, "filters.where.value"),
        (LEAF | {"value": 10**400}, "filters.where.value"),
        ({"type": "in", "key": "a", "value": "b"}, "filters.where.value"),
        ({"type": "in", "key": "a", "value": [{}]}, "filters.where.value"),
        ({"type": "gt", "key": "a", "value": True}, "filters.where.value"),
        ({"type": "gt", "key": "tags", "value": "a"}, "filters.where.value"),
        ({"type": "lt", "key": "folder", "value": "a"}, "filters.where.value"),
        ({"type": "lt", "key": "date", "value": "soon"}, "filters.where.value"),
        ({"type": "lt", "key": "created", "value": 5}, "filters.where.value"),
        ({"type": "lt", "key": "modified", "value": "2024-01-01"}, "filters.where.value"),
        ({"type": "in", "key": "a", "value": ["b"] * 401}, "filters.where.value"),
        ({"type": "in", "key": "Date", "value": ["2024-01-01"] * 41}, "filters.where"),
        ({"type": "and", "filters": [LEAF] * 41}, "filters.where.filters[40]"),
        (nested(9), "filters.where" + ".filters[0]" * 8),
    ],
    ids=repr,
)
def test_a_tree_that_cannot_be_read_is_refused_with_its_place(tree: Any, param: str) -> None:
    with pytest.raises(RequestError) as caught:
        where(tree)
    assert caught.value.param == param


def test_the_largest_tree_that_may_be_asked_can_be_answered() -> None:
    keys = ("folder", "a", "tags", "title", "path") * 8
    several = [{"type": "nin", "key": key, "value": ["a"] * 400} for key in keys]
    tree: Any = {"type": "or", "filters": several}
    for _ in range(6):
        tree = {"type": "or", "filters": [tree]}
    connection = connect(Path(":memory:"), writable=True)
    create(connection, fingerprint(reading="test", embedding="test"))
    assert note_ids(connection, [where(tree)]) == []
    connection.close()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.fixed_dictionaries(
            {},
            optional={
                "type": st.sampled_from(["and", "or", "eq", "ne", "gt", "in", "nin"]),
                "filters": inner,
                "key": st.sampled_from(["tags", "date", "modified", "x", "created", "folder"]),
                "value": inner,
            },
        )
    ),
    max_leaves=12,
)


def refused_at(tree: Any) -> str | None:
    try:
        read_where(tree)
    except RequestError as error:
        return error.param or ""
    return None


@given(JSON)
def test_any_json_is_a_filter_or_refused_with_its_place(tree: Any) -> None:
    place = refused_at(tree)
    if place is None:
        text, parameters = compiled(read_where(tree))
        assert text.count("?") == len(parameters)
    else:
        assert place.startswith("filters.where")


@pytest.mark.parametrize(
    ("filters", "condition"),
    [
        ({"after": "2024-03-01"}, Dated(first="2024-03-01", last="9999-12-31")),
        ({"before": "2024-03-01"}, Dated(first="0001-01-01", last="2024-03-01")),
        ({"after": "20240301", "before": "2024-04-01"}, Dated(first="2024-03-01", last="2024-04-01")),
        ({"properties": {"a": None}}, HasProperty(key="a")),
        ({"properties": {"a": ">5"}}, PropertyContains(key="a", text=">5")),
        ({"properties": {"a": False}}, PropertyContains(key="a", text="false")),
        ({"tag": "#a"}, Tagged(tag="a")),
        ({"file": ["a"]}, PathContains(text="a", name_only=True)),
    ],
)
def test_a_filter_of_a_body_is_one_condition(filters: dict[str, Any], condition: Condition) -> None:
    assert add_filters(Query(text="x"), filters).conditions == (condition,)


@pytest.mark.parametrize(
    ("filters", "param"),
    [
        ({"colour": "red"}, "filters"),
        ({"tags": 3}, "filters.tags"),
        ({"properties": ["a"]}, "filters.properties"),
        ({"after": "March"}, "filters.after"),
        ({"before": 2024}, "filters.before"),
        ({"where": {}}, "filters.where.type"),
    ],
)
def test_filters_of_a_body_that_do_not_exist_are_refused(filters: dict[str, Any], param: str) -> None:
    with pytest.raises(RequestError) as caught:
        add_filters(Query(text="x"), filters)
    assert caught.value.param == param
