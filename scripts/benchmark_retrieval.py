"""Measure how well and how fast questions find their documents, on sets in the format of BEIR.

Each set is a folder with `corpus.jsonl` (`_id`, `title`, `text`), `queries.jsonl` (`_id`, `text`) and `qrels.tsv`. Its
documents become the notes of a vault, which the real indexer reads and the real retriever searches. Vaults, indexes and
the vectors of a slow embedding are kept in a cache folder, so that the next run only asks. A set whose name ends in a
language (`squad-it`) is in that language; questions of others are recognised.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shutil
import sys
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import platformdirs
from filelock import FileLock, Timeout

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.benchmark_page import measured_where, write_section  # noqa: E402  # the path is set above
from scripts.kept_vectors import KeptVectors  # noqa: E402  # the path is set above
from scripts.minilm_gguf import minilm  # noqa: E402  # the path is set above
from sidecar.embedding.llama import LlamaEmbeddingModel  # noqa: E402  # the path is set above
from sidecar.embedding.model import EmbeddingModel  # noqa: E402  # the path is set above
from sidecar.embedding.static import StaticEmbeddingModel  # noqa: E402  # the path is set above
from sidecar.evaluation.questions import Question, read_questions  # noqa: E402  # the path is set above
from sidecar.evaluation.run import (  # noqa: E402  # the path is set above
    Asked,
    Figures,
    Variant,
    ablate,
    ask_all,
    by_language,
    figures,
    variants,
)
from sidecar.evaluation.targets import Aim, Target  # noqa: E402  # the path is set above
from sidecar.llama.process import ProcessOptions  # noqa: E402  # the path is set above
from sidecar.llama.tuning import Wishes  # noqa: E402  # the path is set above
from sidecar.rerank.llama import LlamaRerankModel  # noqa: E402  # the path is set above
from sidecar.runtime.opening import open_vault  # noqa: E402  # the path is set above
from sidecar.runtime.vaults import OpenVault  # noqa: E402  # the path is set above

VARIABLE = "SIDECAR_RETRIEVAL_DATA"
_LANGUAGE = re.compile(r"-([a-z]{2})$")
_ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One set measured: what came of its questions with all lanes, and with others."""

    name: str
    notes: int
    asked: tuple[Asked, ...]
    variants: tuple[Variant, ...]


def main() -> int:
    options = _options()
    options.cache.mkdir(parents=True, exist_ok=True)
    folders = [options.data / name for name in options.sets or _sets_in(options.data)]
    missing = [folder for folder in folders if not (folder / "corpus.jsonl").is_file()]
    if missing or not folders:
        sys.exit(f"There is no corpus.jsonl in {missing[0] if missing else options.data}.")
    try:
        with FileLock(options.cache / "lock", timeout=0):
            measured = asyncio.run(_measure_all(folders, options))
    except Timeout:
        sys.exit(f"Another run uses the cache {options.cache}; name another with --cache.")
    text = "\n".join(_tables(measured))
    print(text)
    if options.write:
        write_section("retrieval", _section(text, options.embedding))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench retrieval", description=__doc__)
    given = os.environ.get(VARIABLE)
    parser.add_argument(
        "--data",
        type=Path,
        default=given and Path(given),
        required=given is None,
        help=f"the folder of the sets, also {VARIABLE}",
    )
    parser.add_argument("--sets", nargs="+", metavar="NAME", help="some of the sets; without it, all")
    parser.add_argument("--queries", type=int, metavar="N", help="the first N questions of each set")
    parser.add_argument("--embedding", choices=("builtin", "none", "minilm"), default="builtin")
    parser.add_argument("--threads", type=int, help="threads of minilm; one is faster where other work is under way")
    parser.add_argument("--rerank", type=Path, metavar="GGUF", help="a reranking model; without it nothing is reranked")
    parser.add_argument("--ablation", action="store_true", help="ask again with each lane left out")
    parser.add_argument("--cache", type=Path, default=Path(platformdirs.user_cache_dir("sidecar-bench")))
    parser.add_argument("--fresh", action="store_true", help="drop the vaults and indexes in the cache")
    parser.add_argument("--write", action="store_true", help="write the section of docs/benchmarks.md")
    return parser.parse_args()


def _sets_in(data: Path) -> list[str]:
    return sorted(file.parent.name for file in data.glob("*/corpus.jsonl"))


async def _measure_all(folders: Sequence[Path], options: argparse.Namespace) -> list[Measured]:
    measured = []
    for folder in folders:
        async with _embedding(options) as embedding:
            measured.append(await _measure(folder, embedding, options))
    return measured


@asynccontextmanager
async def _embedding(options: argparse.Namespace) -> AsyncIterator[EmbeddingModel | None]:
    if options.embedding == "none":
        yield None
        return
    model: EmbeddingModel = StaticEmbeddingModel()
    if options.embedding == "minilm":
        run = ProcessOptions(wishes=Wishes(threads=options.threads))
        slow = LlamaEmbeddingModel(minilm(options.cache / "minilm"), options=run)
        model = KeptVectors(slow, options.cache / "vectors")
    try:
        yield model
    finally:
        await model.aclose()


async def _measure(folder: Path, embedding: EmbeddingModel | None, options: argparse.Namespace) -> Measured:
    vault, data_dir = options.cache / "vaults" / folder.name, options.cache / "indexes" / options.embedding
    if options.fresh:
        shutil.rmtree(vault, ignore_errors=True)
        for index in (data_dir / "vaults").glob(f"{folder.name}-*"):
            shutil.rmtree(index)
    notes = make_vault(folder, vault)
    aims = [aim_of(question, folder.name) for question in read_questions(folder / "queries.jsonl")][: options.queries]
    async with _opened(vault, data_dir, embedding, options) as opened:
        begun = time.perf_counter()
        await opened.index(accept_removals=True)
        _say(f"{folder.name}: {notes} notes indexed in {time.perf_counter() - begun:.1f} s, asking {len(aims)}")
        tried = variants(vectors=embedding is not None)
        if not options.ablation:
            tried = {name: lanes for name, lanes in tried.items() if name.endswith("alone")}
        asked = await ask_all(aims, opened.retriever)
        found = await ablate(asked, opened.retriever, tried)
    shares = [f"{_ALL} {_percent(figures(asked).ndcg)}", *(f"{v.name} {_percent(v.figures.ndcg)}" for v in found)]
    _say(f"{folder.name}: nDCG@10 {', '.join(shares)}")
    return Measured(name=folder.name, notes=notes, asked=tuple(asked), variants=tuple(found))


@asynccontextmanager
async def _opened(
    vault: Path, data_dir: Path, embedding: EmbeddingModel | None, options: argparse.Namespace
) -> AsyncIterator[OpenVault]:
    rerank = LlamaRerankModel(options.rerank) if options.rerank else None
    opened = await open_vault(
        vault,
        name=vault.name,
        data_dir=data_dir,
        embedding=embedding,
        embedding_name=options.embedding,
        reopen_embedding=lambda _: None,
        exclude=(),
        rerank=rerank,
    )
    try:
        yield opened
    finally:
        await opened.aclose()
        if rerank is not None:
            await rerank.aclose()


def make_vault(folder: Path, vault: Path) -> int:
    """Make a note of each document where there is none yet, and say how many there are."""
    marker = vault.with_name(f".{vault.name}.made")
    if marker.is_file():
        return int(marker.read_text(encoding="utf-8"))
    shutil.rmtree(vault, ignore_errors=True)
    vault.mkdir(parents=True)
    count = 0
    for document in _records(folder / "corpus.jsonl"):
        title = " ".join((document.get("title") or "").split())
        heading = f"# {title}\n\n" if title else ""
        (vault / note_name(document["_id"])).write_text(f"{heading}{document['text']}\n", encoding="utf-8")
        count += 1
    marker.write_text(str(count), encoding="utf-8")
    return count


def note_name(document: str) -> str:
    """The file of a document: its id, with what a file's name cannot hold escaped."""
    return f"{quote(document, safe=' ')}.md"


def aim_of(question: Question, name: str) -> Aim:
    """What a question of the set called `name` should find."""
    language = _LANGUAGE.search(name)
    grades = {note_name(document): grade for document, grade in question.expected.items()}
    return Aim(
        question=replace(question, language=language[1]) if language else question,
        targets=tuple(Target(path=path) for path in grades),
        grades=grades,
    )


def _records(path: Path) -> Iterator[Mapping[str, str]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def _tables(measured: Sequence[Measured]) -> Iterator[str]:
    yield "| set | notes | questions | search | nDCG@10 | Recall@10 | MRR@10 | p50 ms | p95 ms |"
    yield "|---|--:|--:|---|--:|--:|--:|--:|--:|"
    for each in measured:
        whole = figures(each.asked)
        alone = [(v.name, v.figures) for v in each.variants if v.name.endswith("alone")]
        for name, found in [*alone, (_ALL, whole)]:
            yield f"| {each.name} | {each.notes} | {found.questions} | {name} | {_cells(found)} |"
    yield from ("", "| language | questions | nDCG@10 | Recall@10 | MRR@10 | p50 ms | p95 ms |")
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for language, found in by_language(asked for each in measured for asked in each.asked).items():
        yield f"| {language} | {found.questions} | {_cells(found)} |"
    yield from _ablation(measured)


def _ablation(measured: Sequence[Measured]) -> Iterator[str]:
    """nDCG@10 of each variant, a column a set, and what it has more or less than all lanes in the mean of the sets."""
    names = [variant.name for variant in measured[0].variants] if measured else []
    if all(name.endswith("alone") for name in names):
        return
    whole = {each.name: figures(each.asked).ndcg for each in measured}
    yield from ("", f"| nDCG@10 | {' | '.join(whole)} | mean | change | better | worse |")
    yield f"|---|{'--:|' * (len(whole) + 4)}"
    yield f"| {_ALL} | {' | '.join(map(_percent, whole.values()))} | {_percent(_mean(whole.values()))} | | | |"
    for number, name in enumerate(names):
        column = [each.variants[number] for each in measured]
        found = [variant.figures.ndcg for variant in column]
        change = f"{100 * (_mean(found) - _mean(whole.values())):+.1f}"
        counts = f"{sum(v.better for v in column)} | {sum(v.worse for v in column)}"
        yield f"| {name} | {' | '.join(map(_percent, found))} | {_percent(_mean(found))} | {change} | {counts} |"


def _section(tables: str, embedding: str) -> str:
    return f"""## Retrieval

Measured on {measured_where()}, with `./scripts/bench retrieval --embedding {embedding}`. Each document is a note of its
own. "better" and "worse" count the questions whose nDCG differs from that with all lanes. Times are of a whole search
in the process, the embedding of the question included, on a shared machine.

{tables}
"""


def _cells(found: Figures) -> str:
    shares = (found.ndcg, found.recall, found.mrr)
    return " | ".join([*map(_percent, shares), f"{found.p50_ms:.1f}", f"{found.p95_ms:.1f}"])


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _mean(values: Iterable[float]) -> float:
    values = list(values)
    return sum(values) / len(values)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
