"""Which messages are follow-ups, and what of the earlier turns their search is given."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.language.terms import fold
from sidecar.retrieval.conversation import ConversationQuery, Turn, query_in, question_in
from sidecar.retrieval.query import Query, parse_query

CASES: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "cases" / "conversations.toml").read_text(encoding="utf-8")
)["case"]

# Parts below this only decide between equals.
SAY = 0.1


def turns(*said: str) -> list[Turn]:
    return [Turn(role="assistant" if at % 2 else "user", text=text) for at, text in enumerate(said)]


def words_with_a_say(query: ConversationQuery) -> str:
    return fold(" | ".join(part.text for part in query.context if part.weight >= SAY))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["title"])
def test_a_conversation_is_searched_with_what_it_asks(case: dict[str, Any]) -> None:
    query = question_in(turns(*case["said"]))
    context = words_with_a_say(query)
    assert query.text == case.get("text", case["said"][-1])
    assert (query.follow_up >= 0.5) is case["leans"], query
    assert [word for word in case.get("needs", ()) if fold(word) not in context] == []
    assert [word for word in case.get("not", ()) if fold(word) in context] == []
    assert list(query.carried) == case.get("carried", list(query.carried))


texts = st.one_of(
    st.text(max_size=200),
    st.sampled_from([said for case in CASES for said in case["said"]]),
    st.lists(
        st.sampled_from(["[[", "]]", "#", "and", "그", "it", "\x00", "\ud800", "そ", "ا", "¿", "…"]), max_size=60
    ).map(" ".join),
)
conversations = st.lists(st.builds(Turn, role=st.sampled_from(["user", "assistant"]), text=texts), max_size=12)


@given(conversations)
def test_any_conversation_has_a_question_with_bounded_context(said: list[Turn]) -> None:
    query = question_in(said)
    assert query.text in [turn.text for turn in said if turn.role == "user"] or query == ConversationQuery(text="")
    assert 0 <= query.follow_up <= 1
    assert all(0 < part.weight < 1 and part.text.strip() for part in query.context)
    assert [part.weight for part in query.context] == sorted((part.weight for part in query.context), reverse=True)
    assert len(query.context) <= 9


@given(conversations)
def test_what_follows_the_last_user_message_changes_nothing(said: list[Turn]) -> None:
    assert question_in([*said, Turn(role="assistant", text="[[Elsewhere]] Anna")]) == question_in(said)


@given(texts)
def test_a_single_message_is_its_own_question(text: str) -> None:
    assert question_in(turns(text)) == ConversationQuery(text=text)


@pytest.mark.parametrize(
    "piece", ["a", "word ", "[[", "]]", "[", "it ", "\x00", "ก", "漢", "'", "#", "Éa\u0301", "🙂", "“"]
)
def test_huge_messages_and_long_conversations_are_looked_at_from_their_ends(piece: str) -> None:
    huge = piece * (200_000 // len(piece))
    query = question_in([*turns(*["boiler?", huge] * 250), Turn(role="user", text=huge), *turns("", huge, "why?")[1:]])
    assert query.text == "why?"
    assert sum(len(part.text) for part in query.context) < 8_000


def test_an_earlier_question_says_less_the_further_the_conversation_went_on() -> None:
    query = question_in(
        turns("When was the boiler repaired?", "", "how much did it cost?", "", "who paid for it?", "", "and when?")
    )
    weight = {word: part.weight for part in query.context for word in part.text.split()}
    assert weight["boiler"] > weight["cost"]
    assert weight["boiler"] <= 1


def test_a_long_chain_of_follow_ups_is_followed_back_a_few_messages_only() -> None:
    chain = [said for number in range(40) for said in (f"and how much did it cost in town{number}?", "")]
    context = words_with_a_say(question_in(turns(*chain, "why?")))
    assert "town39" in context
    assert "town30" not in context


def test_an_earlier_question_never_weighs_what_the_question_itself_does() -> None:
    query = question_in(turns("Which books by Ursula Le Guin did I read?", "", "why?"))
    assert query.follow_up == 1
    assert 0.9 < query.context[0].weight < 1


def test_words_the_question_has_itself_are_not_repeated_in_its_context() -> None:
    query = question_in(turns("What did the boiler cost in 2018?", "", "and the boiler in 2019?"))
    assert "boiler" not in words_with_a_say(query)
    assert "2018" in words_with_a_say(query)


def test_a_question_without_any_sign_keeps_so_little_context_that_it_only_decides_between_equals() -> None:
    query = question_in(turns("When was the boiler repaired?", "", "Which books by Ursula Le Guin did I read?"))
    assert query.follow_up == 0
    assert [part.text for part in query.context] == ["boiler repaired"]
    assert query.context[0].weight <= 0.05


@pytest.mark.parametrize(
    "last", ["Another question: books by Le Guin", "summarise [[Books]]", "books by Le Guin #reading"]
)
def test_a_new_topic_a_mention_or_a_filter_leaves_no_context(last: str) -> None:
    assert question_in(turns("When was the boiler repaired?", "In March. [[Boiler]]", last)).context == ()


def test_carried_messages_hold_their_operators() -> None:
    first = "what does [[Boiler]] say of repairs #house"
    query = question_in(turns(first, "", "how much did it cost?", "", "and when?"))
    assert query.carried[-1] == first
    assert parse_query(query.carried[-1]).tags == ("house",)


def test_a_question_of_its_own_carries_nothing() -> None:
    assert question_in(turns("roof #house", "", "Which books by Ursula Le Guin did I read?")).carried == ()


def test_a_follow_up_keeps_the_filters_and_mentions_that_it_does_not_name_itself() -> None:
    query = query_in(turns("what does [[Boiler]] say of repairs #house path:Work", "", "how much did it cost #garden?"))
    assert [mention.name for mention in query.mentions] == ["Boiler"]
    assert (query.tags, query.paths) == (("garden",), ("Work",))
    assert query.text == "how much did it cost ?"
    assert dict(query.context).keys() == {"Boiler repairs"}


def test_a_follow_up_keeps_what_was_excluded_and_the_days_that_were_named() -> None:
    def with_days(text: str) -> Query:
        days = (("2024-03-01", "2024-03-31"),) if "March" in text else ()
        return replace(parse_query(text), dates=days)

    query = query_in(turns("meetings in March -#private", "", "who was there?"), parse=with_days)
    assert query.excluded.tags == ("private",)
    assert query.dates == (("2024-03-01", "2024-03-31"),)


def test_a_question_of_its_own_keeps_no_filter() -> None:
    query = query_in(turns("repairs #house", "", "Which books by Ursula Le Guin did I read?"))
    assert not query.filtered


def test_a_conversation_of_one_message_is_the_query_it_was_before() -> None:
    for text in ("and how much did it cost?", "thanks", "", "[[Boiler]] #house", "why?"):
        assert query_in(turns(text)) == parse_query(text)


def test_accents_left_out_change_no_reading() -> None:
    for said in (("Quando foi a reunião?", "", "e entao?"), ("Quand était la réunion ?", "", "et apres ?")):
        assert question_in(turns(*said)).follow_up >= 0.5
