from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.chunking import chunk_note
from sidecar.notes.links import LinkResolver
from sidecar.notes.note import Note, Span
from sidecar.notes.notion import page_name, read_notion, same_name
from sidecar.notes.rules import ReadingRules
from tests.notes.fixtures import Case, load_cases, seen

ID = "0123456789abcdef0123456789abcdef"
RULES = ReadingRules(flavour="notion")
EXPORT = Path(__file__).parents[1] / "vaults" / "notion"


def read(path: str, text: str) -> Note:
    return read_notion(path, text.encode("utf-8"), rules=RULES)


def export() -> dict[str, Note]:
    files = {file.relative_to(EXPORT).as_posix(): file.read_bytes() for file in EXPORT.rglob("*.md")}
    return {path: read_notion(path, data, rules=RULES) for path, data in files.items()}


@pytest.mark.parametrize("case", [pytest.param(case, id=case.title) for case in load_cases("notion")])
def test_case_reads_as_written_down(case: Case) -> None:
    note = read(f"Team {ID}/Plan {ID}.md", case.source)
    assert seen(note, set(case.expected)) == case.expected
    assert_sound(note)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"Plan {ID}.md", "Plan"),
        (f"a/b {ID}/Ünï 🍀 {ID}.md", "Ünï 🍀"),
        (f"観察ノート {ID}.md", "観察ノート"),
        ("Plan.md", "Plan"),
        (f"Tasks {ID}.csv", "Tasks"),
        (f"Tasks {ID}_all.csv", "Tasks"),
        ("Tasks_all.csv", "Tasks"),
        ("Not at_all.md", "Not at_all"),
        (f"v1.2 {ID}.md", "v1.2"),
        (f"{ID}.md", "Untitled"),
        (f"x{ID}.md", f"x{ID}"),
        ("Plan 0123456789ABCDEF.md", "Plan 0123456789ABCDEF"),
    ],
)
def test_a_page_is_called_by_its_name_without_the_id(path: str, name: str) -> None:
    assert page_name(path) == name
    assert read(path, "").title == name


@pytest.mark.parametrize(
    ("name", "title"),
    [
        # Notion keeps 50 characters of a name and leaves out what file systems do not take.
        (
            "Symetric & asymetric encryption, discrete logarith",
            "Symetric & asymetric encryption, discrete logarithm, integer factorisation",
        ),
        ("Why does it rain", "Why: does it rain?"),
        ("Q1 Q2 plan", "Q1/Q2 plan"),
        ("E\u0301te\u0301", "Été"),
    ],
)
def test_the_title_line_gives_the_name_in_full(name: str, title: str) -> None:
    note = read(f"{name} {ID}.md", f"# {title}\n\nText.\n")
    assert (note.title, note.aliases) == (title, ())


def test_a_title_line_that_is_another_name_is_an_alias() -> None:
    note = read(f"Plan {ID}.md", "# Something else\n\nText.\n")
    assert (note.title, note.aliases) == ("Plan", ("Something else",))
    assert not same_name("Plan", "Plan B")


def test_the_title_line_is_no_heading_of_the_body_and_found_by_the_note_s_name() -> None:
    note = read(f"Plan {ID}.md", "# Plan\n")
    assert note.blocks == ()
    assert [chunk.text for chunk in chunk_note(note)] == [""]


def test_properties_in_words_are_found_in_the_text_once() -> None:
    note = read(f"Plan {ID}.md", "# Plan\n\nSummary: oil the gate\nDone: No\n\nThe hinge squeaks.\n")
    texts = [chunk.text for chunk in chunk_note(note)]
    assert sum("oil the gate" in text for text in texts) == 1
    assert sum("The hinge squeaks." in text for text in texts) == 1


def test_one_line_with_a_colon_and_others_behind_it_are_a_paragraph() -> None:
    note = read(f"Plan {ID}.md", "# Plan\n\nType: what you say\nand then press return.\n")
    assert note.properties == {}
    assert [block.kind for block in note.blocks] == ["paragraph"]


def test_every_link_of_an_export_leads_to_a_file() -> None:
    notes = export()
    paths = [file.relative_to(EXPORT).as_posix() for file in EXPORT.rglob("*") if file.is_file()]
    resolver = LinkResolver(paths)
    found = {
        (note.title, resolver.resolve(link.target, source=path)) for path, note in notes.items() for link in note.links
    }
    assert None not in {target for _, target in found}
    led = {(title, page_name(target or "")) for title, target in found}
    assert {
        ("Garden year", "観察ノート"),
        ("Garden year", "Tasks"),
        ("Raised bed", "Garden year"),
        ("Order compost", "Grünkohl"),
        ("Order compost", "Tomate cœur de bœuf"),
    } <= led


def test_no_id_is_seen_in_the_names_of_an_export() -> None:
    titles = {note.title for note in export().values()}
    assert "Why the tomatoes on the south wall ripened three weeks early" in titles
    assert not any(len(word) == 32 for title in titles for word in title.split())


def assert_sound(note: Note) -> None:
    def check(span: Span) -> None:
        assert 0 <= span.start < span.end <= len(note.text)
        assert span.start_line == note.text.count("\n", 0, span.start) + 1
        assert span.end_line == note.text.count("\n", 0, span.end - 1) + 1

    position = note.body_start
    for block in note.blocks:
        check(block.span)
        assert block.span.start >= position
        position = block.span.end
        for item in block.items:
            assert block.span.start <= item.start < item.end <= block.span.end
    for link in note.links:
        check(link.span)
    for callout in note.callouts:
        check(callout.span)


_PIECES = st.sampled_from(
    [
        *(
            "# ",
            "# Plan\n",
            "\n",
            "\n\n",
            "Status: ",
            "Done\n",
            "Tags: a, b\n",
            "Private: Yes\n",
            ": ",
            ":",
            ", ",
            "Yes",
        ),
        *(
            "<aside>\n",
            "</aside>\n",
            "```\n",
            "- a\n",
            "    ",
            " (",
            "(",
            ")",
            "x%20y.md",
            "%00",
            "https://www.notion.so/a",
        ),
        *("March 5, 2024", " → ", "2024/03/05", "10:30 AM", "a", "é", "日", "\r\n", "\0", "\u2028", "---\n", "[", "]("),
    ]
)


@given(st.one_of(st.binary(max_size=300), st.lists(_PIECES, max_size=40).map(lambda parts: "".join(parts).encode())))
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_a_page_whose_spans_fit(data: bytes) -> None:
    assert_sound(read_notion(f"Plan {ID}.md", data, rules=RULES))
    assert_sound(read_notion(f"Plan {ID}.md", data, rules=RULES, plain=True))


@given(st.text(max_size=80))
@settings(deadline=None)
def test_any_path_has_a_name(path: str) -> None:
    assert page_name(path)
    assert read(path, "# a\n\nb: c\n").path == path


_HOSTILE = {
    "property lines": "# Plan\n\n" + "a: b\n" * 40_000,
    "many property names": "# Plan\n\n" + "".join(f"p{number}: (\n" for number in range(20_000)),
    "one endless property": "# Plan\n\nStatus: " + "x" * 200_000 + "\nTags: a\n",
    "open relations": "# Plan\n\nA: b" + " (a" * 20_000 + ")\nTags: a\n",
    "nested relations": "# Plan\n\nA: b (" + "(a)" * 20_000 + "\nTags: a\n",
    "callouts": "# Plan\n\n" + "<aside>\nx\n</aside>\n" * 10_000,
    "open callouts": "# Plan\n\n" + "<aside>\n" * 25_000,
    "blank lines": "# Plan\n" + "\n" * 200_000,
    "spaces": "# Plan\n\na: b\n" + " " * 200_000,
    "an endless title": "# " + "Plan" * 50_000,
    "colons": "# Plan\n\n" + ":" * 200_000,
}


@pytest.mark.parametrize("source", _HOSTILE.values(), ids=_HOSTILE.keys())
def test_hostile_pages_are_read(source: str) -> None:
    # Quadratic code would meet the suite's deadline here.
    assert_sound(read(f"Plan {ID}.md", source))
