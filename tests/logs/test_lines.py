"""Log lines: one line a record, nobody's words but ours, exceptions without what they say."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator

import pytest

from sidecar.errors import NoteMissingError, RequestError, SidecarError, UpstreamError, VaultError
from sidecar.logs.crashes import log_crashes
from sidecar.logs.describing import described
from sidecar.logs.lines import MOST_CHARACTERS, LineFormatter

SECRET = "a line of a note"


def line(name: str, message: object, *arguments: object, error: BaseException | None = None) -> str:
    info = None if error is None else (type(error), error, error.__traceback__)
    record = logging.LogRecord(name, logging.WARNING, __file__, 12, message, arguments, info, "somewhere")
    return LineFormatter().format(record)


def raised(make: Callable[[], Exception]) -> Exception:
    try:
        raise make()
    except Exception as error:
        return error


def test_our_own_messages_are_written_as_they_are() -> None:
    assert line("sidecar.indexer", "%d notes", 3).endswith("WARNING sidecar.indexer: 3 notes")
    assert line("sidecar", "started").endswith("sidecar: started")


@pytest.mark.parametrize("name", ["uvicorn.error", "asyncio", "sidecarish", "root", "py.warnings"])
def test_of_libraries_the_place_is_written_and_not_the_words(name: str) -> None:
    for written in (line(name, SECRET), line(name, "%s", SECRET), line(name, f"{SECRET}\n{SECRET}")):
        assert SECRET not in written
        assert written.endswith(f"{name}: (test_lines:12 somewhere)")


def test_sentences_of_libraries_that_are_known_to_be_fixed_are_written() -> None:
    written = line("asyncio", f"Task exception was never retrieved\nfuture: {SECRET}")
    assert written.endswith("asyncio: Task exception was never retrieved (test_lines:12 somewhere)")


@pytest.mark.parametrize("steering", ["\n", "\r", "\x00", "\x1b[2J", "\x85", "\u2028", "\u202e", "\ud800", "\x7f"])
def test_what_would_begin_a_line_or_steer_a_terminal_is_escaped(steering: str) -> None:
    written = line("sidecar", "name %s", f"a{steering}b")
    assert steering not in written
    assert "\\" in written
    written.encode("utf-8")


def test_a_line_is_bounded() -> None:
    assert len(line("sidecar", "%s", "x" * 10**6)) < MOST_CHARACTERS + 100
    assert len(line("sidecar" + "y" * 10**6, "x")) < MOST_CHARACTERS + 100


def test_an_exception_is_told_by_type_numbers_and_places() -> None:
    error = raised(lambda: OSError(28, SECRET, SECRET))
    told = line("sidecar", "failed", error=error)
    assert "OSError (errno 28)" in told
    assert "test_lines:" in told
    assert "raised" in told
    assert SECRET not in told


def test_causes_and_groups_are_told_too() -> None:
    def chained() -> Exception:
        error = ExceptionGroup(SECRET, [raised(lambda: KeyError(SECRET)), ValueError(SECRET)])
        error.__cause__ = raised(lambda: UpstreamError(SECRET, status=502, code=SECRET))
        return error

    told = described(raised(chained))
    assert [each for each in told if not each.startswith("  ")] == [
        "ExceptionGroup",
        "caused by sidecar.errors.UpstreamError (status 502)",
    ]
    assert {"  of KeyError", "  of ValueError"} <= set(told)
    assert SECRET not in "\n".join(told)


def test_an_exception_that_is_its_own_cause_or_has_no_end_is_told_in_some_lines() -> None:
    def deeper() -> None:
        deeper()

    one, two = ValueError(), KeyError()
    one.__cause__, two.__cause__ = two, one
    assert described(one) == ["ValueError", "caused by KeyError"]
    try:
        deeper()
    except RecursionError as error:
        told = described(error)
    assert len(told) < 60
    assert [each for each in told if "more" in each]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (SidecarError("as it is"), "as it is"),
        (UpstreamError(SECRET, status=500), "the upstream server answered 500"),
        (UpstreamError(SECRET), "the upstream server failed"),
        (RequestError(SECRET), "the request is wrong (RequestError)"),
        (NoteMissingError(SECRET), "the vault or a file in it cannot be read"),
        (VaultError(SECRET), "the vault or a file in it cannot be read"),
    ],
)
def test_what_a_log_may_say_of_our_own_errors(error: SidecarError, told: str) -> None:
    assert error.logged == told


@pytest.fixture
def hooks() -> Iterator[None]:
    import threading
    import warnings

    before = (sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning)
    yield
    sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning = before


@pytest.mark.usefixtures("hooks")
def test_uncaught_exceptions_are_logged_without_their_words(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    log_crashes()
    error = raised(lambda: ValueError(SECRET))
    caplog.handler.setFormatter(LineFormatter())
    sys.excepthook(ValueError, error, error.__traceback__)
    assert "ended by an exception" in caplog.text
    assert "ValueError" in caplog.text
    assert SECRET not in caplog.text
    assert capsys.readouterr().err == ""
