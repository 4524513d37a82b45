from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.notes.links import LinkResolver

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
        ("Nowhere", "Inbox.md", None),
        ("lan", "Inbox.md", None),
        ("cts/Plan", "Inbox.md", None),
        ("", "Inbox.md", "Inbox.md"),
        ("", "Gone.md", None),
    ],
)
def test_a_target_leads_where_obsidian_leads(target: str, source: str, expected: str | None) -> None:
    assert LinkResolver(_PATHS).resolve(target, source=source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Projects/Alpha/Notes/Log.md", "Projects/Alpha/Plan.md"),
        ("Projects/Other.md", "Projects/Plan.md"),
        ("Archive/Old/Log.md", "Archive/Plan.md"),
        ("Inbox.md", "Archive/Plan.md"),
    ],
)
def test_of_several_notes_with_a_name_the_nearest_is_meant(source: str, expected: str) -> None:
    assert LinkResolver(_PATHS).resolve("Plan", source=source) == expected


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
    composed, decomposed = "a/\u00e9.md", "b/e\u0301.md"
    resolver = LinkResolver([composed, decomposed, "c/\u00c9.md"])
    for source in ("a/x.md", "b/x.md", "c/x.md"):
        assert resolver.resolve("\u00e9", source=source) == composed
        assert resolver.resolve("e\u0301", source=source) == decomposed
        assert resolver.resolve("\u00c9", source=source) == "c/\u00c9.md"


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
