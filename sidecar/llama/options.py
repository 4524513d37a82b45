"""The sampling fields of a request, checked once and turned into numbers that llama.cpp accepts."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sidecar.errors import RequestError
from sidecar.llama.tools import ToolUse, read_tool_use

MAX_CHOICES = 16
MAX_STOPS = 16
MAX_TOP_LOGPROBS = 20
_MAX_SCHEMA = 128 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingOptions:
    """How tokens are chosen and when to stop. The defaults are llama.cpp's own."""

    temperature: float = 0.8
    """0 takes the likeliest token."""
    top_p: float = 0.95
    top_k: int = 40
    """0 means no limit."""
    min_p: float = 0.05
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    choices: int = 1
    schema: str | None = None
    """JSON Schema that the answer must follow, as JSON text."""
    tools: ToolUse | None = None
    """The tools that may be called, if any."""
    logprobs: int | None = None
    """How many alternatives to describe beside each token; `None`: nothing is described."""

    @property
    def held_by(self) -> str:
        """The field that asks for a grammar, if any does."""
        return "response_format" if self.schema is not None else "tools"


def read_options(options: Mapping[str, Any]) -> SamplingOptions:
    """Check OpenAI's fields; absent and `None` mean the default, unknown fields are ignored.

    Raises RequestError naming the field.
    """
    given = {key: value for key, value in options.items() if value is not None}
    default = SamplingOptions()
    return SamplingOptions(
        temperature=_number(given, "temperature", default.temperature, low=0.0, high=100.0),
        top_p=_number(given, "top_p", default.top_p, low=0.0, high=1.0),
        top_k=max(0, _integer(given, "top_k", default.top_k, low=-1, high=2**31 - 1)),
        min_p=_number(given, "min_p", default.min_p, low=0.0, high=1.0),
        max_tokens=_integer(given, "max_tokens", 0, low=1, high=2**63) if "max_tokens" in given else None,
        stop=_stops(given.get("stop", ())),
        seed=_integer(given, "seed", 0, low=-(2**63), high=2**64) if "seed" in given else None,
        presence_penalty=_number(given, "presence_penalty", 0.0, low=-100.0, high=100.0),
        frequency_penalty=_number(given, "frequency_penalty", 0.0, low=-100.0, high=100.0),
        logit_bias=_logit_bias(given.get("logit_bias", {})),
        choices=_integer(given, "n", 1, low=1, high=MAX_CHOICES),
        schema=_schema(given.get("response_format", {})),
        tools=read_tool_use(given),
        logprobs=_logprobs(given),
    )


def _number(given: Mapping[str, Any], key: str, default: float, *, low: float, high: float) -> float:
    value = given.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise RequestError(f"{key} must be a number from {low:g} to {high:g}.", param=key)
    return float(value)


def _integer(given: Mapping[str, Any], key: str, default: int, *, low: int, high: int) -> int:
    value = given.get(key, default)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise RequestError(f"{key} must be a whole number from {low} to {high}.", param=key)
    return value


def _stops(value: object) -> tuple[str, ...]:
    stops = [value] if isinstance(value, str) else value
    if not isinstance(stops, list | tuple) or not all(isinstance(stop, str) for stop in stops):
        raise RequestError("stop must be a string or a list of strings.", param="stop")
    if len(stops) > MAX_STOPS:
        raise RequestError(f"stop may hold at most {MAX_STOPS} strings.", param="stop")
    return tuple(stop for stop in stops if stop)


def _logit_bias(value: object) -> dict[int, float]:
    try:
        assert isinstance(value, Mapping)
        bias = {int(token): float(weight) for token, weight in value.items()}
        assert all(math.isfinite(weight) for weight in bias.values())
    except (AssertionError, TypeError, ValueError, OverflowError):
        raise RequestError("logit_bias must map token ids to numbers.", param="logit_bias") from None
    return bias


def _logprobs(given: Mapping[str, Any]) -> int | None:
    top = _integer(given, "top_logprobs", 0, low=0, high=MAX_TOP_LOGPROBS)
    wanted = given.get("logprobs", False)
    if not isinstance(wanted, bool):
        raise RequestError("logprobs must be true or false.", param="logprobs")
    return top if wanted else None


def _schema(value: object) -> str | None:
    kind = value.get("type", "text") if isinstance(value, Mapping) else None
    if kind == "text":
        return None
    if kind == "json_object":
        # `schema` beside json_object is how several local servers took schemas before OpenAI had them.
        schema = value.get("schema") or {"type": "object"} if isinstance(value, Mapping) else None
    elif kind == "json_schema" and isinstance(value, Mapping):
        named = value.get("json_schema")
        schema = named.get("schema") if isinstance(named, Mapping) else None
    else:
        raise RequestError("response_format must be text, json_object or json_schema.", param="response_format")
    if not isinstance(schema, Mapping):
        raise RequestError("response_format holds no JSON Schema.", param="response_format")
    try:
        text = json.dumps(schema)
    except RecursionError:
        message = "The JSON Schema in response_format is nested too deeply."
        raise RequestError(message, param="response_format") from None
    if len(text) > _MAX_SCHEMA:
        raise RequestError("The JSON Schema in response_format is too large.", param="response_format")
    return text
