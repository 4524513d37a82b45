"""Measure what checking an answer's citations adds to its stream: the time for each delta.

    ./scripts/bench citations [--write]

One answer is long and ordinary, with citations and quotations from eight passages; the others are hostile, a megabyte
of one sign each. Every delta is as long as a token.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.benchmark_page import measured_where, write_section  # noqa: E402  # the path is set above
from sidecar.citations import CitationChecker  # noqa: E402  # the path is set above
from sidecar.prompt import Passage  # noqa: E402  # the path is set above

TITLE = "Checking citations"
_PASSAGES = 8
_PASSAGE = 2_000
_TOKENS = 2_000
_TOKEN = 4
_HOSTILE = 2**20
_SIGNS = ("[", '"', "![", "<", ">", "`", "> ", '"a ', "[[a", "](", "&", "https://", "a.b.", "“word ", "1. ", "(B")


def words(seed: int) -> str:
    """Sentences of made words, as long as a passage."""
    chosen = random.Random(seed)
    vocabulary = ["".join(chosen.choices("abcdefghilmnoprstuv", k=chosen.randint(2, 9))) for _ in range(200)]
    text = ""
    while len(text) < _PASSAGE:
        text += " ".join(chosen.choices(vocabulary, k=chosen.randint(6, 16))).capitalize() + ". "
    return text[:_PASSAGE]


def passages() -> list[Passage]:
    """Passages of as many notes."""
    return [
        Passage(
            path=f"Notes/Note {number}.md",
            link=f"Note {number}#Heading {number}",
            title=f"Note {number}",
            heading_path=(f"Heading {number}",),
            date=None,
            text=words(number),
            start_line=1,
            end_line=1,
            block_ids=(),
            score=0.5,
        )
        for number in range(_PASSAGES)
    ]


def long_answer(given: list[Passage]) -> str:
    """Sentences, each with a citation; every other one quotes, of which some nearly and some not at all."""
    chosen = random.Random(7)
    text = ""
    while len(text) < _TOKENS * _TOKEN:
        passage = chosen.choice(given)
        said = chosen.choice(passage.text.split(". ")[1:-1])
        kind = chosen.randrange(4)
        if kind == 1:
            said = f'"{said}"'
        elif kind == 2:
            said = f"“{said.replace('a', 'e', 1)} again”"
        elif kind == 3:
            said = f"> {' '.join(reversed(said.split()))}\n"
        text += f"{said} [[{passage.link}]] and `code` at https://example.org/{len(text)}. \n\n"
    return text


def deltas(text: str) -> Iterator[str]:
    """Cut a text into pieces of a token's length."""
    for start in range(0, len(text), _TOKEN):
        yield text[start : start + _TOKEN]


def measured(text: str, given: list[Passage]) -> list[float]:
    """Milliseconds of processor time for each delta, the end of the answer as the last."""
    checker = CitationChecker(given, vault="vault", known_text=["What is it?"])
    took: list[float] = []
    for delta in [*deltas(text), None]:
        begun = time.thread_time()
        if delta is None:
            checker.finish(credit=True)
        else:
            checker.feed(delta)
        took.append(1_000 * (time.thread_time() - begun))
    return took


def row(name: str, took: list[float]) -> str:
    """One line of the table."""
    ordered = sorted(took)
    p99 = ordered[int(0.99 * (len(ordered) - 1))]
    return f"| {name} | {len(took):,} | {statistics.fmean(took):.3f} | {p99:.3f} | {ordered[-1]:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=_HOSTILE, help="characters of a hostile answer")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    given = passages()
    rows = [row("2,000 tokens, cited and quoted", measured(long_answer(given), given))]
    for sign in _SIGNS:
        rows.append(row(f"`{sign}` again and again", measured(sign * (options.size // len(sign)), given)))
        print(rows[-1], file=sys.stderr)
    head = ["| Answer | Deltas | mean ms | p99 ms | longest ms |", "|--|--|--|--|--|"]
    table = "\n".join([*head, *rows])
    print(table)
    if options.write:
        write_section(TITLE, f"{measured_where()}\n\n{table}\n")


if __name__ == "__main__":
    main()
