"""Where the indexer of one vault stands, for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass, field

from sidecar.indexer.pacing import Pace

_ON_BATTERY = "on battery"
_WORKING = frozenset({"reading", "embedding"})


@dataclass(slots=True, kw_only=True)
class Progress:
    """Where the indexer stands. `total` counts the files to be read in this run, `done` those dealt with, `unknown`
    those of the rest that the ledger has never seen; `passes` the reconciliations of the whole vault that reached their
    end. `vectors_total` counts the chunks to be embedded in the run that goes on, `vectors_done` those of them that
    are: both are 0 when none goes on. `pace` is how fast it was told to go when it last looked, `left` counts the files
    that it left unread for that, and `vectors_left` says whether vectors were.
    """

    phase: str = "waiting"
    total: int = 0
    done: int = 0
    unknown: int = 0
    passes: int = 0
    vectors_done: int = 0
    vectors_total: int = 0
    pace: Pace = "run"
    left: int = 0
    vectors_left: bool = False
    held: tuple[str, ...] = ()
    problems: list[str] = field(default_factory=list)
    embedding_problem: str | None = None

    @property
    def ready(self) -> bool:
        """Whether every file has been dealt with."""
        return self.passes > 0 and self.done == self.total and self.unknown == 0

    @property
    def waits(self) -> bool:
        """Whether something was left for later."""
        return self.left > 0 or self.vectors_left

    @property
    def paused(self) -> str | None:
        """What keeps the rest from being indexed now; `None` when nothing does or nothing is left."""
        return _ON_BATTERY if self.pace == "pause" and self.waits else None

    @property
    def slowed(self) -> str | None:
        """What makes the indexing slow that goes on or is to be gone on with; `None` when nothing does."""
        return _ON_BATTERY if self.pace == "slow" and (self.waits or self.phase in _WORKING) else None
