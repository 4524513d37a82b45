"""What is said of a choice: why a model runs as it does, or why it does not run here and what would."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.errors import ModelUnavailableError
from sidecar.hardware.machine import Machine
from sidecar.llama.budget import Budget, Way, usable_gpus
from sidecar.llama.gguf import GgufModel
from sidecar.llama.memory import MemoryNeeds, keeps_cache
from sidecar.llama.settings import Mode

SHORT_CONTEXT = 4096
"""Under it a chat model has room for few passages only, which is said."""
_MIB, _GIB = 2**20, 2**30


def refusal(
    model: GgufModel, way: Way, needs: MemoryNeeds, *, machine: Machine, budget: Budget, reserved: int, hint: str
) -> ModelUnavailableError:
    """Build the error for a model that does not fit: what it needs, what there is, what takes the rest."""
    parts = [f"{size(needs.weights)} for weights"]
    if keeps_cache(model):
        parts.append(f"{size(needs.kv_cache)} for {way.cells:,} tokens")
    parts.append(f"{size(needs.compute + needs.process)} to compute")
    asked = f"{model.path.name} needs about {size(needs.total)} ({', '.join(parts)})"
    if needs.on_gpu > budget.gpu:
        asked += f", {size(needs.on_gpu)} of it on the graphics processor, where {size(budget.gpu)} can be used"
    return ModelUnavailableError(f"{asked}, but {_free(machine, budget, reserved)}.", hint=hint)


def _free(machine: Machine, budget: Budget, reserved: int) -> str:
    text = f"{size(machine.available)} are free"
    if machine.limit is not None:
        text += f" in its control group ({machine.limit})"
    if reserved:
        text += f", {size(reserved)} of it for the other models"
    return f"{text}, and {size(budget.ram)} can be taken"


def reasons_of(
    model: GgufModel,
    wanted: Way,
    way: Way,
    *,
    mode: Mode,
    machine: Machine,
    can_offload: bool,
    wished_layers: int | None,
) -> Iterator[str]:
    """Say why a model runs otherwise than first wanted, and where."""
    if way.context_length < wanted.context_length:
        few = mode == "chat" and way.context_length < SHORT_CONTEXT
        text = f"Context {way.context_length:,} tokens instead of {wanted.context_length:,}: no more fits"
        yield text + (", and answers can draw on few passages." if few else ".")
    if way.kv_type != wanted.kv_type:
        yield "Cache of 8 bits a number instead of 16, so that it fits."
    gpus = usable_gpus(machine)
    if not gpus:
        if wished_layers and can_offload:
            yield "No graphics processor was found whose memory is known: layers are moved as set."
    elif not can_offload:
        yield f"Runs on the processor: this build of llama.cpp cannot use the {gpus[0].name}."
    else:
        yield _place(layer_count(model), way.gpu_layers, gpus[0].name, wished=wished_layers is not None)


def _place(layers: int, moved: int, name: str, *, wished: bool) -> str:
    if moved >= layers:
        return f"All layers on the {name}."
    why = "as set" if wished else "its memory holds no more"
    return f"{moved} of {layers} layers on the {name}: {why}." if moved else f"Nothing on the {name}: {why}."


def layer_count(model: GgufModel) -> int:
    """Layers as llama.cpp counts them when it moves them: the output is one more."""
    return (model.block_count or 1) + 1


def size(count: int) -> str:
    """A number of bytes as people say it."""
    return f"{count / _MIB:,.0f} MiB" if count < 10 * _GIB else f"{count / _GIB:,.1f} GiB"
