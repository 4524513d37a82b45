from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.chunking import Chunk, TokenLimit, chunk_note, embedding_text
from sidecar.notes.note import Note
from sidecar.notes.reading import read_note

_WORDS = "The quick brown fox jumps over the lazy dog near the river bank. "
_PARAGRAPHS = st.sampled_from(
    [
        *(
            "# One",
            "## Two",
            "### Three",
            "# One",
            "---",
            "%%\nhidden\n%%",
            "<!-- hidden -->",
            "- a\n- b\n  - c",
            "> quote",
        ),
        *(
            "> [!note] Title\n> " + _WORDS * 3,
            "```\ncode\n\n" + "line\n" * 40 + "```",
            "| a | b |\n|--|--|\n" + "| 1 | 2 |\n" * 30,
        ),
        *(
            _WORDS,
            _WORDS * 10,
            "你好，世界。" * 60,
            "x" * 300,
            "👨‍👩‍👧‍👦" * 40,
            "- " + _WORDS * 5,
            "e\u0301" * 200,
            "$$\nx\n$$",
            "A ^id",
        ),
    ]
)
_SOURCES = st.lists(_PARAGRAPHS, max_size=14).map("\n\n".join)


def _note(source: str) -> Note:
    return read_note("note.md", source.encode("utf-8"))


def _texts(source: str, *, max_chars: int = 1200, min_chars: int = 200) -> list[str]:
    return [chunk.text for chunk in chunk_note(_note(source), max_chars=max_chars, min_chars=min_chars)]


def _assert_covers(note: Note, chunks: tuple[Chunk, ...]) -> None:
    counts = [0] * len(note.text)
    position = 0
    if [chunk.text for chunk in chunks] == [""]:
        assert all(block.kind == "rule" for block in note.blocks)
        return
    for ordinal, chunk in enumerate(chunks):
        assert chunk.ordinal == ordinal
        assert chunk.text == note.text[chunk.span.start : chunk.span.end]
        assert chunk.text.strip()
        assert chunk.span.start >= position
        assert chunk.span.start_line == note.text.count("\n", 0, chunk.span.start) + 1
        assert chunk.span.end_line == note.text.count("\n", 0, chunk.span.end - 1) + 1
        assert chunk.span.end <= note.body_start or chunk.span.start >= note.body_start
        position = chunk.span.end
        for offset in range(chunk.span.start, chunk.span.end):
            counts[offset] += 1
    if any(chunk.span.start >= note.body_start for chunk in chunks):
        for block in note.blocks:
            for offset in range(block.span.start, block.span.end):
                assert counts[offset] == 1 or note.text[offset].isspace()


@given(_SOURCES, st.integers(20, 1500), st.integers(0, 400))
@settings(max_examples=150, deadline=None)
def test_every_visible_character_is_in_exactly_one_chunk(source: str, max_chars: int, min_chars: int) -> None:
    note = _note(source)
    chunks = chunk_note(note, max_chars=max_chars, min_chars=min_chars)
    _assert_covers(note, chunks)
    assert all(len(chunk.text) <= max_chars + max_chars // 4 for chunk in chunks)
    assert all("hidden\n%%" not in chunk.text for chunk in chunks)
    assert any(chunk.text for chunk in chunks) == any(block.kind != "rule" for block in note.blocks)


@given(st.one_of(st.text(max_size=300), st.binary(max_size=300)), st.integers(1, 60))
@settings(max_examples=200, deadline=None)
def test_any_note_is_cut_without_losing_a_character(source: str | bytes, max_chars: int) -> None:
    data = source if isinstance(source, bytes) else source.encode("utf-8", "replace")
    note = read_note("note.md", data)
    _assert_covers(note, chunk_note(note, max_chars=max_chars, min_chars=10))


@pytest.mark.parametrize("source", ["", "\n\n", "---\ntitle: x\n---\n", "%%\nhidden\n%%", "---\na: 1\n---\n\n---\n"])
def test_a_note_without_words_is_one_empty_chunk_for_its_name(source: str) -> None:
    assert _texts(source) == [""]


def test_an_image_whose_name_says_nothing_has_no_chunk() -> None:
    assert chunk_note(Note(path="IMG_1.png", title="IMG_1", text="", kind="image")) == ()


def test_properties_that_say_something_in_words_are_a_chunk_in_front() -> None:
    source = "---\ndescription: How the old mill was rebuilt\ncreated: 2024-01-01\n---\n\n# Mill\n\nStones."
    properties, body = chunk_note(_note(source))
    assert properties.text == "description: How the old mill was rebuilt\ncreated: 2024-01-01"
    assert (properties.span.start_line, properties.span.end_line, properties.heading_path) == (2, 3, ())
    assert body.text == "# Mill\n\nStones."


@pytest.mark.parametrize(
    ("properties", "body", "told"),
    [
        ('author: "[[Ray Bradbury]]"', "text", True),
        ("related: [one two, three]", "text", True),
        ("summary: 关于知识管理的笔记", "text", True),
        ("status: active", "text", False),
        ("status: active", "", True),
        ("title: Two words\naliases: [Two words]\ntags: [one, two]\ncssclasses: wide page", "text", False),
        ("created: 2024-01-01\nrating: 7\ndone: true", "text", False),
        ("created: 2024-01-01\nrating: 7\ndone: true", "", False),
    ],
)
def test_properties_for_programs_are_no_chunk(properties: str, body: str, *, told: bool) -> None:
    texts = _texts(f"---\n{properties}\n---\n{body}")
    assert (properties in texts) == told


def test_long_properties_are_cut_at_their_lines() -> None:
    lines = [f"field{number}: some words to read" for number in range(40)]
    texts = _texts("---\n" + "\n".join(lines) + "\n---\nbody", max_chars=200)
    assert "\n".join(texts[:-1]).split("\n") == lines
    assert texts[-1] == "body"


@given(_SOURCES, st.integers(110, 400))
@settings(max_examples=100, deadline=None)
def test_no_chunk_has_more_tokens_than_the_model_takes(source: str, most: int) -> None:
    def count(texts: Sequence[str]) -> list[int]:
        return [len(text.encode()) for text in texts]

    note = _note(source)
    chunks = chunk_note(note, tokens=TokenLimit(most=most, count=count))
    _assert_covers(note, chunks)
    for chunk in chunks:
        assert count([embedding_text(title="note", heading_path=chunk.heading_path, text=chunk.text)])[0] <= most


def test_only_the_section_that_is_too_long_for_the_model_is_cut_smaller() -> None:
    def count(texts: Sequence[str]) -> list[int]:
        return [sum(3 if ord(character) > 127 else 1 for character in text) for text in texts]

    source = f"# A\n\n{_WORDS * 10}\n\n# B\n\n" + "你好，世界。" * 150
    without = _texts(source)
    texts = [chunk.text for chunk in chunk_note(_note(source), tokens=TokenLimit(most=1000, count=count))]
    assert texts[0] == without[0]
    assert len(texts) > len(without)
    assert all(text.endswith("。") for text in texts[1:])


def test_a_small_note_is_one_chunk_without_its_frontmatter() -> None:
    (chunk,) = chunk_note(_note("---\na: 1\n---\n\n# Title\n\nSome words.\n\nMore words.\n"))
    assert chunk.text == "# Title\n\nSome words.\n\nMore words."
    assert chunk.heading_path == ("Title",)
    assert (chunk.span.start_line, chunk.span.end_line) == (5, 9)


def test_sections_are_chunks_with_their_heading_path() -> None:
    source = f"# A\n{_WORDS * 4}\n## B\n{_WORDS * 4}\n# C\n{_WORDS * 4}"
    chunks = chunk_note(_note(source))
    assert [chunk.heading_path for chunk in chunks] == [("A",), ("A", "B"), ("C",)]
    assert [chunk.text.split("\n")[0] for chunk in chunks] == ["# A", "## B", "# C"]


def test_small_sections_are_joined_with_the_next_one_under_the_same_heading() -> None:
    source = "# A\n## B\none\n## C\ntwo\n## C2\n### Below\ntoo\n# D\n## E\nthree"
    chunks = chunk_note(_note(source))
    assert [(chunk.text, chunk.heading_path) for chunk in chunks] == [
        ("# A\n## B\none\n## C\ntwo", ("A",)),
        ("## C2\n### Below\ntoo", ("A", "C2", "Below")),
        ("# D\n## E\nthree", ("D", "E")),
    ]


def test_a_long_section_is_not_joined_with_its_short_neighbour() -> None:
    source = f"## A\nshort\n## B\n{_WORDS * 9}"
    assert [text.split("\n")[0] for text in _texts(source, max_chars=1000)] == ["## A", "## B"]


def test_a_heading_stays_with_what_follows_it() -> None:
    source = f"# A\n\n## B\n\n### C\n\n{_WORDS * 10}\n\n{_WORDS * 10}\n\n# End"
    first, second = _texts(source, max_chars=700)
    assert first.startswith("# A\n\n## B\n\n### C\n\nThe quick")
    assert second.endswith("# End")


def test_a_note_of_headings_only_is_a_chunk() -> None:
    assert _texts("# A\n\n## B") == ["# A\n\n## B"]


def test_blocks_are_packed_up_to_the_limit() -> None:
    paragraph = _WORDS.strip()
    texts = _texts("\n\n".join([paragraph] * 10), max_chars=210)
    assert [text.count(paragraph) for text in texts] == [3, 3, 3, 1]


@pytest.mark.parametrize(
    "block",
    [
        "```python\n" + "x = 1\n\n" * 20 + "```",
        "> [!note] Title\n" + "> words in a callout\n>\n" * 7 + "> end",
        "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 10,
        "- item\n  - child\n" * 8,
        "$$\n" + "x + y\n" * 20 + "$$",
    ],
)
def test_a_block_that_fits_is_never_cut(block: str) -> None:
    texts = _texts(f"{_WORDS * 2}\n\n{block.strip()}\n\n{_WORDS * 2}", max_chars=200)
    assert sum(block.strip() in text for text in texts) == 1


def test_a_long_list_is_cut_between_its_items() -> None:
    items = [f"- item {number} {'word ' * 8}\n  - child of {number}" for number in range(20)]
    texts = _texts("\n".join(items), max_chars=200)
    assert len(texts) > 5
    assert all(text.startswith("- item") and "child of" in text.rsplit("\n", 1)[1] for text in texts)


def test_a_long_table_is_cut_between_its_rows() -> None:
    rows = [f"| {number} | some words in a cell |" for number in range(40)]
    texts = _texts("| a | b |\n|---|---|\n" + "\n".join(rows), max_chars=200)
    assert texts[0].startswith("| a | b |\n|---|---|\n| 0 |")
    assert all(line.startswith("|") and line.endswith("|") for text in texts for line in text.split("\n"))


def test_a_long_callout_keeps_its_title_with_its_first_paragraph() -> None:
    body = "\n>\n".join(f"> {number} {_WORDS}" for number in range(10))
    texts = _texts(f"> [!note] Title\n{body}", max_chars=200)
    assert texts[0].startswith("> [!note] Title\n> 0 The quick")
    assert all(text.startswith(">") and text.rstrip("> \n").endswith("bank.") for text in texts)


def test_long_code_is_cut_at_lines() -> None:
    texts = _texts("```\n" + "some_code(1)\n" * 50 + "```", max_chars=200)
    assert len(texts) > 2
    assert all(line in ("```", "some_code(1)") for text in texts for line in text.split("\n"))


@pytest.mark.parametrize(
    ("sentence", "end"),
    [
        (_WORDS, "bank."),
        ("你好，世界和所有的人们都在这里。", "。"),
        ("これは長い文です！", "！"),
        ("यह एक लंबा वाक्य है। ", "।"),
        ('He said: "This is it." ', 'it."'),
    ],
)
def test_a_long_paragraph_is_cut_at_sentence_ends(sentence: str, end: str) -> None:
    texts = _texts((sentence * 60).strip(), max_chars=150)
    assert len(texts) > 2
    assert all(text.endswith(end) for text in texts)


def test_words_are_kept_whole_where_there_are_no_sentences() -> None:
    assert set(" ".join(_texts("word " * 200, max_chars=103)).split()) == {"word"}


@pytest.mark.parametrize("character", ["e\u0301", "👍🏽", "👨\u200d👩\u200d👧", "กำ่"])
def test_a_character_is_not_torn_apart(character: str) -> None:
    texts = _texts(character * 200, max_chars=101)
    assert len(texts) > 1
    assert all(text.startswith(character) and text.endswith(character) for text in texts)


def test_hidden_text_between_blocks_is_in_no_chunk() -> None:
    assert _texts("before\n\n%%\nhidden words\n%%\n\nafter") == ["before", "after"]


def test_chunks_know_the_block_ids_in_them() -> None:
    source = f"{_WORDS * 3} ^one\n\n{_WORDS * 3}\n\n- item ^two\n- item ^three"
    chunks = chunk_note(_note(source), max_chars=250)
    assert [chunk.block_ids for chunk in chunks] == [("one",), ("two", "three")]


def test_many_headings_are_cut_in_linear_time() -> None:
    chunks = chunk_note(_note("# a\n" * 20_000))
    assert sum(chunk.text.count("# a") for chunk in chunks) == 20_000


def test_a_dense_text_is_fitted_in_a_few_rounds() -> None:
    rounds = 0

    def count(texts: Sequence[str]) -> list[int]:
        nonlocal rounds
        rounds += 1
        return [len(text) * 4 for text in texts]

    note = _note(f"# {_WORDS * 3}\n\n{_WORDS * 3000}")
    assert len(chunk_note(note, tokens=TokenLimit(most=1000, count=count))) > 100
    assert rounds < 12
