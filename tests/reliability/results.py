"""Which of the reliability tests run, and what they found, for the page that shows it.

`nightly` tests take minutes: they run with `--nightly` alone, and are deselected, not skipped, without it. With
`--results FILE` each test of a promise adds its outcome and what it measured (`record_property`) to that JSON file;
what other tests left there stays.
"""

from __future__ import annotations

import datetime as dt
import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sidecar import __version__

PROMISES = range(1, 17)
NIGHTLY = " (nightly)"
"""What follows the name of a test whose nightly cases are meant."""
_TEST = "the test whose case this is"
"""A property of each case, which also comes with the reports of other processes that run tests."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("reliability")
    group.addoption("--nightly", action="store_true", help="also run the tests that take minutes")
    group.addoption("--results", type=Path, metavar="FILE", help="keep what the tests of promises found in this file")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "promise(number): attacks the promise of that number in promises.toml")
    config.addinivalue_line("markers", "nightly: takes minutes and runs with --nightly alone")
    # Of the processes that run tests side by side, the first one has all reports.
    if (file := config.getoption("--results")) is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Results(file))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        for mark in item.iter_markers("promise"):
            if mark.args[0] not in PROMISES:
                raise pytest.UsageError(f"{item.nodeid}: there is no promise {mark.args[0]!r}")
        if item.get_closest_marker("promise") is not None:
            # The nightly cases of a test are kept apart: a quick run is not to replace what a long one found.
            kind = NIGHTLY if item.get_closest_marker("nightly") else ""
            item.user_properties.append((_TEST, item.nodeid.partition("[")[0] + kind))
    if config.getoption("--nightly"):
        return
    later = [item for item in items if item.get_closest_marker("nightly") is not None]
    if later:
        config.hook.pytest_deselected(items=later)
        items[:] = [item for item in items if item.get_closest_marker("nightly") is None]


class _Results:
    """Gathers what the tests of promises found, by test and not by case; writes it once, at the end."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._cases: dict[str, dict[str, pytest.TestReport]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if (test := dict(report.user_properties).get(_TEST)) is None:
            return
        cases = self._cases.setdefault(str(test), {})
        before = cases.get(report.nodeid)
        # Of set-up, call and tear-down, the one that did not pass tells; else the call.
        if before is None or before.passed:
            cases[report.nodeid] = report if not report.passed or report.when == "call" or before is None else before

    def pytest_sessionfinish(self) -> None:
        kept = json.loads(self._file.read_text(encoding="utf-8")) if self._file.is_file() else {}
        about = {
            "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
            "version": __version__,
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
        }
        for test, cases in self._cases.items():
            kept[test] = {**_found(list(cases.values())), **about}
        text = json.dumps(dict(sorted(kept.items())), ensure_ascii=False, indent=1) + "\n"
        self._file.write_text(text, encoding="utf-8")


def _found(reports: Sequence[pytest.TestReport]) -> dict[str, Any]:
    """What the cases of one test came to: how many passed, and the least and most of what each measured."""
    found: dict[str, Any] = {
        outcome: sum(report.outcome == outcome for report in reports) for outcome in ("passed", "failed", "skipped")
    }
    reasons = {str(report.longrepr[2]) for report in reports if report.skipped and isinstance(report.longrepr, tuple)}
    measured: dict[str, list[Any]] = {}
    for report in reports:
        for name, value in report.user_properties:
            if name == _TEST:
                continue
            values = measured.setdefault(name, [])
            if value not in values:
                values.append(value)
    return {
        **found,
        "seconds": round(sum(report.duration for report in reports), 1),
        "measured": {name: _range(values) for name, values in sorted(measured.items())},
        **({"reasons": sorted(reasons)} if reasons else {}),
    }


def _range(values: Sequence[Any]) -> Any:
    if len(values) == 1:
        return values[0]
    numbers = [value for value in values if isinstance(value, int | float)]
    return [min(numbers), max(numbers)] if len(numbers) == len(values) else sorted(map(str, values))
