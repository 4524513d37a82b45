"""The quick start in each language: the same page everywhere, and an answer that Sidecar really gives."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving import environment

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "quick-start"
VAULTS = ROOT / "tests" / "vaults" / "quick-start"
LANGUAGES = ("en", "pt", "es", "it", "fr")
OWN_NAMES = {"pt": "Português", "es": "Español", "it": "Italiano", "fr": "Français"}
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_ASKS = re.compile(r'sidecar ask "([^"]+)"')
_WHY = re.compile(r'sidecar why "([^"]+)"')
each = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One data folder for all: each vault has an index of its own in it, made once."""
    return tmp_path_factory.mktemp("quick-starts")


def page(language: str) -> str:
    return (PAGES / f"{language}.md").read_text(encoding="utf-8")


def blocks(language: str, kind: str) -> list[str]:
    return [text for name, text in _BLOCK.findall(page(language)) if name == kind]


def levels(language: str) -> list[str]:
    return re.findall(r"^(#+) ", _BLOCK.sub("", page(language)), re.MULTILINE)


def links(language: str) -> list[str]:
    return [link for link in _LINK.findall(page(language)) if link.removesuffix(".md") not in LANGUAGES]


def commands(language: str) -> list[str]:
    """The commands without what is in the page's own language."""
    plain = "".join(blocks(language, "bash"))
    plain = _ASKS.sub('sidecar ask "…"', _WHY.sub('sidecar why "…"', plain))
    return plain.replace(f"quick-start/{language}\n", "quick-start/…\n").splitlines()


def sidecar(*arguments: str, data_dir: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "sidecar", *arguments, "--data-dir", str(data_dir)],
        env=environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_is_a_page_for_each_language_and_no_other() -> None:
    assert {path.stem for path in PAGES.iterdir()} == set(LANGUAGES) == {path.name for path in VAULTS.iterdir()}


@each
def test_a_page_has_the_headings_of_the_english_one(language: str) -> None:
    assert levels(language) == levels("en")
    assert len(levels("en")) == 9


@each
def test_a_page_has_the_commands_of_the_english_one(language: str) -> None:
    assert [kind for kind, _ in _BLOCK.findall(page(language))] == [kind for kind, _ in _BLOCK.findall(page("en"))]
    assert commands(language) == commands("en")
    assert f"./scripts/serve tests/vaults/quick-start/{language}\n" in blocks(language, "bash")


@each
def test_a_page_leads_where_the_english_one_leads_and_to_the_other_languages(language: str) -> None:
    assert links(language) == links("en")
    others = {f"{other}.md" for other in LANGUAGES if other != language}
    assert others == {link for link in _LINK.findall(page(language)) if link.removesuffix(".md") in LANGUAGES}


@each
def test_the_answer_on_a_page_is_the_one_that_is_given(language: str, data_dir: Path) -> None:
    [question] = _ASKS.findall(page(language))
    [shown] = blocks(language, "text")
    given = sidecar("ask", question, "--vault", str(VAULTS / language), data_dir=data_dir)
    assert given.rstrip() == shown.rstrip()
    [citation] = re.findall(r"^ — (\[\[.+\]\])$", shown, re.MULTILINE)
    assert f"`{citation}`" in page(language).replace(shown, "")


@each
def test_the_note_that_a_page_asks_about_is_left_out_as_private(language: str, data_dir: Path) -> None:
    [note] = _WHY.findall(page(language))
    given = sidecar("why", note, "--vault", str(VAULTS / language), data_dir=data_dir)
    assert "excluded (private: true)" in given


@pytest.mark.parametrize("start", [ROOT / "README.md", ROOT / "docs" / "README.md"], ids=["README", "docs/README"])
def test_the_first_pages_name_each_quick_start_in_its_own_language(start: Path) -> None:
    text = start.read_text(encoding="utf-8")
    folder = PAGES.relative_to(start.parent).as_posix()
    assert [name for code, name in OWN_NAMES.items() if f"[{name}]({folder}/{code}.md)" not in text] == []
    assert f"({folder}/en.md)" in text
