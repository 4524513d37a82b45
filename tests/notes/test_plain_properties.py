"""What is read without the YAML loader is what the loader reads."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.notes.plain_properties import read_plain
from sidecar.notes.yaml_loader import load_properties

_SCALARS = [
    "text", "two words", "", "  ", "1", "-1", "+2", "0", "007", "1.5", ".5", "1e999", "123456789012345678901", "true",
    "False", "yes", "null", "~", "Null", "2024-05-06", "2024-5-6", "2023-13-45", "2024-05-06T07:08:09",
    "2024-05-06 07:08:09.5Z", "2024-05-06T07:08:09+99:00", "12:30", "https://a.b/c?d=e#f", "a: b", "a:", "a :b", ":a",
    "a #b", "a# b", "#a", "- a", "-a", "-", "--", "---", "...", "?a", "? a", "=", "<<", "<a", "é ü", "你好，世界", "🐤",
    "a, b", "it's", '"double"', "'single'", '"a: b # c"', '"esc\\n"', "'it''s'", '"open', "'open", '"a" b', '"1"',
    "'2024-05-06'", '""', "''", "[]", "[ ]", "[a]", "[a, b]", "[a,b ,  c ]", "[1, true, null]", "[a, ]", "[, a]",
    "[a, [b]]", "[[Note]]", '["a, b"]', "['a', \"b\"]", "[-1]", "[a: b]", "[it's]", "[#a]", "[a #b]", "[2024-05-06]",
    "[a", "{a: b}", "{}", "{{date}}", "&x a", "*x", "!t a", "@a", "`a`", "%a", "|", ">", "|-", ">-", ">+", "|2-",
    "a\tb", "\ta", "a\u00a0b", "\u00a0a", "a\u2028b", "a\x85b", "\ufeffa", "a\x0cb", "x" * 1100, "a|b", "a>b", "a@b",
    "a\\b", "~a", "a ", "a  ",
]  # fmt: skip
_KEYS = [
    "a", "b", "c", "date created", "Tags", "标签", "é", "a-b", "a.b", "a_b", "_a", "1", "true", "null", "2024-05-06",
    "<<", "a b ", "'q'", '"q"', 'a"b', "-a", "a#b", "a #b", "?", "=", "a:b", "k" * 201, "k" * 1025, "", "🐤", "a,b",
    "[a]", "a]",
]  # fmt: skip
_CHARACTERS = [
    "\x00", "\x1f", "\x7f", "\x84", "\x85", "\x9f", "\xa0", "\u2027", "\u2028", "\u2029", "\u202a", "\ud7ff", "\ue000",
    "\ufefe", "\ufeff", "\uff00", "\ufffd", "\ufffe", "\U00010000", "\U0010ffff",
]  # fmt: skip
# Mostly plain, so that a few properties in a row still are.
_SCALAR = st.one_of(
    *[st.sampled_from(["text", "two words", "1", "2024-05-06", '"q: #"', "[a, b]"])] * 3, st.sampled_from(_SCALARS)
)
_KEY = st.one_of(*[st.sampled_from(["a", "b", "c", "d e", "é"])] * 3, st.sampled_from(_KEYS))
_GAP = st.sampled_from([" ", " ", " ", "  ", "", "\t"])
_INDENT = st.sampled_from(["", "", "  ", "  ", " ", "\t"])
_PROPERTY = st.builds("{}:{}{}".format, _KEY, _GAP, _SCALAR)
_ITEM = st.builds("{}-{}{}".format, _INDENT, _GAP, _SCALAR)
_OTHER = st.builds("{}{}".format, _INDENT, st.sampled_from(["", "", "# comment", "text", "...", "---", "a: b"]))
_ITEMS = st.builds(
    lambda key, indent, scalars: "\n".join([f"{key}:", *(f"{indent}- {scalar}" for scalar in scalars)]),
    _KEY,
    _INDENT,
    st.lists(_SCALAR, min_size=1, max_size=3),
)
_LINES = st.lists(st.one_of(_PROPERTY, _PROPERTY, _ITEMS, _ITEMS, _ITEM, _OTHER), max_size=4)
_RAW = st.builds("{}{}".format, _LINES.map("\n".join), st.sampled_from(["\n", "\n", "", "\n\n"]))


def _assert_same(raw: str) -> None:
    found = read_plain(raw)
    if found is None:
        return
    duplicates: list[str] = []
    expected = load_properties(raw, duplicates=duplicates)
    # As text: 1, 1.0 and True are equal.
    assert repr(found) == repr(expected)
    assert duplicates == []


@given(_RAW)
@settings(max_examples=600)
def test_properties_read_without_the_loader_are_the_loaders(raw: str) -> None:
    _assert_same(raw)


@given(st.text(alphabet="ab:- \n[],\"'#>|&?\t1.", max_size=40))
@settings(max_examples=600)
def test_any_text_read_without_the_loader_is_read_alike(raw: str) -> None:
    _assert_same(raw)
    _assert_same(f"a: {raw}")
    _assert_same(f"a:\n- {raw}\nb: [{raw}]")


@pytest.mark.parametrize(
    "form",
    ["a: {}", "a: {}\nb: c\n", "a:\n  - b\n  - {}\n", "a: [b, {}]", "a: [{}]", "{}: a", "a: >-\n  {}\n", "a: '{}'"],
)
def test_each_scalar_and_each_character_is_read_alike_in_each_place(form: str) -> None:
    for scalar in [*_SCALARS, *_CHARACTERS, *(f"x{character}y" for character in _CHARACTERS)]:
        _assert_same(form.format(scalar))


@pytest.mark.parametrize(
    ("raw", "properties"),
    [
        ("title: One\n", {"title": "One"}),
        (
            "date created: 2024-5-6\nrating: 4.5\ndone: true\n",
            {"date created": "2024-05-06", "rating": 4.5, "done": True},
        ),
        ("tags:\n  - a\n  - b c\naliases:\n- é\n", {"tags": ["a", "b c"], "aliases": ["é"]}),
        ('tags: [a, 1, "b"]\nurl: https://a.b/c#d\n', {"tags": ["a", 1, "b"], "url": "https://a.b/c#d"}),
        ("up: \"[[Note]]\"\nempty:\nid: '1'\n", {"up": "[[Note]]", "empty": None, "id": "1"}),
        ("cover: >-\nnext: |-\n  text\n", {"cover": "", "next": "text"}),
        ("\n\na: b\n\n\nc: d", {"a": "b", "c": "d"}),
        ("none: []\n", {"none": []}),
    ],
)
def test_common_frontmatter_needs_no_loader(raw: str, properties: dict[str, object]) -> None:
    assert read_plain(raw) == properties


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "\n",
        "a: b\na: c\n",
        "a: b # c\n",
        "a: b: c\n",
        "a: {b: c}\n",
        "a: b\n  c\n",
        "a:\n  b: c\n",
        "a:\n  - b\n - c\n",
        "a: &x b\nc: *x\n",
        'a: "b\\n"\n',
        "a: 'it''s'\n",
        "a: |\n  b\n",
        "a:\tb\n",
        "- a\n",
        "text\n",
        "true: a\n",
        "a: [b, [c]]\n",
        # More values than a note's properties may have.
        "a: [" + "b," * 20_000 + "b]\n",
    ],
)
def test_everything_else_is_left_to_the_loader(raw: str) -> None:
    assert read_plain(raw) is None


@pytest.mark.parametrize("part", ["a", " ", "a ", "- a\n", "a:\n", "\n", "a,", "a#", ":a", "'", '"', "[", "a: [", "é"])
def test_hostile_frontmatter_is_read_in_time(part: str) -> None:
    for start in ("", "a: ", "a: [", "a:\n- ", "a: '", "a: >-\n "):
        for _ in range(20):
            read_plain(start + part * (16_000 // len(part)))
