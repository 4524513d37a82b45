"""Which models to run on a machine: one for chat, one for embedding, one for reranking, and the commands for them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence

from sidecar.hardware.machine import Machine
from sidecar.llama.budget import usable_gpus
from sidecar.models.candidates import Candidate, candidates, size_class, why_best
from sidecar.models.catalogue import CatalogueModel
from sidecar.models.choice import BUILTIN, EXTRACTIVE, Choice, Here, Recommendation
from sidecar.models.disk import as_size
from sidecar.models.fit import READING_SPEED, Beside
from sidecar.models.readers import builtin_embedding, choose_embedding, choose_reranker

_LOST: Mapping[int, str] = {
    0: (
        "A model of this size puts a passage into other words, and little more: it misreads, mixes up who did what,"
        " and loses the thread over several notes. Check its answers against the citations."
    ),
    1: (
        "A model of this size answers plain questions from a few passages. It is weak at weighing several notes"
        " against each other, at long answers and at less common languages."
    ),
}
_EXTRACTIVE_CHOICE = Choice(
    component="chat",
    name=EXTRACTIVE,
    reason="No model that writes fits into the memory that is free. Answers are quotations from the notes.",
    memory=0,
)


def recommend(
    machine: Machine, catalogue: Mapping[str, CatalogueModel], *, here: Sequence[Here] = (), language: str | None = None
) -> Recommendation:
    """Choose for a machine. `language` is ISO 639-1 and rules out chat models that were not made for it."""
    embedding = choose_embedding(machine, catalogue, here)
    chat = _chat(machine, catalogue, here, language, embedding.memory or 0)
    if chat.name == EXTRACTIVE and embedding.name != BUILTIN:
        embedding = builtin_embedding("the memory is short")
        chat = _chat(machine, catalogue, here, language, embedding.memory or 0)
    rerank = choose_reranker(machine, catalogue, here, chat, embedding)
    return Recommendation(
        choices=(chat, embedding, rerank),
        notes=tuple(_notes(chat, catalogue, here)),
        commands=tuple(_commands((chat, embedding, rerank), here)),
    )


def _chat(
    machine: Machine,
    catalogue: Mapping[str, CatalogueModel],
    here: Sequence[Here],
    language: str | None,
    embedding: int,
) -> Choice:
    found = candidates(machine, catalogue, here, language, Beside(embedding=embedding))
    ordered = sorted(found, key=lambda each: each.order)
    served = _served(here)
    if not ordered:
        return _of_server(served, None) if served else _EXTRACTIVE_CHOICE
    best = ordered[0]
    if not best.here:
        # What is on disk comes before what a server has: it needs no second program.
        near = [each for each in ordered if each.here and each.quick and each.size_class >= max(0, best.size_class - 1)]
        if near:
            return _of_candidate(near[0], better=best)
        if served and size_class(served.parameters or 0) >= best.size_class:
            return _of_server(served, best)
    return _of_candidate(best, better=None)


def _of_candidate(candidate: Candidate, *, better: Candidate | None) -> Choice:
    fit = candidate.fit
    reasons = []
    if candidate.here:
        reasons.append("It is already on this machine.")
    else:
        reasons.append(why_best(fit) + ".")
    if candidate.note:
        reasons.append(candidate.note)
    if better is not None and better.size_class > candidate.size_class:
        reasons.append(
            f"{better.title} would be better, and is a download of {as_size(better.fit.tuning.memory.weights)}."
        )
    return Choice(
        component="chat",
        name=fit.name,
        reason=" ".join(reasons),
        memory=fit.tuning.memory.total,
        speed=fit.speed,
        here=candidate.here,
        fit=fit,
    )


def _served(here: Sequence[Here]) -> Here | None:
    """The largest chat model of a server; one that does not tell its size counts as the smallest."""
    served = [each for each in here if each.role == "chat" and each.server is not None]
    return max(served, key=lambda each: each.parameters or 0, default=None)


def _of_server(served: Here, best: Candidate | None) -> Choice:
    why = "no other fits beside what runs" if best is None else "it is of the largest class that fits"
    reason = f"{served.server} has it on this machine, and {why}."
    return Choice(component="chat", name=served.name, reason=reason, memory=None)


def _notes(chat: Choice, catalogue: Mapping[str, CatalogueModel], here: Sequence[Here]) -> Iterator[str]:
    """What the choice costs in quality, said before somebody finds out."""
    if chat.name == EXTRACTIVE:
        yield (
            "Quotations name their notes and invent nothing, but nothing is summed up or put into other words. A chat"
            " model on another machine can be used with `--upstream`."
        )
        return
    model = catalogue.get(chat.name)
    parameters = next((each.parameters for each in here if each.name == chat.name), None)
    if lost := _LOST.get(size_class(model.effective_parameters if model is not None else parameters or 0)):
        yield lost
    fit = chat.fit
    if fit is None:
        return
    if fit.verdict == "fits_with_q8_0_cache":
        yield "The key-value cache is kept in 8 bits to fit; the difference in answers is small."
    if fit.verdict == "fits_with_shorter_context":
        yield (
            f"The context is {fit.tuning.context_length:,} tokens instead of {fit.wanted_context:,}: fewer passages are"
            " read for an answer, and conversations are forgotten sooner."
        )
    if not usable_gpus(fit.machine):
        yield (
            "Before the first word the passages have to be read. On a processor that takes a while, the longer the"
            " larger the model is; later questions of a conversation begin sooner."
        )
    if fit.speed is not None and fit.speed < READING_SPEED:
        yield (
            f"About {fit.speed:.1f} tokens a second is slower than people read. If other programs were busy while this"
            " was measured, close them and ask again."
        )


def _commands(choices: Sequence[Choice], here: Sequence[Here]) -> Iterator[str]:
    for choice in choices:
        if not choice.here:
            yield f"sidecar models pull {choice.name}"
    chat, embedding, rerank = choices
    url = next((each.url for each in here if each.server is not None and each.name == chat.name), None)
    flags = [] if chat.name == EXTRACTIVE else [f"--model {_called(chat, here)}"]
    if chat.fit is None and url is not None:
        flags.insert(0, f"--upstream {url}")
    if embedding.name != BUILTIN:
        flags.append(f"--embedding-model {_called(embedding, here)}")
    if rerank.name != "none":
        flags.append(f"--rerank-model {_called(rerank, here)}")
    yield " ".join(["sidecar serve", *flags])


def _called(choice: Choice, here: Sequence[Here]) -> str:
    """The name on the command line: that of the file, where another program fetched what the catalogue has as well."""
    files = (each.name for each in here if each.header is not None and each.catalogued == choice.name)
    return shlex.quote(next(files, choice.name))
