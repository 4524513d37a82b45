"""The doctor's look at what keeps the notes private: the offline lock, the key, who may call, what goes elsewhere."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sidecar.config import Config
from sidecar.logs.content import FILE
from sidecar.logs.file import FOLDER
from sidecar.offline.address import is_looked_up, is_this_machine
from sidecar.offline.system import missing_walls
from sidecar.runtime.datafolder import read_runtime_file
from sidecar.runtime.doctor_checks import Check, check
from sidecar.runtime.doctor_reach import examine_reach, reach_checks
from sidecar.upstream.address import host_and_port

_WALLS = {
    "landlock": "without Landlock, native code is not kept from connecting elsewhere",
    "seccomp": "without seccomp, native code is not kept from datagrams, such as looking up a name",
}
_OBSIDIAN = "app://obsidian.md"
_CONTENT = f"{FOLDER}/{FILE}"


def examine_security(config: Config, *, status: Mapping[str, Any] | None, url: str | None, lock: str) -> dict[str, Any]:
    """Give the facts: those of the running server at `url` where there is one, else of the settings and of this
    process, whose lock is `lock`.
    """
    running = (read_runtime_file(config) or {}) if url is not None else None
    told = status if url is not None and status is not None else {}
    facts = {
        "offline_lock": told.get("offline_lock", lock),
        "of_server": url is not None,
        "missing": missing_walls(),
        "auth": config.auth if running is None else running.get("token_file") is not None,
        "host": config.host if url is None else urlsplit(url).hostname,
        "port": config.port if url is None else urlsplit(url).port,
        "allow_remote": config.allow_remote,
        "allowed_hosts": list(config.allowed_hosts),
        "allowed_origins": list(config.origins),
        "offline": config.offline,
        "elsewhere": _elsewhere(config, told),
        "tool_calls_from_notes": config.tool_calls_from_notes,
        "content_logged": (config.data_dir / _CONTENT).exists(),
        "mode": rights_of(config.data_dir),
        "token_mode": rights_of(config.token_file),
    }
    facts |= examine_reach(config)
    return facts | {"checks": [*_lock(facts), *_door(facts), *_rights(facts), *_going_out(facts), *_kept(facts)]}


def rights_of(path: Path) -> str | None:
    """The rights in octal, `None` where there is no such file or rights are not kept so."""
    try:
        return f"{stat.S_IMODE(path.stat().st_mode):04o}" if os.name == "posix" else None
    except OSError:
        return None


def _elsewhere(config: Config, told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The servers on other machines, and whether the name of the embedding model means one there."""
    servers = (
        {server["name"]: str(server["url"]) for server in told["upstreams"]} if "upstreams" in told else _set(config)
    )
    found = []
    for name, url in servers.items():
        place = host_and_port(url)
        if place is not None and not is_this_machine(place[0]):
            encrypted = url.lower().startswith("https:")
            facts = {"name": name, "url": url, "by_name": is_looked_up(place[0]), "encrypted": encrypted}
            found.append(facts | {"embeds": _embeds(config, name, servers), "local_only": list(config.local_only)})
    return found


def _set(config: Config) -> dict[str, str]:
    default = {} if config.upstream is None else {"default": config.upstream}
    return default | {name: server["url"] for name, server in config.upstreams.items()}


def _embeds(config: Config, name: str, servers: Iterable[str]) -> bool:
    """Whether the name of the embedding model leads to this server: by its own name, or as the default one."""
    model = config.embedding_model
    named = model.partition("/")[0]
    is_file = model in ("builtin", "none") or model.lower().endswith(".gguf")
    return named == name or (name == "default" and not is_file and named not in servers)


def _lock(facts: Mapping[str, Any]) -> Iterator[Check]:
    lock, missing = facts["offline_lock"].split("+"), facts["missing"]
    if "audit-hook" not in lock:
        text = "no offline lock is on: Sidecar runs within another program"
        yield check("warning", text, "Run `sidecar serve` as a program of its own.")
    elif facts["of_server"]:
        yield check("ok", f"offline lock of the server: {', '.join(lock)}")
    else:
        more = [wall for wall in _WALLS if wall not in missing]
        added = f"; `sidecar serve` adds {' and '.join(more)}" if more else ""
        yield check("ok", f"offline lock of this command: {', '.join(lock)}{added}")
    for wall, lacking in _WALLS.items():
        if wall in missing:
            yield check("note", f"{lacking}: {missing[wall]}")
        elif facts["of_server"] and wall not in lock and "audit-hook" in lock:
            text = f"{lacking}: this system has it, but the server runs without it"
            yield check("warning", text, "Start the server again.")


def _door(facts: Mapping[str, Any]) -> Iterator[Check]:
    if facts["auth"]:
        yield check("ok", "a key is asked for")
    else:
        text = "no key is asked for: every program and every user of this machine can read the notes"
        yield check("warning", text, "Start without `--no-auth`, and take `auth = false` out of the settings.")
    yield from reach_checks(facts)
    yield from _callers(facts)


def _callers(facts: Mapping[str, Any]) -> Iterator[Check]:
    wide = {origin: why for origin in facts["allowed_origins"] if (why := _wide(origin)) is not None}
    for origin, why in wide.items():
        yield check("warning", f"`allowed_origins` has {origin}: {why}", "Name the exact origin that is meant.")
    others = [origin for origin in facts["allowed_origins"] if origin != _OBSIDIAN and origin not in wide]
    if others:
        yield check("note", f"pages of {', '.join(others)} may use the server; they need the key as well")


def _wide(origin: str) -> str | None:
    """Why an origin stands for more than is likely meant; `None` for one that does not."""
    if origin == "null":
        return "every local file and every sandboxed page has that origin"
    if "*" in origin:
        return "there are no wildcards, so it allows nothing"
    place = urlsplit(origin)
    if place.scheme == "http" and not is_this_machine(place.hostname or ""):
        return "such a page comes unencrypted, so whoever is on the way can write it"
    return None


def _rights(facts: Mapping[str, Any]) -> Iterator[Check]:
    known = {"the data folder": facts["mode"], "the file `token`": facts["token_mode"]}
    open_to_others = [f"{what} has the rights {mode}" for what, mode in known.items() if mode and int(mode, 8) & 0o077]
    if open_to_others:
        text = f"other users of this machine may look into it: {' and '.join(open_to_others)}"
        yield check("warning", text, "The next start of `sidecar serve` sets them right.")
    elif facts["mode"] is not None:
        yield check("ok", "only you can look into the data folder and the key")


def _going_out(facts: Mapping[str, Any]) -> Iterator[Check]:
    if not facts["elsewhere"]:
        yield check("ok", "no server on another machine is set: nothing is sent to one")
    for server in facts["elsewhere"]:
        yield from _one_server(server)


def _one_server(server: Mapping[str, Any]) -> Iterator[Check]:
    where = f"{server['name']} ({server['url']})"
    kept = server["local_only"]
    hint = None if kept else "`local_only` names folders whose notes stay on this machine."
    but = f", but for those of {', '.join(kept)}" if kept else ""
    text = (
        f"questions, conversations and passages of notes{but} are sent to {where}, on another machine, when its models"
    )
    yield check("note", f"{text} answer", hint)
    if server["embeds"]:
        yield check("note", f"the text of all notes{but} is sent to {where} for the embedding", hint)
    if not server["encrypted"]:
        text = f"what is sent to {where} is not encrypted, its key included"
        yield check("warning", text, "Use https:// there, or a tunnel that ends on this machine.")
    if server["by_name"]:
        yield check("note", f"the name of {server['name']} is looked up, so the offline lock lets names be looked up")


def _kept(facts: Mapping[str, Any]) -> Iterator[Check]:
    if facts["tool_calls_from_notes"] == "allowed":
        text = "`tool_calls_from_notes` is `allowed`: what stands in a note can make a client call its tools"
        yield check("warning", text, "Take it out of the settings; `checked` is the default.")
    if facts["content_logged"]:
        text = (
            f"prompts, passages of notes and answers stand in {_CONTENT}: the server was started with `--log-content`"
        )
        yield check("warning", text, "Delete the file when it has served; the next start of the server does so too.")
