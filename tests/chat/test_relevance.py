"""Which of a search's hits are worth the model's attention, by their scores and the question's words."""

from __future__ import annotations

import pytest

from sidecar.chat import relevant
from sidecar.index.records import ChunkRecord, NoteRecord
from sidecar.retrieval.hit import Hit
from sidecar.retrieval.query import Query, parse_query

LONG = parse_query("which plumber replaced the diverter valve of the boiler in the cabin last winter")


def hit(
    score: float, *, path: str = "A.md", mentioned: bool = False, pinned: bool = False, matched: tuple[str, ...] = ()
) -> Hit:
    note = NoteRecord(id=1, path=path, title="A", aliases=(), tags=(), properties={}, date=None, mtime_ns=0)
    chunk = ChunkRecord(id=1, note=note, ordinal=0, heading_path=(), text="", start_line=1, end_line=1, block_ids=())
    return Hit(chunk=chunk, score=score, link="A", mentioned=mentioned, pinned=pinned, matched=matched)


def kept(scores: list[float], query: Query | None = LONG) -> list[float]:
    """Scores of the relevant ones of hits in notes of their own, beside one that is not far behind the best."""
    hits = [hit(score, path=f"{number}.md") for number, score in enumerate(scores)]
    beside = hit(0.4 * max(scores), path="Beside.md")
    return [each.score for each in relevant([*hits, beside], query) if each is not beside]


@pytest.mark.parametrize(
    ("question", "enough", "too_little"),
    [
        ("boiler", 0.28, 0.26),
        ("boiler valve", 0.23, 0.21),
        ("what is a boiler for", 0.28, 0.26),
        ("which plumber replaced the diverter valve of the boiler in the cabin last winter", 0.19, 0.17),
        ("锅炉是什么时候修好的", 0.12, 0.1),
        ("ボイラーはいつ修理しましたか", 0.12, 0.1),
        ("보일러는 언제 수리했습니까", 0.12, 0.1),
        ("หม้อต้มซ่อมเมื่อไหร่", 0.19, 0.17),
        ("когда ремонтировали котёл", 0.21, 0.19),
        ("", 0.28, 0.26),
    ],
)
def test_the_fewer_words_a_question_has_the_more_its_best_hit_must_have(
    question: str, enough: float, too_little: float
) -> None:
    query = parse_query(question)
    assert kept([enough], query) == [enough]
    assert kept([too_little], query) == []


@pytest.mark.parametrize(
    ("score", "other", "matched", "stands_out"),
    [
        (0.13, 0.04, ("how", "ann"), True),
        (0.13, None, ("ann",), True),
        (0.13, 0.05, ("ann",), False),
        (0.11, 0.01, ("ann",), False),
        (0.13, 0.04, ("how", "old"), True),
        (0.13, 0.04, ("how",), False),
    ],
)
def test_a_note_that_leaves_all_others_far_behind_with_half_of_the_words_needs_less(
    score: float, other: float | None, matched: tuple[str, ...], stands_out: bool
) -> None:
    hits = [hit(score, path="A.md", matched=matched), hit(score - 0.001, path="A.md")]
    hits += [hit(other, path="B.md")] if other is not None else []
    assert len(relevant(hits, parse_query("How old is Ann?"))) == (2 if stands_out else 0)


@pytest.mark.parametrize(
    ("question", "matched", "useful"),
    [
        ("牙医预约是什么时候", ("是什", "什么", "时候"), False),
        ("牙医预约是什么时候", ("什么", "预约"), True),
        ("牙医预约是什么时候", (), True),
        ("房租每个月多少钱", ("每个", "多少", "少钱"), False),
        ("歯医者の予約はいつですか", ("はい", "いつ", "です"), False),
        ("歯医者の予約はいつですか", ("予約", "いつ"), True),
        ("我的WiFi密码是什么", ("wifi",), True),
        ("我的WiFi密码是什么", ("我的", "码是"), False),
        ("谁是你", ("谁是",), True),
        ("보일러는 언제 수리했습니까", ("언제",), True),
    ],
)
def test_pairs_of_characters_that_are_grammar_alone_say_nothing(
    question: str, matched: tuple[str, ...], useful: bool
) -> None:
    hits = [hit(0.3, path="A.md", matched=matched), hit(0.29, path="B.md", matched=matched)]
    assert relevant(hits, parse_query(question)) == (hits if useful else [])


def test_a_pinned_hit_is_relevant_whatever_it_matched() -> None:
    pinned = hit(0.3, matched=("什么",), pinned=True)
    assert relevant([pinned], parse_query("牙医预约是什么时候")) == [pinned]


def test_beside_the_best_a_model_that_quotes_is_given_weaker_ones_too() -> None:
    hits = [hit(score, path=f"{score}.md") for score in (0.6, 0.31, 0.29, 0.16, 0.14)]
    assert [each.score for each in relevant(hits, LONG)] == [0.6, 0.31]
    assert [each.score for each in relevant(hits, LONG, quoting=True)] == [0.6, 0.31, 0.29, 0.16]
    assert relevant([hit(0.16, path="A.md"), hit(0.15, path="B.md")], LONG, quoting=True) == []


def test_words_of_the_conversation_count_with_those_of_a_follow_up() -> None:
    alone = Query(text="why")
    following = Query(text="why", context=(("boiler repair plumber march cabin", 0.9),))
    assert kept([0.2], alone) == []
    assert kept([0.2], following) == [0.2]


def test_what_is_less_than_half_as_good_as_the_best_is_left_out() -> None:
    assert kept([0.9, 0.46, 0.44, 0.2]) == [0.9, 0.46]
    assert kept([0.3, 0.19, 0.17]) == [0.3, 0.19]


def test_mentioned_notes_and_what_has_the_words_to_the_letter_are_always_relevant() -> None:
    hits = [hit(0.0, mentioned=True), hit(0.9), hit(0.01, pinned=True), hit(0.4)]
    assert relevant(hits, LONG) == hits[:3]


def test_a_mentioned_note_does_not_raise_the_bar_for_the_others() -> None:
    hits = [hit(1.0, mentioned=True), hit(0.2)]
    assert relevant(hits, LONG) == hits


def test_without_a_query_the_bar_is_that_of_a_long_question() -> None:
    assert kept([0.17], None) == [0.17]
    assert kept([0.16], None) == []
    assert relevant([], None) == []
