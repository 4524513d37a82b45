"""Measure how often quotations answer, on sets of questions whose answers are stretches of their documents.

Each set is a folder with `corpus.jsonl` (`_id`, `title`, `text`), `queries.jsonl` (`_id`, `text` and
`metadata.answers`, the gold answers) and `qrels.tsv`. Its documents become the notes of a vault; each question is asked
as a chat is, of the model that quotes. An answer counts when it stands whole in a quotation, case, accents and
punctuation aside, and not inside a longer word or number.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.benchmark_page import measured_where, write_section  # noqa: E402  # the path is set above
from scripts.benchmark_retrieval import VARIABLE, make_vault, note_name  # noqa: E402  # the path is set above
from sidecar.chat import ChatRequest, Notes, answer, find_passages  # noqa: E402  # the path is set above
from sidecar.embedding.static import StaticEmbeddingModel  # noqa: E402  # the path is set above
from sidecar.evaluation.questions import Question, read_questions  # noqa: E402  # the path is set above
from sidecar.inference.extractive import ExtractiveModel  # noqa: E402  # the path is set above
from sidecar.language.terms import SPACELESS, fold  # noqa: E402  # the path is set above
from sidecar.runtime.opening import open_vault  # noqa: E402  # the path is set above

_SEED = 1
_BESIDE_SPACELESS = re.compile(rf"\s*([{SPACELESS}])\s*")
_SPACELESS = re.compile(f"[{SPACELESS}]")
# Inside Thai words stand marks that are no letters.
_THAI_MARKS = re.compile("[\u0e31-\u0e4e]")
_QUOTED = re.compile(r"^> (?:- (?:\[.\] )?)?(?!\|?[-| ]*$)(.+)$", re.MULTILINE)
HALVES = ("all", "tune", "held-out")


@dataclass(slots=True, kw_only=True)
class Measured:
    """What came of one set's questions."""

    name: str
    questions: int = 0
    first: int = 0
    whole: int = 0
    found: int = 0
    """Questions whose note was among the passages."""
    quoted: int = 0
    """Quotations in all."""
    seconds: list[float] = field(default_factory=list)
    """What each answer took from its passages on."""


def main() -> int:
    options = _options()
    options.cache.mkdir(parents=True, exist_ok=True)
    folders = [options.data / name for name in options.sets or _sets_in(options.data)]
    missing = [folder for folder in folders if not (folder / "corpus.jsonl").is_file()]
    if missing or not folders:
        sys.exit(f"There is no corpus.jsonl in {missing[0] if missing else options.data}.")
    try:
        with FileLock(options.cache / "lock", timeout=0):
            measured = [asyncio.run(_measure(folder, options)) for folder in folders]
    except Timeout:
        sys.exit(f"Another run uses the cache {options.cache}; name another with --cache.")
    text = "\n".join(_table(measured))
    print(text)
    if options.write:
        write_section("extractive", _section(text, options))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench extractive", description=__doc__)
    given = os.environ.get(VARIABLE)
    parser.add_argument(
        "--data",
        type=Path,
        default=given and Path(given),
        required=given is None,
        help=f"the folder of the sets, also {VARIABLE}",
    )
    parser.add_argument("--sets", nargs="+", metavar="NAME", help="some of the sets; without it, all that have answers")
    parser.add_argument("--sample", type=int, metavar="N", help="at most N questions of each set, always the same")
    parser.add_argument(
        "--half", choices=HALVES, default="all", help="those that weights were fitted on, or the others"
    )
    parser.add_argument("--cache", type=Path, default=Path(platformdirs.user_cache_dir("sidecar-bench")) / "extractive")
    parser.add_argument("--write", action="store_true", help="write the section of docs/benchmarks.md")
    return parser.parse_args()


def _sets_in(data: Path) -> list[str]:
    return sorted(file.parent.name for file in data.glob("*/queries.jsonl") if any(answers_of(file).values()))


def answers_of(path: Path) -> dict[str, list[str]]:
    """The gold answers of the questions in a file, by the question's text."""
    found: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip():
            record = json.loads(line)
            found.setdefault(" ".join(record["text"].split()), []).extend(record.get("metadata", {}).get("answers", ()))
    return found


def chosen(questions: Sequence[Question], *, sample: int | None, half: str) -> list[Question]:
    """A fixed sample of the questions, then every other of it: `tune` the first, third and so on."""
    kept = list(questions)
    if sample is not None and sample < len(kept):
        kept = random.Random(_SEED).sample(kept, sample)
    return kept if half == "all" else kept[0 if half == "tune" else 1 :: 2]


async def _measure(folder: Path, options: argparse.Namespace) -> Measured:
    vault = options.cache / "vaults" / folder.name
    make_vault(folder, vault)
    answers = answers_of(folder / "queries.jsonl")
    embedding = StaticEmbeddingModel()
    opened = await open_vault(
        vault,
        name=vault.name,
        data_dir=options.cache / "indexes",
        embedding=embedding,
        embedding_name="builtin",
        reopen_embedding=lambda _: None,
        exclude=(),
        rerank=None,
    )
    measured = Measured(name=folder.name)
    try:
        await opened.index(accept_removals=True)
        for question in chosen(read_questions(folder / "queries.jsonl"), sample=options.sample, half=options.half):
            await _ask(question, answers.get(" ".join(question.text.split()), []), opened, measured)
    finally:
        await opened.aclose()
        await embedding.aclose()
    print(f"{folder.name}: {measured.questions} questions asked", file=sys.stderr, flush=True)
    return measured


async def _ask(question: Question, answers: Sequence[str], notes: Notes, measured: Measured) -> None:
    request = ChatRequest(messages=[{"role": "user", "content": question.text}])
    passages = await find_passages(request, notes)
    wanted = {note_name(document) for document in question.expected}
    request = ChatRequest(messages=request.messages, passages=passages)
    begun = time.perf_counter()
    text = "".join([delta.content async for delta in answer(request, model=ExtractiveModel(), notes=notes)])
    measured.seconds.append(time.perf_counter() - begun)
    quoted = quotations(text)
    measured.questions += 1
    measured.quoted += len(quoted)
    measured.first += bool(quoted) and contains(quoted[0], answers)
    measured.whole += any(contains(each, answers) for each in quoted)
    measured.found += any(passage.path in wanted for passage in passages)


def quotations(answer_text: str) -> list[str]:
    """What an answer quotes, a list item or sentence each, in the order shown."""
    return _QUOTED.findall(answer_text)


def contains(text: str, answers: Sequence[str]) -> bool:
    """Whether one of the answers stands in a text as whole words."""
    flat = _flat(text)
    return any(_stands(found, flat) for each in answers if (found := _flat(each)))


def _stands(found: str, flat: str) -> bool:
    start = flat.find(found)
    while start >= 0:
        end = start + len(found)
        if _parted(flat[start - 1 : start], found[0]) and _parted(found[-1], flat[end : end + 1]):
            return True
        start = flat.find(found, start + 1)
    return False


def _parted(left: str, right: str) -> bool:
    return not (left.isalnum() and right.isalnum()) or bool(_SPACELESS.match(left) or _SPACELESS.match(right))


def _flat(text: str) -> str:
    plain = "".join(char if char.isalnum() or _THAI_MARKS.match(char) else " " for char in fold(text))
    return " ".join(_BESIDE_SPACELESS.sub(r"\1", plain).split())


def _table(measured: Sequence[Measured]) -> Iterator[str]:
    yield "| set | questions | first quotation | whole extract | note among the passages | quotations | ms an answer |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for each in measured:
        count = max(each.questions, 1)
        shares = " | ".join(f"{100 * part / count:.1f}" for part in (each.first, each.whole, each.found))
        took = 1000 * statistics.median(each.seconds or [0.0])
        yield f"| {each.name} | {each.questions} | {shares} | {each.quoted / count:.1f} | {took:.1f} |"


def _section(table: str, options: argparse.Namespace) -> str:
    sample = f" --sample {options.sample}" if options.sample else ""
    return f"""## Extractive answers

Measured on {measured_where()}, with `./scripts/bench extractive --half {options.half}{sample}`:
how many of 100 questions have a gold answer in the first sentence quoted, and in all that is quoted (at most five
sentences); how many
have their note among the passages at all, though another note may have the answer too; median time of an answer, from
its passages on, prompt and citations included, on a shared machine. Each document is a note of its own. The weights
were fitted on the half called `tune`, every other question, of squad-it on 400; `held-out` is the rest.

{table}
"""


if __name__ == "__main__":
    sys.exit(main())
