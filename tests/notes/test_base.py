from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.notes.base import read_base
from sidecar.notes.note import Note
from sidecar.notes.rules import ReadingRules
from tests.notes.fixtures import Case, load_cases, seen

_VAULTS = Path(__file__).parents[3] / "shared" / "data" / "vaults"
_RULES = ReadingRules()
_KEYS = st.sampled_from(
    [
        "filters",
        "and",
        "or",
        "not",
        "formulas",
        "views",
        "name",
        "type",
        "order",
        "sort",
        "groupBy",
        "property",
        "limit",
    ]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=20,
)


def _assert_sound(note: Note) -> None:
    position = 0
    for block in note.blocks:
        assert position <= block.span.start < block.span.end <= len(note.text)
        position = block.span.end
    assert "\r" not in note.text
    note.text.encode("utf-8")


@pytest.mark.parametrize("case", [pytest.param(case, id=case.title) for case in load_cases("files/base")])
def test_base_reads_as_written_down(case: Case) -> None:
    note = read_base("folder/Books.base", case.source.encode("utf-8"), rules=_RULES)
    assert seen(note, set(case.expected)) == case.expected
    _assert_sound(note)


def test_a_base_has_the_name_of_its_file() -> None:
    note = read_base("folder/Books.base", b"views: []", rules=_RULES)
    assert (note.kind, note.title, dict(note.properties)) == ("base", "Books", {})


def test_a_problem_names_the_line_it_stands_in() -> None:
    note = read_base("a.base", b"views:\n  - type: table\n  name: [\n", rules=_RULES)
    assert [(problem.code, problem.line) for problem in note.problems] == [("base-invalid", 3)]


def test_windows_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    source = "filters: a\nviews:\n  - name: V\n"
    windows = b"\xef\xbb\xbf" + source.replace("\n", "\r\n").encode("utf-8")
    assert read_base("a.base", windows, rules=_RULES) == read_base("a.base", source.encode("utf-8"), rules=_RULES)


def test_a_base_that_is_too_long_is_kept_as_text() -> None:
    note = read_base("a.base", b"a: b\n" * 20_000, rules=_RULES)
    assert ([problem.code for problem in note.problems], note.blocks[0].kind) == (["base-too-large"], "code")


@given(_VALUES)
@settings(max_examples=200, deadline=None)
def test_any_yaml_gives_a_note_whose_spans_fit(value: Any) -> None:
    _assert_sound(
        read_base("a.base", yaml.safe_dump(value, allow_unicode=True).encode("utf-8", "replace"), rules=_RULES)
    )


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_a_note(data: bytes) -> None:
    _assert_sound(read_base("a.base", data, rules=_RULES))


def _nested(levels: int) -> str:
    lines = [f"x{n}: &x{n} {{and: {'[{or: ' * 8}*x{n - 1}{'}]' * 8}}}" for n in range(1, levels)]
    return "\n".join(["x0: &x0 [a]", *lines, f"filters: *x{levels - 1}"])


_HOSTILE = {
    "brackets": "a: " + "[" * 60_000,
    "braces": "{" * 60_000,
    "filters in filters": "filters: " + "{and: [" * 8000 + "a" + "]}" * 8000,
    # Between what can be followed in full and what the YAML loader gives up on lies what only it gets through.
    **{f"filters nested {levels} times by aliases": _nested(levels) for levels in (20, 26, 28, 30, 32, 34, 90)},
    "backticks": "filters: '" + "`" * 60_000 + "'",
    "many views": "views:\n" + "- type: table\n" * 4000,
    "one endless name": "views:\n- name: " + "#" * 60_000,
    "a large file of brackets": "[" * 3_000_000,
}


@pytest.mark.parametrize("source", _HOSTILE.values(), ids=_HOSTILE.keys())
def test_a_hostile_base_is_read_in_bounded_time(source: str) -> None:
    started = time.process_time()
    note = read_base("a.base", source.encode("utf-8"), rules=_RULES)
    # Linear code needs about two seconds of its own time for the worst of these; quadratic code needs minutes.
    assert time.process_time() - started < 15
    _assert_sound(note)


@pytest.mark.skipif(not _VAULTS.is_dir(), reason="the vaults for measuring are not beside this repository")
def test_real_bases_are_read_without_problems() -> None:
    found = sorted(_VAULTS.rglob("*.base"))
    assert found
    for path in found:
        note = read_base(path.name, path.read_bytes(), rules=_RULES)
        _assert_sound(note)
        names = [view["name"] for view in yaml.safe_load(path.read_text(encoding="utf-8"))["views"]]
        assert [block.heading_path for block in note.blocks if block.kind == "heading"] == [(name,) for name in names]
        assert (note.problems, note.links, note.tags, note.withheld) == ((), (), (), None)
