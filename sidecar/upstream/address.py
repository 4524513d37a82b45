"""Where an upstream server is: its base URL made regular, its key checked, and whether it is on this machine."""

from __future__ import annotations

import httpx2

from sidecar.errors import ConfigError
from sidecar.offline.address import is_this_machine

_ENDPOINTS = ("/chat/completions", "/completions", "/embeddings", "/models", "/responses")
# Ports that nothing else is known to use; on the others, only the answers tell.
_USUAL_NAMES = {11434: "Ollama", 1234: "LM Studio"}
_EXAMPLE = "Example: http://127.0.0.1:11434/v1"


def normalised(base_url: str) -> tuple[httpx2.URL, bool]:
    """Give the server's root, without `/v1` or an endpoint's path, and whether the URL had `/v1`.

    Raises ConfigError.
    """
    text = base_url.strip()
    try:
        url = httpx2.URL(text if "://" in text else f"http://{text}")
    except httpx2.InvalidURL as exc:
        raise ConfigError(f"'{text}' is not a URL: {exc}", hint=_EXAMPLE) from exc
    if url.scheme not in ("http", "https") or not url.host or len(text.split()) != 1:
        raise ConfigError(f"'{text}' is not an http URL.", hint=_EXAMPLE)
    if url.port is not None and not 0 < url.port < 2**16:
        raise ConfigError(f"'{text}' names port {url.port}, which does not exist.", hint=_EXAMPLE)
    if url.query or url.fragment:
        raise ConfigError(f"The upstream's URL has a query or fragment: '{text}'.", hint="Give the base URL alone.")
    if url.host in ("0.0.0.0", "::"):  # noqa: S104  # what Ollama prints as its own address; Windows cannot connect to it
        url = url.copy_with(host="127.0.0.1")
    path = url.path.rstrip("/")
    for endpoint in _ENDPOINTS:
        path = path.removesuffix(endpoint).rstrip("/")
    root = path.removesuffix("/v1")
    return url.copy_with(path=root or "/"), root != path


def host_and_port(base_url: str) -> tuple[str, int] | None:
    """Where a server's URL leads; `None` for a URL that leads nowhere."""
    try:
        url, _ = normalised(base_url)
    except ConfigError:
        return None
    return url.host, url.port or (443 if url.scheme == "https" else 80)


def checked_key(api_key: str | None) -> str:
    """Give the key without blanks around it, empty for none. Raises ConfigError."""
    key = (api_key or "").strip()
    if not (key.isascii() and key.isprintable()):
        raise ConfigError("The upstream's API key holds characters that a key cannot hold.", hint="Copy it again.")
    return key


def usual_name(host: str, port: int | None) -> str | None:
    """What a server on this machine is likely to be, before it has answered; `None` where that is anybody's guess."""
    return _USUAL_NAMES.get(port or 0) if is_this_machine(host) else None
