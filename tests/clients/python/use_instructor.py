"""instructor: structured answers through a forced tool, a schema, and JSON mode."""

from __future__ import annotations

from typing import Any, Literal

import instructor  # type: ignore[import-not-found]  # in an environment of its own
from openai import OpenAI
from pydantic import BaseModel

from tests.clients.python.harness import call, report, service


class Paint(BaseModel):
    """The colour of the fence."""

    colour: Literal["red", "blue"]


def painted(mode: Any) -> None:
    with OpenAI(base_url=service.base, api_key=service.key, max_retries=0) as inner:
        client: Any = instructor.from_openai(inner, mode=mode)
        answer = client.chat.completions.create(
            model=service.chat,
            messages=[{"role": "user", "content": service.question}],
            response_model=Paint,
            max_retries=0,
        )
    assert answer.colour in ("red", "blue")


@call("create, mode TOOLS")
def tools() -> None:
    painted(instructor.Mode.TOOLS)


@call("create, mode JSON_SCHEMA")
def json_schema() -> None:
    painted(instructor.Mode.JSON_SCHEMA)


report("instructor")
