"""What clients choke on is told, in words, and never believed."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest

from sidecar.clients.entry import Reads
from sidecar.clients.readers import read_answer
from sidecar.clients.unreadable import UnreadableError

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "contract" / "client_answers.json").read_text(encoding="utf-8")
)
"""Held by the companion plugin's readers as well."""


def pieces_of(case: Mapping[str, Any]) -> list[bytes]:
    return [
        base64.b64decode(piece["base64"]) if isinstance(piece, dict) else piece.encode() for piece in case["pieces"]
    ]


def titled(case: Mapping[str, Any]) -> str:
    return f"{CASES.index(dict(case))} {case['reads']} {case.get('fails', case.get('gives'))['told']}"


@pytest.mark.parametrize("case", [case for case in CASES if "gives" in case], ids=titled)
def test_a_sound_answer_is_read(case: Mapping[str, Any]) -> None:
    assert read_answer(case["reads"], pieces_of(case), model=case["model"]).startswith(case["gives"]["told"])


@pytest.mark.parametrize("case", [case for case in CASES if "fails" in case], ids=titled)
def test_what_a_client_chokes_on_is_told(case: Mapping[str, Any]) -> None:
    with pytest.raises(UnreadableError) as error:
        read_answer(case["reads"], pieces_of(case), model=case["model"])
    assert case["fails"]["told"] in error.value.message


HUGE: list[tuple[Reads, bytes]] = [
    ("models", b"[" * 500_000),
    ("stream", b"\n\n" * 500_000 + b"data: [DONE]\n\n"),
]


@pytest.mark.parametrize(("how", "body"), HUGE, ids=[how for how, _ in HUGE])
def test_an_answer_made_to_exhaust_is_not_what_a_client_expects(how: Reads, body: bytes) -> None:
    with pytest.raises(UnreadableError, match="not what this client expects"):
        read_answer(how, [body], model="wanted")


def test_every_way_of_reading_has_cases() -> None:
    assert {case["reads"] for case in CASES} == set(get_args(Reads))


def test_no_word_of_an_answer_is_repeated() -> None:
    assert "secret" not in read_answer("chat", [b'{"choices":[{"message":{"content":"secret"}}]}'], model=None)
