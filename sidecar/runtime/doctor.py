"""The doctor: looks at the data folder and the vaults, compares the disk with the ledger, and says what to do.

It says nothing of what it does not look at: whether a model or an upstream server answers is not asked here. Facts
come as plain JSON objects; each section carries its checks, in the order in which they are to be read.
"""

from __future__ import annotations

import os
import platform
import shutil
import stat
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

from sidecar import __version__
from sidecar.config import Config
from sidecar.errors import ConfigError, SidecarError, VaultError
from sidecar.notes.formats import pdf_available
from sidecar.runtime.ledger import counted
from sidecar.runtime.opening import index_folder
from sidecar.vault.archive import is_archive
from sidecar.vault.exclusions import Exclusions
from sidecar.vault.files import check_vault, recognise_kind, scan
from sidecar.vault.settings import VaultSettings, load_vault_settings

Level: TypeAlias = Literal["ok", "note", "warning", "error"]
Check: TypeAlias = dict[str, Any]

_LITTLE_SPACE = 500 * 2**20
_EXAMPLES = 3
_MAX_RULES = 8
_KIND_NAMES = {
    "obsidian": "Obsidian vault",
    "logseq": "Logseq graph",
    "notion": "export from Notion",
    "folder": "folder of Markdown files",
}


def readable(path: Path) -> VaultError | None:
    """Say why a vault cannot be read; `None` when it can, as a folder or an archive."""
    try:
        if not is_archive(path):
            check_vault(path)
        elif not zipfile.is_zipfile(path):
            return VaultError(f"The archive {path} is damaged or no zip file.", hint="Export it from Notion again.")
    except VaultError as error:
        return error
    return None


def examine(
    config: Config, *, status: Mapping[str, Any] | None, url: str | None = None, problem: SidecarError | None = None
) -> dict[str, Any]:
    """Look at everything and give the facts. `status` is that of the runtime or server, `None` when there is none.

    `url` is the running server's; `problem` is what kept the index from being opened.
    """
    told = {Path(vault["path"]): vault for vault in (status or {}).get("vaults", ())}
    paths = dict.fromkeys([*(path.resolve() for path in config.vaults), *told])
    return {
        "version": __version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.release()} ({platform.machine()})",
        "url": url,
        "checks": list(_program(status, url=url, problem=problem)),
        "data_folder": _data_folder(config),
        "vaults": [_vault(config, path, told.get(path), running=url is not None) for path in paths],
    }


def indexed_before(config: Config) -> tuple[Path, ...]:
    """The vaults that can be read and have an index: those that may be opened without making anything new."""
    paths = [path.resolve() for path in config.vaults if readable(path) is None]
    return tuple(path for path in paths if index_folder(config.data_dir, path).is_dir())


def failed(facts: Mapping[str, Any]) -> bool:
    """Whether a vault cannot be read or there is none: what a script has to know."""
    return not facts["vaults"] or any(not vault["readable"] for vault in facts["vaults"])


def _check(level: Level, text: str, hint: str | None = None) -> Check:
    return {"level": level, "text": text, "hint": hint}


def _program(status: Mapping[str, Any] | None, *, url: str | None, problem: SidecarError | None) -> Iterator[Check]:
    yield _check("ok", f"running at {url}") if url else _check("note", "not running")
    missing = pdf_available()
    yield _check("ok", "PDFs can be read") if missing is None else _check("note", missing)
    if isinstance(problem, ConfigError):
        yield _check("error", problem.message, problem.hint)
    elif problem is not None:
        yield _check("warning", f"the index was not looked into: {problem.message}", problem.hint)
    for model in (status or {}).get("models", ()):
        if model["kind"] == "rerank":
            yield _check("ok", f"reranking: {model['id']}")
    for notice in (status or {}).get("notices", ()):
        yield _check("warning", notice)


def _data_folder(config: Config) -> dict[str, Any]:
    folder = config.data_dir
    exists = folder.is_dir()
    nearest = next((above for above in (folder, *folder.parents) if above.is_dir()), folder)
    try:
        free = shutil.disk_usage(nearest).free
    except OSError:
        free = None
    facts = {
        "path": str(folder),
        "exists": exists,
        "free_bytes": free,
        "mode": _mode(folder) if exists else None,
        "token_mode": _mode(config.token_file),
    }
    return facts | {"checks": list(_data_folder_checks(facts))}


def _mode(path: Path) -> str | None:
    """The rights in octal, `None` where there is no such file or rights are not kept so."""
    try:
        return f"{stat.S_IMODE(path.stat().st_mode):04o}" if os.name == "posix" else None
    except OSError:
        return None


def _data_folder_checks(facts: Mapping[str, Any]) -> Iterator[Check]:
    if not facts["exists"]:
        yield _check("note", "not there yet; it is made at the first start")
    open_to_others = [
        f"{what} has the rights {mode}"
        for what, mode in (("the folder", facts["mode"]), ("the file `token`", facts["token_mode"]))
        if mode is not None and int(mode, 8) & 0o077
    ]
    if open_to_others:
        text = f"other users of this machine may look into it: {' and '.join(open_to_others)}"
        yield _check("warning", text, "The next start of `sidecar serve` sets them right.")
    elif facts["mode"] is not None:
        yield _check("ok", "only you can look into it")
    if facts["free_bytes"] is not None:
        little = facts["free_bytes"] < _LITTLE_SPACE
        hint = "Make room, or name another folder with `--data-dir`." if little else None
        yield _check("warning" if little else "ok", f"{size(facts['free_bytes'])} free", hint)


def _place(config: Config, path: Path) -> Path:
    """The folder that a vault's files are read from: for an archive, the one that it is unpacked into."""
    return index_folder(config.data_dir, path) / "unpacked" if is_archive(path) else path


def _vault(config: Config, path: Path, told: Mapping[str, Any] | None, *, running: bool) -> dict[str, Any]:
    name = told["name"] if told else path.name
    problem = readable(path)
    if problem is not None:
        checks = [_check("error", problem.message, problem.hint)]
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
    yield _check("ok", f"{_KIND_NAMES[facts['kind']]}, {how}")
    if facts["kind"] != facts["recognised"]:
        yield _check("note", f"without the setting it would be taken for: {_KIND_NAMES[facts['recognised']]}")
    yield from (_check("note", text) for text in _found_settings(facts["settings"]))
    yield from (_check("warning", text) for text in _unique(settings.problems, facts["scan_problems"]))
    status = facts["status"]
    if status is None:
        hint = "Start `sidecar serve` with it, or run `sidecar index`."
        yield _check("warning", "the running server does not have it" if running else "not indexed yet", hint)
        return
    yield from _file_checks(facts["on_disk"], status, running=running)
    yield from _note_checks(status)
    embedding = status["embedding"]["model"]
    yield _check("ok", f"index: {counted(status['chunks'], 'piece')}, {size(facts['index_bytes'])} on disk")
    yield _check("ok", f"embedding: {embedding}") if embedding else _check("note", "search by words alone")
    known = {*settings.problems, *facts["scan_problems"]}
    yield from (_check("warning", text) for text in status["problems"] if text not in known)


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
        yield _check("warning", f"{counted(on_disk, 'file')} on disk, but the index knows {status['files']:,}", hint)
    if not status["files"]:
        yield _check("note", "no notes yet" if on_disk == 0 else "nothing is indexed yet")
    else:
        yield _check("note" if behind else "ok", f"{counted(status['files'], 'file')}: {', '.join(counts)}")
    rules = list(status.get("excluded_by_rule", {}).items())
    for rule, count in rules[:_MAX_RULES]:
        yield _check("note", f"{count:,} excluded by {rule}")
    if len(rules) > _MAX_RULES:
        yield _check("note", f"and {len(rules) - _MAX_RULES} more rules: `sidecar status --excluded` lists them")
    if status["failed"]:
        yield _check(
            "warning", f"{counted(status['failed'], 'file')} could not be read", "`sidecar status --failed` lists them."
        )


def _note_checks(status: Mapping[str, Any]) -> Iterator[Check]:
    for code, count in status.get("problems_by_code", {}).items():
        examples = [note["path"] for note in status.get("problem_notes", ()) if _has(note, code)][:_EXAMPLES]
        such_as = f", such as {', '.join(examples)}" if examples else ""
        yield _check("warning", f"{code}: {counted(count, 'note')}{such_as}", "`sidecar status --problems` lists them.")
    if links := status.get("links"):
        yield _check("note", f"links: {links['resolved']:,} lead somewhere, {links['unresolved']:,} to no file")


def _has(note: Mapping[str, Any], code: str) -> bool:
    return any(problem["code"] == code for problem in note["problems"])


def _listed(words: Sequence[str]) -> str:
    more = f" and {len(words) - 5} more" if len(words) > 5 else ""
    return ", ".join(words[:5]) + more


def _unique(*texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for each in texts for text in each))


def size(count: int) -> str:
    """A number of bytes as people say it, in powers of 1024."""
    amount = float(count)
    for unit in ("bytes", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"
