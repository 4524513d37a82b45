"""The chat models that fit a machine, and the preferences among them.

The preferences, in this order. A model has to fit, with the embedding model beside it and a rest for the system. It
has to answer at least as fast as people read. The whole context that answers from notes need comes before a larger
model. Then the larger class of size wins, then the model that is already here, then the order of the catalogue. A model
for English alone counts one class less unless English was asked for. A model that is already here wins over a download
that is one class larger, too: waiting for gigabytes is not free.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sidecar.hardware.machine import Machine
from sidecar.llama.gguf import GgufModel
from sidecar.models.catalogue import CatalogueModel
from sidecar.models.choice import Here
from sidecar.models.fit import RAG_CONTEXT, READING_SPEED, Beside, Fit, fit_model, headroom

_CLASSES = (0.5e9, 2e9, 6e9, 9.5e9, 18e9)
"""Where the classes of size begin, in parameters; there are few models near the bounds."""
_ENGLISH = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A chat model that fits. `place` is that in the catalogue; what is not in it comes last."""

    fit: Fit
    size_class: int
    place: int
    title: str
    note: str
    here: bool
    demoted: bool = False
    """Whether it was made for English alone, and English was not asked for."""

    @property
    def quick(self) -> bool:
        return self.fit.speed is None or self.fit.speed >= READING_SPEED

    @property
    def order(self) -> tuple[float, ...]:
        """The preferences, as a key to sort by; among those that are too slow the quickest is the best."""
        # In powers of two: of models that are about as slow, the larger is worth more.
        slowness = 0 if self.quick else -math.log2(max(self.fit.speed or 0.0, 0.01)) // 1 + self.demoted
        shorter = self.fit.verdict == "fits_with_shorter_context"
        smaller = self.fit.verdict == "fits_with_q8_0_cache"
        return not self.quick, shorter, slowness, -self.size_class, smaller, not self.here, self.place


def best_that_fits(
    machine: Machine, catalogue: Mapping[str, CatalogueModel], *, beside: Beside, context_length: int
) -> Fit | None:
    """The chat model of the catalogue that the preferences give a machine; `None` when none fits."""
    found = candidates(machine, catalogue, (), None, beside, context_length)
    best = min(found, key=lambda each: each.order, default=None)
    return None if best is None else best.fit


def candidates(
    machine: Machine,
    catalogue: Mapping[str, CatalogueModel],
    here: Sequence[Here],
    language: str | None,
    beside: Beside,
    context_length: int = RAG_CONTEXT,
) -> Iterator[Candidate]:
    """Give every chat model that fits and was made for the language. Of files that the catalogue does not know, it is
    not known what they were made for.
    """
    present = {each.catalogued for each in here if each.header is not None}
    fit = partial(fit_model, machine=machine, context_length=context_length, beside=beside, kept=headroom(machine))
    for place, model in enumerate(catalogue.values()):
        if model.role == "chat" and model.speaks(language):
            yield from _candidate(
                model.header(),
                model.name,
                fit=fit,
                size_class=size_class(model.effective_parameters) - _demoted(model, language),
                place=place,
                title=model.title,
                note=model.note,
                here=model.name in present,
                demoted=_demoted(model, language),
            )
    for each in here:
        if each.role == "chat" and each.header is not None and each.catalogued is None and language is None:
            yield from _candidate(
                each.header,
                each.name,
                fit=fit,
                size_class=size_class(each.parameters or 0),
                place=len(catalogue),
                title=each.name,
                note="",
                here=True,
            )


def why_best(fit: Fit) -> str:
    """Why the preferences gave a model, as the beginning of a sentence."""
    if fit.speed is None:
        return "The largest that fits"
    quick = fit.speed >= READING_SPEED
    return "The largest that fits and answers as fast as people read" if quick else "The quickest that fits"


def size_class(parameters: float) -> int:
    """0 for about a billion parameters, 1 for 3 to 4, 2 for 7 to 9, 3 for 12 to 14, 4 for more; -1 for toys."""
    return sum(parameters >= bound for bound in _CLASSES) - 1


def _demoted(model: CatalogueModel, language: str | None) -> bool:
    return language is None and model.languages == (_ENGLISH,)


def _candidate(header: GgufModel, name: str, *, fit: Callable[..., Fit], **facts: Any) -> Iterator[Candidate]:
    found = fit(header, name=name)
    if found.fits:
        yield Candidate(fit=found, **facts)
