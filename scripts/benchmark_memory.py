"""Compare what Sidecar says that models take with what they take: made models in processes of their own.

    ./scripts/bench memory [--quick] [--write]

Each model is loaded as the worker loads it, reads a prompt that fills its context (or its longest text) and answers.
Then the process's resident memory is compared with the estimate, and its tokens a second with those that the measured
bandwidth of memory lets expect. The models are of real shapes; their weights are all zero.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.benchmark_page import measured_where, write_section  # noqa: E402  # the path is set above
from sidecar.hardware.bandwidth import measure_bandwidth  # noqa: E402  # the path is set above
from sidecar.hardware.machine import look  # noqa: E402  # the path is set above
from sidecar.hardware.speed import expected_speed  # noqa: E402  # the path is set above
from sidecar.llama.gguf import GgufModel, read_gguf  # noqa: E402  # the path is set above
from sidecar.llama.memory import bytes_per_token, memory_needs  # noqa: E402  # the path is set above
from sidecar.llama.settings import Mode  # noqa: E402  # the path is set above
from tests.llama.memory_probe import probe  # noqa: E402  # the path is set above
from tests.models import sized  # noqa: E402  # the path is set above

_MIB = 2**20
_SMALL: Mapping[str, Any] = {"width": 256, "layers": 4, "heads": 4, "kv_heads": 2}
_MIDDLE: Mapping[str, Any] = {"width": 1024, "layers": 12, "heads": 16, "kv_heads": 4, "feed_forward": 2816}
_LARGE: Mapping[str, Any] = {"width": 2048, "layers": 8, "heads": 32, "kv_heads": 8, "feed_forward": 8192}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One model, run in one way."""

    title: str
    shape: Mapping[str, Any]
    mode: Mode = "chat"
    cells: int = 2048
    batch: int = 512
    options: Mapping[str, Any] = field(default_factory=dict)
    quick: bool = False


_MINILM: Mapping[str, Any] = {"width": 384, "layers": 6, "heads": 12, "vocabulary": 30_522}
_RANKER: Mapping[str, Any] = {"width": 768, "layers": 6, "heads": 12, "vocabulary": 30_522, "rank": True}
_PLAIN: Mapping[str, Any] = {"flash_attention": False}

CASES = (
    Case(title="chat, width 256", shape=_SMALL, quick=True),
    Case(title="the same, 8,192 cells", shape=_SMALL, cells=8192),
    Case(title="the same, no flash attention", shape=_SMALL, options=_PLAIN, quick=True),
    Case(title="the same, cache q8_0", shape=_SMALL, options={"kv_type": "q8_0"}),
    Case(title="the same, cache q4_0", shape=_SMALL, options={"kv_type": "q4_0"}),
    Case(title="chat, vocabulary 128,000", shape={**_SMALL, "vocabulary": 128_000}, quick=True),
    Case(title="chat, width 512, 24 layers", shape={**_SMALL, "width": 512, "heads": 8, "layers": 24}),
    Case(title="chat, width 1,024, f32", shape={**_MIDDLE, "storage": "f32"}),
    Case(title="the same, f16", shape=_MIDDLE),
    Case(title="the same, q8_0", shape={**_MIDDLE, "storage": "q8_0"}),
    Case(title="the same, Q4_K", shape={**_MIDDLE, "storage": "q4_k"}),
    Case(title="the same, 16 key-value heads", shape={**_MIDDLE, "kv_heads": 16}),
    Case(title="the same, no flash attention", shape=_MIDDLE, options=_PLAIN),
    Case(title="chat, width 2,048", shape={**_LARGE, "vocabulary": 32_000}, cells=1024),
    Case(title="embedding, width 384", shape=_MINILM, mode="embedding", quick=True),
    Case(title="the same, texts of 2,048", shape=_MINILM, mode="embedding", batch=2048),
    Case(title="embedding, vocabulary 250,000", shape={**_MINILM, "vocabulary": 250_000}, mode="embedding"),
    Case(title="embedding, a decoder", shape=_MIDDLE, mode="embedding", batch=1024, options={"decoder": True}),
    Case(title="rerank, width 768", shape=_RANKER, mode="rerank", batch=1024),
    Case(title="the same, no flash attention", shape=_RANKER, mode="rerank", batch=1024, options=_PLAIN),
)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="bench memory", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="the small models only")
    parser.add_argument("--write", action="store_true", help="write the section of docs/benchmarks.md")
    options = parser.parse_args()
    bandwidth = measure_bandwidth()
    rows = list(_table(bandwidth, quick=options.quick))
    print("\n".join(rows))
    if options.write:
        write_section("memory", _section("\n".join(rows), bandwidth))
    return 0


def _table(bandwidth: float | None, *, quick: bool) -> Iterator[str]:
    yield "| model | needed, MiB | resident, estimated | measured | ratio | tokens/s expected | measured |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    ratios = []
    for case in CASES:
        if quick and not case.quick:
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = build(Path(folder) / "model.gguf", case)
            row, ratio = _row(case, path, bandwidth)
        ratios.append(ratio)
        print(row, file=sys.stderr)
        yield row
    yield f"| median, least, most | | | | {statistics.median(ratios):.2f}, {min(ratios):.2f}, {max(ratios):.2f} | | |"


def build(path: Path, case: Case) -> Path:
    """Write the model of a case."""
    decoder = case.mode == "chat" or case.options.get("decoder")
    return sized.chat(path, **case.shape) if decoder else sized.encoder(path, **case.shape)


def _row(case: Case, path: Path, bandwidth: float | None) -> tuple[str, float]:
    model, chat = read_gguf(path), case.mode == "chat"
    cells = case.cells if chat else case.batch
    given = {name: value for name, value in case.options.items() if name != "decoder"}
    outputs = {"outputs": 16, "conversations": 1, "tokens": 16} if chat else {}
    found = probe(
        path, mode=case.mode, cells=cells, batch=case.batch, sequences=16, threads=look().cores, **outputs, **given
    )
    needs = memory_needs(
        model,
        mode=case.mode,
        cells=cells,
        batch=case.batch,
        sequences=16,
        kv_type=given.get("kv_type", "f16"),
        flash_attention=given.get("flash_attention", True),
        gpu_layers=0,
        instructions=look().instructions,
    )
    estimated = needs.total + needs.dropped
    ratio = estimated / found["resident"]
    speed = _expected(model, case, bandwidth) if chat else None
    speeds = f"{speed:.1f} | {found['speed']:.1f}" if speed else "|"
    sizes = f"{needs.total / _MIB:,.0f} | {estimated / _MIB:,.0f} | {found['resident'] / _MIB:,.0f} | {ratio:.2f}"
    return f"| {case.title} | {sizes} | {speeds} |", ratio


def _expected(model: GgufModel, case: Case, bandwidth: float | None) -> float | None:
    if bandwidth is None:
        return None
    read = bytes_per_token(model, context=case.cells, kv_type=case.options.get("kv_type", "f16"))
    return expected_speed(bandwidth=bandwidth, bytes_per_token=read)


def _section(table: str, bandwidth: float | None) -> str:
    read = "not measured" if bandwidth is None else f"{bandwidth / 1e9:.1f} GB/s"
    return f"""## What models take

Measured on {measured_where()}, memory read at {read}, with

    ./scripts/bench memory --write

What is needed is what `sidecar doctor` gives and what loading is refused by. What is resident is measured on a process
that has read a full prompt and answered; beside what is needed it holds pages of the file whose matrices llama.cpp has
laid out anew for the processor, which the system drops when memory is short. The speeds are of one answer at a time.

{table}
"""


if __name__ == "__main__":
    sys.exit(main())
