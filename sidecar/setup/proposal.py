"""A set-up made from what is on the machine and what the user has answered so far. Pure: nothing is looked at here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sidecar.config import Config
from sidecar.errors import ConfigError
from sidecar.models.choice import BUILTIN, EXTRACTIVE
from sidecar.models.fit import BUILTIN_EMBEDDING
from sidecar.offline.address import is_this_machine
from sidecar.setup.models import ModelOption, best
from sidecar.setup.reasons import why_model, why_quotations
from sidecar.setup.survey import Survey
from sidecar.setup.vaults import SeenVault

NONE = "none"
_MOST_VAULTS = 20
"""That are proposed unasked, those used last: each is read whole, and watched from then on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What the user has said, by flags or when asked; `None` takes what is proposed. `none` is an answer as well."""

    vaults: tuple[SeenVault, ...] | None = None
    model: str | None = None
    embedding: str | None = None
    upstream: str | None = None
    port: int | None = None
    data_dir: Path | None = None
    service: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A set-up. Names are as in the settings, reasons are for the table."""

    vaults: tuple[SeenVault, ...]
    vaults_chosen: bool
    """Whether somebody named them, now or in the settings."""
    model: str | None
    upstream: str | None
    servers: Mapping[str, str]
    """Base URLs of further servers in the settings, by name."""
    chat_reason: str
    embedding: str
    embedding_reason: str
    memory: int | None
    """Bytes that the models take together; `None` where a server's are of unknown size."""
    data_dir: Path
    set_data_dir: bool
    """Whether the folder was chosen, and so belongs into the settings file."""
    port: int
    host: str
    service: bool

    @property
    def generative(self) -> bool:
        return self.model not in (None, EXTRACTIVE) or (self.model is None and self.upstream is not None)

    @property
    def sends_to(self) -> str | None:
        """The other machine that is sent passages of the notes; `None` when they stay here."""
        named = (self.servers.get(name.partition("/")[0]) for name in (self.model, self.embedding) if name)
        return next((host for url in (self.upstream, *named) if (host := _elsewhere(url))), None)

    @property
    def others(self) -> tuple[str, ...]:
        """Other machines whose models may be asked for by name, and are then sent passages."""
        return tuple(host for url in self.servers.values() if (host := _elsewhere(url)))


def _elsewhere(url: str | None) -> str | None:
    """The host of a URL that is not this machine."""
    host = urlsplit(url).hostname if url else None
    return host if host and not is_this_machine(host) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chat:
    model: str | None
    upstream: str | None
    reason: str
    memory: int | None = 0


def propose(survey: Survey, answers: Answers, current: Config, *, decided: frozenset[str] = frozenset()) -> Proposal:
    """Put a set-up together: what was answered, else what the settings file says, else what suits the machine.

    `current` are the settings so far, `decided` the names of those that the file sets. Raises ConfigError for answers
    that do not go together.
    """
    chat = _chat(survey, answers, current, decided)
    embedding, why, memory = _embedding(survey, answers, current, decided)
    upstream = chat.upstream or _server_of(embedding, survey.models)
    _refuse_two_servers(embedding, upstream, survey.models)
    model = EXTRACTIVE if upstream and chat.model is None and chat.upstream is None else chat.model
    return Proposal(
        vaults=_vaults(survey, decided) if answers.vaults is None else answers.vaults,
        vaults_chosen=answers.vaults is not None or "vaults" in decided,
        model=model,
        upstream=upstream,
        servers={name: server["url"] for name, server in current.upstreams.items()},
        chat_reason=chat.reason,
        embedding=embedding,
        embedding_reason=why,
        memory=None if chat.memory is None or memory is None else chat.memory + memory,
        data_dir=current.data_dir if answers.data_dir is None else answers.data_dir,
        set_data_dir=answers.data_dir is not None or "data_dir" in decided,
        port=survey.port if answers.port is None else answers.port,
        host=current.host,
        service=_service(survey, decided) if answers.service is None else answers.service,
    )


def _service(survey: Survey, decided: frozenset[str]) -> bool:
    """Where it can be, at the first run; later what was decided then stays."""
    return survey.service.installed if decided else survey.service.problem is None


def _vaults(survey: Survey, decided: frozenset[str]) -> tuple[SeenVault, ...]:
    """Those of the settings, which may be on a drive that is away; without any, those of Obsidian that can be read."""
    if "vaults" in decided and (named := [vault for vault in survey.vaults if vault.origin == "settings"]):
        return tuple(named)
    return tuple(vault for vault in survey.vaults if vault.problem is None)[:_MOST_VAULTS]


def _chat(survey: Survey, answers: Answers, current: Config, decided: frozenset[str]) -> _Chat:
    url = None if answers.upstream in (None, NONE) else answers.upstream
    if answers.model == NONE:
        silent = EXTRACTIVE if url else None
        return _Chat(model=silent, upstream=url, reason="as you said: quotations, and nothing is made up")
    if answers.model is not None:
        named = _named(answers.model, url, survey.models, without_server=answers.upstream == NONE)
        if named is not None:
            return named
        # Not one of those found here: a model of the server that is set, unless it is a file.
        kept = current.upstream if answers.upstream is None and not Path(answers.model).is_absolute() else None
        return _Chat(model=answers.model, upstream=url or kept, reason="as you said", memory=None)
    if url is not None:
        return _Chat(model=None, upstream=url, reason="the first model that this server lists", memory=None)
    if decided & {"model", "upstream"} and answers.upstream is None:
        memory = _of_settings(current, survey.models)
        return _Chat(model=current.model, upstream=current.upstream, reason="as in your settings", memory=memory)
    able = [each for each in survey.models if not (answers.upstream == NONE and each.upstream)]
    option = best(able)
    if option is None:
        return _Chat(model=None, upstream=None, reason=why_quotations(survey))
    return _Chat(model=option.name, upstream=option.upstream, reason=why_model(option), memory=option.memory)


def _named(name: str, url: str | None, models: Sequence[ModelOption], *, without_server: bool) -> _Chat | None:
    """A model that the user named, where it is one of those that are here."""
    found = [
        each for each in models if each.purpose == "chat" and each.name == name and (not url or each.upstream == url)
    ]
    option = next((each for each in found if not (without_server and each.upstream)), None)
    if option is None:
        return None
    told = why_model(option) if option.usable else f"as you said; it {option.problem}"
    return _Chat(model=name, upstream=option.upstream, reason=told, memory=option.memory)


def _of_settings(current: Config, models: Sequence[ModelOption]) -> int | None:
    if current.model == EXTRACTIVE:
        return 0
    found = (each for each in models if each.name == current.model and each.upstream == current.upstream)
    return next((each.memory for each in found), None)


def _embedding(
    survey: Survey, answers: Answers, current: Config, decided: frozenset[str]
) -> tuple[str, str, int | None]:
    """The embedding model, why it is that, and the bytes it takes."""
    name = answers.embedding
    if name is None and "embedding_model" in decided:
        name = current.embedding_model
    if name is None and survey.embedding_problem is not None:
        return NONE, f"search by words alone. {survey.embedding_problem}", 0
    if name in (None, BUILTIN):
        return BUILTIN, "comes with Sidecar, quick, no download", BUILTIN_EMBEDDING
    if name == NONE:
        return NONE, "search by words alone", 0
    assert name is not None
    option = next((each for each in survey.models if each.purpose == "embedding" and each.name == name), None)
    if option is None:
        return name, "as you said" if answers.embedding else "as in your settings", None
    return name, why_model(option) if option.usable else f"as you said; it {option.problem}", option.memory


def _server_of(embedding: str, models: Sequence[ModelOption]) -> str | None:
    found = (each.upstream for each in models if each.purpose == "embedding" and each.name == embedding)
    return next(found, None)


def _refuse_two_servers(embedding: str, upstream: str | None, models: Sequence[ModelOption]) -> None:
    of_embedding = _server_of(embedding, models)
    if of_embedding is not None and of_embedding != upstream:
        raise ConfigError(
            f"The chat model is to be asked at {upstream}, the embedding model at {of_embedding}.",
            hint="Choose both of one server, or write a second one under [upstreams] in config.toml.",
        )
