from __future__ import annotations

from typing import Any

import pytest

from sidecar.inference.tokens import estimate_tokens
from sidecar.prompt import Passage, Prompt, build_prompt, question_of, render, text_of
from tests.citations.answers import passage

QUESTION = {"role": "user", "content": "What did the boiler cost?"}


def build(messages: list[dict[str, Any]], *passages: Passage, tokens: int = 10, **options: Any) -> Prompt:
    values: dict[str, Any] = {
        "searched": True,
        "window": 4096,
        "used_tokens": 20,
        "passage_tokens": [tokens] * len(passages),
        "answer_tokens": None,
        "marker": "m4rk",
    }
    return build_prompt(messages, passages, **(values | options))


def test_notes_stand_between_markers_in_the_last_user_message_and_the_rest_is_kept() -> None:
    history = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}, QUESTION]
    prompt = build(history, passage())
    system, *rest = prompt.messages
    assert system["role"] == "system"
    assert rest[:2] == history[:2]
    content = rest[2]["content"]
    assert content.startswith("<notes m4rk>\n[[Boiler#Repair]]\nIt cost 240 euros.\n</notes m4rk>")
    assert content.endswith("What did the boiler cost?")


def test_the_clients_own_system_text_stays_in_front_in_one_system_message() -> None:
    prompt = build([{"role": "developer", "content": "Talk like a pirate."}, QUESTION], passage())
    assert [message["role"] for message in prompt.messages] == ["developer", "user"]
    assert prompt.messages[0]["content"].startswith("Talk like a pirate.\n\n")


def test_passages_that_do_not_fit_are_left_out_and_mentioned_ones_go_first() -> None:
    first, second = passage(), passage("Asked.md", "H", mentioned=True)
    prompt = build([QUESTION], first, second, tokens=400, window=1024)
    assert prompt.passages == (second,)
    assert build([QUESTION], first, window=512, used_tokens=500).passages == ()


def test_where_not_even_one_passage_fits_its_beginning_is_taken() -> None:
    long = passage(text="The boiler cost 240 euros. " * 100)
    (taken,) = build([QUESTION], long, tokens=2000, window=1024).passages
    assert 100 < len(taken.text) < len(long.text)
    assert long.text.startswith(taken.text)


def test_when_nothing_was_found_the_model_is_told_so() -> None:
    prompt = build([QUESTION])
    assert "nothing relevant was found" in prompt.messages[0]["content"]
    assert prompt.messages[1:] == (QUESTION,)


@pytest.mark.parametrize("withheld", [0, 2])
def test_notes_that_were_found_and_have_no_room_are_not_said_to_be_missing(withheld: int) -> None:
    prompt = build([QUESTION], passage(), window=512, used_tokens=500, withheld=withheld)
    assert (prompt.passages, prompt.trimmed) == ((), 1)
    assert prompt.messages[1]["content"] == (
        "<notes m4rk>\nThe notes found for this are not shown.\n</notes m4rk>\n\nWhat did the boiler cost?"
    )
    assert prompt.unaided == prompt.messages


def test_content_in_parts_keeps_its_parts() -> None:
    parts = [{"type": "text", "text": "What is"}, {"type": "image_url", "image_url": {"url": "data:"}}]
    prompt = build([{"role": "user", "content": parts}], passage())
    content = prompt.messages[1]["content"]
    assert content[0]["text"].startswith("<notes m4rk>")
    assert content[1:] == parts
    assert text_of({"role": "user", "content": parts}) == "What is"


def test_the_question_is_the_last_user_message_even_after_tool_results() -> None:
    assert question_of([QUESTION, {"role": "tool", "content": "42"}]) == "What did the boiler cost?"
    assert question_of([]) == ""


def test_the_best_note_stands_last_and_the_pieces_of_a_note_stand_in_its_order() -> None:
    best, other = passage("Best.md", "B", "Best.", start_line=9, end_line=9), passage("Other.md", "O", "Other.")
    more = passage("Best.md", "A", "Earlier.", start_line=1, end_line=1)
    prompt = build([QUESTION], best, other, more)
    content = prompt.messages[1]["content"]
    assert content.index("Other.") < content.index("Earlier.") < content.index("Best.")
    assert prompt.passages == (best, other, more)


def test_with_the_notes_hidden_everything_else_of_the_prompt_is_the_same() -> None:
    prompt = build([{"role": "system", "content": "Be brief."}, QUESTION], passage())
    assert prompt.unaided[0] == prompt.messages[0]
    assert prompt.unaided[1]["content"] == (
        "<notes m4rk>\nThe notes found for this are not shown.\n</notes m4rk>\n\nWhat did the boiler cost?"
    )
    assert build([QUESTION]).unaided == ()


@pytest.mark.parametrize("window", [512, 1024, 4096, 32_768])
def test_every_window_gets_some_of_the_notes_and_keeps_room_for_an_answer(window: int) -> None:
    texts = [
        "The boiler cost 240 euros. " * 40,
        "锅炉的修理费是二百四十欧元。" * 40,
        "Ремонт котла стоил 240 евро. " * 40,
    ]
    passages = [passage(f"{n}.md", "H", text) for n, text in enumerate(texts)]
    counts = [estimate_tokens(render(each)) for each in passages]
    prompt = build([QUESTION], *passages, passage_tokens=counts, window=window)
    taken = sum(estimate_tokens(message["content"]) for message in prompt.messages)
    assert prompt.passages
    assert taken <= window - window // 8
    assert prompt.trimmed == sum(all(each.text != whole.text for each in prompt.passages) for whole in passages)


def test_the_system_text_is_the_same_whatever_was_found_so_that_its_prefix_is_kept() -> None:
    with_notes, without = build([QUESTION], passage()), build([QUESTION])
    assert with_notes.messages[0] == without.messages[0]
