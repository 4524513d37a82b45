from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from sidecar.embedding.static import MAX_TOKENS, StaticEmbeddingModel, static_available
from sidecar.errors import ModelUnavailableError

pytestmark = pytest.mark.anyio


async def test_vectors_have_length_one_and_the_same_text_the_same_vector_in_any_batch() -> None:
    model = StaticEmbeddingModel()
    texts = ["a note about gardens", "x", "Ein Satz über Bäume.", "漢字かな交じり文", "🙂"] * 40
    found = await model.embed(texts, kind="passage")
    assert found.vectors.shape == (200, await model.dimensions())
    assert found.vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(found.vectors, axis=1), 1)
    assert np.array_equal(found.vectors[:5], found.vectors[-5:])
    alone = await model.embed(texts[2:3], kind="query")
    assert np.array_equal(alone.vectors[0], found.vectors[2])
    assert alone.token_counts[0] == found.token_counts[2] > 0


async def test_a_text_is_the_mean_of_its_token_vectors() -> None:
    model = StaticEmbeddingModel()
    both, first, second = (await model.embed(["the house", "the", "house"], kind="plain")).vectors
    halves = first / np.linalg.norm(first) + second / np.linalg.norm(second)
    # The two token vectors differ in length, so their plain sum lies between them, not halfway.
    coefficients, residue, *_ = np.linalg.lstsq(np.stack([first, second], axis=1), both, rcond=None)
    assert (coefficients > 0).all()
    assert residue < 1e-6
    assert both @ halves > 1


@pytest.mark.parametrize("text", ["", " ", "\n\t\u3000"])
async def test_a_text_without_words_is_a_zero_vector_without_tokens(text: str) -> None:
    found = await StaticEmbeddingModel().embed(["word", text], kind="plain")
    assert not found.vectors[1].any()
    assert found.token_counts[1] == 0
    assert found.vectors[0].any()


async def test_no_texts_give_no_vectors() -> None:
    assert (await StaticEmbeddingModel().embed([], kind="plain")).vectors.shape == (0, 256)


async def test_any_text_gives_finite_numbers() -> None:
    texts = ["\x00", "\ud800 half a pair", "</s><s><unk>", "a" * 10_000, "\u202e\ufeff", "⁣" * 50]
    found = await StaticEmbeddingModel().embed(texts, kind="plain")
    assert np.isfinite(found.vectors).all()


async def test_special_tokens_written_in_a_note_are_plain_text() -> None:
    counts = (await StaticEmbeddingModel().embed(["<s>", "</s>"], kind="plain")).token_counts
    assert min(counts) > 1


async def test_a_very_long_text_is_cut() -> None:
    found = await StaticEmbeddingModel().embed(["word " * 100_000, "word " * MAX_TOKENS], kind="passage")
    assert found.token_counts == (MAX_TOKENS, MAX_TOKENS)
    assert np.array_equal(found.vectors[0], found.vectors[1])


async def test_the_passage_that_answers_is_nearest_to_the_question() -> None:
    passages = [
        "Tomatoes need six hours of sun and should be watered at the root every morning.",
        "The board meeting in March decided to postpone the budget for the new office.",
        "To restore a backup, stop the database, copy the files and start it again.",
        "My grandmother's recipe for apple pie uses butter, cinnamon and a lot of sugar.",
    ]
    questions = [
        "how often to water plants",
        "what was decided about the budget",
        "recover lost files",
        "baking dessert",
    ]
    model = StaticEmbeddingModel()
    passage_vectors = (await model.embed(passages, kind="passage")).vectors
    question_vectors = (await model.embed(questions, kind="query")).vectors
    assert (question_vectors @ passage_vectors.T).argmax(axis=1).tolist() == [0, 1, 2, 3]


async def test_a_large_batch_leaves_the_event_loop_free() -> None:
    model = StaticEmbeddingModel()
    await model.dimensions()
    gaps: list[float] = []

    async def watch() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            gaps.append(time.perf_counter() - last)
            last = time.perf_counter()

    watcher = asyncio.create_task(watch())
    started = time.perf_counter()
    await model.embed([f"note {number} " + "some words of a passage " * 25 for number in range(1500)], kind="passage")
    took = time.perf_counter() - started
    watcher.cancel()
    # On the loop it would be one gap as long as the whole.
    assert max(gaps) < took / 3
    assert len(gaps) > 5


async def test_many_tasks_may_embed_at_once_and_the_files_are_opened_once() -> None:
    model = StaticEmbeddingModel()
    results = await asyncio.gather(*(model.embed([f"text {n}"] * 50, kind="passage") for n in range(8)))
    again = await model.embed(["text 3"], kind="query")
    assert np.array_equal(results[3].vectors[49], again.vectors[0])


async def test_closing_twice_is_harmless() -> None:
    model = StaticEmbeddingModel()
    await model.embed(["a"], kind="plain")
    await model.aclose()
    await model.aclose()


@pytest.mark.parametrize("package", ["wordllama", "tokenizers"])
async def test_a_missing_package_is_named_with_the_way_to_install_it(package: str) -> None:
    def find(name: str) -> ModuleSpec | None:
        return None if name == package else find_spec(name)

    reason = static_available(find=find)
    assert reason is not None
    assert package in reason
    model = StaticEmbeddingModel(find=find)
    with pytest.raises(ModelUnavailableError, match=package) as refused:
        await model.embed(["a"], kind="plain")
    assert refused.value.hint is not None
    assert "builtin" in refused.value.hint
    with pytest.raises(ModelUnavailableError):
        _ = model.fingerprint


@pytest.mark.parametrize(
    "damaged", ["weights/l2_supercat_256.safetensors", "tokenizers/l2_supercat_tokenizer_config.json"]
)
async def test_damaged_files_are_an_error_and_missing_ones_are_seen_beforehand(damaged: str, tmp_path: Path) -> None:
    def find(name: str) -> ModuleSpec | None:
        return ModuleSpec(name, None, origin=str(tmp_path / "__init__.py")) if name == "wordllama" else find_spec(name)

    real = find_spec("wordllama")
    assert real is not None
    assert real.origin is not None
    for name in ("weights/l2_supercat_256.safetensors", "tokenizers/l2_supercat_tokenizer_config.json"):
        target = tmp_path / name
        target.parent.mkdir()
        whole = (Path(real.origin).parent / name).read_bytes()
        target.write_bytes(whole[:1000] if name == damaged else whole)
    assert static_available(find=find) is None
    with pytest.raises(ModelUnavailableError, match=damaged.rpartition("/")[2]):
        await StaticEmbeddingModel(find=find).dimensions()
    (tmp_path / damaged).unlink()
    assert damaged.rpartition("/")[2] in str(static_available(find=find))


def _header(told: str) -> bytes:
    return len(told).to_bytes(8, "little") + told.encode("ascii")


@pytest.mark.parametrize(
    "weights",
    [
        b"",
        b"\xff" * 64,
        _header("[1]"),
        _header("[" * 100_000),
        _header('{"embedding.weight": {"dtype": "F32", "shape": [1, 1], "data_offsets": [0, 4]}}') + bytes(4),
        _header('{"embedding.weight": {"dtype": "F16", "shape": [9, 9], "data_offsets": []}}') + bytes(162),
        _header('{"embedding.weight": {"dtype": "F16", "shape": [2, 2, 2], "data_offsets": [0, 16]}}') + bytes(16),
        _header('{"embedding.weight": {"dtype": "F16", "shape": [-1, -1], "data_offsets": [0, 2]}}') + bytes(2),
        _header('{"embedding.weight": {"dtype": "F16", "shape": [1%s, 1], "data_offsets": [0, 2]}}' % ("0" * 40)),
        _header('{"embedding.weight": {"dtype": "F16", "shape": [1, 1], "data_offsets": [-99999, 2]}}') + bytes(2),
        _header('{"embedding.weight": {"dtype": "F16", "shape": ["a", 1], "data_offsets": [0, 2]}}') + bytes(2),
    ],
)
async def test_a_table_of_another_kind_is_an_error(weights: bytes, tmp_path: Path) -> None:
    def find(name: str) -> ModuleSpec | None:
        return ModuleSpec(name, None, origin=str(tmp_path / "__init__.py")) if name == "wordllama" else find_spec(name)

    for name, content in (
        ("weights/l2_supercat_256.safetensors", weights),
        ("tokenizers/l2_supercat_tokenizer_config.json", b"{}"),
    ):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelUnavailableError, match="not in the format safetensors"):
        await StaticEmbeddingModel(find=find).dimensions()


def test_the_fingerprint_is_stable_and_needs_no_loading() -> None:
    assert static_available() is None
    fingerprint = StaticEmbeddingModel().fingerprint
    assert fingerprint == StaticEmbeddingModel().fingerprint
    assert fingerprint.startswith("builtin:wordllama-")


def test_neither_wordllama_nor_anything_that_downloads_is_imported() -> None:
    program = (
        "import asyncio, sys\n"
        "from sidecar.embedding.static import StaticEmbeddingModel, static_available\n"
        "assert static_available() is None\n"
        "assert not {'tokenizers', 'safetensors'} & set(sys.modules), 'too early'\n"
        "asyncio.run(StaticEmbeddingModel().embed(['a'], kind='plain'))\n"
        "print(sorted({'wordllama', 'requests', 'huggingface_hub', 'urllib3'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
