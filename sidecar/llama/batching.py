"""Who is answered by the next call of llama.cpp: continuous batching.

Every call takes one token of each answer that is being written, and of the prompts that wait as many tokens as there is
room for: half of it for the oldest, the rest for the shortest. While answers are being written, prompts are read in
small pieces, so that they go on. At most `parallel` answers are at work; the others wait in order. When the key-value
cache is full, kept prefixes go first (`lanes.py`), then the youngest answer is set back: it is evaluated again when
another has ended.

An answer with a seed has the model to itself, beginning with an empty cache, and its prompt is read in pieces of one
length: the last bits of a logit depend on what else is in a call and on which cells of the cache a text lies in. A seed
promises that they do not.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from sidecar.errors import ModelUnavailableError, SidecarError
from sidecar.llama.decoding import NoRoomError, Stretch
from sidecar.llama.lanes import Lane, Lanes
from sidecar.llama.native import StoppedError
from sidecar.llama.pace import Pace

_EXACT_PIECE = 128
"""Tokens of a prompt with a seed that are read by one call: a cancelled one is let go of after so many at most."""
_GIVEN_UP_FOR = 16
"""Tokens: a call is broken off for one cancelled request when it has more in it; the others' are evaluated again."""


class Evaluator(Protocol):
    """What the scheduler asks of the context."""

    def decode(self, stretches: Sequence[Stretch]) -> list[int]: ...


class Run(Protocol):
    """One answer while it is written."""

    tokens: list[int]
    """The prompt and what has been written; at least one token."""

    @property
    def exact(self) -> bool:
        """Whether it is evaluated by itself."""

    @property
    def fresh(self) -> bool:
        """Whether nothing kept is reused."""

    @property
    def cancelled(self) -> bool:
        """Whether nobody wants it any more."""

    def placed(self, kept: int) -> None:
        """It is about to be evaluated; so many of its tokens need not be."""

    def evaluated(self, count: int) -> None:
        """So many more of its tokens were evaluated."""

    def advance(self, row: int) -> bool:
        """Draw a token from the logits in this row; true when the answer is complete. Raises SidecarError."""

    def stopped(self) -> None:
        """It was taken out because it was cancelled."""

    def failed(self, error: SidecarError) -> None:
        """It was taken out because of this."""


class Scheduler:
    """The runs at work and those that wait. One thread uses it; `should_stop` is asked during a call."""

    def __init__(
        self,
        context: Evaluator,
        lanes: Lanes,
        *,
        parallel: int,
        batch: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`batch` is the most tokens of a call; `clock` in seconds."""
        self._context = context
        self._lanes = lanes
        self._parallel = parallel
        self._batch = batch
        self._clock = clock
        self._waiting: deque[Run] = deque()
        self._active: dict[Run, Lane] = {}
        self._in_call: list[tuple[Run, int]] = []
        self._full = False
        self._pace = Pace()

    @property
    def busy(self) -> bool:
        """Whether there is anything to do."""
        return bool(self._waiting or self._active)

    def add(self, run: Run, *, first: bool = False) -> None:
        """Let a run wait for its turn; `first` puts it before the others that wait."""
        if first:
            self._waiting.appendleft(run)
        else:
            self._waiting.append(run)

    def step(self) -> None:
        """Evaluate once what is at work."""
        self._drop_cancelled()
        self._admit()
        if self._active:
            self._evaluate(list(self._active))

    def should_stop(self) -> bool:
        """Whether the call that is running should be broken off."""
        cancelled = [count for run, count in self._in_call if run.cancelled]
        return len(cancelled) == len(self._in_call) > 0 or any(count > _GIVEN_UP_FOR for count in cancelled)

    def _drop_cancelled(self) -> None:
        for run in [run for run in self._waiting if run.cancelled]:
            self._waiting.remove(run)
            run.stopped()
        for run in [run for run in self._active if run.cancelled]:
            self._leave(run)
            run.stopped()

    def _admit(self) -> None:
        while self._waiting and len(self._active) < self._parallel and not (self._full and self._active):
            if self._active and (self._waiting[0].exact or any(run.exact for run in self._active)):
                return
            run = self._waiting.popleft()
            if run.exact:
                # What others left would put it into other cells.
                self._lanes.clear()
            lane = self._lanes.take(run.tokens, fresh=run.fresh)
            self._active[run] = lane
            run.placed(len(lane.tokens))

    def _leave(self, run: Run) -> None:
        self._lanes.give_back(self._active.pop(run))
        self._full = False

    def _evaluate(self, group: Sequence[Run]) -> None:
        stretches = self._stretches(group)
        self._in_call = [(run, len(stretch.tokens)) for run, stretch in stretches]
        begun = self._clock()
        try:
            rows = self._context.decode([stretch for _, stretch in stretches])
        except NoRoomError:
            self._make_room()
        except StoppedError:
            for run, _ in stretches:
                self._lanes.withdraw(self._active[run])
        except ModelUnavailableError as error:
            self._give_up(error)
        else:
            self._keep_pace(stretches, self._clock() - begun)
            for (run, stretch), row in zip(stretches, rows, strict=True):
                self._taken(run, stretch, row)
        finally:
            self._in_call = []

    def _stretches(self, group: Sequence[Run]) -> list[tuple[Run, Stretch]]:
        """What goes into one call: single tokens first, then pieces of prompts."""
        pending = {run: len(run.tokens) - len(lane.tokens) for run, lane in self._active.items()}
        writing = [run for run in group if pending[run] == 1][: self._batch]
        room = self._batch - len(writing)
        if group[0].exact:
            room = min(room, _EXACT_PIECE)
        elif 1 in pending.values() and (piece := self._pace.piece()) is not None:
            room = min(room, piece)
        pieces = _pieces({run: pending[run] for run in group if pending[run] > 1}, room)
        return [
            (run, self._stretch(run, length)) for run, length in [*dict.fromkeys(writing, 1).items(), *pieces.items()]
        ]

    def _stretch(self, run: Run, length: int) -> Stretch:
        lane = self._active[run]
        at = len(lane.tokens)
        last = at + length == len(run.tokens)
        return Stretch(sequence=lane.sequence, at=at, tokens=run.tokens[at : at + length], wanted=last)

    def _keep_pace(self, stretches: Sequence[tuple[Run, Stretch]], seconds: float) -> None:
        lengths = [len(stretch.tokens) for _, stretch in stretches]
        writing = lengths.count(1)
        self._pace.measured(seconds, writing=writing, reading=sum(lengths) - writing)

    def _taken(self, run: Run, stretch: Stretch, row: int) -> None:
        lane = self._active[run]
        lane.tokens.extend(stretch.tokens)
        run.evaluated(len(stretch.tokens))
        if not stretch.wanted:
            return
        try:
            over = run.advance(row)
        except SidecarError as error:
            self._leave(run)
            run.failed(error)
        except Exception as error:  # a top, as of a job: what one answer trips over must not end the others
            self._leave(run)
            run.failed(ModelUnavailableError(f"The model process failed: {type(error).__name__}."))
        else:
            if over:
                self._leave(run)

    def _make_room(self) -> None:
        if self._lanes.evict():
            return
        *others, youngest = self._active
        if not others:
            self._leave(youngest)
            youngest.failed(ModelUnavailableError("The key-value cache has no room for the conversation."))
            return
        # The oldest always gets on, so that two that need all the room do not set each other back for ever.
        self._leave(youngest)
        self._waiting.appendleft(youngest)
        self._full = True

    def _give_up(self, error: ModelUnavailableError) -> None:
        for run in list(self._active):
            self._leave(run)
            run.failed(error)
        # What a call that failed leaves behind is not known.
        self._lanes.clear()


def _pieces(reading: Mapping[Run, int], room: int) -> dict[Run, int]:
    """How much of each prompt is read. Half of the room is the oldest one's, so that it gets on whatever comes after
    it; the rest goes to those that are nearest to their end, so that a short question does not wait for a long one.
    """
    if not reading or room <= 0:
        return {}
    oldest, *others = reading
    pieces = {oldest: min(reading[oldest], max((room + 1) // 2, room - sum(reading[run] for run in others)))}
    left = room - pieces[oldest]
    for run in sorted(others, key=lambda run: reading[run]):
        if left > 0:
            pieces[run] = min(reading[run], left)
            left -= pieces[run]
    return pieces
