from __future__ import annotations

import sys

import click
import pytest

from sidecar.cli.output import complain, print_check, print_list, print_wrapped, printable, printable_text
from sidecar.errors import SidecarError


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Täglich/旅行 👨\u200d👩\u200d👧.md", "Täglich/旅行 👨\u200d👩\u200d👧.md"),
        ("يوميات.md", "يوميات.md"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\r\nb", "a\\r\\nb"),
        ("gpj.\u202edm.exe", "gpj.\\u202edm.exe"),
        ("\udcff.md", "\\udcff.md"),
    ],
)
def test_a_name_cannot_steer_the_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_an_answer_keeps_its_lines_and_cannot_steer_the_terminal() -> None:
    assert printable_text("a\r\n\tb\x1b]0;x\x07\u202ec") == "a\n\tb\\x1b]0;x\\x07\\u202ec"


def test_an_error_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    complain(SidecarError("No note 'a\x1b[2J'.", hint="Try\n\x9bm."))
    assert capsys.readouterr().err == "Error: No note 'a\\x1b[2J'.\nHint: Try\n\\x9bm.\n"


def test_at_a_terminal_an_error_is_broken_between_its_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    complain(SidecarError("word " * 30 + "/a/folder/" + "x" * 50, hint="  short\n" + "Wort " * 20))
    text = click.unstyle(capsys.readouterr().err)
    lines = text.splitlines()
    assert max(len(line) for line in lines if "/a/folder" not in line) <= 40
    assert lines[0].startswith("Error: word word")
    assert "Hint:   short\nWort Wort" in text
    assert text.split().count("word") == 30


def test_a_long_list_says_how_many_more_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    print_list([f"{number}.md" for number in range(1502)], most=2, indent="  ")
    assert capsys.readouterr().out == "  0.md\n  1.md\n  and 1,500 more (--json lists all)\n"
    print_list(["a", "b"], most=2, indent="")
    assert capsys.readouterr().out == "a\nb\n"


def test_in_a_pipe_a_finding_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_check("warning", "word " * 50, "Do this.")
    print_wrapped("x" * 300, first="  ", rest="  ")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("  ")
    assert lines[1].endswith(" Do this.")
