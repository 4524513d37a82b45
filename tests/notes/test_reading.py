from __future__ import annotations

import time
from bisect import bisect_left
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.notes.note import InlineField, Note, Span
from sidecar.notes.reading import MAX_PARSED, read_note
from sidecar.notes.rules import ReadingRules

_VAULTS = Path(__file__).parents[3] / "shared" / "data" / "vaults"
# Pieces of which every rule is made: joined at random they reach far more of the code than random characters do.
_PIECES = st.sampled_from(
    [
        *(
            "[[",
            "]]",
            "![[",
            "|",
            "\\|",
            "#",
            "^",
            "`",
            "```",
            "\n",
            "\n\n",
            "---",
            "\n---\n",
            "%%",
            "<!--",
            "-->",
            "$",
            "$$",
        ),
        *(
            "- ",
            "1. ",
            "> ",
            "> [!note] ",
            "# ",
            "    ",
            "\t",
            "| a | b |\n|--|--|\n",
            "](",
            "[",
            "]",
            ")",
            "<",
            ">",
            "=",
        ),
        *(
            "private: true",
            "tags: ",
            "a: b",
            "{{",
            "{",
            "&a ",
            "*a",
            "#private",
            "~~~",
            "===",
            "\u2028",
            "\x0c",
            "\r",
            "\0",
        ),
        *("\\", "a", "é", "🙂", "Ã©"),
    ]
)
_SOURCES = st.one_of(
    st.binary(max_size=400),
    st.text(max_size=400).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(_PIECES, max_size=60).map(lambda pieces: "".join(pieces).encode("utf-8")),
)


def _assert_sound(note: Note) -> None:
    lines = note.text.split("\n")
    newlines = [offset for offset, character in enumerate(note.text) if character == "\n"]

    def check(span: Span) -> None:
        assert 0 <= span.start < span.end <= len(note.text)
        assert span.start_line == bisect_left(newlines, span.start) + 1
        assert span.end_line == bisect_left(newlines, span.end - 1) + 1

    position = note.body_start
    for block in note.blocks:
        check(block.span)
        assert block.span.start >= position, "blocks overlap or stand in the frontmatter"
        position = block.span.end
        for item in block.items:
            check(item)
            assert block.span.start <= item.start
            assert item.end <= block.span.end
    for link in note.links:
        check(link.span)
        assert note.text[link.span.start : link.span.end].endswith(("]]", ")"))
    for spans, marks in _marked(note):
        for span in spans:
            check(span)
            assert note.text.startswith(marks, span.start), (marks, note.text[span.start : span.end])
    for highlight in note.highlights:
        check(highlight)
        assert note.text.startswith("==", highlight.start - 2)
        assert note.text.startswith("==", highlight.end)
    for task in note.tasks:
        assert f"[{task.state}]" in note.text[task.span.start : task.span.end]
        assert task.text in note.text[task.span.start : task.span.end]
    for name, line in note.block_ids.items():
        assert f"^{name}" in lines[line - 1]
    assert "\r" not in note.text
    assert "\0" not in note.text
    note.text.encode("utf-8")


def _marked(note: Note) -> list[tuple[list[Span], tuple[str, ...]]]:
    """The spans of each kind with what they may begin with."""
    wikilinks = [link.span for link in note.links if link.style == "wikilink"]
    whole: list[InlineField] = []
    bracketed: list[InlineField] = []
    for found in note.fields:
        text = note.text[found.span.start : found.span.end]
        assert found.key in text
        assert found.value in text
        (bracketed if text[0] in "[(" and text[-1] in "])" else whole).append(found)
    assert all("::" in note.text[field.span.start : field.span.end] for field in whole)
    return [
        (wikilinks, ("[[", "![[")),
        ([link.span for link in note.links if link.style == "markdown"], ("[", "![")),
        (list(note.comments), ("%%", "<!--")),
        ([callout.span for callout in note.callouts], (">",)),
        ([task.span for task in note.tasks], ("-", "*", "+", *"0123456789")),
        ([footnote.span for footnote in note.footnotes], ("[^", "^[")),
        ([field.span for field in bracketed], ("[", "(")),
    ]


_MARKS = st.text(alphabet="[]`%$>-#^=:!|\\*_~<\n\t x1é字🙂(). ", max_size=200)
_NESTED = st.lists(
    st.sampled_from(
        [
            *("> ", "- ", "1. ", "\t", "  ", "\n", "\n\n", "[!note]", "[!a|b]- ", "[ ] ", "[x] ", "key:: ", "::"),
            *("[k:: v]", "(k:: v)", "[^1]: ", "^[", "]", "==", "%%", "<!--", "-->", "<div>", "^id", "#t", "[[n]]"),
            *("```", "`", "$$", "$", "| a | b |\n| - | - |\n", "|", "**", "_", "\\", "private:: true", "w", "字"),
        ]
    ),
    max_size=40,
).map("".join)


@given(st.one_of(_MARKS, _NESTED))
@settings(max_examples=500, deadline=None)
def test_any_text_of_obsidians_marks_gives_a_note_whose_spans_fit(source: str) -> None:
    data = source.encode("utf-8")
    note = read_note("folder/note.md", data)
    _assert_sound(note)
    _assert_sound(read_note("folder/note.md", data, plain=True))


@given(st.lists(st.sampled_from(["[[a]]", "#b", "x:: y", "- [ ] c", "==d==", "[^1]: e", "> [!f]"]), max_size=5))
@settings(max_examples=60, deadline=None)
def test_nothing_comes_out_of_a_fence(lines: list[str]) -> None:
    source = "\n".join(["```", *lines, "```"])
    note = read_note("a.md", source.encode("utf-8"))
    assert (note.links, note.tags, note.fields, note.tasks) == ((), (), (), ())
    assert (note.highlights, note.footnotes, note.callouts, note.withheld) == ((), (), (), None)


@given(_SOURCES)
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_a_note_whose_spans_fit(data: bytes) -> None:
    _assert_sound(read_note("folder/note.md", data))
    _assert_sound(read_note("folder/note.md", data, plain=True))


@given(_SOURCES)
@settings(max_examples=150, deadline=None)
def test_the_same_bytes_give_the_same_note(data: bytes) -> None:
    assert read_note("a.md", data) == read_note("a.md", data)


@given(st.text(max_size=60), st.text(max_size=20), st.none() | st.text(max_size=20))
@settings(max_examples=200, deadline=None)
def test_any_path_and_daily_settings_give_a_note(path: str, format_: str, folder: str | None) -> None:
    assert read_note(path, b"x", rules=ReadingRules(daily_folder=folder, daily_format=format_)).path == path


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("Note.md", "Note"),
        ("a/b/Ünï 🍀.md", "Ünï 🍀"),
        ("v1.2 plan.md", "v1.2 plan"),
        ("x.markdown", "x"),
        (".md", ".md"),
        ("README", "README"),
    ],
)
def test_the_title_is_the_files_name(path: str, title: str) -> None:
    assert read_note(path, b"").title == title


def test_an_empty_file_is_an_empty_note() -> None:
    note = read_note("a.md", b"")
    assert (note.text, note.blocks, note.links, note.tags, note.problems) == ("", (), (), (), ())


@pytest.mark.parametrize("name", ["Note 1.md", "Ça.md", "日本語.md"])
def test_a_repaired_note_is_read_as_if_it_had_never_been_broken(name: str) -> None:
    source = "---\ntitle: Coração\ntags: [ação]\n---\n# 💡 Visão\n\nVeja [[Ligação|é]] e #tópico — 5 ≥ 3.\n"
    sound = read_note(name, source.encode("utf-8"))
    broken = read_note(name, source.encode("utf-8").decode("mac_roman").encode("utf-8"))
    assert [problem.code for problem in broken.problems] == ["encoding-repaired"]
    assert (broken.text, broken.properties, broken.tags, broken.links) == (
        sound.text,
        sound.properties,
        sound.tags,
        sound.links,
    )


def test_a_private_flag_in_a_broken_encoding_still_counts() -> None:
    assert read_note("a.md", "---\nprivate: true\n---\nx".encode("utf-16")).withheld == "private: true"
    assert read_note("a.md", b"---\nprivate: true\ntitle: \xff\xfe\x81\n---\nx").withheld == "private: true"


def test_frontmatter_that_is_too_large_is_body_text_and_its_flag_counts() -> None:
    note = read_note("a.md", b"---\n" + b"key: value\n" * 7000 + b"private: true\n---\nbody")
    assert [problem.code for problem in note.problems] == ["frontmatter-too-large"]
    assert note.withheld == "private: true"
    assert note.body_start == 0


def test_a_huge_note_is_read_without_the_markdown_parser() -> None:
    source = "# Heading\n\nFirst #tag [[Link]]\n\n```\n[[no]]\n```\n\n" + "word " * (MAX_PARSED // 5)
    note = read_note("a.md", source.encode("utf-8"))
    assert [problem.code for problem in note.problems] == ["too-large"]
    assert [block.kind for block in note.blocks] == ["heading", "paragraph", "code", "paragraph"]
    assert note.blocks[1].heading_path == ("Heading",)
    assert note.tags == ("tag",)
    assert [link.target for link in note.links] == ["Link"]


def test_a_note_read_plainly_says_so() -> None:
    note = read_note("a.md", b"# H\n\n- [[a]] #b", plain=True)
    assert [problem.code for problem in note.problems] == ["markdown-skipped"]
    assert [block.kind for block in note.blocks] == ["heading", "paragraph"]
    assert (note.tags, note.links[0].target) == (("b",), "a")


_N = 20_000
_HOSTILE = {
    "open wikilinks": "[[" * _N,
    "open wikilinks with targets": "[[a|" * _N,
    "open embeds": "![[" * _N,
    "open brackets": "[" * _N,
    "open links": "[](" * _N,
    "open titles": '[a](b "' * _N,
    "open angle brackets": "[a](<" * _N,
    "open HTML": "<a " * _N,
    "open HTML comments": "<!--" * _N,
    "backticks of two lengths": "`a``" * _N,
    "dollars": "$a " * _N,
    "dollars that close nothing": "$a $" * _N,
    "double dollars that never close": "a $$\n" * _N + "$$$",
    "backticks of many lengths": "x".join("`" * length for length in range(1, 500)),
    "one run of backticks": "a" + "`" * _N * 5,
    "attributes that never close": "<a b='c" * _N,
    "attributes without end": "<a" + " b=c" * _N,
    "comments with hyphens": "<!-- -- " * _N,
    "percent signs": "%%" * _N + "%",
    "callouts": "> [!a] b\n" * _N,
    "callouts on one line": "> " + "[!a]" * _N,
    "callouts in callouts": "\n".join("> " * depth + "[!a] b" for depth in range(1, 300)),
    "open quotes": "> " * _N + "[!a]",
    "boxes": "- [ ] a\n" * _N,
    "boxes on one line": "- " + "[ ] " * _N,
    "list marks": "- " * _N + "[ ] a",
    "open fields": "[a:: " * _N,
    "open fields in parentheses": "(a:: " * _N,
    "fields": "a:: b\n" * _N,
    "colons": ":" * _N * 5,
    "colons with words": "a::b " * _N,
    "a long key": "a" * _N * 5 + ":: b",
    "brackets around colons": "[" * _N + "a:: b" + "]" * _N,
    "footnotes": "[^1]: a\n" * _N,
    "labels on one line": "[^1]: " * _N,
    "open footnotes": "^[" * _N,
    "footnotes and empty lines": "[^1]: a\n" + "\n" * _N * 5,
    "footnotes with gaps": ("[^1]: a" + "\n" * 50) * (_N // 50),
    "highlights": "==a" * _N,
    "highlights that never close": "==a " * _N,
    "signs of equality": "=" * _N * 5,
    "tags": "#a" * _N,
    "tags after asterisks": "*#a" * _N,
    "tags after underscores": "_#a" * (_N // 4),
    "tags in brackets": "[#a" * _N,
    "tags behind brackets": "]#a" * _N,
    "tags behind bars": "|#a" * _N,
    "tags behind quote marks": "x>#a" * _N,
    "hashes": "#" * _N * 5,
    "block ids": "a ^b\n" * _N,
    "carets": "^a" * _N,
    "elements": "<div>\n\n" * _N,
    "private flags": "(private::" * _N,
    "private marks": "[ *" * _N + "private:: true",
    "comment marks in separate quotes": "> %%\n\n" * (_N // 4),
    "nested quotes": ">" * _N,
    "nested lists": "- " * _N,
    "deep indentation": "\n".join("  " * depth + "- a" for depth in range(300)),
    "headings": "# a\n" * (_N // 2),
    "tables": "a|b\n-|-\n" * (_N // 8),
    "wide table": "|" * _N + "\n" + "-|" * _N,
    "emphasis in a heading": "# " + "**a" * _N,
    "links in a heading": "# " + "[[a|" * _N,
    "brackets in YAML": "---\na: " + "[" * 60_000 + "\n---\n",
    "braces in YAML": "---\n" + "{" * 60_000 + "\n---\n",
    "aliases in YAML": "---\na0: &a0 [x,x,x,x,x,x,x,x,x]\n"
    + "\n".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10))
    + "\n---\n",
    "merges in YAML": "---\na0: &a0 {x: 1}\n"
    + "\n".join(f"a{i}: &a{i} {{<<: [{','.join([f'*a{i - 1}'] * 9)}], y{i}: 1}}" for i in range(1, 10))
    + "\n---\n",
    "a circle in YAML": "---\na: &a [*a]\n---\n",
    "broken properties": "---\n" + "a: b: c\n" * 7000 + "---\n",
    "tag keys in open frontmatter": "---\n" + "tags: private" * _N,
    "flags in open frontmatter": "---\n" + "sidecar:" * _N,
    "one endless word": "a" * _N * 20,
    "broken encodings": "√© 🙂\n" * _N,
    "sound and broken": "Ã© 🙂 â€™\n" * (_N // 4),
}


@pytest.mark.parametrize("source", _HOSTILE.values(), ids=_HOSTILE.keys())
def test_hostile_input_is_read_in_bounded_time(source: str) -> None:
    started = time.process_time()
    note = read_note("a.md", source.encode("utf-8"))
    # Linear code needs well under a second of its own time for these; quadratic code needs minutes.
    assert time.process_time() - started < 10
    _assert_sound(note)


@pytest.mark.skipif(not _VAULTS.is_dir(), reason="the vaults for measuring are not beside this repository")
@pytest.mark.parametrize("vault", ["kepano", "tasks-docs", "personal-ai-stack", "knowledge-garden-zh"])
def test_real_vaults_are_read_without_gaps(vault: str) -> None:
    paths = sorted((_VAULTS / vault).rglob("*.md"))[:400]
    for path in paths:
        note = read_note(path.relative_to(_VAULTS / vault).as_posix(), path.read_bytes())
        _assert_sound(note)


@pytest.mark.skipif(not _VAULTS.is_dir(), reason="the vaults for measuring are not beside this repository")
def test_the_broken_articles_are_read_as_they_were_written() -> None:
    repaired = []
    for path in sorted((_VAULTS / "personal-ai-stack").glob("*.md")):
        stored = path.read_bytes().decode("utf-8")
        note = read_note(path.name, path.read_bytes())
        if note.problems:
            repaired.append([problem.code for problem in note.problems])
            stored = stored.encode("mac_roman").decode("utf-8")
        assert note.text == stored
    assert repaired == [["encoding-repaired"]] * 3
