"""Which embedding and which reranking model go with a machine: small ones, for the rest is for answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sidecar.hardware.machine import Machine
from sidecar.llama.budget import usable_gpus
from sidecar.models.catalogue import CatalogueModel
from sidecar.models.choice import BUILTIN, Choice, Here
from sidecar.models.fit import BUILTIN_EMBEDDING, headroom, needs_of_reader, without

_READER_PART = 8
"""An embedding or a reranking model may take this part of the memory, the rest is for answers."""
_EMBEDDINGS_WITH_GPU = ("bge-m3", "multilingual-e5-base", "multilingual-e5-small")
_EMBEDDINGS_WITHOUT = ("embeddinggemma-300m", "multilingual-e5-small")
"""From the best to the smallest; a vault is embedded whole, so that on a processor only small ones are quick enough."""
_RERANKER = "bge-reranker-v2-m3"
_NO_RERANKER = "Without a graphics processor every search would take seconds longer."


def choose_embedding(machine: Machine, catalogue: Mapping[str, CatalogueModel], here: Sequence[Here]) -> Choice:
    """Choose an embedding model, any that is here and reads many languages before a download."""
    wanted = _EMBEDDINGS_WITH_GPU if usable_gpus(machine) else _EMBEDDINGS_WITHOUT
    present = {each.catalogued for each in here if each.role == "embedding"}
    many = [model.name for model in catalogue.values() if model.role == "embedding" and model.speaks("pt")]
    for name in sorted([*wanted, *(name for name in many if name in present)], key=lambda name: name not in present):
        model = catalogue.get(name)
        memory = _reader_memory(model, machine) if model is not None else None
        if model is not None and memory is not None:
            already = "It is already on this machine. " if name in present else ""
            return Choice(
                component="embedding",
                name=name,
                reason=f"{already}{model.note}",
                memory=memory,
                here=name in present,
            )
    return builtin_embedding("the memory is better used for answers")


def builtin_embedding(why: str) -> Choice:
    """The built-in embedding model, and why it is that."""
    return Choice(
        component="embedding",
        name=BUILTIN,
        reason=f"Comes with Sidecar and is quick; {why}.",
        memory=BUILTIN_EMBEDDING,
    )


def choose_reranker(
    machine: Machine,
    catalogue: Mapping[str, CatalogueModel],
    here: Sequence[Here],
    chat: Choice,
    embedding: Choice,
) -> Choice:
    """Choose a reranking model for the room that the others leave; the choice `none` where one would be too slow."""
    none = Choice(component="rerank", name="none", reason=_NO_RERANKER, memory=0)
    model = catalogue.get(_RERANKER)
    if model is None or not usable_gpus(machine):
        return none
    taken = chat.fit.tuning.memory if chat.fit is not None else None
    in_ram = (embedding.memory or 0) + (taken.in_ram if taken is not None else 0)
    room = without(machine, ram=in_ram, graphics=taken.on_gpu if taken is not None else 0)
    tuning = needs_of_reader(model.header(), machine=room, kept=headroom(machine))
    if tuning is None or tuning.gpu_layers != -1:
        return replace(none, reason="The graphics processor has no room left for one, and on the processor it is slow.")
    present = any(each.catalogued == model.name for each in here)
    return Choice(
        component="rerank",
        name=model.name,
        reason=f"{'It is already on this machine. ' if present else ''}{model.note}",
        memory=tuning.memory.total,
        here=present,
    )


def _reader_memory(model: CatalogueModel, machine: Machine) -> int | None:
    """What an embedding or reranking model takes; `None` when that is too much."""
    tuning = needs_of_reader(model.header(), machine=machine, kept=headroom(machine))
    if tuning is None or tuning.memory.total > machine.total // _READER_PART:
        return None
    return tuning.memory.total
