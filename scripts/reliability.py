"""The page docs/reference/reliability.md: each promise, its figure, the tests that attack it and what they last found.

The promises are in tests/reliability/promises.toml, the tests are found by their marks without importing them, and what
they last found is in tests/reliability/results.json, where `scripts/nightly` and `pytest --results` leave it.
"""

from __future__ import annotations

import ast
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
PROMISES = TESTS / "reliability" / "promises.toml"
RESULTS = TESTS / "reliability" / "results.json"
NIGHTLY = " (nightly)"
"""What follows the name of a test whose nightly cases are meant, as in tests/reliability/results.py."""
INTRODUCTION = """\
# Reliability

What Sidecar promises, the figure that shows each promise kept, the tests that attack a running server over a real
socket, and what they found when they last ran. [Privacy and threats](../explanation/privacy-and-threat-model.md) says
what the promises mean and what is out of scope.

Quick tests run with every `./scripts/test`, nightly ones with `./scripts/nightly`, which takes an hour or two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseTest:
    """A test function, by its node id, that carries the mark of a promise."""

    node: str
    sentence: str
    nightly: bool
    promises: frozenset[int]


def reliability_page() -> Iterator[str]:
    """The page, line by line."""
    promises: list[dict[str, Any]] = tomllib.loads(PROMISES.read_text(encoding="utf-8"))["promise"]
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    tests = sorted(find_tests(), key=lambda test: (test.nightly, test.node))
    yield from INTRODUCTION.splitlines()
    yield from ("", "| # | Promise | Tests | Last result |", "|--:|--|--:|--|")
    for each in promises:
        own = [test for test in tests if each["number"] in test.promises]
        yield f"| {each['number']} | [{each['promise']}](#{each['number']}) | {len(own)} | {_verdict(own, results)} |"
    for each in promises:
        own = [test for test in tests if each["number"] in test.promises]
        yield from ("", f'<a id="{each["number"]}"></a>', "", f"## {each['number']}. {each['promise']}", "")
        yield f"Figure: {each['figure']}."
        yield from ("", "| Test | Runs | Last result | Measured |", "|--|--|--|--|")
        for test in own:
            yield _row(test, results.get(test.node))


def find_tests() -> Iterator[PromiseTest]:
    """Every test function under tests/ that is marked with a promise, itself or by its module."""
    for path in sorted(TESTS.rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        module = _module_marks(tree)
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not node.name.startswith("test_"):
                continue
            marks = [*module, *map(_mark, node.decorator_list)]
            promises = frozenset(number for name, number in marks if name == "promise" and number is not None)
            for nightly in _runs(node, marks) if promises else ():
                yield PromiseTest(
                    node=f"{path.relative_to(ROOT).as_posix()}::{node.name}{NIGHTLY if nightly else ''}",
                    sentence=node.name.removeprefix("test_").replace("_", " "),
                    nightly=nightly,
                    promises=promises,
                )


def _runs(node: ast.FunctionDef | ast.AsyncFunctionDef, marks: Sequence[tuple[str, int | None]]) -> list[bool]:
    """Whether the test has quick cases (`False`) and nightly ones (`True`): single cases may be marked as such."""
    if any(name == "nightly" for name, _ in marks):
        return [True]
    params = [inner for mark in node.decorator_list for inner in ast.walk(mark) if _is_param(inner)]
    nightly = [each for each in params if "pytest.mark.nightly" in ast.unparse(each)]
    return [False, True] if nightly else [False]


def _is_param(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.param"


def _module_marks(tree: ast.Module) -> list[tuple[str, int | None]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets):
            values = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
            return [_mark(value) for value in values]
    return []


def _mark(node: ast.expr) -> tuple[str, int | None]:
    """Name and first argument of `pytest.mark.name(argument)`; an empty name for anything else."""
    call = node if isinstance(node, ast.Call) else None
    function = call.func if call else node
    if not (isinstance(function, ast.Attribute) and ast.unparse(function.value) == "pytest.mark"):
        return "", None
    first = call.args[0] if call and call.args else None
    number = first.value if isinstance(first, ast.Constant) and isinstance(first.value, int) else None
    return function.attr, number


def _verdict(tests: Sequence[PromiseTest], results: Mapping[str, Any]) -> str:
    if not tests:
        return "**no test**"
    found = [results.get(test.node) for test in tests]
    failed = sum(bool(each and each["failed"]) for each in found)
    passed = sum(bool(each and not each["failed"] and each["passed"]) for each in found)
    rest = len(found) - failed - passed
    parts = [f"**{failed} failed**" if failed else "", f"{passed} passed", f"{rest} not run" if rest else ""]
    return ", ".join(part for part in parts if part)


def _row(test: PromiseTest, found: Mapping[str, Any] | None) -> str:
    file = test.node.partition("::")[0]
    name = f"[{test.sentence}](../../{file})"
    return f"| {name} | {'nightly' if test.nightly else 'quick'} | {_outcome(found)} | {_measured(found)} |"


def _outcome(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "not run yet"
    counts = [(found[kind], kind) for kind in ("passed", "failed", "skipped") if found[kind]]
    several = sum(count for count, _ in counts) > 1
    text = ", ".join(f"{count} {kind}" if several else kind for count, kind in counts)
    reasons = f" ({'; '.join(found['reasons'])})" if found.get("reasons") else ""
    return f"{text}{reasons}, {found['date']}, {found['system']}"


def _measured(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    return "; ".join(f"{name.replace('_', ' ')}: {_value(value)}" for name, value in found["measured"].items())


def _value(value: Any) -> str:
    if isinstance(value, list):
        numbers = all(isinstance(each, int | float) for each in value)
        return " to ".join(map(_value, value)) if numbers else ", ".join(map(_value, value))
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.4g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|")
