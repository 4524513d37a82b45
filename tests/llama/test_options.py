"""The sampling fields of a request: what is taken over and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sidecar.errors import RequestError
from sidecar.llama.options import SamplingOptions, read_options


def test_absent_null_and_unknown_fields_leave_the_defaults() -> None:
    assert read_options({"temperature": None, "stop": None, "user": "me", "store": True}) == SamplingOptions()


def test_every_field_is_taken_over() -> None:
    options = read_options(
        {
            "temperature": 0,
            "top_p": 0.5,
            "top_k": -1,
            "min_p": 0.1,
            "max_tokens": 10.0,
            "stop": ["a", "", "b"],
            "seed": -7,
            "presence_penalty": 1,
            "frequency_penalty": -1,
            "logit_bias": {"5": -100},
            "n": 2,
            "tool_choice": "auto",
            "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}},
        }
    )
    assert options == SamplingOptions(
        temperature=0.0,
        top_p=0.5,
        top_k=0,
        min_p=0.1,
        max_tokens=10,
        stop=("a", "b"),
        seed=-7,
        presence_penalty=1.0,
        frequency_penalty=-1.0,
        logit_bias={5: -100.0},
        choices=2,
        schema=json.dumps({"type": "object"}),
    )


@pytest.mark.parametrize("stop", ["", [], [""]])
def test_an_empty_stop_is_none(stop: object) -> None:
    assert read_options({"stop": stop}).stop == ()


def test_json_object_asks_for_any_object() -> None:
    assert read_options({"response_format": {"type": "json_object"}}).schema == '{"type": "object"}'
    assert read_options({"response_format": {"type": "text"}}).schema is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("temperature", "hot"),
        ("temperature", -0.1),
        ("temperature", True),
        ("temperature", float("nan")),
        ("temperature", float("inf")),
        ("top_p", 1.5),
        ("top_k", 2**40),
        ("min_p", []),
        ("max_tokens", 0),
        ("max_tokens", 1.5),
        ("max_tokens", "many"),
        ("stop", 5),
        ("stop", [5]),
        ("stop", ["x"] * 17),
        ("seed", "lucky"),
        ("n", 0),
        ("n", 17),
        ("presence_penalty", float("nan")),
        ("logit_bias", {"a": 1}),
        ("logit_bias", {"1": "x"}),
        ("logit_bias", {"1": float("inf")}),
        ("logit_bias", []),
        ("tool_choice", "required"),
        ("tool_choice", "sometimes"),
        ("tools", "weather"),
        ("tools", ["weather"]),
        ("tools", [{"type": "function", "function": {"name": ""}}]),
        ("tools", [{"type": "function", "function": {"name": 5}}]),
        ("tools", [{"type": "function"}]),
        ("tools", [{"type": "function", "function": {"name": f"t{n}"}} for n in range(129)]),
        ("logprobs", 5),
        ("top_logprobs", 21),
        ("top_logprobs", -1),
        ("tool_choice", {"type": "function", "function": {"name": "f"}}),
        ("response_format", "json"),
        ("response_format", {"type": "xml"}),
        ("response_format", {"type": "json_schema"}),
        ("response_format", {"type": "json_schema", "json_schema": {"schema": True}}),
        ("response_format", {"type": "json_schema", "json_schema": {"schema": {"enum": ["x" * 200_000]}}}),
    ],
)
def test_a_wrong_value_is_refused_naming_its_field(field: str, value: Any) -> None:
    with pytest.raises(RequestError) as caught:
        read_options({field: value})
    assert caught.value.param == field
