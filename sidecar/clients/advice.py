"""What went wrong in a client's request, in its user's words, and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sidecar.clients.facts import Facts

Level: TypeAlias = Literal["ok", "note", "warning", "error"]
_LONGEST = 400
_BY_STATUS = {401: "invalid_api_key", 403: "origin_not_allowed", 404: "model_not_found", 421: "host_not_allowed"}
"""What an error of Ollama's shape means, which has no code."""
_SLOW = (
    "A model that is loaded for the first time may need this long: try again. `sidecar models fit` says what this"
    " machine can do; `sidecar status` whether it still reads notes."
)
_ENDS_ALL = frozenset({"invalid_api_key", "host_not_allowed", "unreachable"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a request failed. `final`: the requests that follow would fail alike."""

    text: str
    hint: str | None = None
    final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one step of a check went. `seconds` is how long it took, `None` where nothing was sent."""

    does: str
    level: Level
    text: str
    hint: str | None = None
    seconds: float | None = None


def refused(status: int, body: bytes, facts: Facts, *, origin: str | None, embeds: bool) -> Problem:
    """Explain an answer whose status is not 200."""
    code, message = _error(body, status)
    if code is None:
        # Sidecar explains every refusal in JSON.
        return Problem(
            text=f"something else than Sidecar answered at {facts.root_url} ({status})",
            hint="`sidecar status` names the server's address.",
            final=True,
        )
    text, hint = _known(code, message, facts, origin=origin, embeds=embeds)
    return Problem(text=f"{status}: {text}", hint=hint, final=code in _ENDS_ALL)


def no_sidecar(facts: Facts) -> Problem:
    """Explain that there is no server of ours; who else may listen there was not asked."""
    return Problem(
        text=f"no Sidecar with this data folder answers at {facts.root_url}",
        hint="Start it with `sidecar serve`. If it runs with another data folder, name that with --data-dir.",
        final=True,
    )


def unreachable(facts: Facts) -> Problem:
    """Explain that nobody listens."""
    return Problem(
        text=f"nothing answers at {facts.root_url}",
        hint="Start the server with `sidecar serve`, or look at its port with `sidecar status`.",
        final=True,
    )


def too_slow(seconds: float) -> Problem:
    """Explain that no answer came in time."""
    return Problem(text=f"no answer within {seconds:g} s", hint=_SLOW)


def later_than_waited(text: str, *, seconds: float, within: float) -> Problem:
    """Explain that an answer came, but not before the client had given up."""
    return Problem(text=f"{text}, but after {seconds:.0f} s, and this client waits {within:.0f} s", hint=_SLOW)


def broken(error: Exception, facts: Facts) -> Problem:
    """Explain a connection that was made and then failed."""
    return Problem(
        text=f"the connection to {facts.root_url} broke ({type(error).__name__})",
        hint="Does another program use that port? `sidecar status` names the server's address.",
        final=True,
    )


def unreadable_origin(origin: str, allowed: Sequence[str]) -> Problem:
    """Explain that the answer lacks what a browser wants to see."""
    return Problem(text=f"the answer may not be read from {origin} (CORS)", hint=_allow(origin, allowed), final=True)


def needs_no_auth() -> Problem:
    """Explain why a request was not sent: its client would send no key, and the server wants one."""
    return Problem(
        text="not tested: this client sends no key here",
        hint="Only a server started with `--no-auth` answers it, and then every program on this machine may ask.",
    )


def no_embeddings() -> Problem:
    """Explain that the server searches by words alone."""
    return Problem(
        text="the server has no embedding model",
        hint='Set `embedding_model = "builtin"` in config.toml, or start it without `--embedding-model none`.',
    )


def no_writer() -> Problem:
    """Explain that there is no model that writes."""
    return Problem(
        text="the server answers in quotations only, and this client needs a model that writes",
        hint="Add one: `sidecar models recommend`, then `sidecar serve --model NAME`.",
    )


def _known(code: str | None, message: str, facts: Facts, *, origin: str | None, embeds: bool) -> tuple[str, str | None]:
    if code == "invalid_api_key":
        return (
            "the key is not this server's",
            "Copy it anew: `sidecar token show`.",
        )
    if code == "origin_not_allowed":
        return f"the server does not let {origin or 'this page'} in", _allow(origin or "ORIGIN", facts.origins)
    if code == "host_not_allowed":
        host = facts.values["host"]
        return (
            f"the server does not answer under the name {host}",
            f'Use the address that `sidecar serve` prints, or put `allowed_hosts = ["{host}"]` into config.toml.',
        )
    if code == "model_not_found":
        kind = "an embedding model" if embeds else "one"
        return message, f"Choose a model that the server has, with --model, or add {kind}: `sidecar models list`."
    return message or "the server refused the request", "`sidecar doctor` looks for the cause."


def _allow(origin: str, allowed: Sequence[str]) -> str:
    line = f"allowed_origins = {json.dumps([*dict.fromkeys((*allowed, origin))], ensure_ascii=False)}"
    return f"Put `{line}` into config.toml (`sidecar config path` names the file) and restart the server."


def _error(body: bytes, status: int) -> tuple[str | None, str]:
    """Code and message of an error: OpenAI's shape, or Ollama's, which has a message alone; `None` for no such."""
    try:
        error: Any = json.loads(body)["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None, ""
    if isinstance(error, str):
        return _BY_STATUS.get(status, "other"), error[:_LONGEST]
    if not isinstance(error, dict):
        return None, ""
    return str(error.get("code") or "other"), str(error.get("message", ""))[:_LONGEST]
