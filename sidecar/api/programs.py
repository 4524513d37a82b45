"""What a client calls itself: the family of its User-Agent."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sidecar.api.cors import Headers

OTHER = "other"
"""What says nothing of itself that could be told."""
_NAME_LENGTH = 32
_READ = 400
"""Characters of a User-Agent that are looked at."""
_PRODUCT = re.compile(r"[A-Za-z0-9._-]+")
_FAMILIES: Sequence[tuple[str, str]] = (
    # What stands first counts: Obsidian is Electron, which is Chrome, which says that it is Safari.
    ("obsidian/", "Obsidian"),
    ("openai/python", "OpenAI (Python)"),
    ("asyncopenai/python", "OpenAI (Python)"),
    ("openai/js", "OpenAI (JavaScript)"),
    ("openwebui", "Open WebUI"),
    ("open webui", "Open WebUI"),
    ("ai-sdk/", "AI SDK"),
    ("python-httpx", "HTTPX"),
    ("python-requests/", "Requests"),
    ("aiohttp/", "aiohttp"),
    ("electron/", "Electron"),
    ("edg/", "Edge"),
    ("firefox/", "Firefox"),
    ("chrome/", "Chrome"),
    ("safari/", "Safari"),
)


def program_name(headers: Headers) -> str:
    """Name the program that sends these headers, in 32 characters at most."""
    sent = next((value for name, value in headers if name == b"user-agent"), b"")[:_READ].decode("latin-1")
    lowered = sent.lower()
    known = next((name for mark, name in _FAMILIES if mark in lowered), None)
    if known is not None:
        return known
    product = _PRODUCT.match(sent)
    return product[0][:_NAME_LENGTH] if product else OTHER
