"""Field types that request bodies share, and the one way to read a body into its model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from sidecar.errors import RequestError

MAX_OUTPUT = 2**31 - 1
"""Tokens. Clients ask for more than any context window holds; models clamp, but only what fits a C integer."""


class Body(BaseModel):
    """A request body. Unknown keys are kept, an explicit null is an absent key, numbers are never read from strings."""

    model_config = ConfigDict(extra="allow", strict=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: item for key, item in value.items() if item is not None}
        return value


class HereBody(Body):
    """The body of a route that gives notes which stay on this machine to whoever may ask at all."""

    @model_validator(mode="before")
    @classmethod
    def _not_for_elsewhere(cls, value: Any) -> Any:
        wish = value.get("vault") if isinstance(value, Mapping) else None
        # Whoever counts on it must not find that it was overlooked.
        if isinstance(wish, Mapping) and wish.get("elsewhere") not in (None, False):
            raise RequestError(
                "'vault.elsewhere' is not known here.",
                param="vault.elsewhere",
                code="unsupported_parameter",
                hint="Ask /v1/chat/completions, which leaves out the notes that stay on this machine.",
            )
        return value


BodyType = TypeVar("BodyType", bound=Body)


def read_body(model: type[BodyType], raw: Mapping[str, Any]) -> BodyType:
    """Read parsed JSON into `model`. Raises RequestError that names the first wrong field, never its value."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise _request_error(first["loc"], kind=first["type"], message=first["msg"]) from None


def _request_error(loc: Sequence[str | int], *, kind: str, message: str) -> RequestError:
    param = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".") or None
    if kind == "missing":
        return RequestError(f"You must provide '{param}'.", param=param, code="missing_required_parameter")
    code = "invalid_type" if kind.endswith("_type") else "invalid_value"
    message = "Input should be an object" if kind == "model_type" else message
    return RequestError(f"Invalid '{param}': {message}.", param=param, code=code)


def _whole(value: Any) -> Any:
    """JSON has one kind of number: 16.0 is as whole as 16."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _output_limit(value: Any) -> Any:
    value = _whole(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return None if value < 0 else min(value, MAX_OUTPUT)
    return value


def _stop(value: Any) -> Any:
    """A string is a list of one; empty strings stop nothing (clients with templates send them)."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return [item for item in value if item] or None
    return value


Whole = Annotated[int, BeforeValidator(_whole)]
# The bounds come first: behind the validator, and beside `None`, pydantic writes them into a schema as `ge` and `le`.
LineNumber = Annotated[int, Field(ge=1, le=10_000_000), BeforeValidator(_whole)]
OutputLimit = Annotated[Annotated[int, Field(ge=1)] | None, BeforeValidator(_output_limit)]
"""`None` for any negative number: that is how clients say "no limit"."""
Stop = Annotated[Annotated[list[str], Field(max_length=64)] | None, BeforeValidator(_stop)]


class StreamOptions(Body):
    """`stream_options` of both completion endpoints."""

    include_usage: bool = False


class SamplingBody(Body):
    """The fields that chat and legacy completions share, with OpenAI's ranges."""

    model: str = Field(min_length=1, max_length=512)
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: Whole = Field(default=1, ge=1, le=128)
    max_tokens: OutputLimit = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    seed: Whole | None = None
    stop: Stop = None
    logit_bias: dict[str, Annotated[float, Field(ge=-100, le=100)]] | None = None

    @property
    def include_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage

    def sent(self, *, without: frozenset[str]) -> dict[str, Any]:
        """Every field that the client sent, unknown ones too, except `without` and those that mean nothing."""
        values = {name: getattr(self, name) for name in self.model_fields_set if name in type(self).model_fields}
        values.update(self.model_extra or {})
        return {name: value for name, value in values.items() if value is not None and name not in without}
