"""Measures when notes are added: to questions that they answer, and not to others, small talk or housekeeping.

The sets are those of `benchmark_retrieval`. Half of a set's documents become a vault, once by turns of whole articles
and once by single paragraphs; what the other half answers, the vault does not. Told are the share of questions whose
document is among the passages that are added, of those that it was found for at all, and the share of unanswerable
questions to which nothing is added.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import platformdirs

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.benchmark_page import measured_where, write_section  # noqa: E402  # the path is set above
from scripts.benchmark_retrieval import aim_of, make_vault  # noqa: E402  # the path is set above
from sidecar.chat import relevant  # noqa: E402  # the path is set above
from sidecar.embedding.static import StaticEmbeddingModel  # noqa: E402  # the path is set above
from sidecar.evaluation.questions import read_questions  # noqa: E402  # the path is set above
from sidecar.inference.housekeeping import housekeeping_of  # noqa: E402  # the path is set above
from sidecar.language.small_talk import small_talk_in  # noqa: E402  # the path is set above
from sidecar.retrieval.query import parse_query  # noqa: E402  # the path is set above
from sidecar.retrieval.retriever import Retriever  # noqa: E402  # the path is set above
from sidecar.runtime.opening import open_vault  # noqa: E402  # the path is set above

_PASSAGES = 8
# How many documents in a row are of one article.
_IN_A_ROW = {"squad-it": 20, "faquad-pt": 10, "scifact": 1}
_USUALLY_IN_A_ROW = 5
_MESSAGES = ROOT / "tests" / "chat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question, and the notes of the vault that answer it."""

    text: str
    expected: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What came of the questions to one vault."""

    name: str
    answerable: int
    found: int
    kept: int
    passages: float
    """Of an answerable question, on average."""
    unanswerable: int
    left: int
    """Unanswerable ones to which nothing was added."""


def main() -> int:
    options = _options()
    shares = asyncio.run(_measure_all(options))
    text = "\n".join([*_table(shares), "", *_messages()])
    print(text)
    if options.write:
        write_section("abstention", _section(text, options.embedding, options.queries))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench abstention", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the sets")
    parser.add_argument("--sets", nargs="+", metavar="NAME", help="some of the sets; without it, all")
    parser.add_argument("--queries", type=int, default=300, metavar="N", help="the first N questions of each kind")
    parser.add_argument("--embedding", choices=("builtin", "none"), default="builtin")
    parser.add_argument("--cache", type=Path, default=Path(platformdirs.user_cache_dir("sidecar-bench")))
    parser.add_argument("--write", action="store_true", help="write the section of docs/benchmarks.md")
    return parser.parse_args()


async def _measure_all(options: argparse.Namespace) -> list[Share]:
    folders = [options.data / name for name in options.sets or sorted(path.name for path in options.data.iterdir())]
    rows = [(folder, row) for folder in folders for row in dict.fromkeys((_in_a_row(folder.name), 1))]
    return [await _measure(folder, row, options) for folder, row in rows]


def _in_a_row(name: str) -> int:
    return _IN_A_ROW.get(name, _USUALLY_IN_A_ROW)


async def _measure(folder: Path, row: int, options: argparse.Namespace) -> Share:
    vault = options.cache / "halves" / f"{folder.name}-{row}"
    make_vault(_half(folder, row, vault.with_name(f"{vault.name}.set")), vault)
    notes = {path.name for path in vault.glob("*.md")}
    answerable, unanswerable = _questions(folder, notes)
    async with _opened(vault, options) as retriever:
        ask = partial(_ask, retriever)
        told = [await ask(question) for question in answerable[: options.queries]]
        others = [await ask(question) for question in unanswerable[: options.queries]]
    return Share(
        name=f"{folder.name}, by {'article' if row > 1 else 'document'}",
        answerable=len(told),
        found=sum(found for found, _, _ in told),
        kept=sum(kept for _, kept, _ in told),
        passages=sum(passages for _, _, passages in told) / max(1, len(told)),
        unanswerable=len(others),
        left=sum(passages == 0 for _, _, passages in others),
    )


def _half(folder: Path, row: int, into: Path) -> Path:
    """A set of every other row of the documents."""
    into.mkdir(parents=True, exist_ok=True)
    lines = (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    half = [line for place, line in enumerate(lines) if place // row % 2 == 0]
    (into / "corpus.jsonl").write_text("".join(half), encoding="utf-8")
    return into


def _questions(folder: Path, notes: set[str]) -> tuple[list[Question], list[Question]]:
    """The questions that the vault answers, and those that it does not."""
    aims = [aim_of(question, folder.name) for question in read_questions(folder / "queries.jsonl")]
    all_of_them = [
        Question(text=aim.question.text, expected=frozenset(path for path, grade in aim.grades.items() if grade > 0))
        for aim in aims
    ]
    answerable = [question for question in all_of_them if question.expected and question.expected <= notes]
    return answerable, [question for question in all_of_them if question.expected and not question.expected & notes]


@asynccontextmanager
async def _opened(vault: Path, options: argparse.Namespace) -> AsyncIterator[Retriever]:
    embedding = StaticEmbeddingModel() if options.embedding == "builtin" else None
    opened = await open_vault(
        vault,
        name=vault.name,
        data_dir=options.cache / "indexes" / options.embedding,
        embedding=embedding,
        embedding_name=options.embedding,
        reopen_embedding=lambda _: None,
        exclude=(),
    )
    try:
        await opened.index(accept_removals=True)
        yield opened.retriever
    finally:
        await opened.aclose()
        if embedding is not None:
            await embedding.aclose()


async def _ask(retriever: Retriever, question: Question) -> tuple[bool, bool, int]:
    """Whether an expected note was found, whether it is among the passages, and how many these are."""
    query = parse_query(question.text)
    hits = await retriever.search(query, limit=_PASSAGES)
    kept = relevant(hits, query)
    found = {hit.chunk.note.path for hit in hits}, {hit.chunk.note.path for hit in kept}
    return not question.expected.isdisjoint(found[0]), not question.expected.isdisjoint(found[1]), len(kept)


def _table(shares: Sequence[Share]) -> Iterator[str]:
    yield "| half of | answerable | found | kept | passages | unanswerable | nothing added |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for each in shares:
        kept, left = _percent(each.kept, each.found), _percent(each.left, each.unanswerable)
        yield (
            f"| {each.name} | {each.answerable} | {_percent(each.found, each.answerable)} | {kept} |"
            f" {each.passages:.1f} | {each.unanswerable} | {left} |"
        )


def _messages() -> Iterator[str]:
    yield "| messages | of the kind | told | others | told wrongly |"
    yield "|---|--:|--:|--:|--:|"
    talk = [(each["talk"], small_talk_in(each["text"]) is not None) for each in _read("small_talk.jsonl")]
    wanted = [
        (each["kind"] is not None, housekeeping_of(each["messages"]) is not None)
        for each in _read("housekeeping.jsonl")
    ]
    for name, pairs in (("small talk", talk), ("clients' housekeeping", wanted)):
        right, wrong = [told for is_one, told in pairs if is_one], [told for is_one, told in pairs if not is_one]
        yield f"| {name} | {len(right)} | {_percent(sum(right), len(right))} | {len(wrong)} | {sum(wrong)} |"


def _read(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (_MESSAGES / name).read_text(encoding="utf-8").splitlines()]


def _section(tables: str, embedding: str, queries: int) -> str:
    return f"""## When notes are added

Measured on {measured_where()}, with
`./scripts/bench abstention --queries {queries} --embedding {embedding}`. Half of a set's documents are the vault;
"unanswerable" are questions that the other half answers. "kept" is the share, of the questions whose document was
found, that get it as a passage. The messages are those with which the lists were completed: decision 0038 says how many
were told at the first try.

{tables}
"""


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else ""


if __name__ == "__main__":
    sys.exit(main())
