"""Codes work once and for a while, sessions until they are ended, forgotten or too many."""

from __future__ import annotations

import time

import pytest

from sidecar.api.console.sessions import (
    CODE_SECONDS,
    IDLE_SECONDS,
    LONGEST_SECONDS,
    MAX_CODES,
    MAX_SESSIONS,
    Sessions,
    seconds_awake_and_asleep,
)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def signed_in(sessions: Sessions) -> str:
    key = sessions.sign_in(sessions.new_code())
    assert key is not None
    return key


def test_a_code_works_once() -> None:
    sessions = Sessions()
    code = sessions.new_code()
    key = sessions.sign_in(code)
    assert key is not None
    assert sessions.holds(key.encode())
    assert sessions.sign_in(code) is None
    assert sessions.live == 1


def test_a_code_is_no_key_and_a_key_no_code() -> None:
    sessions = Sessions()
    code = sessions.new_code()
    assert not sessions.holds(code.encode())
    key = sessions.sign_in(code)
    assert key is not None
    assert sessions.sign_in(key) is None


def test_a_code_works_for_fifteen_minutes() -> None:
    clock = Clock()
    sessions = Sessions(clock=clock)
    early, late = sessions.new_code(), sessions.new_code()
    clock.now += CODE_SECONDS - 1
    assert sessions.sign_in(early) is not None
    clock.now += 1
    assert sessions.sign_in(late) is None


def test_of_many_codes_the_newest_work() -> None:
    sessions = Sessions()
    codes = [sessions.new_code() for _ in range(MAX_CODES + 2)]
    assert [sessions.sign_in(code) is not None for code in codes] == [False, False, *[True] * MAX_CODES]


def test_a_session_that_is_used_lives_on_and_one_that_is_not_ends() -> None:
    clock = Clock()
    sessions = Sessions(clock=clock)
    used, unused = signed_in(sessions), signed_in(sessions)
    clock.now += IDLE_SECONDS - 1
    assert sessions.holds(used.encode())
    clock.now += 1
    assert sessions.holds(used.encode())
    assert not sessions.holds(unused.encode())


def test_one_session_more_than_there_may_be_ends_the_one_that_was_used_least_lately() -> None:
    sessions = Sessions()
    keys = [signed_in(sessions) for _ in range(MAX_SESSIONS)]
    assert sessions.holds(keys[0].encode())
    newest = signed_in(sessions)
    assert sessions.live == MAX_SESSIONS
    assert [sessions.holds(key.encode()) for key in (*keys[:3], newest)] == [True, False, True, True]


def test_signing_out_ends_that_session_alone() -> None:
    sessions = Sessions()
    one, other = signed_in(sessions), signed_in(sessions)
    assert sessions.sign_out(one.encode())
    assert not sessions.sign_out(one.encode())
    assert not sessions.holds(one.encode())
    assert sessions.holds(other.encode())


def test_what_is_no_key_opens_nothing() -> None:
    sessions = Sessions()
    key = signed_in(sessions).encode()
    for odd in (b"", b"console-", key[:-1], key + b"a", key.swapcase(), b"\xff" * 60, key + b"\x00"):
        assert not sessions.holds(odd)
    for wrong in ("", "\ud800", "é" * 20, "\x00"):
        assert sessions.sign_in(wrong) is None


def test_neither_codes_nor_keys_are_kept_as_they_are() -> None:
    sessions = Sessions()
    code, key = sessions.new_code(), signed_in(sessions)
    kept = repr(vars(sessions))
    assert code not in kept
    assert key not in kept


def test_a_session_that_is_used_all_the_time_ends_after_seven_days() -> None:
    clock = Clock()
    sessions = Sessions(clock=clock)
    key, begun = signed_in(sessions).encode(), clock.now
    while clock.now < begun + LONGEST_SECONDS:
        assert sessions.holds(key)
        clock.now += IDLE_SECONDS / 2
    assert not sessions.holds(key)
    assert sessions.live == 0


def test_all_are_signed_out_and_no_link_that_is_out_signs_in() -> None:
    sessions = Sessions()
    keys, code = [signed_in(sessions).encode() for _ in range(3)], sessions.new_code()
    assert sessions.clear() == 3
    assert not any(sessions.holds(key) for key in keys)
    assert sessions.sign_in(code) is None
    assert sessions.clear() == 0
    assert sessions.holds(signed_in(sessions).encode())


@pytest.mark.parametrize(
    ("clocks", "seconds"),
    [({"CLOCK_BOOTTIME": 9.0, "CLOCK_MONOTONIC": 5.0}, 9.0), ({"CLOCK_MONOTONIC": 5.0}, 5.0), ({}, 2.0)],
    ids=["Linux", "macOS", "Windows"],
)
def test_the_time_that_a_machine_sleeps_counts(
    monkeypatch: pytest.MonkeyPatch, clocks: dict[str, float], seconds: float
) -> None:
    for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"):
        monkeypatch.delattr(time, name, raising=False)
        if name in clocks:
            monkeypatch.setattr(time, name, clocks[name], raising=False)
    monkeypatch.setattr(time, "clock_gettime", lambda clock: clock, raising=False)
    monkeypatch.setattr(time, "monotonic", lambda: 2.0)
    assert seconds_awake_and_asleep() == seconds
