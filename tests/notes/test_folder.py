from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.notes.folder import read_folder_note
from sidecar.notes.links import LinkResolver, folder_targets
from sidecar.notes.note import Note
from sidecar.notes.rules import ReadingRules

RULES = ReadingRules(flavour="folder")
TREE = Path(__file__).parents[1] / "vaults" / "docs-tree"


def read(path: str, text: str = "") -> Note:
    return read_folder_note(path, text.encode("utf-8"), rules=RULES)


@pytest.mark.parametrize("name", ["index.md", "README.md", "readme.md", "_index.md", "Index.markdown"])
@pytest.mark.parametrize(
    ("text", "title", "aliases"),
    [
        ("---\ntitle: From the properties\n---\n# Overview\n", "From the properties", ("Overview", "guide")),
        ("# Getting **started**\n\n# Second\n", "Getting started", ("guide",)),
        ("Getting started\n===\n\ntext\n", "Getting started", ("guide",)),
        ("words\n\n## Part\n\n# Late\n", "Late", ("guide",)),
        ("words\n\n## Part\n", "guide", ()),
        ("---\ntitle:\n---\n# Guide\n", "Guide", ()),
        ("```\n# a comment\n```\n", "guide", ()),
        ("", "guide", ()),
    ],
)
def test_the_page_of_a_folder_is_called_by_what_it_is_about(
    name: str, text: str, title: str, aliases: tuple[str, ...]
) -> None:
    note = read(f"docs/guide/{name}", text)
    assert (note.title, note.aliases) == (title, aliases)


def test_a_page_at_the_root_without_a_title_keeps_its_name() -> None:
    assert read("README.md", "words").title == "README"


@pytest.mark.parametrize(
    ("text", "aliases"),
    [
        ("# Overview\n", ()),
        ("# Install\n", ()),
        ("---\ntitle: Installing\naliases: [setup]\n---\n# Overview\n", ("Installing", "setup")),
        ("---\ntitle: Overview\n---\n# Overview\n", ("Overview",)),
        ("## Part\n", ()),
    ],
)
def test_another_page_keeps_its_name_and_its_heading_is_no_alias(text: str, aliases: tuple[str, ...]) -> None:
    note = read("docs/guide/install.md", text)
    assert (note.title, note.aliases) == ("install", aliases)


def test_the_pages_of_a_tree_can_be_told_apart() -> None:
    titles = {file: read(file, (TREE / file).read_text(encoding="utf-8")).title for file in pages()}
    assert titles == {
        "README.md": "Kettle",
        "guide/index.md": "Guide",
        "guide/install.md": "install",
        "guide/boil.md": "boil",
        "faq/index.md": "Questions and answers",
        "internals/index.md": "internals",
        "internals/heater/_index.md": "Heater",
    }


@pytest.mark.parametrize(
    ("path", "targets"),
    [
        ("guide/", ("guide/index.md", "guide/README.md", "guide/_index.md", "guide.md")),
        ("../guide", ("../guide/index.md", "../guide/README.md", "../guide/_index.md", "../guide.md")),
        ("./", ("./index.md", "./README.md", "./_index.md")),
        ("..", ("../index.md", "../README.md", "../_index.md")),
        ("", ("index.md", "README.md", "_index.md")),
        ("/", ("/index.md", "/README.md", "/_index.md")),
        ("a\\b\\", ("a/b/index.md", "a/b/README.md", "a/b/_index.md", "a/b.md")),
    ],
)
def test_a_link_to_a_folder_means_its_page(path: str, targets: tuple[str, ...]) -> None:
    assert folder_targets(path) == targets


def test_every_link_of_a_tree_leads_to_a_file_when_folders_mean_their_pages() -> None:
    resolver = LinkResolver([file.relative_to(TREE).as_posix() for file in TREE.rglob("*") if file.is_file()])
    led: dict[tuple[str, str], str | None] = {}
    for page in pages():
        for link in read(page, (TREE / page).read_text(encoding="utf-8")).links:
            folder = link.target.endswith("/")
            for target in folder_targets(link.target) if folder else (link.target,):
                # Markdown links begin at the page, whatever they begin with.
                relative = target if target.startswith((".", "/")) else f"./{target}"
                led[page, link.target] = led.get((page, link.target)) or resolver.resolve(relative, source=page)
    assert led == {
        ("README.md", "guide/"): "guide/index.md",
        ("README.md", "internals/index.md"): "internals/index.md",
        ("guide/index.md", "install.md"): "guide/install.md",
        ("guide/index.md", "boil.md"): "guide/boil.md",
        ("guide/index.md", "../faq/"): "faq/index.md",
        ("guide/install.md", "./"): "guide/index.md",
        ("guide/boil.md", "../assets/steam.svg"): "assets/steam.svg",
        ("internals/index.md", "heater/"): "internals/heater/_index.md",
    }


def pages() -> list[str]:
    return sorted(file.relative_to(TREE).as_posix() for file in TREE.rglob("*.md"))


@given(st.binary(max_size=200), st.sampled_from(["index.md", "a/README.md", "a/b.md", "/_index.md", ""]))
@settings(deadline=None)
def test_any_bytes_give_a_note_with_a_name(data: bytes, path: str) -> None:
    note = read_folder_note(path, data, rules=RULES)
    assert note.path == path
    assert note.title or not path
    assert note.title not in note.aliases


@given(st.text(max_size=40))
def test_any_text_can_be_asked_for_as_a_folder(path: str) -> None:
    assert len(folder_targets(path)) in (3, 4)
