"""Which hub is asked, with which token: what the Hugging Face libraries' own variables and token file say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sidecar.errors import ConfigError
from sidecar.models.places import hugging_face_home

HUB = "https://huggingface.co"
_TOKEN = re.compile(r"[!-~]{1,1000}")
_TRUE = frozenset({"1", "true", "yes", "on"})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSettings:
    """`endpoint` is without a slash at its end; `token` is never shown."""

    endpoint: str = HUB
    token: str | None = field(default=None, repr=False)


def hub_settings(*, environ: Mapping[str, str], home: Path) -> HubSettings:
    """Read `HF_ENDPOINT`, and the token from `HF_TOKEN` or the file that `hf auth login` writes.

    A token is left out where it would go over plain HTTP to another machine, and where
    `HF_HUB_DISABLE_IMPLICIT_TOKEN` asks for that. Raises ConfigError for an endpoint that is no web address, and in
    the libraries' own offline mode. Source: huggingface_hub/constants.py, utils/_auth.py.
    """
    if _is_true(environ.get("HF_HUB_OFFLINE")):
        raise ConfigError("HF_HUB_OFFLINE is set, so nothing is fetched.", hint="Unset it to fetch models.")
    endpoint = (environ.get("HF_ENDPOINT") or HUB).strip().rstrip("/")
    try:
        parts = urlsplit(endpoint)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigError(f"HF_ENDPOINT {endpoint!r} is not a web address.", hint=f"Usually it is {HUB}, or not set.")
    safe = parts.scheme == "https" or parts.hostname in _LOOPBACK
    wanted = safe and not _is_true(environ.get("HF_HUB_DISABLE_IMPLICIT_TOKEN"))
    return HubSettings(endpoint=endpoint, token=_token(environ, home) if wanted else None)


def origin_of(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port of an address; two addresses with the same are of the same server."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return "", None, None
    return parts.scheme, parts.hostname, port


def _token(environ: Mapping[str, str], home: Path) -> str | None:
    token = (environ.get("HF_TOKEN") or environ.get("HUGGING_FACE_HUB_TOKEN") or "").strip()
    if not token:
        named = environ.get("HF_TOKEN_PATH")
        file = Path(named) if named else hugging_face_home(home, environ) / "token"
        try:
            token = file.read_text(encoding="utf-8")[:2000].strip()
        except (OSError, ValueError):
            return None
    # What is no token would be refused by the HTTP client with a message that shows it.
    return token if _TOKEN.fullmatch(token) else None


def _is_true(value: str | None) -> bool:
    return (value or "").strip().lower() in _TRUE
