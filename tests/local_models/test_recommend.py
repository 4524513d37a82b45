from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sidecar.hardware.machine import Gpu, Machine
from sidecar.llama.gguf import read_gguf
from sidecar.models.candidates import best_that_fits, size_class
from sidecar.models.catalogue import load_catalogue
from sidecar.models.choice import Choice, Here, Recommendation
from sidecar.models.fit import READING_SPEED, Beside
from sidecar.models.recommend import recommend
from tests.local_models.machines import GIB, apple, laptop, with_card
from tests.models import tiny_chat

CATALOGUE = load_catalogue()

# Each: the machine, the class of size of the chat model (None: quotations), embedding, reranking.
MACHINES: list[tuple[str, Machine, int | None, str, str]] = [
    ("2 GB", laptop(2, 0.8, bandwidth=10e9), None, "builtin", "none"),
    ("4 GB", laptop(4, 2.2, bandwidth=15e9), 0, "builtin", "none"),
    ("8 GB laptop", laptop(8, 4.5, bandwidth=30e9), 1, "multilingual-e5-small", "none"),
    ("8 GB laptop, busy", laptop(8, 2.4, bandwidth=30e9), 0, "multilingual-e5-small", "none"),
    ("16 GB laptop", laptop(16, 11, bandwidth=40e9), 1, "multilingual-e5-small", "none"),
    ("16 GB laptop, fast memory", laptop(16, 11, bandwidth=90e9), 3, "multilingual-e5-small", "none"),
    ("24 GB", laptop(24, 18, bandwidth=60e9), 2, "embeddinggemma-300m", "none"),
    ("36 GB", laptop(36, 29, bandwidth=60e9), 3, "embeddinggemma-300m", "none"),
    ("64 GB", laptop(64, 55, bandwidth=80e9), 3, "embeddinggemma-300m", "none"),
    ("16 GB, 6 GB card", with_card(16, 11, 6), 3, "multilingual-e5-base", "none"),
    ("16 GB, 8 GB card", with_card(16, 11, 8), 3, "multilingual-e5-base", "none"),
    ("32 GB, 12 GB card", with_card(32, 25, 12), 4, "bge-m3", "none"),
    ("32 GB, 24 GB card", with_card(32, 25, 24), 4, "bge-m3", "bge-reranker-v2-m3"),
    ("Mac 8 GB", apple(8, 4.5), 1, "multilingual-e5-small", "none"),
    ("Mac 16 GB", apple(16, 11), 3, "multilingual-e5-base", "none"),
    ("Mac 24 GB", apple(24, 18), 3, "bge-m3", "bge-reranker-v2-m3"),
    ("Mac 36 GB", apple(36, 29, bandwidth=270e9), 4, "bge-m3", "bge-reranker-v2-m3"),
    ("Mac 64 GB", apple(64, 55, bandwidth=400e9), 4, "bge-m3", "bge-reranker-v2-m3"),
]
each_machine = pytest.mark.parametrize("row", MACHINES, ids=[row[0] for row in MACHINES])
Row = tuple[str, Machine, int | None, str, str]


def advice(machine: Machine, **options: Any) -> Recommendation:
    return recommend(machine, CATALOGUE, **options)


def on_disk(name: str) -> Here:
    model = CATALOGUE[name]
    return Here(name=name, role=model.role, parameters=model.parameters, header=model.header(), catalogued=name)


def served(name: str, parameters: int | None) -> Here:
    return Here(name=name, role="chat", parameters=parameters, server="Ollama", url="http://127.0.0.1:11434/v1")


@pytest.mark.parametrize(("called", "shown"), [("Qwen3-4B-Q4_K_M", "Qwen3-4B-Q4_K_M"), ("My Model", "'My Model'")])
def test_a_file_of_another_program_is_called_by_its_own_name_in_the_command(called: str, shown: str) -> None:
    mine = replace(on_disk("qwen3-4b-q4"), name=called)
    (command,) = advice(laptop(16, 11, bandwidth=40e9), here=[mine, on_disk("multilingual-e5-small")]).commands
    assert f"--model {shown} " in f"{command} "


def class_of(choice: Choice) -> int:
    return size_class(CATALOGUE[choice.name].effective_parameters)


@each_machine
def test_a_machine_gets_models_of_its_size(row: Row) -> None:
    _, machine, its_class, embedding, rerank = row
    found = advice(machine)
    chat = found.of("chat")
    assert (None if chat.name == "extractive" else class_of(chat)) == its_class
    assert found.of("embedding").name == embedding
    assert found.of("rerank").name == rerank
    assert [choice.component for choice in found.choices] == ["chat", "embedding", "rerank"]


@each_machine
def test_what_is_recommended_fits_together_with_room_to_spare(row: Row) -> None:
    machine = row[1]
    found = advice(machine)
    on_gpu = sum(choice.fit.tuning.memory.on_gpu for choice in found.choices if choice.fit is not None)
    needed = sum(choice.memory or 0 for choice in found.choices)
    unified = any(gpu.unified for gpu in machine.gpus)
    free = machine.available + (0 if unified else sum(gpu.free for gpu in machine.gpus))
    assert needed < free * 0.97
    assert on_gpu <= sum(gpu.free for gpu in machine.gpus)


@each_machine
def test_what_is_recommended_answers_as_fast_as_people_read(row: Row) -> None:
    chat = advice(row[1]).of("chat")
    assert chat.speed is None or chat.speed >= READING_SPEED


@each_machine
@pytest.mark.parametrize("language", ["pt", "es", "it", "fr", "en", "fi", "xx"])
def test_a_language_rules_out_models_that_were_not_made_for_it(row: Row, language: str) -> None:
    chat = advice(row[1], language=language).of("chat")
    assert chat.name == "extractive" or CATALOGUE[chat.name].speaks(language)


def test_without_a_language_english_alone_is_not_enough() -> None:
    for _, machine, *_ in MACHINES:
        chat = advice(machine).of("chat")
        assert chat.name == "extractive" or CATALOGUE[chat.name].languages != ("en",)
    assert advice(laptop(24, 18, bandwidth=35e9), language="en").of("chat").name == "gpt-oss-20b"


def test_where_nothing_that_writes_fits_quotations_are_recommended_and_that_is_said() -> None:
    found = advice(laptop(2, 0.8))
    chat = found.of("chat")
    assert (chat.name, chat.here, chat.memory) == ("extractive", True, 0)
    assert "quotations" in chat.reason
    assert any("invent nothing" in note for note in found.notes)
    assert found.commands == ("sidecar serve",)


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        (laptop(4, 2.2, bandwidth=15e9), "misreads"),
        (laptop(8, 4.5, bandwidth=30e9), "weak at weighing several notes"),
        (apple(8, 4.5), "8 bits"),
        (laptop(8, 4.5), "Before the first word"),
        (laptop(8, 4.5, bandwidth=2e9), "slower than people read"),
    ],
)
def test_what_is_lost_is_said(machine: Machine, said: str) -> None:
    assert any(said in note for note in advice(machine).notes)


def test_of_models_that_are_all_too_slow_a_quick_one_is_chosen() -> None:
    found = advice(laptop(64, 55, bandwidth=2e9)).of("chat")
    assert class_of(found) == 0
    assert found.reason.startswith("The quickest")


def test_without_a_measured_bandwidth_the_largest_is_chosen_and_no_speed_is_promised() -> None:
    chat = advice(laptop(64, 55, bandwidth=None)).of("chat")
    assert class_of(chat) == 4
    assert chat.speed is None
    assert "fast" not in chat.reason


def test_the_commands_fetch_what_is_missing_and_then_serve_it() -> None:
    found = advice(laptop(8, 4.5, bandwidth=30e9))
    chat, embedding = found.of("chat").name, found.of("embedding").name
    assert found.commands == (
        f"sidecar models pull {chat}",
        f"sidecar models pull {embedding}",
        f"sidecar serve --model {chat} --embedding-model {embedding}",
    )


def test_a_model_on_disk_is_preferred_within_its_class_and_one_below() -> None:
    machine = laptop(16, 11, bandwidth=90e9)
    best = advice(machine).of("chat")
    assert class_of(best) == 3
    same = advice(machine, here=[on_disk("phi-4-14b-q4"), on_disk("mistral-nemo-12b-q4")])
    assert same.of("chat").name == "mistral-nemo-12b-q4"
    assert "already" in same.of("chat").reason
    assert same.commands[0] != "sidecar models pull mistral-nemo-12b-q4"
    below = advice(machine, here=[on_disk("llama-3.1-8b-q4")]).of("chat")
    assert below.name == "llama-3.1-8b-q4"
    assert "would be better" in below.reason
    assert advice(machine, here=[on_disk("qwen3-4b-q4")]).of("chat").name == best.name


def test_a_model_on_disk_that_does_not_fit_or_is_too_slow_is_not_recommended() -> None:
    assert advice(laptop(8, 4.5), here=[on_disk("gemma-3-27b-q4")]).of("chat").name != "gemma-3-27b-q4"
    slow = laptop(64, 55, bandwidth=40e9)
    assert advice(slow, here=[on_disk("gemma-3-27b-q4")]).of("chat").name != "gemma-3-27b-q4"


def test_an_embedding_and_a_reranking_model_on_disk_save_their_downloads() -> None:
    found = advice(with_card(32, 25, 24), here=[on_disk("snowflake-arctic-embed-l-v2"), on_disk("bge-reranker-v2-m3")])
    assert found.of("embedding").name == "snowflake-arctic-embed-l-v2"
    assert found.of("rerank").here
    assert len([command for command in found.commands if " pull " in command]) == 1
    english = advice(laptop(16, 11), here=[on_disk("all-minilm-l6-v2")])
    assert english.of("embedding").name != "all-minilm-l6-v2"


def test_a_file_that_the_catalogue_does_not_know_counts_by_its_size(tmp_path: Path) -> None:
    header = read_gguf(tiny_chat.build(tmp_path / "mine.gguf"))
    mine = Here(name="mine", role="chat", parameters=header.parameter_count, header=header)
    assert advice(laptop(4, 2.2), here=[mine]).of("chat").name != "mine"
    tight = laptop(2, 0.8)
    assert advice(tight, here=[mine]).of("chat").name == "mine"
    # What it was made for is not known.
    assert advice(tight, here=[mine], language="pt").of("chat").name == "extractive"


@pytest.mark.parametrize(
    ("name", "parameters", "chosen"),
    [("qwen3:14b", 14_000_000_000, True), ("qwen3:4b", 4_000_000_000, False), ("mystery", None, False)],
)
def test_a_model_of_a_server_here_is_preferred_when_it_is_large_enough(
    name: str, parameters: int | None, chosen: bool
) -> None:
    found = advice(laptop(16, 11, bandwidth=90e9), here=[served(name, parameters)])
    assert (found.of("chat").name == name) is chosen
    if chosen:
        assert found.commands[-1].startswith(f"sidecar serve --upstream http://127.0.0.1:11434/v1 --model {name}")


def test_where_nothing_fits_a_model_of_a_server_here_is_better_than_none() -> None:
    found = advice(laptop(2, 0.8), here=[served("qwen3:4b", 4_000_000_000)])
    assert found.of("chat").name == "qwen3:4b"
    assert found.of("chat").memory is None


def test_a_graphics_processor_of_unknown_memory_is_not_planned_with() -> None:
    machine = laptop(16, 11)
    unknown = Machine(
        total=machine.total,
        available=machine.available,
        cores=4,
        bandwidth=machine.bandwidth,
        gpus=(Gpu(name="Intel", kind="intel", total=0, free=0, unified=True),),
    )
    assert [choice.name for choice in advice(unknown).choices] == [choice.name for choice in advice(machine).choices]


def test_the_best_that_fits_is_the_recommended_one() -> None:
    machine = laptop(8, 4.5, bandwidth=30e9)
    best = best_that_fits(machine, CATALOGUE, beside=Beside(), context_length=8192)
    assert best is not None
    assert class_of(advice(machine).of("chat")) == size_class(CATALOGUE[best.name].effective_parameters)
    assert best_that_fits(laptop(2, 0.8), CATALOGUE, beside=Beside(), context_length=8192) is None


@pytest.mark.parametrize(
    ("parameters", "its_class"), [(0, -1), (1e9, 0), (1.7e9, 0), (3e9, 1), (8.4e9, 2), (14e9, 3), (24e9, 4), (1e15, 4)]
)
def test_parameters_have_a_class_of_size(parameters: float, its_class: int) -> None:
    assert size_class(parameters) == its_class


def test_memory_is_in_bytes() -> None:
    assert (advice(laptop(8, 4.5)).of("chat").memory or 0) > GIB
