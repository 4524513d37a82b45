"""`POST /tokenize` and `POST /detokenize`: bodies and responses, as llama.cpp's server and vLLM have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, model_validator

from sidecar.protocol.fields import Body, Whole

MOST_CHARACTERS = 200_000
MOST_TOKENS = 200_000


class TokenizeBody(Body):
    """The text may be called `content` (llama.cpp), `prompt` (vLLM) or `input`."""

    model: str = Field(default="vault", min_length=1, max_length=512)
    content: str = Field(max_length=MOST_CHARACTERS)
    add_special: bool = False
    """Whether the tokens that every prompt of the model begins or ends with are added."""
    parse_special: bool = True
    """Whether the text of a control token becomes that token."""

    @model_validator(mode="before")
    @classmethod
    def _other_names(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        names = {"prompt": "content", "input": "content", "add_special_tokens": "add_special"}
        other = {names[key]: item for key, item in value.items() if key in names and item is not None}
        return {**other, **{key: item for key, item in value.items() if item is not None}}


class DetokenizeBody(Body):
    """Tokens of the model."""

    model: str = Field(default="vault", min_length=1, max_length=512)
    tokens: list[Annotated[Whole, Field(ge=0, lt=2**31)]] = Field(max_length=MOST_TOKENS)


def tokens_body(tokens: Sequence[int], *, context_length: int | None) -> dict[str, Any]:
    """Build the tokens of a text."""
    return {"tokens": list(tokens), "count": len(tokens), "max_model_len": context_length}


def text_body(text: str) -> dict[str, Any]:
    """Build the text of tokens, under the names of both servers."""
    return {"content": text, "prompt": text}
