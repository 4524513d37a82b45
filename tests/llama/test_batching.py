"""Who is answered by the next call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from sidecar.errors import ModelUnavailableError, RequestError, SidecarError
from sidecar.llama.batching import Scheduler
from sidecar.llama.decoding import NoRoomError, Stretch
from sidecar.llama.lanes import Lanes
from sidecar.llama.native import StoppedError


class _Context:
    """Cells as llama.cpp keeps them, a limit on them, and a record of every call."""

    def __init__(self, *, cells: int = 10_000, seconds: Callable[[int], float] = lambda tokens: 0.0) -> None:
        self.held: dict[int, list[int]] = {}
        self.calls: list[dict[int, int]] = []
        self.now = 0.0
        self.trouble: list[Exception] = []
        self._cells = cells
        self._seconds = seconds

    def clock(self) -> float:
        return self.now

    def decode(self, stretches: Sequence[Stretch]) -> list[int]:
        total = sum(len(stretch.tokens) for stretch in stretches)
        assert total > 0, "a call without tokens is an error to llama.cpp"
        self.now += self._seconds(total)
        if self.trouble:
            # A call that is broken off may leave some of its tokens behind.
            self.held.setdefault(stretches[0].sequence, []).extend(stretches[0].tokens[:3])
            raise self.trouble.pop()
        if sum(map(len, self.held.values())) + total > self._cells:
            raise NoRoomError
        for stretch in stretches:
            held = self.held.setdefault(stretch.sequence, [])
            assert len(held) == stretch.at
            held.extend(stretch.tokens)
        self.calls.append({stretch.sequence: len(stretch.tokens) for stretch in stretches})
        return [stretch.sequence if stretch.wanted else -1 for stretch in stretches]

    def forget(self, sequence: int, *, after: int) -> bool:
        del self.held.setdefault(sequence, [])[max(0, after) :]
        return True

    def copy(self, source: int, target: int, *, length: int) -> None:
        self.held[target] = self.held[source][:length]


@dataclass(eq=False, kw_only=True)
class _Run:
    tokens: list[int]
    length: int = 3
    exact: bool = False
    fresh: bool = False
    cancelled: bool = False
    breaks: Exception | None = None
    written: int = 0
    ending: str = ""
    failure: SidecarError | None = None
    kept: list[int] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    """First tokens of runs that share it, as their turns came."""

    def placed(self, kept: int) -> None:
        self.kept.append(kept)
        self.order.append(self.tokens[0])

    def evaluated(self, count: int) -> None:
        assert count > 0

    def advance(self, row: int) -> bool:
        assert row >= 0
        if self.breaks is not None:
            raise self.breaks
        self.written += 1
        if self.written == self.length:
            self.ending = "complete"
            return True
        self.tokens.append(1000 + self.written)
        return False

    def stopped(self) -> None:
        self.ending = "stopped"

    def failed(self, error: SidecarError) -> None:
        self.ending, self.failure = "failed", error


def _scheduler(context: _Context, *, parallel: int = 4, batch: int = 8, lanes: int = 8) -> Scheduler:
    return Scheduler(
        context,
        Lanes(context, number=lanes, shortens=True),
        parallel=parallel,
        batch=batch,
        clock=context.clock,
    )


def _finish(scheduler: Scheduler, *, steps: int = 500) -> None:
    for _ in range(steps):
        if not scheduler.busy:
            return
        scheduler.step()
    raise AssertionError("it does not end")


def _prompt(first: int, length: int) -> list[int]:
    return [first, *range(length - 1)]


def test_answers_are_written_side_by_side() -> None:
    context = _Context()
    scheduler = _scheduler(context)
    runs = [_Run(tokens=_prompt(100 + number, 2), length=5) for number in range(4)]
    for run in runs:
        scheduler.add(run)
    _finish(scheduler)
    assert [run.ending for run in runs] == ["complete"] * 4
    assert len(context.calls) == 5
    assert all(len(call) == 4 for call in context.calls)


def test_no_more_than_the_allowed_number_are_at_work_and_the_others_wait_in_order() -> None:
    context = _Context()
    scheduler = _scheduler(context, parallel=2)
    runs = [_Run(tokens=_prompt(100 + number, 2), length=2) for number in range(5)]
    for run in runs:
        scheduler.add(run)
    scheduler.step()
    assert [bool(run.kept) for run in runs] == [True, True, False, False, False]
    _finish(scheduler)
    assert max(len(call) for call in context.calls) == 2


def test_a_long_prompt_is_read_in_pieces_while_others_go_on() -> None:
    context = _Context(seconds=lambda tokens: 0.01 * tokens)
    scheduler = _scheduler(context, batch=64)
    scheduler.add(_Run(tokens=_prompt(1, 40), length=100))
    scheduler.step()
    long = _Run(tokens=_prompt(2, 200))
    scheduler.add(long)
    while not long.written:
        scheduler.step()
    # At a hundredth of a second a token, a quarter of a second is 25 of them beside the one that is written.
    pieces = [call for call in context.calls[1:] if max(call.values()) > 1]
    assert len(pieces) >= 8
    assert all(sum(call.values()) <= 26 and min(call.values()) == 1 for call in pieces[:-1])


def test_a_prompt_alone_is_read_in_whole_batches() -> None:
    context = _Context(seconds=lambda tokens: 0.01 * tokens)
    scheduler = _scheduler(context, batch=64)
    scheduler.add(_Run(tokens=_prompt(1, 200), length=1))
    _finish(scheduler)
    assert [sum(call.values()) for call in context.calls] == [64, 64, 64, 8]


def test_prompts_are_read_side_by_side_and_a_short_one_does_not_wait_for_a_long_one() -> None:
    context = _Context()
    scheduler = _scheduler(context, batch=8)
    long, longer, short = _Run(tokens=_prompt(1, 40)), _Run(tokens=_prompt(2, 60)), _Run(tokens=_prompt(3, 6))
    for run in (long, longer, short):
        scheduler.add(run)
    scheduler.step()
    assert context.calls == [{0: 4, 2: 4}]
    scheduler.step()
    assert (long.written, longer.written, short.written) == (0, 0, 1)
    while not long.written:
        scheduler.step()
    # Half of every call, and single tokens beside it, so that nothing that comes later can hold it up.
    assert len(context.calls) <= 10
    _finish(scheduler)


def test_room_that_the_others_do_not_need_is_the_oldest_prompt_s() -> None:
    context = _Context()
    scheduler = _scheduler(context, batch=16)
    for run in (_Run(tokens=_prompt(1, 40)), _Run(tokens=_prompt(2, 3))):
        scheduler.add(run)
    scheduler.step()
    assert context.calls == [{0: 13, 1: 3}]


def test_an_answer_with_a_seed_has_the_model_to_itself_in_its_turn() -> None:
    context = _Context()
    scheduler = _scheduler(context)
    turns: list[int] = []
    runs = [
        _Run(tokens=[first, 0], length=length, exact=exact, order=turns)
        for first, length, exact in ((1, 3, False), (2, 2, True), (3, 2, True), (4, 2, False), (5, 2, False))
    ]
    for run in runs:
        scheduler.add(run)
    _finish(scheduler)
    assert [run.ending for run in runs] == ["complete"] * 5
    assert turns == [1, 2, 3, 4, 5]
    # Three tokens, twice two, and the last two answers together.
    assert [len(call) for call in context.calls] == [1] * 7 + [2] * 2


def test_an_answer_with_a_seed_begins_with_an_empty_cache_and_leaves_its_own_behind() -> None:
    context = _Context()
    scheduler = _scheduler(context)
    for number in (1, 2):
        scheduler.add(_Run(tokens=_prompt(number, 8)))
    _finish(scheduler)
    scheduler.add(_Run(tokens=_prompt(3, 8), length=2, exact=True))
    scheduler.step()
    assert sum(map(len, context.held.values())) == 8
    again = _Run(tokens=_prompt(1, 8))
    scheduler.add(again)
    _finish(scheduler)
    assert again.kept == [0]


def test_kept_prefixes_make_room_before_any_answer_is_set_back() -> None:
    context = _Context(cells=20)
    scheduler = _scheduler(context)
    scheduler.add(_Run(tokens=_prompt(1, 8), length=2))
    _finish(scheduler)
    run = _Run(tokens=_prompt(2, 16), length=3)
    scheduler.add(run)
    _finish(scheduler)
    assert (run.ending, run.kept) == ("complete", [0])


def test_when_the_cache_is_full_the_youngest_waits_for_another_to_end() -> None:
    context = _Context(cells=24)
    scheduler = _scheduler(context)
    runs = [_Run(tokens=_prompt(number, 8), length=8) for number in (1, 2, 3)]
    for run in runs:
        scheduler.add(run)
    _finish(scheduler)
    assert [run.ending for run in runs] == ["complete"] * 3
    assert len(runs[0].kept) == 1
    assert len(runs[2].kept) > 1
    # What was written stays written: it is read again, not drawn again.
    assert [run.written for run in runs] == [8, 8, 8]


def test_one_that_needs_more_than_there_is_fails_alone() -> None:
    context = _Context(cells=10)
    scheduler = _scheduler(context)
    too_long, other = _Run(tokens=_prompt(1, 12)), _Run(tokens=_prompt(2, 4))
    scheduler.add(too_long)
    scheduler.add(other)
    _finish(scheduler)
    assert (too_long.ending, other.ending) == ("failed", "complete")
    assert isinstance(too_long.failure, ModelUnavailableError)


def test_a_cancelled_answer_leaves_and_the_others_go_on() -> None:
    context = _Context()
    scheduler = _scheduler(context, parallel=2)
    runs = [_Run(tokens=_prompt(number, 2), length=9) for number in (1, 2, 3)]
    for run in runs:
        scheduler.add(run)
    scheduler.step()
    runs[0].cancelled = runs[2].cancelled = True
    _finish(scheduler)
    assert [run.ending for run in runs] == ["stopped", "complete", "stopped"]
    assert runs[2].kept == []


@pytest.mark.parametrize(
    ("prompts", "cancelled", "stops"),
    [((40,), (0,), True), ((40,), (), False), ((4, 40), (0,), False), ((4, 40), (1,), True), ((4, 4), (0, 1), True)],
)
def test_a_call_is_broken_off_when_that_spares_work(
    prompts: tuple[int, ...], cancelled: tuple[int, ...], stops: bool
) -> None:
    asked: list[bool] = []

    class _Watched(_Context):
        def decode(self, stretches: Sequence[Stretch]) -> list[int]:
            for number in cancelled:
                runs[number].cancelled = True
            asked.append(scheduler.should_stop())
            return super().decode(stretches)

    scheduler = _scheduler(_Watched(), batch=64)
    runs = [_Run(tokens=_prompt(number, length)) for number, length in enumerate(prompts)]
    for run in runs:
        scheduler.add(run)
    scheduler.step()
    assert asked == [stops]
    assert not scheduler.should_stop()


def test_what_a_broken_off_call_took_from_others_is_evaluated_again() -> None:
    context = _Context()
    context.trouble = [StoppedError()]
    scheduler = _scheduler(context)
    run = _Run(tokens=_prompt(1, 6))
    scheduler.add(run)
    _finish(scheduler)
    assert run.ending == "complete"
    assert sum(call.get(0, 0) for call in context.calls) == 6 + 2


def test_an_answer_that_fails_takes_no_other_with_it() -> None:
    context = _Context()
    scheduler = _scheduler(context)
    bad, good = _Run(tokens=[1, 2], breaks=RequestError("no")), _Run(tokens=[3, 4])
    scheduler.add(bad)
    scheduler.add(good)
    _finish(scheduler)
    assert (bad.ending, good.ending) == ("failed", "complete")


def test_a_call_that_fails_ends_the_answers_in_it_and_leaves_nothing_behind() -> None:
    context = _Context()
    scheduler = _scheduler(context, parallel=1)
    first, second = _Run(tokens=[1, 2, 3]), _Run(tokens=[1, 2, 3])
    scheduler.add(first)
    scheduler.add(second)
    context.trouble = [ModelUnavailableError("code -3")]
    _finish(scheduler)
    assert (first.ending, second.ending, second.kept) == ("failed", "complete", [0])


def test_a_long_prompt_with_a_seed_is_read_in_pieces_of_one_length_whoever_else_is_there() -> None:
    pieces = []
    for others in (0, 2):
        context = _Context()
        scheduler = _scheduler(context, batch=512)
        for number in range(others):
            scheduler.add(_Run(tokens=_prompt(10 + number, 2), length=50))
        scheduler.step()
        scheduler.add(_Run(tokens=_prompt(1, 500), exact=True))
        _finish(scheduler)
        pieces.append([size for call in context.calls for size in call.values() if size > 2])
    assert pieces[0] == pieces[1]
    assert sum(pieces[0]) == 500
    assert max(pieces[0]) <= 128


def test_an_answer_with_a_seed_is_not_held_up_by_the_prompts_of_others() -> None:
    context = _Context(seconds=lambda tokens: 0.01 * tokens)
    scheduler = _scheduler(context, batch=64)
    scheduler.add(_Run(tokens=_prompt(1, 40), length=100, exact=True))
    scheduler.step()
    scheduler.add(_Run(tokens=_prompt(2, 200), length=1))
    scheduler.step()
    assert all(sum(call.values()) <= 26 for call in context.calls[1:])


def test_more_answers_than_a_call_holds_take_turns() -> None:
    context = _Context()
    scheduler = _scheduler(context, parallel=6, batch=4)
    runs = [_Run(tokens=[number + 1], length=4) for number in range(6)]
    for run in runs:
        scheduler.add(run)
    _finish(scheduler)
    assert [run.ending for run in runs] == ["complete"] * 6
    assert max(len(call) for call in context.calls) == 4


def test_what_one_answer_trips_over_does_not_end_the_others() -> None:
    context = _Context()
    scheduler = _scheduler(context)
    bad, good = _Run(tokens=[1, 2], breaks=ValueError("a mistake of ours")), _Run(tokens=[3, 4])
    scheduler.add(bad)
    scheduler.add(good)
    _finish(scheduler)
    assert (bad.ending, good.ending) == ("failed", "complete")
    assert isinstance(bad.failure, ModelUnavailableError)
    assert "ValueError" in bad.failure.message


def test_one_set_back_comes_before_those_that_never_had_a_turn() -> None:
    context = _Context(cells=24)
    scheduler = _scheduler(context, parallel=2)
    order: list[int] = []
    for number in (1, 2, 3):
        scheduler.add(_Run(tokens=_prompt(number, 8), length=8, order=order))
    _finish(scheduler)
    assert order[:4] == [1, 2, 2, 3]


def test_once_there_is_room_again_answers_are_written_side_by_side_again() -> None:
    context = _Context(cells=40)
    scheduler = _scheduler(context, parallel=2)
    for number in (1, 2):
        scheduler.add(_Run(tokens=_prompt(number, 8), length=16))
    _finish(scheduler)
    context.calls.clear()
    later = [_Run(tokens=_prompt(number, 3), length=4) for number in (3, 4)]
    for run in later:
        scheduler.add(run)
    _finish(scheduler)
    assert [len(call) for call in context.calls if max(call.values()) == 1] == [2, 2, 2]


def test_what_was_evaluated_before_a_call_failed_is_not_trusted() -> None:
    context = _Context()
    scheduler = _scheduler(context, parallel=1)
    first, second = _Run(tokens=[1, 2, 3], length=9), _Run(tokens=[1, 2, 3])
    scheduler.add(first)
    scheduler.step()
    context.trouble = [ModelUnavailableError("code -3")]
    scheduler.add(second)
    _finish(scheduler)
    assert (first.ending, second.ending, second.kept) == ("failed", "complete", [0])
