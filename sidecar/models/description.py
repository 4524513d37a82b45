"""What a model on disk is: its header put into the words of a list, and why it cannot be used, where it cannot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sidecar.errors import ModelUnavailableError
from sidecar.llama.gguf import Content, GgufModel, read_gguf, read_gguf_part
from sidecar.models.found import FoundModel
from sidecar.models.naming import missing_parts
from sidecar.models.source import read_source

_NO_MODEL: Mapping[Content, str] = {
    "adapter": "an adapter (LoRA), which changes a model and is none",
    "projector": "a projector, which gives images to a model and is none",
    "importance": "an importance matrix, which is for quantising models",
    "vocabulary": "a vocabulary without weights",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDescription:
    """A model of the list. `header` is `None` where the file cannot be read."""

    found: FoundModel
    header: GgufModel | None
    parameters: int
    """Of all parts."""
    licence: str | None
    problem: str | None
    """Why it cannot be used; `None` when it can."""
    notes: tuple[str, ...]
    """What is good to know before using it."""


def describe(found: FoundModel) -> ModelDescription:
    """Read the headers of a model's files."""
    header, parameters, problem = None, 0, missing_parts(found)
    try:
        if problem is None:
            header = read_gguf(found.path)
            problem = _NO_MODEL.get(header.content)
            parameters = header.parameter_count
            parameters += sum(read_gguf_part(part).parameter_count for part in found.parts[1:])
    except ModelUnavailableError as error:
        problem = error.message
    source = read_source(found.path) if found.owner == "sidecar" else None
    stated = (
        source.licence if source else None,
        header.licence if header else None,
        found.ollama.licence if found.ollama else None,
    )
    return ModelDescription(
        found=found,
        header=header,
        parameters=parameters,
        licence=next((licence for licence in stated if licence), None),
        problem=problem,
        notes=tuple(_notes(found, header)) if header is not None and problem is None else (),
    )


def _notes(found: FoundModel, header: GgufModel) -> Iterator[str]:
    layers = found.ollama.layers if found.ollama else frozenset()
    # Ollama's own engine wants the parts for images in the same file; llama.cpp refuses tensors that it does not know.
    if found.ollama and any(name.startswith(("v.", "mm.")) for name in header.tensors):
        yield "made for Ollama's own engine, llama.cpp may refuse it"
    if header.kind == "chat" and header.chat_template is None:
        own = "; Ollama has its own, which works in Ollama alone" if "template" in layers else ""
        yield f"no chat template in the file{own}"
    if "adapter" in layers:
        yield "Ollama adds an adapter, which is not used here"
    if "system" in layers:
        yield "Ollama adds a system prompt, which is not used here"
