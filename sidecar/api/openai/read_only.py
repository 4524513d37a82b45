"""What would change a vault through OpenAI's API is refused: a vault is edited in Obsidian."""

from __future__ import annotations

from typing import NoReturn

from starlette.requests import Request
from starlette.routing import Route

from sidecar.api.errors import RefusedError


async def refuse(_request: Request) -> NoReturn:
    """Refuse to write (403, which no SDK tries again): a vault is edited in Obsidian."""
    raise RefusedError(
        "Files and vector stores cannot be changed here: they are your vault, which is edited in Obsidian.",
        status=403,
        code="vault_read_only",
        hint="What is saved in the vault is found by the next search.",
    )


def refused(path: str, *methods: str) -> Route:
    """The route of a path under which nothing can be written."""
    return Route(path, refuse, methods=list(methods))


def missing(what: str, wanted: str) -> RefusedError:
    """The error for an id that leads nowhere, in the words of OpenAI's own server."""
    return RefusedError(f"No such {what}: '{wanted[:200]}'.", status=404, code="not_found")
