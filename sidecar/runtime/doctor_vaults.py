"""The doctor's look at one vault: its settings, its files on the disk, and what the index knows of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sidecar.config import Config
from sidecar.runtime.doctor_checks import Check, check, size
from sidecar.runtime.opening import index_folder
from sidecar.runtime.presence import readable
from sidecar.runtime.status_words import CLOSED, counted
from sidecar.vault.archive import is_archive
from sidecar.vault.exclusions import Exclusions
from sidecar.vault.files import recognise_kind, scan
from sidecar.vault.settings import VaultSettings, load_vault_settings

_EXAMPLES = 3
_MAX_RULES = 8
_KIND_NAMES = {
    "obsidian": "Obsidian vault",
    "logseq": "Logseq graph",
    "notion": "export from Notion",
    "folder": "folder of Markdown files",
}


def examine_vault(config: Config, path: Path, told: Mapping[str, Any] | None, *, running: bool) -> dict[str, Any]:
    """Look at a vault and give the facts. `told` is its status, `None` when no runtime or server has it."""
    name = told["name"] if told else path.name
    problem = readable(path)
    if problem is not None:
        checks = [check("error", problem.message, problem.hint), *_kept(told)]
        return {"name": name, "path": str(path), "readable": False, "checks": checks}
    recognised = "notion" if is_archive(path) else recognise_kind(path)
    kind = config.kind_of(path) or recognised
    place = _place(config, path)
    settings = load_vault_settings(place, kind)
    facts: dict[str, Any] = {
        "name": name,
        "path": str(path),
        "readable": True,
        "kind": kind,
        "recognised": recognised,
        "kind_set": config.kind_of(path) is not None,
        "settings": _settings(config, settings),
        "on_disk": None,
        "scan_problems": [],
        "index_bytes": _index_bytes(config, path),
        "status": told,
    }
    if place.is_dir():
        found = scan(place, Exclusions())
        facts |= {"on_disk": len(found.files) + len(found.excluded), "scan_problems": list(found.problems)}
    return facts | {"checks": list(_vault_checks(facts, settings, running=running))}


def _kept(told: Mapping[str, Any] | None) -> Iterator[Check]:
    """What is left of a vault that cannot be read."""
    if told is None:
        return
    if told.get("phase") == CLOSED:
        yield check("note", "nothing of it can be searched; it is opened as soon as it is there")
    else:
        notes = counted(told["indexed"], "note")
        yield check("note", f"its index is kept and answers: {notes}; it is read again as soon as it is there")


def _place(config: Config, path: Path) -> Path:
    """The folder that a vault's files are read from: for an archive, the one that it is unpacked into."""
    return index_folder(config.data_dir, path) / "unpacked" if is_archive(path) else path


def _settings(config: Config, settings: VaultSettings) -> dict[str, Any]:
    return {
        "excluded_files": [*settings.user_ignore_filters, *settings.hidden],
        "globs": list(config.exclude),
        "templates_folders": list(settings.templates_folders),
        "include_templates": config.include_templates,
        "daily_folder": settings.daily_folder,
        "daily_format": settings.daily_format,
        "attachment_folder": settings.attachment_folder,
    }


def _index_bytes(config: Config, path: Path) -> int:
    total = 0
    for file in index_folder(config.data_dir, path).glob("*.db*"):
        try:
            total += file.stat().st_size
        except OSError:
            continue
    return total


def _vault_checks(facts: Mapping[str, Any], settings: VaultSettings, *, running: bool) -> Iterator[Check]:
    how = "as set in `kinds`" if facts["kind_set"] else "recognised"
    yield check("ok", f"{_KIND_NAMES[facts['kind']]}, {how}")
    if facts["kind"] != facts["recognised"]:
        yield check("note", f"without the setting it would be taken for: {_KIND_NAMES[facts['recognised']]}")
    yield from (check("note", text) for text in _found_settings(facts["settings"]))
    yield from (check("warning", text) for text in _unique(settings.problems, facts["scan_problems"]))
    status = facts["status"]
    if status is not None and status.get("phase") == CLOSED:
        yield from (check("error", text) for text in status["problems"])
        return
    if status is None:
        hint = "Start `sidecar serve` with it, or run `sidecar index`."
        yield check("warning", "the running server does not have it" if running else "not indexed yet", hint)
        return
    yield from _file_checks(facts["on_disk"], status, running=running)
    yield from _note_checks(status)
    embedding = status["embedding"]["model"]
    yield check("ok", f"index: {counted(status['chunks'], 'piece')}, {size(facts['index_bytes'])} on disk")
    yield check("ok", f"embedding: {embedding}") if embedding else check("note", "search by words alone")
    known = {*settings.problems, *facts["scan_problems"]}
    yield from (check("warning", text) for text in status["problems"] if text not in known)


def _found_settings(settings: Mapping[str, Any]) -> Iterator[str]:
    if settings["excluded_files"]:
        yield f"excluded by its own settings: {_listed(settings['excluded_files'])}"
    if settings["globs"]:
        yield f"excluded by `exclude`: {_listed(settings['globs'])}"
    if settings["templates_folders"]:
        read = "read, as `include_templates` says" if settings["include_templates"] else "not read"
        yield f"templates: {_listed(settings['templates_folders'])} ({read})"
    where = f"in {settings['daily_folder']}" if settings["daily_folder"] else "anywhere"
    yield f"daily notes: {where}, named {settings['daily_format']}"


def _file_checks(on_disk: int | None, status: Mapping[str, Any], *, running: bool) -> Iterator[Check]:
    counts = [f"{status[key]:,} {key}" for key in ("indexed", "excluded", "failed", "pending") if status[key]]
    behind = on_disk is not None and on_disk != status["files"]
    if on_disk is not None and behind:
        hint = "It is being read just now." if running else "`sidecar index` brings the index up to date."
        yield check("warning", f"{counted(on_disk, 'file')} on disk, but the index knows {status['files']:,}", hint)
    if not status["files"]:
        yield check("note", "no notes yet" if on_disk == 0 else "nothing is indexed yet")
    else:
        yield check("note" if behind else "ok", f"{counted(status['files'], 'file')}: {', '.join(counts)}")
    rules = list(status.get("excluded_by_rule", {}).items())
    for rule, count in rules[:_MAX_RULES]:
        yield check("note", f"{count:,} excluded by {rule}")
    if len(rules) > _MAX_RULES:
        yield check("note", f"and {len(rules) - _MAX_RULES} more rules: `sidecar status --excluded` lists them")
    if status["failed"]:
        yield check(
            "warning", f"{counted(status['failed'], 'file')} could not be read", "`sidecar status --failed` lists them."
        )


def _note_checks(status: Mapping[str, Any]) -> Iterator[Check]:
    for code, count in status.get("problems_by_code", {}).items():
        examples = [note["path"] for note in status.get("problem_notes", ()) if _has(note, code)][:_EXAMPLES]
        such_as = f", such as {', '.join(examples)}" if examples else ""
        yield check("warning", f"{code}: {counted(count, 'note')}{such_as}", "`sidecar status --problems` lists them.")
    if links := status.get("links"):
        yield check("note", f"links: {links['resolved']:,} lead somewhere, {links['unresolved']:,} to no file")


def _has(note: Mapping[str, Any], code: str) -> bool:
    return any(problem["code"] == code for problem in note["problems"])


def _listed(words: Sequence[str]) -> str:
    more = f" and {len(words) - 5} more" if len(words) > 5 else ""
    return ", ".join(words[:5]) + more


def _unique(*texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for each in texts for text in each))
