"""The log of content: an hour, then nothing more; a day later, nothing at all."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from sidecar.logs.content import ContentLog, remove_content

pytestmark = pytest.mark.anyio


class Time:
    """Passes when somebody sleeps, after `before` has been done."""

    def __init__(self) -> None:
        self.now = 50.0
        self.slept: list[float] = []
        self.before: list[Any] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.before:
            self.before.pop(0)()
        self.now += seconds


def lines(log: ContentLog) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.path.read_text(encoding="utf-8").splitlines()]


def made(tmp_path: Path, time: Time, **options: Any) -> ContentLog:
    return ContentLog(tmp_path, clock=time, sleep=time.sleep, **options)


def test_a_line_is_written_for_each_thing_and_only_the_owner_can_read_it(tmp_path: Path) -> None:
    log = made(tmp_path, Time())
    assert not log.path.exists()
    log.write("prompt", {"text": "one\ntwo \u2028 \ud800"})
    log.write("answer", {"text": "three"})
    assert [(line["what"], line["text"]) for line in lines(log)] == [
        ("prompt", "one\ntwo \u2028 \ud800"),
        ("answer", "three"),
    ]
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(log.path.parent.stat().st_mode) == 0o700


def test_after_an_hour_nothing_is_written_any_longer(tmp_path: Path) -> None:
    time = Time()
    log = made(tmp_path, time)
    log.write("prompt", {})
    time.now += 3_599
    log.write("prompt", {})
    assert "one more minute" in (log.notice or "")
    time.now += 1
    log.write("prompt", {})
    assert not log.active
    assert len(lines(log)) == 2
    assert "has ended" in (log.notice or "")
    assert remove_content(tmp_path)
    assert log.notice is None
    assert not remove_content(tmp_path)


async def test_it_says_when_it_begins_and_ends_and_is_deleted_a_day_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    time = Time()
    log = made(tmp_path, time)
    log.write("prompt", {"text": "secret"})
    time.before = [lambda: None, lambda: there.append(log.path.exists())]
    there: list[bool] = []
    await log.run()
    assert (sum(time.slept), there, log.path.exists()) == (3_600.0 + 86_400.0, [True], False)
    assert max(time.slept) <= 60.0
    assert [("begun" in text or "are written" in text, "ended" in text) for text in caplog.messages[:2]] == [
        (True, False),
        (False, True),
    ]
    assert "secret" not in caplog.text


def test_it_ends_when_it_is_full_or_cannot_be_written(tmp_path: Path) -> None:
    full = made(tmp_path, Time(), most_bytes=1_000)
    for _ in range(100):
        full.write("prompt", {"text": "x" * 200})
    assert not full.active
    assert full.path.stat().st_size <= 1_000
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "logs").write_text("in the way", encoding="utf-8")
    blocked = made(tmp_path / "other", Time())
    blocked.write("prompt", {})
    assert not blocked.active
