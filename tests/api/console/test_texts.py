"""The page's words: every language has all of them, nothing else stands in the markup, and every key is used."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from sidecar.api.console import page

STATIC = Path(page.__file__).parent / "static"
TEXTS = {
    language: json.loads((STATIC / "texts" / f"{language}.json").read_text("utf-8")) for language in page.LANGUAGES
}
SCRIPTS = {path.name: path.read_text("utf-8") for path in STATIC.glob("*.js")}
MARKUP = (STATIC / "index.html").read_text("utf-8")
STYLES = {path.name: path.read_text("utf-8") for path in STATIC.glob("*.css")}
_PLACE = re.compile(r"\{(\w+)\}")
_WORDS = re.compile(r">([^<>]*[^\W\d_][^<>]*)<")
_CALLED = re.compile(r"\bt\(\s*(?:[\w.]+(?: [=!]== [\w.\"]+)? \? )?\"([a-z_0-9.]+)\"")
_FAMILIES = ("kind", "lane", "paused", "phase", "scope", "setting", "slowed", "status", "verdict")
"""Keys whose end comes from the server."""
NAMES = {"Sidecar"}


def bare(key: str) -> str:
    return re.sub(r"_(one|other)$", "", key)


@pytest.mark.parametrize("language", page.LANGUAGES)
def test_every_language_has_every_text_with_the_same_places(language: str) -> None:
    texts = TEXTS[language]
    assert texts.keys() == TEXTS["en"].keys()
    for key, text in texts.items():
        assert (
            Counter(_PLACE.findall(text)) == Counter(_PLACE.findall(TEXTS["en"][key])) or bare(key) == "overview.more"
        ), key
        assert text == text.strip() != "", key
        assert not re.search(r"[<>]|&\w+;", text), key


@pytest.mark.parametrize("language", [language for language in page.LANGUAGES if language != "en"])
def test_no_language_was_left_in_english(language: str) -> None:
    same = {key for key, text in TEXTS[language].items() if text == TEXTS["en"][key] and " " in text}
    # French took the word to England.
    assert same <= {"overview.version"} | ({"search.found_one", "search.found_other"} if language == "fr" else set())


def test_plurals_come_in_pairs() -> None:
    keys = set(TEXTS["en"])
    ones = {key.removesuffix("_one") for key in keys if key.endswith("_one")}
    assert ones == {key.removesuffix("_other") for key in keys if key.endswith("_other") and bare(key) in ones}
    assert not ones & keys


def test_no_words_stand_in_the_markup() -> None:
    # Without scripts there are no texts: that alone is said in all languages at once.
    without = re.findall(r'<p lang="(\w+)">[^<]+JavaScript\.</p>', MARKUP)
    assert tuple(without) == page.LANGUAGES
    written = re.sub(r"(?s)<noscript>.*?</noscript>", "", MARKUP)
    assert {words.strip() for words in _WORDS.findall(written)} == NAMES
    attributes = re.findall(r'\b(?:title|alt|placeholder|aria-label|value)="([^"]*)"', MARKUP)
    assert set(attributes) <= {"auto", "light", "dark"}


def test_every_key_that_is_used_exists_and_every_one_that_exists_is_used() -> None:
    known = {bare(key) for key in TEXTS["en"]}
    written = "\n".join([MARKUP, *SCRIPTS.values()])
    mentioned = set(re.findall(r"[\"`=]([a-z_]+\.[a-z_0-9]+)\b", written))
    called = {key for script in SCRIPTS.values() for key in _CALLED.findall(script)}
    called |= set(re.findall(r'data-t(?:-label)?="([^"]+)"', MARKUP))
    assert len(called) > 80
    assert called - known == set()
    unused = {key for key in known - mentioned if key.split(".")[0] not in _FAMILIES}
    # Those of a tab and of what became of an answer are put together from a name.
    assert {key for key in unused if key.split(".")[0] not in {"tab", "ask"}} == set()
    assert {key for key in unused if key.startswith("ask.")} <= {"ask.done", "ask.failed"}


def test_the_page_has_no_script_or_style_of_its_own_and_loads_nothing_from_elsewhere() -> None:
    assert re.findall(r"<(?:script|link)[^>]*(?:src|href)=\"([^\"]*)\"", MARKUP) == [
        "/console/icon.svg",
        "/console/style.css",
        "/console/parts.css",
        "/console/main.js",
    ]
    assert not re.search(r"<style|style=|\son\w+=|javascript:", MARKUP)
    everything = "\n".join([MARKUP, *SCRIPTS.values(), *STYLES.values()])
    assert set(re.findall(r"(?:https?:)?//(?:[\w-]+\.)+\w+", everything)) == {"http://www.w3.org"}
    assert not re.search(r"url\(|@import|@font-face", "\n".join(STYLES.values()))


def test_the_languages_of_the_page_are_those_of_the_server() -> None:
    (offered,) = re.findall(r"LANGUAGES = \{([^}]*)\}", SCRIPTS["texts.js"])
    assert tuple(re.findall(r"(\w+):", offered)) == page.LANGUAGES


def test_no_store_of_the_browser_is_used_but_where_its_refusal_is_caught() -> None:
    using = {name for name, script in SCRIPTS.items() if re.search(r"(local|session)Storage", script)}
    assert using == {"store.js"}


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_no_script_turns_text_into_markup_or_code(name: str) -> None:
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|DOMParser|createContextualFragment"
        r"|\.src\b|\.srcdoc|\.style\b|setTimeout\(\"|import\("
    )
    assert re.findall(forbidden, SCRIPTS[name]) == []


def test_every_file_has_a_route_and_every_route_a_file() -> None:
    there = {path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file()}
    assert set(page.FILES.values()) == there
