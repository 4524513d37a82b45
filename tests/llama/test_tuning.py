"""How a model is run on one machine or another, and when it is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import ModelUnavailableError
from sidecar.hardware.machine import Gpu, GpuKind, Machine
from sidecar.llama.gguf import GgufModel
from sidecar.llama.settings import Mode
from sidecar.llama.shape import Shape
from sidecar.llama.tuning import Tuning, Wishes, tune

MIB, GIB = 2**20, 2**30

CHAT = GgufModel(
    path=Path("made-8b-q4.gguf"),
    architecture="llama",
    name=None,
    context_length=131_072,
    embedding_length=4096,
    block_count=32,
    pooling=None,
    causal_attention=True,
    chat_template=None,
    bos_id=None,
    eos_id=None,
    vocabulary_size=128_256,
    file_type="Q4_K_M",
    parameter_count=8_000_000_000,
    file_size=4_900_000_000,
    header_size=8_000_000,
    kv_bytes_per_token=131_072,
    part_count=1,
    licence=None,
    content="model",
    tokenizer="gpt2",
    rerank_template=None,
    output_labels=None,
    tensors={},
    shape=Shape(kv_heads=(8,) * 32, heads=32, key_length=128, value_length=128, feed_forward=14336),
)
EMBEDDING = replace(
    CHAT,
    path=Path("made-embedding.gguf"),
    architecture="bert",
    causal_attention=False,
    pooling="mean",
    context_length=8192,
    embedding_length=1024,
    block_count=24,
    vocabulary_size=250_002,
    file_size=600_000_000,
    kv_bytes_per_token=0,
    shape=Shape(heads=16, key_length=64, value_length=64, feed_forward=4096),
)


def machine(available: int = 32 * GIB, *gpus: Gpu, **fields: Any) -> Machine:
    return Machine(**{"total": 64 * GIB, "available": available, "cores": 8, "gpus": gpus, **fields})


def card(free: int, kind: GpuKind = "nvidia", *, unified: bool = False) -> Gpu:
    return Gpu(name=f"{kind} card", kind=kind, total=max(free, 24 * GIB), free=free, unified=unified)


def chosen(where: Machine, model: GgufModel = CHAT, mode: Mode = "chat", **options: Any) -> Tuning:
    wishes = Wishes(**{name: options.pop(name) for name in list(options) if name in Wishes.__dataclass_fields__})
    return tune(model, mode=mode, machine=where, wishes=wishes, **options)


def refused(where: Machine, model: GgufModel = CHAT, mode: Mode = "chat", **options: Any) -> ModelUnavailableError:
    with pytest.raises(ModelUnavailableError) as caught:
        chosen(where, model, mode, **options)
    return caught.value


# ── context and cache ──


def tight(more: int) -> Machine:
    """A machine that has what the model takes in the usual way, and some bytes more or less."""
    usual = chosen(machine(0), force=True).memory.total
    return machine(usual + 256 * MIB + more)


@pytest.mark.parametrize(
    ("more", "least", "most", "kv_type", "says"),
    [
        (20 * GIB, 8192, 8192, "f16", "Cache for 4 conversations"),
        (0, 8192, 8192, "f16", "Cache for one conversation"),
        (-1, 8192, 8192, "q8_0", "Cache of 8 bits"),
        (-600 * MIB, 4096, 7936, "q8_0", "tokens instead of 8,192: no more fits."),
        (-850 * MIB, 2048, 4095, "q8_0", "few passages"),
    ],
)
def test_without_wishes_the_cache_shrinks_first_and_the_context_after_it(
    more: int, least: int, most: int, kv_type: str, says: str
) -> None:
    found = chosen(tight(more))
    assert least <= found.context_length <= most
    assert found.kv_type == kv_type
    assert any(says in reason for reason in found.reasons)
    assert found.flash_attention is (None if kv_type == "f16" else True)


def test_the_context_is_no_longer_than_the_model_was_trained_for() -> None:
    short = replace(CHAT, context_length=4096)
    found = chosen(machine(), short, context_length=32_768)
    assert found.context_length == 4096
    assert any("trained for no more" in reason for reason in found.reasons)


@pytest.mark.parametrize(
    ("mode", "wish", "context", "batch", "cells"),
    [
        ("embedding", None, 2048, 2048, 2048),
        ("embedding", 256, 256, 512, 512),
        ("rerank", None, 1024, 1024, 1024),
        ("rerank", 4096, 4096, 4096, 4096),
    ],
)
def test_a_pooled_model_reads_its_longest_text_in_one_batch(
    mode: Mode, wish: int | None, context: int, batch: int, cells: int
) -> None:
    found = chosen(machine(), EMBEDDING, mode, context_length=wish)
    assert (found.context_length, found.batch, found.cells) == (context, batch, cells)
    assert found.kv_type == "f16"


def test_a_pooled_model_reads_shorter_texts_where_longer_ones_do_not_fit() -> None:
    found = chosen(machine(2 * GIB), EMBEDDING, "embedding")
    assert 512 <= found.context_length < 2048
    assert found.memory.total < 2 * GIB


def test_more_conversations_get_cells_while_they_take_a_quarter_of_what_is_left() -> None:
    cells = [chosen(machine(gib * GIB), parallel=8).cells for gib in (7, 9, 12, 16, 40)]
    assert cells == sorted(cells)
    assert cells[0] == 8192
    assert cells[-1] == 8 * 8192
    assert chosen(machine(), parallel=1).cells == 8192


# ── wishes are obeyed or refused ──


def test_what_is_set_is_obeyed() -> None:
    found = chosen(
        machine(32 * GIB, card(20 * GIB)),
        context_length=16_384,
        threads=3,
        gpu_layers=5,
        kv_type="q4_0",
        flash_attention=True,
        parallel=2,
    )
    assert (found.context_length, found.threads, found.gpu_layers) == (16_384, 3, 5)
    assert (found.kv_type, found.flash_attention, found.parallel) == ("q4_0", True, 2)


def test_a_context_that_is_set_is_never_shortened_but_refused_with_one_that_fits() -> None:
    error = refused(machine(6 * GIB), context_length=65_536, kv_type="f16")
    assert "8,192 MiB for 65,536 tokens" in error.message
    assert error.hint is not None
    fits = re.search(r"context length of ([0-9,]+)", error.hint)
    assert fits is not None
    length = int(fits[1].replace(",", ""))
    assert chosen(machine(6 * GIB), context_length=length, kv_type="f16").context_length == length


def test_a_cache_that_is_set_is_never_changed_but_refused_with_the_smaller_one() -> None:
    error = refused(tight(-1), context_length=8192, kv_type="f16")
    assert error.hint == "With the key-value cache type q8_0 it would fit."
    assert chosen(tight(-1), context_length=8192, kv_type="q8_0").kv_type == "q8_0"


def test_a_smaller_cache_needs_flash_attention() -> None:
    found = chosen(machine(), kv_type="q8_0", flash_attention=False)
    assert found.flash_attention is True
    assert any("needs it" in reason for reason in found.reasons)
    assert chosen(machine(), flash_attention=False).flash_attention is False
    # Where it is off and nothing else is said, the cache keeps its 16 bits.
    assert chosen(machine(9 * GIB), flash_attention=False).kv_type == "f16"


def test_a_cache_that_cannot_be_smaller_stays() -> None:
    odd = replace(CHAT, shape=replace(CHAT.shape, key_length=80, value_length=80))
    found = chosen(machine(), odd, kv_type="q8_0")
    assert found.kv_type == "f16"
    assert any("cannot be smaller" in reason for reason in found.reasons)


def test_what_does_not_fit_is_loaded_when_forced() -> None:
    found = chosen(machine(1 * GIB), force=True)
    assert found.context_length == 8192
    assert found.memory.total > GIB
    assert any("as set" in reason for reason in found.reasons)


# ── refusal ──


def test_a_refusal_says_what_is_needed_and_what_there_is() -> None:
    error = refused(machine(3 * GIB, limit="/sys/fs/cgroup/app.slice"), reserved=700 * MIB)
    assert "made-8b-q4.gguf needs about" in error.message
    assert "4,673 MiB for weights" in error.message
    assert "1,024 MiB for 8,192 tokens" in error.message
    assert "3,072 MiB are free in its control group (/sys/fs/cgroup/app.slice)" in error.message
    assert "700 MiB of it for the other models" in error.message
    assert error.hint is not None
    size = re.search(r"A file of at most ([0-9,]+) MiB would fit", error.hint)
    assert size is not None
    smaller = replace(CHAT, file_size=int(size[1].replace(",", "")) * MIB - MIB)
    assert chosen(machine(3 * GIB), smaller, reserved=700 * MIB).context_length >= 2048


def test_a_model_that_is_far_too_large_names_no_size() -> None:
    error = refused(machine(300 * MIB))
    assert error.hint == "Choose a much smaller model, or close other programs."


def test_memory_kept_for_other_models_is_not_given_away() -> None:
    assert chosen(tight(0)).kv_type == "f16"
    assert chosen(tight(0), reserved=300 * MIB).kv_type == "q8_0"


# ── where it runs ──


@pytest.mark.parametrize(
    ("gpus", "can_offload", "wish", "layers", "says"),
    [
        ((), True, None, 0, None),
        ((card(12 * GIB),), True, None, -1, "All layers on the nvidia card."),
        ((card(12 * GIB),), False, None, 0, "cannot use the nvidia card"),
        ((card(12 * GIB),), True, 0, 0, "Nothing on the nvidia card: as set."),
        ((card(12 * GIB),), True, 40, -1, "All layers"),
        ((card(600 * MIB),), True, None, 0, "its memory holds no more"),
        ((card(4 * GIB), card(5 * GIB)), True, None, -1, "All layers"),
        ((card(0, "intel", unified=True),), True, None, 0, None),
    ],
)
def test_layers_go_where_there_is_room(
    gpus: tuple[Gpu, ...], can_offload: bool, wish: int | None, layers: int, says: str | None
) -> None:
    if gpus and gpus[0].kind == "intel":
        gpus = (replace(gpus[0], total=0),)
    found = chosen(machine(32 * GIB, *gpus), can_offload=can_offload, gpu_layers=wish)
    assert found.gpu_layers == layers
    assert (found.memory.on_gpu > 0) == (layers != 0)
    assert says is None or any(says in reason for reason in found.reasons)


def test_layers_are_moved_as_set_where_the_system_tells_of_no_graphics_memory() -> None:
    found = chosen(machine(), gpu_layers=-1)
    assert found.gpu_layers == -1
    assert found.memory.on_gpu == 0
    assert any("memory is known" in reason for reason in found.reasons)
    assert chosen(machine(), gpu_layers=-1, can_offload=False).gpu_layers == 0


def test_as_many_layers_as_fit_when_not_all_do() -> None:
    found = [chosen(machine(32 * GIB, card(gib * GIB))).gpu_layers for gib in (2, 3, 4, 5)]
    assert found == sorted(found)
    assert 0 < found[0] < found[-1] < 33


def test_layers_on_a_card_free_main_memory() -> None:
    where = machine(3 * GIB, card(12 * GIB))
    assert chosen(where).gpu_layers == -1
    refused(replace(where, gpus=()))


def test_unified_memory_is_counted_once() -> None:
    apple = card(10 * GIB, "apple", unified=True)
    found = chosen(machine(10 * GIB, apple, total=16 * GIB))
    assert found.gpu_layers == -1
    refused(machine(3 * GIB, replace(apple, free=3 * GIB), total=16 * GIB))


def test_layers_that_are_set_and_do_not_fit_are_refused() -> None:
    error = refused(machine(32 * GIB, card(2 * GIB)), gpu_layers=-1, context_length=8192)
    assert "on the graphics processor, where 1,536 MiB can be used" in error.message


def test_threads_are_the_fast_cores() -> None:
    assert chosen(machine(cores=12, performance_cores=4)).threads == 4
    assert chosen(machine(cores=12)).threads == 12


# ── what always holds ──

MACHINES = st.builds(
    machine,
    st.integers(0, 40 * GIB),
    total=st.just(40 * GIB),
    gpus=st.lists(
        st.builds(card, st.integers(0, 24 * GIB), st.sampled_from(["nvidia", "amd", "apple"]), unified=st.booleans()),
        max_size=3,
    ).map(tuple),
)
WISHES = st.fixed_dictionaries(
    {
        "context_length": st.none() | st.integers(1, 300_000),
        "gpu_layers": st.none() | st.integers(-1, 99),
        "kv_type": st.sampled_from([None, "f16", "q8_0", "q4_0"]),
        "flash_attention": st.sampled_from([None, True, False]),
        "parallel": st.none() | st.integers(1, 32),
    }
)
MODELS = st.sampled_from([(CHAT, "chat"), (EMBEDDING, "embedding"), (EMBEDDING, "rerank")])
MORE: dict[str, Any] = {"can_offload": st.booleans(), "reserved": st.integers(0, 4 * GIB)}


@given(where=MACHINES, wishes=WISHES, which=MODELS, more=st.fixed_dictionaries(MORE))
def test_what_is_chosen_never_exceeds_what_is_available(
    where: Machine, wishes: dict[str, Any], which: tuple[GgufModel, Mode], more: dict[str, Any]
) -> None:
    model, mode = which
    try:
        found = chosen(where, model, mode, **wishes, **more)
    except ModelUnavailableError:
        return
    kept = more["reserved"]
    on_gpu = found.memory.on_gpu
    unified = on_gpu > 0 and any(gpu.unified for gpu in where.gpus) and all(gpu.unified for gpu in where.gpus)
    assert found.memory.in_ram <= where.available - kept
    assert not unified or found.memory.total <= where.available - kept
    assert on_gpu <= sum(gpu.free for gpu in where.gpus)
    assert not on_gpu or more["can_offload"]
    assert found.cells >= found.context_length
    assert found.context_length <= (model.context_length or 0)
    assert found.kv_type == "f16" or (found.flash_attention is True and mode == "chat")
    assert wishes["context_length"] is None or found.context_length == max(
        8, min(wishes["context_length"], model.context_length or 0)
    )


@given(where=MACHINES, wishes=WISHES, which=MODELS, more=st.integers(0, 8 * GIB))
def test_more_memory_never_makes_it_worse(
    where: Machine, wishes: dict[str, Any], which: tuple[GgufModel, Mode], more: int
) -> None:
    where = replace(where, gpus=())
    try:
        found = chosen(where, *which, **wishes)
    except ModelUnavailableError:
        return
    richer = chosen(replace(where, available=where.available + more), *which, **wishes)
    assert richer.context_length >= found.context_length
    assert not (found.kv_type == "f16" and richer.kv_type != "f16")


@given(where=MACHINES, wishes=WISHES, which=MODELS)
def test_forced_it_is_never_refused(where: Machine, wishes: dict[str, Any], which: tuple[GgufModel, Mode]) -> None:
    assert chosen(where, *which, **wishes, force=True).context_length >= 8
