"""Settings: defaults < TOML file < environment < flags. The only module that reads the environment.

Every field of `Config` says in its metadata what it means; docs/reference/configuration.md is made from it.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast, get_args
from urllib.parse import urlsplit

import platformdirs

from sidecar.errors import ConfigError
from sidecar.llama.settings import KvType
from sidecar.offline.address import is_this_machine, name_of
from sidecar.vault.settings import VaultKind

APP = "sidecar"
DEFAULT_PORT = 8484
LOG_LEVELS = ("debug", "info", "warning", "error")
PHONE_ORIGINS = ("capacitor://localhost", "http://localhost")
"""The origins of Obsidian's page on iOS and on Android. On this machine a page of port 80 would have the second."""
KV_CACHE_TYPES = get_args(KvType)
# Written out: the room that it belongs to would be loaded by every command.
CallsFromNotes: TypeAlias = Literal["checked", "allowed"]
CitationStyle: TypeAlias = Literal["wikilinks", "footnotes"]
OnBattery: TypeAlias = Literal["run", "slow", "pause"]
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_KINDS = ", ".join(f"`{kind}`" for kind in get_args(VaultKind))
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


# What is only given by hand, each time: left in a file or the environment, it would be forgotten there.
_FLAG_ONLY = frozenset({"log_content"})


def _setting(default: Any, doc: str, *, env: bool = True, table: str | None = None) -> Any:
    """A field with what it means; `table` is the one of the settings file that it stands in."""
    metadata = {"doc": doc, "env": env, "table": table}
    if isinstance(default, dict):
        return field(default_factory=dict, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings, checked. Paths are absolute; the vaults are not looked at here."""

    vaults: tuple[Path, ...] = _setting(
        (), "Folders, or zip files of an export from Notion, to index and answer from; the first is the default vault."
    )
    kinds: Mapping[str, VaultKind] = _setting(
        {},
        f"What kind of vault a folder is ({_KINDS}), by its name or path, as a TOML table. Without it, the kind is"
        " recognised.",
        env=False,
    )
    host: str = _setting("127.0.0.1", "Address to listen on. Anything but loopback also needs `allow_remote`.")
    port: int = _setting(DEFAULT_PORT, "Port to listen on; 0 picks a free one.")
    data_dir: Path = _setting(  # noqa: RUF009  # a dataclass field, as all others
        None, "Folder for the index, the token and `runtime.json`. Never inside a vault."
    )
    model: str | None = _setting(
        None,
        "Chat model: path of a GGUF file, its name in `sidecar models list`, or the name of a model on an upstream."
        " Without it, answers are quotations from the notes.",
    )
    embedding_model: str = _setting(
        "builtin",
        "Embedding model: `builtin`, `none`, or a GGUF file or a model on an upstream, as for `model`.",
    )
    rerank_model: str | None = _setting(
        None,
        "Reranking model: a GGUF cross-encoder, by path or name, that reads the first hits anew; off when not set.",
    )
    upstream: str | None = _setting(None, "Base URL of an OpenAI-compatible server, such as http://127.0.0.1:11434/v1.")
    upstream_key: str | None = _setting(None, "Key for the upstream server, where it wants one.")
    context_length: int | None = _setting(
        None,
        "Context window in tokens for a GGUF chat model, and the one an Ollama is asked for; the model's own, at most"
        " 8,192, when not set.",
    )
    keep_alive: float = _setting(600.0, "Seconds without use after which a GGUF model is unloaded.")
    threads: int | None = _setting(None, "Threads for a GGUF model; one a physical core when not set.")
    gpu_layers: int | None = _setting(
        None, "Layers of a GGUF model on the graphics processor, -1 for all; as many as fit when not set."
    )
    kv_cache_type: KvType | None = _setting(  # noqa: RUF009  # a dataclass field, as all others
        None, f"Numbers of a GGUF chat model's key-value cache: one of {', '.join(KV_CACHE_TYPES)}; f16 when not set."
    )
    flash_attention: bool | None = _setting(
        None, "Flash attention for GGUF models; where the hardware has it when not set."
    )
    parallel: int | None = _setting(None, "Conversations that a GGUF chat model answers at once; up to 4 when not set.")
    force_load: bool = _setting(default=False, doc="Load GGUF models that do not fit into memory.")
    models_dir: Path | None = _setting(  # noqa: RUF009  # a dataclass field, as all others
        None, "Folder for the model files that `sidecar models pull` fetches; `models` in the data folder when not set."
    )
    offline: bool = _setting(
        default=False, doc="Reach no other machine: no upstream but one on this machine, and no fetching of models."
    )
    upstreams: Mapping[str, Mapping[str, str]] = _setting(
        {},
        "Further upstream servers by name, each a TOML table with `url` and, where it wants one, `key`. Their models"
        " are called NAME/MODEL.",
        env=False,
    )
    auth: bool = _setting(default=True, doc="Ask for the token on every route but /healthz.")
    allow_remote: bool = _setting(default=False, doc="Allow listening on an address that other machines can reach.")
    allowed_hosts: tuple[str, ...] = _setting(
        (),
        "Further names under which clients may call, such as `notes.tail1234.ts.net`; with the port, as in"
        " `192.168.1.20:8484`, unless it is 443 or 80.",
    )
    allowed_origins: tuple[str, ...] = _setting(
        ("app://obsidian.md",),
        "Origins of web pages and apps that may call: exact strings, no wildcards. With `allow_remote` Obsidian on a"
        f" phone may as well: {' and '.join(f'`{origin}`' for origin in PHONE_ORIGINS)}.",
    )
    exclude: tuple[str, ...] = _setting((), "Globs of vault paths never to read, such as `Journal/**`.")
    local_only: tuple[str, ...] = _setting(
        (), "Globs of vault paths whose notes stay on this machine: no upstream server elsewhere is sent them."
    )
    include_templates: bool = _setting(
        default=False, doc="Read the folders of templates that the settings of Obsidian and Templater name."
    )
    on_battery: OnBattery = _setting(  # noqa: RUF009  # a dataclass field, as all others
        "slow",
        "In the table `[indexing]`: what indexing does on battery. `slow` uses a quarter of one core, `pause` leaves"
        " new notes and vectors until mains power is back, `run` changes nothing. Deletions, edits and privacy marks of"
        " indexed notes are always followed.",
        table="indexing",
    )
    tool_calls_from_notes: CallsFromNotes = _setting(  # noqa: RUF009  # a dataclass field, as all others
        "checked",
        "Tool calls of answers from notes: `checked` leaves out those that only a note asks for, `allowed` none.",
    )
    citations: CitationStyle = _setting(  # noqa: RUF009  # a dataclass field, as all others
        "wikilinks",
        "How answers cite notes: `wikilinks` in their text, or `footnotes`. A request may ask for the other.",
    )
    aliases: Mapping[str, str] = _setting(
        {}, "Further model names and the model each stands for, as a TOML table.", env=False
    )
    max_body: int = _setting(4 * 2**20, "Largest request body in bytes.")
    log_level: str = _setting("info", f"One of {', '.join(LOG_LEVELS)}. No level writes note text.")
    log_content: bool = _setting(
        default=False,
        doc="Write prompts, passages and answers to `logs/content.log` for an hour. The flag `--log-content` alone sets"
        " it, never a file.",
        env=False,
    )

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins that may call: those of the settings and, for a server that other machines reach, the phones'."""
        return (*self.allowed_origins, *PHONE_ORIGINS) if self.allow_remote else self.allowed_origins

    def __post_init__(self) -> None:
        if self.host not in _LOOPBACK and not self.allow_remote:
            raise ConfigError(
                f"Listening on {self.host} would let other machines in.",
                hint="Use --host 127.0.0.1, or add --allow-remote if that is what you want.",
            )
        if not self.auth and self.allow_remote:
            raise ConfigError("--no-auth and --allow-remote do not go together.", hint="Leave one of them out.")
        if not self.auth and (elsewhere := [host for host in self.allowed_hosts if not is_this_machine(name_of(host))]):
            raise ConfigError(
                f"--no-auth does not go together with the allowed host {elsewhere[0]!r}: whoever reaches it could ask.",
                hint="Leave one of them out.",
            )
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"Port {self.port} does not exist.", hint="Use a number from 0 to 65535.")
        if self.log_level not in LOG_LEVELS:
            raise ConfigError(f"Log level {self.log_level!r} does not exist.", hint=f"Use {', '.join(LOG_LEVELS)}.")
        if self.upstream is not None:
            _check_url(self.upstream)
        for server in self.upstreams.values():
            _check_url(server["url"])
        for name, least in (("threads", 1), ("parallel", 1), ("gpu_layers", -1)):
            value = getattr(self, name)
            if value is not None and not least <= value <= 1024:
                raise ConfigError(f"The setting {name} cannot be {value}.", hint=f"Use a number from {least}.")
        if self.context_length is not None and self.context_length < 256:
            raise ConfigError("A context window under 256 tokens holds no answer.", hint="Use at least 2048.")

    def kind_of(self, vault: Path) -> VaultKind | None:
        """The kind that is set for a vault, by its path or else its folder's name; `None` when none is."""
        real = vault.resolve()
        by_path = (kind for key, kind in self.kinds.items() if _is_path(key) and Path(key).resolve() == real)
        return next(by_path, None) or self.kinds.get(vault.name)

    @property
    def token_file(self) -> Path:
        return self.data_dir / "token"

    @property
    def models_folder(self) -> Path:
        """Where fetched model files are kept."""
        return self.models_dir or self.data_dir / "models"

    @property
    def runtime_file(self) -> Path:
        return self.data_dir / "runtime.json"


def load_config(
    flags: Mapping[str, Any], *, config_file: Path | None = None, environ: Mapping[str, str] | None = None
) -> Config:
    """Put the settings together. `flags` holds only those that were given; `None` values count as not given.

    Raises ConfigError, naming the setting and where it was read.
    """
    environ = os.environ if environ is None else environ
    file = config_file or config_path(environ)
    named = config_file is not None or bool(environ.get("SIDECAR_CONFIG"))
    settings: dict[str, Any] = {"data_dir": Path(platformdirs.user_data_dir(APP, appauthor=False))}
    settings |= _from_file(file, required=named)
    settings |= _from_environment(environ)
    settings |= {name: value for name, value in flags.items() if value is not None}
    return _checked(settings)


def config_path(environ: Mapping[str, str] | None = None) -> Path:
    """Where the settings file is looked for: `SIDECAR_CONFIG`, else the platform's configuration folder."""
    environ = os.environ if environ is None else environ
    named = environ.get("SIDECAR_CONFIG")
    return Path(named) if named else Path(platformdirs.user_config_dir(APP, appauthor=False)) / "config.toml"


def with_vaults(config: Config, vaults: tuple[Path, ...]) -> Config:
    """The same settings with other vaults."""
    return replace(config, vaults=vaults)


def system_environment() -> Mapping[str, str]:
    """The environment, for the rooms that look for other programs' folders and take it as a parameter."""
    return os.environ


def _from_file(path: Path, *, required: bool) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if required:
            raise ConfigError(f"The settings file {path} does not exist.", hint="Check --config.") from None
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The settings file {path} cannot be read: {error}.") from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"The settings file {path} is not valid TOML: {error}.") from error
    table = _out_of_tables(table, path)
    known = {f.name for f in fields(Config)} - _FLAG_ONLY
    unknown = sorted(set(table) - known)
    if unknown:
        raise ConfigError(
            f"{path} has settings that do not exist: {', '.join(unknown)}.",
            hint=f"Those that do: {', '.join(sorted(known))}.",
        )
    # Relative vaults in the file are meant from the file's own folder, not from where the server was started.
    if isinstance(table.get("vaults"), list):
        table["vaults"] = [_beside(path, str(vault)) for vault in table["vaults"]]
    if isinstance(table.get("kinds"), dict):
        table["kinds"] = {_beside(path, key) if _is_path(key) else key: kind for key, kind in table["kinds"].items()}
    return table


def _out_of_tables(table: dict[str, Any], path: Path) -> dict[str, Any]:
    """The settings of a file, those that stand in tables of theirs beside the others. Raises ConfigError."""
    settings = dict(table)
    inside: dict[str, list[str]] = {}
    for f in fields(Config):
        if (name := f.metadata["table"]) is not None:
            inside.setdefault(name, []).append(f.name)
    for name, known in inside.items():
        if misplaced := sorted(set(known) & set(table)):
            raise ConfigError(f"{path} has {', '.join(misplaced)} outside a table.", hint=f"Write it under [{name}].")
        found = settings.pop(name, {})
        if not isinstance(found, dict):
            raise ConfigError(f"{path} has a setting {name} that is no table.", hint=f"Write [{name}] above its keys.")
        if unknown := sorted(set(found) - set(known)):
            raise ConfigError(
                f"{path} has settings under [{name}] that do not exist: {', '.join(unknown)}.",
                hint=f"Those that do: {', '.join(sorted(known))}.",
            )
        settings |= found
    return settings


def _beside(file: Path, path: str) -> str:
    return str(file.parent / Path(path).expanduser())


def _is_path(key: str) -> bool:
    return key.startswith("~") or "/" in key or os.sep in key


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for f in fields(Config):
        value = environ.get(f"SIDECAR_{f.name.upper()}")
        # An empty variable is one that was not set: were it a value, SIDECAR_AUTH= would open the door.
        if not value or not f.metadata["env"]:
            continue
        found[f.name] = (
            [part for part in value.split(os.pathsep if f.name == "vaults" else ",") if part.strip()]
            if (f.name in {"vaults", "allowed_hosts", "allowed_origins", "exclude", "local_only"})
            else value
        )
    return found


def _checked(settings: Mapping[str, Any]) -> Config:
    checked: dict[str, Any] = {}
    for f in fields(Config):
        if f.name not in settings:
            continue
        try:
            checked[f.name] = _CONVERT[f.name](settings[f.name])
        except (TypeError, ValueError, RuntimeError) as error:
            # RuntimeError: `~somebody` whose home is not known.
            # What holds keys is not repeated: messages end up in logs and bug reports.
            told = "as it is" if f.name in ("upstreams", "upstream_key") else repr(settings[f.name])
            raise ConfigError(f"The setting {f.name} cannot be {told}: {error}.") from error
    return Config(**checked)


def _paths(value: Any) -> tuple[Path, ...]:
    return tuple(_path(item) for item in ([value] if isinstance(value, str | Path) else value))


def _path(value: Any) -> Path:
    if not str(value) or "\0" in str(value):
        raise ValueError("a path is wanted")
    return Path(os.path.abspath(Path(value).expanduser()))  # noqa: PTH100  # Path.resolve would follow links


def _strings(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not all(isinstance(item, str) for item in value):
        raise ValueError("a list of strings is wanted")
    return tuple(item.strip() for item in value)


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError("use true or false")


def _whole(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise TypeError("a whole number is wanted")
    return int(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a string is wanted")
    return value


def _table(value: Any) -> Mapping[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(item, str) for pair in value.items() for item in pair):
        raise TypeError("a table of names is wanted")
    return dict(value)


def _upstreams(value: Any) -> Mapping[str, Mapping[str, str]]:
    if not isinstance(value, Mapping):
        raise TypeError("a table of servers is wanted")
    tables = {str(name): _table(server) for name, server in value.items()}
    for name, server in tables.items():
        if not name.strip() or "/" in name:
            raise ValueError("a server's name holds no slash")
        if set(server) - {"url", "key"} or "url" not in server:
            raise ValueError(f"the server {name} has `url` and may have `key`")
    return tables


def _kv_type(value: Any) -> KvType:
    found = next((kind for kind in KV_CACHE_TYPES if kind == _text(value).strip().lower()), None)
    if found is None:
        raise ValueError(f"use {', '.join(KV_CACHE_TYPES)}")
    return cast("KvType", found)


def _calls_from_notes(value: Any) -> CallsFromNotes:
    word = next((word for word in get_args(CallsFromNotes) if word == _text(value).strip().lower()), None)
    if word is None:
        raise ValueError(f"use {' or '.join(get_args(CallsFromNotes))}")
    return cast("CallsFromNotes", word)


def _citations(value: Any) -> CitationStyle:
    word = next((word for word in get_args(CitationStyle) if word == _text(value).strip().lower()), None)
    if word is None:
        raise ValueError(f"use {' or '.join(get_args(CitationStyle))}")
    return cast("CitationStyle", word)


def _on_battery(value: Any) -> OnBattery:
    word = next((word for word in get_args(OnBattery) if word == _text(value).strip().lower()), None)
    if word is None:
        raise ValueError(f"use {', '.join(get_args(OnBattery))}")
    return cast("OnBattery", word)


def _kinds(value: Any) -> Mapping[str, VaultKind]:
    kinds: dict[str, VaultKind] = {}
    for key, word in _table(value).items():
        kind = next((kind for kind in get_args(VaultKind) if kind == word.strip().lower()), None)
        if kind is None:
            raise ValueError(f"a kind is one of {_KINDS}")
        kinds[str(_path(key)) if _is_path(key) else key] = kind
    return kinds


_CONVERT: Mapping[str, Callable[[Any], Any]] = {
    "vaults": _paths,
    "kinds": _kinds,
    "host": _text,
    "port": _whole,
    "data_dir": _path,
    "model": _text,
    "embedding_model": _text,
    "rerank_model": _text,
    "upstream": _text,
    "upstream_key": _text,
    "context_length": _whole,
    "keep_alive": float,
    "threads": _whole,
    "gpu_layers": _whole,
    "kv_cache_type": _kv_type,
    "flash_attention": _flag,
    "parallel": _whole,
    "force_load": _flag,
    "models_dir": _path,
    "offline": _flag,
    "upstreams": _upstreams,
    "auth": _flag,
    "allow_remote": _flag,
    "allowed_hosts": _strings,
    "allowed_origins": _strings,
    "exclude": _strings,
    "local_only": _strings,
    "include_templates": _flag,
    "on_battery": _on_battery,
    "tool_calls_from_notes": _calls_from_notes,
    "citations": _citations,
    "aliases": _table,
    "max_body": _whole,
    "log_level": lambda value: _text(value).lower(),
    "log_content": _flag,
}


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigError(f"{url!r} is not a base URL.", hint="Write it like http://127.0.0.1:11434/v1.")
