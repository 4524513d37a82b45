"""The benchmarks' own parts: which one is run, where its figures go, notes made of documents, a model converted."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from scripts.benchmark_idle import Idle, Sample, fields, table_of
from scripts.benchmark_page import write_section
from scripts.kept_vectors import KeptVectors
from sidecar.embedding.llama import LlamaEmbeddingModel
from sidecar.embedding.measure import TextLimit
from sidecar.embedding.model import Embeddings, TextKind
from sidecar.evaluation.questions import Question
from tests.test_scripts import House, house, ready

__all__ = ["house", "ready"]


@pytest.mark.parametrize(
    ("arguments", "called"),
    [
        (["My vault", "--write"], ["<{root}/scripts/benchmark.py>", "<My vault>", "<--write>"]),
        (["vault", "retrieval"], ["<{root}/scripts/benchmark.py>", "<retrieval>"]),
        (["retrieval", "--queries", "5"], ["<{root}/scripts/benchmark_retrieval.py>", "<--queries>", "<5>"]),
        (["idle", "--seconds", "60"], ["<{root}/scripts/benchmark_idle.py>", "<--seconds>", "<60>"]),
        ([], ["<{root}/scripts/benchmark.py>"]),
    ],
)
def test_bench_runs_the_benchmark_that_is_named(ready: House, arguments: list[str], called: list[str]) -> None:
    done = ready.script("scripts/bench", *arguments)
    assert done.stdout.splitlines()[1:] == [line.format(root=ready.root) for line in called]


def test_a_benchmark_replaces_its_own_section_and_no_other(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("# Benchmarks\n", encoding="utf-8")
    write_section("vault", "old", page=page)
    write_section("retrieval", "kept \\1", page=page)
    write_section("vault", "new\n", page=page)
    assert page.read_text(encoding="utf-8") == (
        "# Benchmarks\n\n<!-- vault: written by scripts/bench -->\n\nnew\n\n<!-- end of vault -->\n\n"
        "<!-- retrieval: written by scripts/bench -->\n\nkept \\1\n\n<!-- end of retrieval -->\n"
    )


def test_documents_become_notes_once_under_names_that_any_system_takes(tmp_path: Path) -> None:
    benchmark = pytest.importorskip("scripts.benchmark_retrieval", reason="gguf is not installed")
    documents = [{"_id": "a/b:1", "title": " A\ntitle ", "text": "Text."}, {"_id": "2", "title": None, "text": "数"}]
    (tmp_path / "corpus.jsonl").write_text("\n".join(map(json.dumps, documents)) + "\n", encoding="utf-8")
    vault = tmp_path / "vaults" / "set-pt"
    assert benchmark.make_vault(tmp_path, vault) == 2
    assert (vault / "a%2Fb%3A1.md").read_text(encoding="utf-8") == "# A title\n\nText.\n"
    assert (vault / "2.md").read_text(encoding="utf-8") == "数\n"
    (vault / "2.md").unlink()
    assert benchmark.make_vault(tmp_path, vault) == 2
    assert not (vault / "2.md").exists()
    aim = benchmark.aim_of(Question(line=1, text="a", expected={"a/b:1": 2}), "set-pt")
    assert (aim.question.language, aim.grades) == ("pt", {"a%2Fb%3A1.md": 2})
    assert benchmark.aim_of(Question(line=1, text="a", expected={"2": 1}), "set").question.language is None


def test_what_an_idle_server_used_is_told_as_a_share_of_one_core(tmp_path: Path) -> None:
    def sample(cpu: float, switches: int) -> Sample:
        return Sample(rss=100_000, pss=50_000, cpu=cpu, switches=switches)

    told = Idle(listening=1.5, start=0.9, before=sample(2.0, 100), after=sample(2.3, 700))
    lines = table_of({"new index": told}, seconds=600)
    assert "| processor time in 600 s | 0.300 s |" in lines
    assert "| share of one core | 0.050 % |" in lines
    assert "| wakes a second | 1.0 |" in lines
    assert "| resident memory (RSS) | 102 MB |" in lines
    (tmp_path / "status").write_text("Name:\tpython\nRss:   12 kB\nEmpty:\n", encoding="utf-8")
    assert fields(tmp_path / "status") == {"Rss": 12}


class Counting:
    """Gives a text the vector of its length, and remembers what it was asked for."""

    name = "counting"
    fingerprint = "test:counting"
    on_this_machine = True

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def dimensions(self) -> int:
        return 2

    async def text_limit(self) -> TextLimit:
        return TextLimit()

    async def embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        self.texts += texts
        vectors = np.array([(len(text), 1) for text in texts], dtype=np.float32)
        return Embeddings(vectors=vectors, token_counts=tuple(map(len, texts)))

    async def aclose(self) -> None:
        """Nothing to close."""


@pytest.mark.anyio
async def test_passages_are_embedded_once_in_all_runs_and_queries_each_time(tmp_path: Path) -> None:
    model = Counting()
    texts = ["a", "bbb", "a", "cc"]
    for _ in range(2):
        kept = KeptVectors(model, tmp_path)
        made = await kept.embed(texts, kind="passage")
        assert made.vectors[:, 0].tolist() == [1, 3, 1, 2]
        assert made.token_counts == (1, 3, 1, 2)
        await kept.embed(["a"], kind="query")
        await kept.aclose()
    assert model.texts == ["a", "bbb", "cc", "a", "a"]


def tiny_bert(folder: Path, *, width: int = 32, layers: int = 2) -> Path:
    """A BERT with random weights as sentence-transformers keeps one: settings, pooling, vocabulary, safetensors."""
    minilm_gguf = pytest.importorskip("scripts.minilm_gguf", reason="gguf is not installed")
    vocabulary = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "tea", "##pot", "garden", "the", "]"]
    random = np.random.default_rng(3)
    inner = {"ffn_up": (2 * width, width), "ffn_down": (width, 2 * width)}
    rows = {"token_embd": len(vocabulary), "position_embd": 64, "token_types": 2}
    tensors: dict[str, np.ndarray] = {}
    for theirs, ours in minilm_gguf.tensor_names(layers).items():
        part = ours.rpartition(".")[2]
        if part in rows:
            tensors[f"{theirs}.weight"] = random.standard_normal((rows[part], width))
        elif part.endswith("norm"):
            tensors |= {f"{theirs}.weight": np.ones(width), f"{theirs}.bias": np.zeros(width)}
        else:
            shape = inner.get(part, (width, width))
            tensors |= {f"{theirs}.weight": random.standard_normal(shape), f"{theirs}.bias": np.zeros(shape[0])}
    header: dict[str, dict[str, object]] = {"__metadata__": {"format": "pt"}}
    body = b""
    for name, values in tensors.items():
        data = values.astype(np.float32).tobytes()
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    head = json.dumps(header).encode("ascii")
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + body)
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    settings: dict[str, float] = {
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "intermediate_size": 64,
    }
    settings |= {"max_position_embeddings": 64, "layer_norm_eps": 1e-12, "type_vocab_size": 2}
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_mean_tokens": true}', encoding="utf-8")
    return folder


@pytest.mark.anyio
async def test_a_converted_model_gives_vectors_and_knows_its_words(tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    source = tiny_bert(tmp_path / "bert")
    from scripts.minilm_gguf import convert

    convert(source, tmp_path / "bert.gguf", name="tiny")
    model = LlamaEmbeddingModel(tmp_path / "bert.gguf")
    try:
        made = await model.embed(["teapot", "Teapot", "garden", "tea pot", "xyz"], kind="plain")
    finally:
        await model.aclose()
    assert made.vectors.shape == (5, 32)
    assert np.linalg.norm(made.vectors, axis=1) == pytest.approx(np.ones(5), abs=1e-4)
    # Two pieces and both ends; a word that begins with a piece that only continues words is unknown.
    assert made.token_counts == (4, 4, 3, 4, 3)
    likeness = made.vectors @ made.vectors[0]
    assert likeness[1] == pytest.approx(1.0, abs=1e-3)
    assert max(likeness[2:]) < 0.99


def test_pieces_are_turned_and_names_are_those_of_llama_cpp() -> None:
    minilm_gguf = pytest.importorskip("scripts.minilm_gguf", reason="gguf is not installed")
    assert [minilm_gguf.turned(piece) for piece in ("tea", "##pot", "[CLS]", "[", "##")] == [
        "\u2581tea",
        "pot",
        "[CLS]",
        "\u2581[",
        "",
    ]
    names = minilm_gguf.tensor_names(2)
    assert len(names) == 4 + 2 * 8
    assert names["encoder.layer.1.attention.output.LayerNorm"] == "blk.1.attn_output_norm"
