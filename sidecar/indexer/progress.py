"""Where the indexer of one vault stands, for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Progress:
    """Where the indexer stands. `total` counts the files to be read in this run, `done` those dealt with, `unknown`
    those of the rest that the ledger has never seen; `passes` the reconciliations of the whole vault that reached their
    end.
    """

    phase: str = "waiting"
    total: int = 0
    done: int = 0
    unknown: int = 0
    passes: int = 0
    held: tuple[str, ...] = ()
    problems: list[str] = field(default_factory=list)
    embedding_problem: str | None = None

    @property
    def ready(self) -> bool:
        """Whether every file has been dealt with."""
        return self.passes > 0 and self.done == self.total
