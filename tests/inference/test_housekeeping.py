"""What clients ask for themselves is told from what users ask, in the builds of many clients."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sidecar.inference.housekeeping import housekeeping_of

_FILE = Path(__file__).parent.parent / "chat" / "housekeeping.jsonl"
REQUESTS: list[dict[str, Any]] = [json.loads(line) for line in _FILE.read_text(encoding="utf-8").splitlines()]
HISTORY = "<chat_history>\nUSER: When was the boiler repaired?\nASSISTANT: In March.\nUSER: By whom?\n</chat_history>"
TASK = f'### Task:\nMake a title.\n### Output:\n{{ "title": "your title" }}\n### Chat History:\n{HISTORY}'


def asked(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


@pytest.mark.parametrize("request_", REQUESTS, ids=[request["name"] for request in REQUESTS])
def test_clients_requests_are_told_from_users(request_: dict[str, Any]) -> None:
    found = housekeeping_of(request_["messages"])
    assert (found and found.kind) == request_["kind"]
    assert (found and found.key) == request_["key"]


@pytest.mark.parametrize(
    "request_",
    [request for request in REQUESTS if "about" in request],
    ids=[request["name"] for request in REQUESTS if "about" in request],
)
def test_what_the_user_said_is_read_from_the_request(request_: dict[str, Any]) -> None:
    found = housekeeping_of(request_["messages"])
    assert found is not None
    assert found.about[-1].lower() == request_["about"].lower()


def test_all_turns_of_the_user_are_read_in_their_order_and_none_of_the_assistant() -> None:
    found = housekeeping_of(asked(TASK))
    assert found is not None
    assert found.about == ("When was the boiler repaired?", "By whom?")


def test_a_message_in_parts_is_read_as_one_text() -> None:
    found = housekeeping_of([{"role": "user", "content": [{"type": "text", "text": TASK}]}])
    assert found is not None
    assert (found.kind, found.key) == ("title", "title")


@pytest.mark.parametrize(
    ("text", "tokens", "kind"),
    [
        ("hi", 5, "ping"),
        ("hi", None, None),
        ("hi", 500, None),
        ("Hello!", 1, "ping"),
        ("你好", 10, "ping"),
        ("When was the boiler repaired?", 1, None),
        ("boiler", 10, None),
        ("hi", -1, None),
    ],
)
def test_a_greeting_that_wants_a_few_tokens_is_a_ping(text: str, tokens: int | None, kind: str | None) -> None:
    found = housekeeping_of(asked(text), most_tokens=tokens)
    assert (found and found.kind) == kind


@pytest.mark.parametrize(
    "part",
    [TASK.replace(HISTORY, ""), TASK.replace("### Task:\n", ""), f"What does this say? {TASK}", HISTORY],
    ids=["nothing quoted", "no heading", "a question in front", "a quotation alone"],
)
def test_a_part_of_such_a_request_is_none(part: str) -> None:
    assert housekeeping_of(asked(part)) is None


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "system", "content": "Only a title of 5 words for the conversation."}],
        asked(""),
        [{"role": "user", "content": None}],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}],
        [{"content": "no role"}],
        asked("\x00\ud800"),
    ],
)
def test_without_a_users_words_there_is_no_housekeeping(messages: list[dict[str, Any]]) -> None:
    assert housekeeping_of(messages) is None


@pytest.mark.parametrize(
    "text",
    [
        "x" * 1_000_000,
        "#" * 1_000_000,
        "### Task:\n" + "<chat_history>" * 70_000,
        "### Task:\n" + "USER: a\n" * 120_000 + "</chat_history>",
        "user:" * 200_000,
        "{" * 500_000,
        "[" * 500_000,
        "`" * 1_000_000,
        "-" * 1_000_000,
        "😊" * 300_000,
        "\n \n" * 300_000,
        " " * 1_000_000,
        "say " * 250_000,
        "<type>" * 100_000 + "<text>" * 100_000,
        "5 " * 400_000 + "words",
        "title conversation only 5 words " * 30_000,
        "### Task:\n<chat_history>\n" + "USER: " + "a" * 900_000 + "\n</chat_history>",
    ],
    ids=range(17),
)
def test_hostile_text_is_read_to_an_end_and_what_is_kept_of_it_is_short(text: str) -> None:
    found = housekeeping_of(asked(text))
    if found is not None:
        assert len(found.about) <= 20
        assert all(len(turn) <= 2_000 for turn in found.about)
