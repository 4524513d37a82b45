"""`POST /console/sign-in`: the request body."""

from __future__ import annotations

from pydantic import Field

from sidecar.protocol.fields import Body


class SignInBody(Body):
    """A code from a sign-in link."""

    code: str = Field(min_length=1, max_length=200)
