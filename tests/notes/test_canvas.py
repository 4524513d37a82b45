from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.notes.canvas import MAX_EDGES, MAX_NODES, read_canvas
from sidecar.notes.note import Note
from sidecar.notes.rules import ReadingRules
from tests.notes.fixtures import Case, load_cases, seen

_VAULT = Path(__file__).parents[3] / "shared" / "data" / "vaults" / "knowledge-garden-zh"
_RULES = ReadingRules()
_NUMBERS = st.one_of(st.integers(), st.floats(), st.integers(-400, 400), st.none(), st.text(max_size=3))
_STRINGS = st.one_of(
    st.text(max_size=30), st.sampled_from(["[[a]]", "%%", "```", "# h", "- [ ] t", "#t", "a]] b|c#d.md"])
)
_NODES = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "file", "link", "group", "other"])},
    optional={
        "id": st.sampled_from("abcdef"),
        "text": _STRINGS,
        "file": _STRINGS,
        "subpath": _STRINGS,
        "url": _STRINGS,
        "label": _STRINGS,
        "x": _NUMBERS,
        "y": _NUMBERS,
        "width": _NUMBERS,
        "height": _NUMBERS,
    },
)
_ENDS = st.sampled_from([*"abcdefg", None, 1])
_EDGES = st.fixed_dictionaries(
    {"fromNode": _ENDS, "toNode": _ENDS},
    optional={
        "fromEnd": st.sampled_from(["none", "arrow", 1]),
        "toEnd": st.sampled_from(["none", "arrow"]),
        "label": _STRINGS,
    },
)
_CANVASES = st.one_of(
    st.fixed_dictionaries({}, optional={"nodes": st.lists(_NODES, max_size=12), "edges": st.lists(_EDGES, max_size=6)}),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["nodes", "edges", "text"]), inner),
        max_leaves=12,
    ),
)


def _read(canvas: Any, **options: bool) -> Note:
    return read_canvas("folder/board.canvas", json.dumps(canvas).encode("utf-8"), rules=_RULES, **options)


def _card(number: int, **fields: Any) -> dict[str, Any]:
    place = {"x": number % 100 * 300, "y": number // 100 * 100, "width": 250, "height": 60}
    return {"id": str(number), "type": "text", "text": f"card {number}", **place, **fields}


def _assert_sound(note: Note) -> None:
    position = 0
    for block in note.blocks:
        assert position <= block.span.start < block.span.end <= len(note.text)
        position = block.span.end
    for link in note.links:
        assert note.text[link.span.start : link.span.end].endswith(("]]", ")"))
    assert "\r" not in note.text
    note.text.encode("utf-8")


@pytest.mark.parametrize("case", [pytest.param(case, id=case.title) for case in load_cases("files/canvas")])
def test_canvas_reads_as_written_down(case: Case) -> None:
    note = read_canvas("folder/board.canvas", case.source.encode("utf-8"), rules=_RULES)
    assert seen(note, set(case.expected)) == case.expected
    _assert_sound(note)


def test_a_canvas_has_the_name_of_its_file_and_no_properties() -> None:
    note = _read({"nodes": [_card(0, text="---\ntitle: no\n---")]})
    assert (note.kind, note.title, dict(note.properties), note.aliases) == ("canvas", "board", {}, ())


def test_a_long_first_line_is_shortened_at_a_word() -> None:
    words = "one two three four five six seven eight nine ten eleven twelve thirteen"
    note = _read({"nodes": [_card(0, text=words)], "edges": [{"fromNode": "0", "toNode": "0"}]})
    assert "- one two three four five six seven eight nine ten eleven… → one" in note.text


def test_a_long_first_line_without_spaces_is_shortened_too() -> None:
    note = _read({"nodes": [_card(0, text="知" * 100)], "edges": [{"fromNode": "0", "toNode": "0"}]})
    assert f"- {'知' * 60}… → " in note.text


def test_the_order_of_the_file_does_not_matter() -> None:
    nodes = [_card(number) for number in range(12)]
    nodes += [_card(20, type="group", label="G", x=-10, y=-10, width=1000, height=200)]
    assert _read({"nodes": nodes}).text == _read({"nodes": nodes[::-1]}).text


def test_a_canvas_read_plainly_says_so() -> None:
    note = _read({"nodes": [_card(0, text="[[a]]")]}, plain=True)
    assert ([problem.code for problem in note.problems], note.links[0].target) == (["markdown-skipped"], "a")


def test_a_canvas_with_too_much_on_it_is_read_in_part() -> None:
    edges = [{"fromNode": "0", "toNode": "1"}] * (MAX_EDGES + 1)
    note = _read({"nodes": [_card(number) for number in range(MAX_NODES + 1)], "edges": edges})
    assert [problem.code for problem in note.problems] == ["canvas-too-large"]
    assert note.text.count("→") == MAX_EDGES
    assert f"card {MAX_NODES - 1}" in note.text
    assert f"card {MAX_NODES}" not in note.text


def test_a_private_tag_beyond_what_is_read_still_withholds() -> None:
    nodes = [*(_card(number) for number in range(MAX_NODES)), _card(MAX_NODES, text="#private")]
    assert _read({"nodes": nodes}).withheld == "#private"


_N = 50_000
_HOSTILE = {
    "many cards": json.dumps({"nodes": [_card(number) for number in range(100_000)]}),
    "groups in groups": json.dumps(
        {
            "nodes": [
                _card(n, type="group", label=f"g{n}", x=-n, y=-n, width=1000 + 2 * n, height=1000 + 2 * n)
                for n in range(5000)
            ]
        }
    ),
    "groups in one place": json.dumps({"nodes": [_card(0, type="group", label=f"g{n}") for n in range(3000)]}),
    "many connections": json.dumps(
        {"nodes": [_card(0)], "edges": [{"fromNode": "0", "toNode": "0", "label": "x" * 50}] * 20_000}
    ),
    "deep lists": '{"nodes":' + "[" * 4 * _N,
    "deep objects": '{"nodes":' + '{"a":' * _N,
    "a number of many digits": '{"nodes":[{"type":"text","text":"t","x":1' + "0" * _N + "}]}",
    "open strings": '"text":"' * _N,
    "open strings with spaces": '"text" : "\\' * _N,
    "spaces behind a key": '"text"' + " " * 10 * _N,
    "backslashes": '{"nodes":[{"text":"' + "\\" * 10 * _N,
    "an endless first line": json.dumps(
        {"nodes": [_card(0, text="[[" * _N)], "edges": [{"fromNode": "0", "toNode": "0"}]}
    ),
    "an endless label": json.dumps({"nodes": [_card(0, type="group", label=" #" * _N)]}),
    "endless paths": json.dumps({"nodes": [_card(0, type="file", file="[" * _N, subpath="#^" * _N)]}),
}


@pytest.mark.parametrize("source", _HOSTILE.values(), ids=_HOSTILE.keys())
def test_a_hostile_canvas_is_read_in_bounded_time(source: str) -> None:
    started = time.process_time()
    note = read_canvas("a.canvas", source.encode("utf-8"), rules=_RULES)
    # Linear code needs well under two seconds of its own time for these; quadratic code needs minutes.
    assert time.process_time() - started < 10
    _assert_sound(note)


@given(_CANVASES)
@settings(max_examples=200, deadline=None)
def test_any_canvas_gives_a_note_whose_spans_fit(canvas: Any) -> None:
    note = _read(canvas)
    _assert_sound(note)
    assert note == _read(canvas)


@given(_CANVASES, st.integers(0, 300), st.integers(0, 300))
@settings(max_examples=150, deadline=None)
def test_a_canvas_with_a_piece_missing_gives_a_note(canvas: Any, start: int, length: int) -> None:
    data = json.dumps(canvas).encode("utf-8")
    _assert_sound(read_canvas("a.canvas", data[:start] + data[start + length :], rules=_RULES))


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_bytes_give_a_note(data: bytes) -> None:
    _assert_sound(read_canvas("a.canvas", data, rules=_RULES))


@given(st.lists(st.text("ab #[]|`$%\n-", max_size=20), max_size=6))
@settings(max_examples=150, deadline=None)
def test_every_card_is_read_as_if_it_stood_alone(texts: list[str]) -> None:
    together = _read({"nodes": [_card(number * 100, text=text) for number, text in enumerate(texts)]})
    alone = [_read({"nodes": [_card(0, text=text)]}) for text in texts]
    assert [link.target for link in together.links] == [link.target for note in alone for link in note.links]
    assert [block.kind for block in together.blocks] == [block.kind for note in alone for block in note.blocks]


@pytest.mark.skipif(not _VAULT.is_dir(), reason="the vaults for measuring are not beside this repository")
def test_real_canvases_are_read_without_problems() -> None:
    found = sorted(_VAULT.rglob("*.canvas"))
    assert found
    for path in found:
        raw = json.loads(path.read_text(encoding="utf-8"))
        note = read_canvas(path.relative_to(_VAULT).as_posix(), path.read_bytes(), rules=_RULES)
        _assert_sound(note)
        assert not note.problems
        embedded = {link.target for link in note.links if link.embed}
        assert {node["file"] for node in raw.get("nodes", []) if node["type"] == "file"} <= embedded
