"""The ledger as it is told: how many files each rule excludes, which problems notes have, and the files themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from typing import Any

from sidecar.index.graph import Unresolved
from sidecar.index.store import LedgerEntry
from sidecar.notes.note import Problem
from sidecar.vault.rules import explain_rule, find_file


def ledger_facts(entries: Iterable[LedgerEntry], *, lists: Container[str] = ()) -> dict[str, Any]:
    """Count files by rule and notes by problem, the most frequent first, as JSON.

    Keys: `excluded_by_rule`, `problems_by_code` (notes that have the problem, not its occurrences); with `lists`
    (`LEDGER_LISTS`) also `excluded_files` (`path`, `rule`), `failed_files` (`path`, `reason`) and `problem_notes`
    (`path`, `problems`), each by path.
    """
    known = sorted(entries, key=lambda entry: entry.path)
    excluded = [(entry.path, entry.reason or "") for entry in known if entry.status == "excluded"]
    troubled = [entry for entry in known if entry.problems]
    facts: dict[str, Any] = {
        "excluded_by_rule": _counted(rule for _, rule in excluded),
        "problems_by_code": _counted(code for entry in troubled for code in {p.code for p in entry.problems}),
    }
    if "excluded" in lists:
        facts["excluded_files"] = [{"path": path, "rule": rule} for path, rule in excluded]
    if "failed" in lists:
        facts["failed_files"] = [{"path": e.path, "reason": e.reason} for e in known if e.status == "failed"]
    if "problems" in lists:
        facts["problem_notes"] = [{"path": e.path, "problems": problems_of(e.problems)} for e in troubled]
    return facts


def unresolved_facts(links: Iterable[Unresolved]) -> dict[str, Any]:
    """What links name and nothing has, what most notes name first, as JSON: `target` and `sources`, paths of notes."""
    return {"unresolved_links": [{"target": each.target, "sources": list(each.sources)} for each in links]}


def why_facts(ledger: Mapping[str, LedgerEntry], typed: str) -> dict[str, Any]:
    """Say what became of the file that somebody typed: `path`, `status`, `reason`, `explanation`, `problems`, `local`
    (the rule by which it stays on this machine).

    What means no file or several has the status `unknown` and `candidates`, the paths that may have been meant.
    """
    found = find_file(typed, ledger)
    entry = ledger.get(found.path or "")
    if entry is None:
        several = "it may mean several files" if found.candidates else "no such file in the vault, or not seen yet"
        return _answer(typed, status="unknown", reason=several) | {"candidates": list(found.candidates)}
    explanation = explain_rule(entry.reason) if entry.status == "excluded" and entry.reason else None
    answer = _answer(entry.path, status=entry.status, reason=entry.reason, explanation=explanation)
    return answer | {"problems": problems_of(entry.problems)} | local_facts(entry.local)


def local_facts(rule: str | None) -> dict[str, Any]:
    """What `why` says of a note that stays on this machine; nothing for one that may be sent away."""
    if rule is None:
        return {}
    kind, _, glob = rule.partition(": ")
    by = f"the setting `local_only`, which has `{glob}`" if kind == "local_only" else f"`{rule}` in the note"
    told = f"It stays on this machine, by {by}: it is searched and quoted here, and sent to no server elsewhere."
    return {"local": rule, "explanation": told}


def problems_of(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """A note's problems as JSON."""
    return [{"code": p.code, "message": p.message, "line": p.line} for p in problems]


def _answer(path: str, *, status: str, reason: str | None, explanation: str | None = None) -> dict[str, Any]:
    return {
        "path": path,
        "status": status,
        "reason": reason,
        "explanation": explanation,
        "candidates": [],
        "problems": [],
        "local": None,
    }


def _counted(words: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(words).items(), key=lambda pair: (-pair[1], pair[0])))
