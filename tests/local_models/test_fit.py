from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sidecar.errors import ModelUnavailableError
from sidecar.hardware.machine import Machine
from sidecar.llama.budget import budget_of
from sidecar.llama.gguf import read_gguf
from sidecar.llama.memory import KvType
from sidecar.llama.tuning import Wishes, tune
from sidecar.models.catalogue import load_catalogue
from sidecar.models.fit import BUILTIN_EMBEDDING, LEAST_CONTEXT, Beside, Fit, Verdict, fit_model, gib, speed_of, without
from tests.local_models.machines import GIB, apple, laptop, with_card
from tests.models import tiny_chat

CATALOGUE = load_catalogue()


def fit(name: str, machine: Machine, **options: Any) -> Fit:
    return fit_model(CATALOGUE[name].header(), name=name, machine=machine, **options)


def needs(kv_type: KvType, context_length: int = 8192) -> int:
    """What `qwen3-4b-q4` takes together with the built-in embedding and what loading leaves free."""
    wishes = Wishes(context_length=context_length, kv_type=kv_type, parallel=1)
    machine = laptop(8, 7)
    tuning = tune(CATALOGUE["qwen3-4b-q4"].header(), mode="chat", machine=machine, wishes=wishes)
    free = machine.available - budget_of(machine, can_offload=True, reserved=0).ram
    return tuning.memory.total + BUILTIN_EMBEDDING + free


@pytest.mark.parametrize(
    ("available", "verdict"),
    [
        (needs("f16"), "fits"),
        (needs("f16") - 1, "fits_with_q8_0_cache"),
        (needs("q8_0"), "fits_with_q8_0_cache"),
        (needs("q8_0") - 1, "fits_with_shorter_context"),
        (needs("q8_0", LEAST_CONTEXT), "fits_with_shorter_context"),
        (needs("q8_0", LEAST_CONTEXT) - 1, "does_not_fit"),
        (0, "does_not_fit"),
    ],
)
def test_the_verdict_follows_from_the_memory_to_the_byte(available: int, verdict: Verdict) -> None:
    machine = replace(laptop(8, 7), available=available)
    assert fit("qwen3-4b-q4", machine).verdict == verdict


@pytest.mark.parametrize(
    ("name", "machine", "verdict"),
    [
        ("qwen3-4b-q4", laptop(16, 11), "fits"),
        ("gemma-3-27b-q4", laptop(16, 11), "does_not_fit"),
        ("gemma-3-27b-q4", with_card(16, 11, 24), "fits"),
        ("mistral-small-3.2-24b-q4", apple(36, 29), "fits"),
        # Trained for 4,096 tokens: no machine is large enough for more.
        ("eurollm-9b-q4", laptop(64, 55), "fits_with_shorter_context"),
    ],
)
def test_models_fit_the_machines_that_people_have(name: str, machine: Machine, verdict: Verdict) -> None:
    assert fit(name, machine).verdict == verdict


@pytest.mark.parametrize("available", [2.0, 2.8, 3.2, 3.4, 3.6, 4.0, 6.0, 12.0])
def test_what_is_said_to_fit_is_loaded_and_what_is_said_not_to_is_refused(available: float) -> None:
    found = fit("qwen3-4b-q4", laptop(16, available))
    room = without(found.machine, ram=found.beside.embedding + found.beside.rerank)
    wishes = Wishes(context_length=found.tuning.context_length, kv_type=found.tuning.kv_type, parallel=1)
    header = CATALOGUE["qwen3-4b-q4"].header()
    if found.fits:
        assert tune(header, mode="chat", machine=room, wishes=wishes).memory == found.tuning.memory
    else:
        with pytest.raises(ModelUnavailableError):
            tune(header, mode="chat", machine=room, wishes=Wishes(parallel=1))


def test_a_shorter_context_is_the_longest_that_fits_in_eighths() -> None:
    found = fit("qwen3-4b-q4", replace(laptop(8, 7), available=needs("q8_0", 5120)))
    assert found.tuning.context_length == 5120
    found = fit("qwen3-4b-q4", replace(laptop(8, 7), available=needs("q8_0", 5120) - 1))
    assert found.tuning.context_length == 4096


def test_what_is_beside_it_counts_and_so_does_what_is_kept() -> None:
    machine = replace(laptop(8, 7), available=needs("f16"))
    alone = fit("qwen3-4b-q4", machine)
    assert alone.verdict == "fits"
    for beside in (Beside(embedding=BUILTIN_EMBEDDING + 1), Beside(rerank=1)):
        found = fit("qwen3-4b-q4", machine, beside=beside)
        assert found.verdict == "fits_with_q8_0_cache"
        assert found.total == found.tuning.memory.total + beside.embedding + beside.rerank
    kept = fit("qwen3-4b-q4", machine, kept=1)
    assert kept.verdict == "fits_with_q8_0_cache"
    assert kept.kept == alone.kept + 1


def test_a_longer_context_needs_more() -> None:
    machine = laptop(64, 55)
    short, long = fit("qwen3-4b-q4", machine), fit("qwen3-4b-q4", machine, context_length=65_536)
    assert long.tuning.memory.kv_cache == 8 * short.tuning.memory.kv_cache
    assert long.verdict == "fits"


def test_a_model_that_does_not_fit_still_says_what_it_would_need() -> None:
    found = fit("gemma-3-27b-q4", laptop(8, 5))
    assert not found.fits
    assert found.tuning.context_length == 8192
    assert found.total > CATALOGUE["gemma-3-27b-q4"].size


def test_an_embedding_model_fits_or_does_not() -> None:
    assert fit("bge-m3", laptop(16, 11)).verdict == "fits"
    assert fit("bge-m3", laptop(4, 1)).verdict == "does_not_fit"
    assert fit("bge-m3", laptop(16, 11)).speed is None


def test_a_real_file_fits_a_real_machine(tmp_path: Path) -> None:
    header = read_gguf(tiny_chat.build(tmp_path / "tiny.gguf"))
    found = fit_model(header, name="tiny", machine=laptop(8, 4))
    # Trained for 4,096 tokens.
    assert (found.verdict, found.tuning.context_length) == ("fits_with_shorter_context", 4096)
    assert fit_model(header, name="tiny", machine=laptop(8, 4), context_length=4096).verdict == "fits"


@pytest.mark.parametrize(
    ("name", "machine", "low", "high"),
    [
        ("qwen3-4b-q4", laptop(16, 11, bandwidth=40e9), 6, 13),
        ("qwen3-30b-a3b-q4", laptop(36, 29, bandwidth=40e9), 8, 20),
        ("gemma-3-27b-q4", laptop(64, 55, bandwidth=40e9), 0.8, 2.2),
        # Half of it on the card is read in no time worth counting.
        ("ministral-3-14b-q4", with_card(16, 11, 6, bandwidth=40e9), 4, 12),
    ],
)
def test_the_speed_follows_from_what_is_read_for_a_token(name: str, machine: Machine, low: float, high: float) -> None:
    found = fit(name, machine)
    assert found.speed is not None
    assert low < found.speed < high


def test_no_speed_is_said_where_none_is_known() -> None:
    assert fit("qwen3-4b-q4", laptop(16, 11, bandwidth=None)).speed is None
    assert fit("qwen3-4b-q4", with_card(16, 11, 24)).speed is None
    found = fit("qwen3-4b-q4", laptop(16, 11))
    assert speed_of(CATALOGUE["qwen3-4b-q4"].header(), found.tuning, replace(found.machine, bandwidth=0.0)) == 0.0


def test_comfortable_is_what_fits_as_it_is_and_is_quick() -> None:
    assert fit("qwen3-4b-q4", laptop(16, 11)).comfortable
    assert not fit("qwen3-4b-q4", laptop(16, 11, bandwidth=5e9)).comfortable
    assert not fit("qwen3-4b-q4", replace(laptop(8, 7), available=needs("q8_0"))).comfortable


def test_taking_memory_from_a_machine_takes_it_where_it_is() -> None:
    card = without(with_card(16, 10, 8), ram=2 * GIB, graphics=3 * GIB)
    assert (card.available, card.gpus[0].free) == (8 * GIB, int(7.4 * GIB) - 3 * GIB)
    mac = without(apple(16, 10), ram=2 * GIB, graphics=3 * GIB)
    assert (mac.available, mac.gpus[0].free) == (5 * GIB, 5 * GIB)
    assert without(laptop(4, 1), ram=9 * GIB).available == 0


@pytest.mark.parametrize(("count", "said"), [(0, "0.0 GiB"), (GIB, "1.0 GiB"), (int(1.25 * GIB), "1.2 GiB")])
def test_gibibytes_are_said_with_one_digit(count: int, said: str) -> None:
    assert gib(count) == said
