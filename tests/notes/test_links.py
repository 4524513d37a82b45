from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.notes.links import (
    LinkResolver,
    file_keys,
    heading_matches,
    section_matches,
    target_key,
)
from sidecar.notes.reading import read_note
from sidecar.notes.rules import Flavour

_CASES = Path(__file__).parent / "cases"
_PATHS = [
    "Inbox.md",
    "Projects/Plan.md",
    "Projects/Alpha/Plan.md",
    "Projects/Alpha/Notes/Log.md",
    "Archive/Plan.md",
    "Archive/Old/Log.md",
    "Archive/v1.2 release.md",
    "images/diagram.png",
    "images/diagram.md",
    "日记/2024-05-06.md",
    "Books/Ünïcode.md",
    "Long.markdown",
    "LICENSE",
]


@pytest.mark.parametrize(
    ("target", "source", "expected"),
    [
        ("Inbox", "Projects/Plan.md", "Inbox.md"),
        ("Inbox.md", "Projects/Plan.md", "Inbox.md"),
        ("inBOX", "Projects/Plan.md", "Inbox.md"),
        ("  Inbox ", "Projects/Plan.md", "Inbox.md"),
        ("Projects/Plan", "Archive/Old/Log.md", "Projects/Plan.md"),
        ("projects/plan", "Archive/Old/Log.md", "Projects/Plan.md"),
        ("Alpha/Plan", "Inbox.md", "Projects/Alpha/Plan.md"),
        ("/Archive/Plan", "Projects/Plan.md", "Archive/Plan.md"),
        ("/Plan", "Projects/Plan.md", None),
        ("./Plan", "Projects/Alpha/Plan.md", "Projects/Alpha/Plan.md"),
        ("../Plan", "Projects/Alpha/Plan.md", "Projects/Plan.md"),
        ("../../Archive/Plan.md", "Projects/Alpha/Plan.md", "Archive/Plan.md"),
        ("../../../Archive/Plan", "Projects/Alpha/Plan.md", None),
        ("./Nowhere", "Inbox.md", None),
        ("Archive\\Plan", "Inbox.md", "Archive/Plan.md"),
        ("v1.2 release", "Inbox.md", "Archive/v1.2 release.md"),
        ("diagram.png", "Inbox.md", "images/diagram.png"),
        ("diagram", "Inbox.md", "images/diagram.md"),
        ("2024-05-06", "Inbox.md", "日记/2024-05-06.md"),
        ("Long", "Inbox.md", "Long.markdown"),
        ("LICENSE", "Inbox.md", None),
        ("Nowhere", "Inbox.md", None),
        ("lan", "Inbox.md", None),
        ("cts/Plan", "Inbox.md", None),
        ("Inbox\u00a0", "Projects/Plan.md", "Inbox.md"),
        ("", "Inbox.md", "Inbox.md"),
        ("", "Gone.md", None),
    ],
)
def test_a_target_leads_to_the_file_that_it_names(target: str, source: str, expected: str | None) -> None:
    assert LinkResolver(_PATHS).resolve(target, source=source) == expected


def test_a_note_at_the_root_comes_before_nearer_ones_of_its_name() -> None:
    resolver = LinkResolver(["Plan.md", "Projects/Plan.md"])
    assert resolver.resolve("Plan", source="Projects/Log.md") == "Plan.md"
    assert resolver.resolve("./Plan", source="Projects/Log.md") == "Projects/Plan.md"


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_match_in_either_normal_form(form: str) -> None:
    path = unicodedata.normalize("NFD", "Books/Ünïcode.md")
    resolver = LinkResolver([path])
    for target in ("Ünïcode", "ÜNÏCODE", "Books/Ünïcode.md"):
        assert resolver.resolve(unicodedata.normalize(form, target), source="a.md") == path  # type: ignore[arg-type]  # parametrize gives str


def test_twins_that_differ_in_normal_form_or_case_are_told_apart() -> None:
    composed, decomposed, capital = "a/\u00e9.md", "a/e\u0301.md", "a/\u00c9.md"
    resolver = LinkResolver([composed, decomposed, capital])
    for source in ("a/x.md", "b/x.md", "x.md"):
        for folder in ("", "a/", "/a/"):
            if folder == "/a/" or not folder:
                assert resolver.resolve(f"{folder}\u00e9", source=source) == composed
            assert resolver.resolve(f"{folder}e\u0301", source=source) == decomposed
            assert resolver.resolve(f"{folder}\u00c9", source=source) == capital


def test_mentions_are_titles_and_aliases_in_any_case() -> None:
    resolver = LinkResolver(_PATHS, aliases={"Inbox.md": ["Eingang", "LOG "], "Projects/Plan.md": ["", "Straße"]})
    assert resolver.mention("eingang") == ("Inbox.md",)
    assert resolver.mention(" Log") == ("Archive/Old/Log.md", "Inbox.md", "Projects/Alpha/Notes/Log.md")
    assert resolver.mention("STRASSE") == ("Projects/Plan.md",)
    assert resolver.mention("2024-05-06") == ("日记/2024-05-06.md",)
    assert resolver.mention("nobody") == ()
    assert resolver.mention("") == ()


def test_an_alias_is_no_link_target() -> None:
    assert LinkResolver(["a.md"], aliases={"a.md": ["Alias"]}).resolve("Alias", source="a.md") is None


@given(st.lists(st.text(min_size=1, max_size=12)), st.text(max_size=12), st.text(max_size=12))
def test_any_target_leads_to_a_known_path_or_nowhere(paths: list[str], target: str, source: str) -> None:
    found = LinkResolver(paths).resolve(target, source=source)
    assert found is None or found in paths


def _cases(name: str) -> list[Any]:
    cases = json.loads((_CASES / f"{name}.json").read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["title"]) for case in cases]


def _lead(case: dict[str, Any], flavour: Flavour) -> str | None:
    (link,) = read_note(case["in"], case["link"].encode("utf-8")).links
    resolver = LinkResolver(
        [*case["files"], case["in"]], titles=case.get("titles"), aliases=case.get("aliases"), flavour=flavour
    )
    return resolver.resolve(link.target, source=case["in"], style=link.style)


@pytest.mark.parametrize("case", _cases("resolution"))
def test_a_link_leads_where_obsidian_leads(case: dict[str, Any]) -> None:
    assert _lead(case, "obsidian") == case["leads_to"]


@pytest.mark.parametrize("case", _cases("resolution-elsewhere"))
def test_a_link_leads_where_the_application_of_the_vault_leads(case: dict[str, Any]) -> None:
    assert _lead(case, case["flavour"]) == case["leads_to"]


@pytest.mark.parametrize(
    ("link", "text", "matches"),
    [
        ("Links are first-class citizens", "Links are first-class citizens", True),
        ("links ARE first-class citizens", "Links are first-class citizens", True),
        ("Links are first class citizens", "Links are first-class citizens", False),
        ("Minecraft The Video Game", "Minecraft: The Video Game", True),
        ("wifi 2 4 vs 5 0", "wifi 2.4 vs 5.0", True),
        ("TCP IP Model", "TCP/IP Model", True),
        ("CI CD DevOps", "CI/CD && DevOps", True),
        ("  heading  ", "heading", True),
        ("with/slash", "with/slash", True),
        ("with ^caret", "with ^caret", True),
        ("What's new", "What's new", True),
        ("Whats new", "What's new", False),
        ("Bold text", "**Bold** text", True),
        ("Test If This Heading Works", "Test | If # This ^ Heading : Works", True),
        ("Head", "Heading", False),
        ("读书笔记", "读书笔记", True),
        ("Ünïcode", "ÜNÏCODE", True),
        ("One#Two", "Two", True),
        ("One#Two", "One", False),
        ("", "", False),
        ("###", "", False),
    ],
)
def test_headings_are_compared_without_punctuation_case_and_spaces(link: str, text: str, matches: bool) -> None:
    assert heading_matches(link, text) is matches


@pytest.mark.parametrize(
    ("link", "path", "matches"),
    [
        ("Questions and advice#Report bugs", ("Help", "Questions and advice", "Report bugs"), True),
        ("Help#Report bugs", ("Help", "Questions and advice", "Report bugs"), True),
        ("Report bugs", ("Help", "Questions and advice", "Report bugs"), True),
        ("Questions and advice#Help", ("Help", "Questions and advice"), False),
        ("Contact#Report bugs", ("Help", "Questions and advice", "Report bugs"), False),
        ("Help#Help", ("Help",), False),
        ("Help", ("Help", "Questions and advice"), False),
        ("Help", (), False),
    ],
)
def test_a_nested_heading_stands_under_the_ones_named_before_it(
    link: str, path: tuple[str, ...], matches: bool
) -> None:
    assert section_matches(link, path) is matches


_NAME = st.sampled_from(
    [
        "a",
        "A",
        "b.md",
        "b",
        "c.png",
        "c.png.md",
        "index.md",
        "README.md",
        "_index.md",
        "e\u0301.md",
        "\u00e9.md",
        "a.md.md",
    ]
)
_FOLDER = st.lists(st.sampled_from(["a", "b", "B", "c.png", "index"]), max_size=3)
_PATH = st.builds(lambda folder, name: "/".join([*folder, name]), _FOLDER, _NAME)
_TARGET = st.one_of(
    st.builds("{}{}{}".format, st.sampled_from(["", "./", "../", "/"]), _PATH, st.sampled_from(["", "/"])),
    st.sampled_from(["", ".", "..", "./", "../", "../..", "a/..", "/"]),
)  # fmt: skip


@given(
    st.sets(_PATH, max_size=12), _TARGET, _PATH, st.sampled_from(["obsidian", "folder", "notion", "logseq"]),
    st.sampled_from(["wikilink", "markdown"]), st.dictionaries(_PATH, _PATH, max_size=2),
)  # fmt: skip
def test_only_files_of_its_key_decide_where_a_link_leads(
    paths: set[str], target: str, source: str, flavour: Any, style: Any, titles: dict[str, str]
) -> None:
    titles = {path: title for path, title in titles.items() if path in paths}
    key = target_key(target, source=source)
    some = {path for path in paths if key in file_keys(path, names=[titles[path]] if path in titles else [])}
    some |= {source} & paths
    everything = LinkResolver(paths, titles=titles, flavour=flavour)
    candidates = LinkResolver(some, titles={p: t for p, t in titles.items() if p in some}, flavour=flavour)
    assert everything.resolve(target, source=source, style=style) == candidates.resolve(
        target, source=source, style=style
    )


@pytest.mark.parametrize("piece", ["../", "a/", "./", "#", ".md", "é", " ", "[", "\\"])
def test_a_target_of_any_length_is_looked_up_at_once(piece: str) -> None:
    target = piece * (200_000 // len(piece))
    for flavour in get_args(Flavour):
        resolver = LinkResolver(["a.md", "a/a.md", "index.md"], flavour=flavour)
        for style in ("wikilink", "markdown"):
            assert resolver.resolve(target + "x", source="a/b.md", style=style) is None
    assert isinstance(target_key(target, source="a/b.md"), str)
    assert not section_matches(target + "x", ["heading"])


def test_ten_thousand_notes_of_one_name_are_told_apart_at_once() -> None:
    paths = [f"{n % 100}/{n}/README.md" for n in range(10_000)]
    resolver = LinkResolver(paths)
    for path in paths:
        assert resolver.resolve("README", source=path.replace("README", "x")) == path
    assert resolver.resolve("README", source="elsewhere/x.md") == "0/0/README.md"
