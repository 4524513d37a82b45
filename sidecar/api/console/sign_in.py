"""Signing in and out: a link's code for a session's key, and new links for who has a key already.

The key goes into the page's own store and comes back as `Authorization: Bearer`. There is no cookie, so that no other
page can make the browser send it.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import ASGIApp

from sidecar.api.body import parse_json
from sidecar.api.console.sessions import CODE_SECONDS, Sessions
from sidecar.api.errors import RefusedError
from sidecar.api.responses import json_response
from sidecar.protocol.console import SignInBody
from sidecar.protocol.fields import read_body

SIGN_IN = "/console/sign-in"
"""Open: the code is what it asks for."""


def link_path(code: str) -> str:
    """The path and fragment of a sign-in link. A browser sends no fragment, so no log along the way can hold it."""
    return f"/#sign-in={code}"


async def sign_in(sessions: Sessions, request: Request) -> ASGIApp:
    """Exchange the code of a sign-in link, which works once and for 15 minutes, for a session's key."""
    body = read_body(SignInBody, parse_json(await request.body()))
    key = sessions.sign_in(body.code)
    if key is None:
        raise RefusedError(
            "This sign-in link has been used or is too old.",
            status=401,
            code="sign_in_refused",
            hint="`sidecar console` prints a new one.",
        )
    return json_response({"key": key})


async def sign_out(sessions: Sessions, request: Request) -> ASGIApp:
    """End the session whose key was sent."""
    _, _, key = request.headers.get("authorization", "").partition(" ")
    return json_response({"signed_out": sessions.sign_out(key.strip(" ").encode("latin-1"))})


async def sign_out_all(sessions: Sessions, _request: Request) -> ASGIApp:
    """End every session of the console, and take back the links that are out."""
    return json_response({"signed_out": sessions.clear()})


async def link(sessions: Sessions, _request: Request) -> ASGIApp:
    """Make a sign-in link for the console, for who has the key."""
    return json_response({"path": link_path(sessions.new_code()), "expires_in": round(CODE_SECONDS)})
