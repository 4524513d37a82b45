"""A live server answers in the shape of its contract with the Obsidian plugin: the same keys and types."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sidecar.api.openai.answers import LeftOut
from sidecar.protocol.openai_chat import ChatBody, VaultOptions
from tests.contract.examples import contract_server, examples
from tests.contract.shape import differences

FOLDER = Path(__file__).parent / "contract"
OTHERS = {"client_answers"}
"""Held to the server by tests of their own."""
NAMES = sorted(path.stem for path in FOLDER.glob("*.json") if path.stem not in OTHERS)


@pytest.fixture(scope="module", name="live")
def _live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Any]]:
    with contract_server(tmp_path_factory.mktemp("contract")) as server:
        yield examples(server)


def test_each_example_has_its_file(live: Mapping[str, Any]) -> None:
    assert set(NAMES) == set(live)


@pytest.mark.parametrize("name", NAMES)
def test_the_server_answers_in_the_recorded_shape(name: str, live: Mapping[str, Any]) -> None:
    found = differences(json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")), live[name])
    assert not found, "`python -m tests.contract` records the new shape; the plugin's readers have to follow"


def test_what_an_answer_leaves_out_has_the_names_that_the_plugin_reads() -> None:
    """They stand in an answer only when there is something to tell, as while notes are being read."""
    told = LeftOut(withheld=2, trimmed=1, still_reading=True).told()
    assert told == {"withheld": 2, "trimmed": 1, "still_reading": True}


def test_what_the_plugin_sends_has_the_names_that_the_server_reads() -> None:
    """A key that the server does not know is kept and does nothing: a renamed one would be asked for in vain."""
    body = json.loads((FOLDER / "chat_cited.json").read_text(encoding="utf-8"))["request"]["body"]
    assert set(body["vault"]) == {"mode", "name", "question"}
    assert set(body["vault"]) <= set(VaultOptions.model_fields)
    assert set(body) <= set(ChatBody.model_fields)


def test_a_renamed_a_missing_and_a_further_key_are_differences() -> None:
    recorded = {"results": [{"path": "A.md", "score": 0.5}]}
    assert differences(recorded, {"results": [{"path": "B.md", "score": 1}]}) == []
    assert differences(recorded, {"results": [{"file": "A.md", "score": 0.5}]}) == [
        ".results[].path: text is gone",
        ".results[].file: text is new",
    ]
    assert differences(recorded, {"results": [{"path": None, "score": 0.5}]}) == [
        ".results[].path: text is gone",
        ".results[].path: null is new",
    ]
