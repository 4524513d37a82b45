from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from sidecar.llama.memory import bytes_per_token, memory_needs
from sidecar.models.candidates import size_class
from sidecar.models.catalogue import CatalogueModel, load_catalogue

CATALOGUE = load_catalogue()
MODELS = list(CATALOGUE.values())
# Bytes a thousand and twenty-four tokens, as ggml-org/LlamaBarn lists them for models without a sliding window.
LISTED_KV = {"qwen3-4b-q4": 150_994_944, "qwen3-30b-a3b-q4": 100_663_296}
every = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)


@every
def test_an_entry_is_whole(model: CatalogueModel) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9.-]+", model.name)
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", model.repo)
    assert model.file.endswith(".gguf")
    assert urlsplit(model.source).scheme == "https"
    assert model.title
    assert model.licence
    assert model.note.endswith(".")
    assert model.architecture
    assert model.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", model.sha256)


@every
def test_languages_are_codes(model: CatalogueModel) -> None:
    assert model.languages
    assert model.languages == ("multi",) or all(re.fullmatch(r"[a-z]{2}", each) for each in model.languages)
    assert len(set(model.languages)) == len(model.languages)


@every
def test_its_size_is_that_of_its_parameters_at_its_quantisation(model: CatalogueModel) -> None:
    bits = model.size * 8 / model.parameters
    expected = {"Q4_K_M": (4.5, 5.5), "Q4_0": (4.5, 6.0), "MXFP4": (4.2, 5.0), "Q8_0": (8.4, 9.2)}
    low, high = expected[model.quantisation]
    assert low <= bits <= high


@every
def test_its_shape_makes_its_parameters(model: CatalogueModel) -> None:
    """Attention, feed-forward networks and tables, counted from the shape, come near what the maker says."""
    width, heads = model.embedding_length, model.heads * model.head_size
    attention = 2 * width * heads + 2 * width * model.kv_heads * model.head_size
    matrices = 2 if model.architecture in {"bert", "nomic-bert-moe"} else 3
    feed_forward = matrices * width * model.feed_forward * max(1, model.experts)
    table = model.vocabulary * width
    tables = table if model.tied or model.encoder else 2 * table
    counted = model.layers * (attention + feed_forward) + tables
    if model.name == "nomic-embed-text-v2-moe":
        # Every other layer is a mixture of eight; the catalogue has the dense width.
        counted += model.layers // 2 * 7 * feed_forward
    assert counted == pytest.approx(model.parameters, rel=0.05)


@every
def test_its_cache_follows_from_its_layers(model: CatalogueModel) -> None:
    keys_and_values = 2 * model.layers * model.kv_heads * model.head_size
    assert model.kv_bytes_per_token == (0 if model.encoder else 2 * keys_and_values)
    assert model.header().shape.kv_bytes_per_token == model.kv_bytes_per_token


@pytest.mark.parametrize(("name", "listed"), LISTED_KV.items())
def test_caches_agree_with_another_list(name: str, listed: int) -> None:
    assert CATALOGUE[name].kv_bytes_per_token * 1024 == listed


@every
def test_its_header_says_what_it_is_for_and_memory_can_be_told(model: CatalogueModel) -> None:
    header = model.header()
    assert header.kind == model.role
    needs = memory_needs(
        header,
        mode=model.role,
        cells=512,
        batch=512,
        sequences=1,
        kv_type="f16",
        flash_attention=True,
        gpu_layers=0,
    )
    assert needs.weights == model.size
    assert model.size < needs.total < model.size + 2**30


def test_names_and_files_are_each_there_once() -> None:
    files = [(model.repo, model.file) for model in MODELS]
    assert len(set(files)) == len(files)
    assert len({model.name for model in MODELS}) == len(MODELS)
    assert all(name == model.name for name, model in CATALOGUE.items())


def test_every_class_of_size_has_a_model_for_each_language_that_matters_most() -> None:
    for language in ("pt", "es", "it", "fr", "en"):
        classes = {size_class(model.parameters) for model in MODELS if model.role == "chat" and model.speaks(language)}
        assert classes == {0, 1, 2, 3, 4}, language


def test_every_role_has_a_model_of_many_languages_with_a_free_licence() -> None:
    for role in ("chat", "embedding", "rerank"):
        assert any(m.role == role and m.speaks("pt") and m.licence in {"MIT", "Apache-2.0"} for m in MODELS)


def test_a_mixture_reads_about_its_active_parameters_for_a_token() -> None:
    for name in ("qwen3-30b-a3b-q4", "gpt-oss-20b"):
        model = CATALOGUE[name]
        assert model.active_parameters is not None
        read = bytes_per_token(model.header(), context=1)
        assert read * 8 / (model.size * 8 / model.parameters) == pytest.approx(model.active_parameters, rel=0.25)
        assert model.active_parameters < model.effective_parameters < model.parameters


@pytest.mark.parametrize(
    ("language", "speaks"), [(None, True), ("pt", True), ("PT", True), ("fi", False), ("multi", False), ("", False)]
)
def test_a_model_speaks_what_its_entry_lists(language: str | None, speaks: bool) -> None:
    assert CATALOGUE["ministral-3-3b-q4"].speaks(language) is speaks
