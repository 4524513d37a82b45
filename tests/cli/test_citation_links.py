"""The links in an answer at a terminal: where the server says that one is, and nowhere else."""

from __future__ import annotations

import io
import re

import pytest

from sidecar.cli.citation_links import Citation, CitedText, can_link

URI = "obsidian://open?vault=v&file=Boiler"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def links(text: str) -> list[tuple[str, str]]:
    return re.findall("\x1b]8;;([^\x1b]+)\x1b\\\\([^\x1b]*)\x1b]8;;\x1b\\\\", text)


def at(start: int, end: int, uri: str = URI) -> Citation:
    return Citation(start=start, end=end, uri=uri)


def test_a_citation_is_a_link_wherever_its_piece_stands_in_the_answer() -> None:
    text = CitedText(links=True)
    assert text.feed("Es kostete 386 €. ", []) == "Es kostete 386 €. "
    piece = text.feed("(日記 [[Boiler]], [[Müll#É]])", [at(22, 32), at(34, 44, f"{URI}2")])
    assert links(piece) == [(URI, "[[Boiler]]"), (f"{URI}2", "[[Müll#É]]")]
    assert re.sub("\x1b]8;;[^\x1b]*\x1b\\\\", "", piece) == "(日記 [[Boiler]], [[Müll#É]])"
    assert links(text.feed("[[Boiler]]", [at(45, 55)])) == [(URI, "[[Boiler]]")]


@pytest.mark.parametrize(
    "citation",
    [
        at(0, 5),
        at(12, 40),
        at(12, 12),
        at(15, 12),
        at(-5, -1),
        at(10, 20, "https://example.com/obsidian://open?vault=v"),
        at(10, 20, "obsidian://new?vault=v&content=x"),
        at(10, 20, "file:///etc/passwd"),
        at(10, 20, URI + "x" * 3000),
        at(10, 20, ""),
    ],
)
def test_what_is_no_whole_citation_of_a_note_stays_plain(citation: Citation) -> None:
    text = CitedText(links=True)
    text.feed("0123456789", [])
    assert text.feed("[[Boiler]] is it", [citation]) == "[[Boiler]] is it"


def test_brackets_alone_lead_nowhere() -> None:
    assert (
        CitedText(links=True).feed("[[Boiler]] [x](obsidian://open?vault=v)", [])
        == "[[Boiler]] [x](obsidian://open?vault=v)"
    )


def test_citations_over_each_other_give_one_link() -> None:
    assert len(links(CitedText(links=True).feed("[[Boiler]]", [at(0, 10), at(2, 8), at(0, 10)]))) == 1


def test_neither_the_text_nor_the_address_of_a_link_steers_the_terminal() -> None:
    shown = CitedText(links=True).feed("a\x1b]0;x\x07 [[B\x1b[2J]]", [at(8, 17, f"{URI}\x1b\\\x1b]0;y\x07")])
    assert links(shown) == [(f"{URI}\\x1b\\\\x1b]0;y\\x07", "[[B\\x1b[2J]]")]
    assert shown.startswith("a\\x1b]0;x\\x07 ")


def test_a_megabyte_without_a_citation_is_shown_as_it_is() -> None:
    assert CitedText(links=True).feed("[" * 2**20, [at(number, number) for number in range(1000)]) == "[" * 2**20


@pytest.mark.parametrize(
    ("stream", "platform", "term", "shown"),
    [
        (Terminal(), "linux", "xterm", True),
        (Terminal(), "darwin", "", True),
        (io.StringIO(), "linux", "xterm", False),
        (Terminal(), "win32", "", False),
        (Terminal(), "linux", "dumb", False),
    ],
)
def test_no_codes_go_where_they_would_be_seen(stream: io.StringIO, platform: str, term: str, shown: bool) -> None:
    assert can_link(stream, {"TERM": term}, platform=platform) is shown
    assert CitedText(links=False).feed("[[Boiler]]", [at(0, 10)]) == "[[Boiler]]"
