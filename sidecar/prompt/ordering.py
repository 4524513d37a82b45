"""The order in which passages stand in the prompt: the best note last, next to the question.

Models use best what stands at the ends of their input, and the notes are at its end: the conversation stands in front
of them (Liu et al., "Lost in the Middle", TACL 2024; the smallest models measured there read the end best of all). What
belongs to one note stays together, in the note's order: a text read backwards is not read.
"""

from __future__ import annotations

from collections.abc import Sequence

from sidecar.prompt.passage import Passage


def arranged(passages: Sequence[Passage]) -> list[Passage]:
    """Passages, given best first, in the order of the prompt."""
    notes: dict[tuple[str | None, str], list[Passage]] = {}
    for passage in passages:
        notes.setdefault((passage.vault, passage.path), []).append(passage)
    return [
        passage for found in reversed(notes.values()) for passage in sorted(found, key=lambda each: each.start_line)
    ]
