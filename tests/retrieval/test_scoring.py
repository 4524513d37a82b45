"""A chunk's lexical score is a share of the most that its query could get, and grows with what speaks for the chunk."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.index.lexical import StoredStreams
from sidecar.language.streams import query_words, token_stream
from sidecar.retrieval.scoring import LexicalScore, lexical_score
from sidecar.retrieval.words import Neighbours, QueryWords, WeightedWord

_VOCABULARY = ("boiler", "the", "cellar", "garden", "wi-fi", "绿茶", "茶", "été", "dog")
_WORDS = st.lists(st.sampled_from(_VOCABULARY), max_size=8).map(" ".join)


def query(text: str, **weights: float) -> QueryWords:
    """The words of a text, each of weight 1 unless told."""
    words = []
    for word in dict.fromkeys(query_words(text)):
        end = "" if word.prefix else " "
        words.append(
            WeightedWord(
                written=word.written,
                variants=(word.term,),
                weight=weights.get(word.written, 1.0),
                count=1,
                spaced=word.spaced,
                prefix=word.prefix,
                optional=word.optional,
                searched=(f" {word.term}{end}",),
            )
        )
    required = [place for place, word in enumerate(words) if not word.optional]
    pairs = tuple(
        Neighbours(
            first=a,
            second=b,
            weight=words[a].weight + words[b].weight,
            searched=(words[a].searched[0] + words[b].searched[0],),
        )
        for a, b in pairwise(required)
        if words[a].spaced and words[b].spaced
    )
    return QueryWords(
        words=tuple(words),
        standing=tuple(enumerate(words)),
        pairs=pairs,
        total=sum(words[place].weight for place in required),
        pairs_total=sum(pair.weight for pair in pairs) or 1.0,
    )


def streams(body: str, *, title: str = "", headings: str = "", tags: str = "") -> StoredStreams:
    return StoredStreams(
        language="",
        title=token_stream(title),
        headings=token_stream(headings),
        tags=token_stream(tags),
        body=token_stream(body),
    )


def score(
    asked: QueryWords | str, chunk: StoredStreams | str, *, usual: float = 10, pairs: bool = True
) -> LexicalScore:
    words = query(asked) if isinstance(asked, str) else asked
    held = streams(chunk) if isinstance(chunk, str) else chunk
    return lexical_score(words, held, usual_length=usual, pairs=pairs)


def share(asked: QueryWords | str, chunk: StoredStreams | str, *, usual: float = 10, pairs: bool = True) -> float:
    return score(asked, chunk, usual=usual, pairs=pairs).share


@given(_WORDS, _WORDS, _WORDS, st.floats(0, 500))
def test_a_share_is_between_nothing_and_one(asked: str, body: str, title: str, usual: float) -> None:
    found = score(asked, streams(body, title=title, headings=title, tags=body), usual=usual)
    assert 0 <= found.share <= 1
    assert (found.share > 0) == bool(found.matched)


@given(_WORDS, _WORDS, st.sampled_from(["boiler", "garden", "茶"]))
def test_a_further_word_of_the_query_never_lowers_the_share_at_the_same_length(
    asked: str, body: str, word: str
) -> None:
    without, filled = streams(f"{body} xxx"), streams(f"{body} {word}")
    assert share(f"{asked} {word}", filled) >= share(f"{asked} {word}", without)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (streams("boiler cellar"), streams("boiler xxx")),
        (streams("boiler boiler xxx"), streams("boiler xxx xxx")),
        (streams("boiler"), streams("boiler" + " xxx" * 50)),
        (streams("xxx", title="boiler"), streams("boiler")),
        (streams("xxx", title="boiler"), streams("xxx", headings="boiler")),
        (streams("xxx", headings="boiler"), streams("boiler")),
        (streams("xxx", tags="boiler"), streams("boiler")),
        (streams("boiler", title="boiler"), streams("xxx", title="boiler")),
        (streams("boiler cellar xxx"), streams("boiler xxx cellar")),
        (streams("boiler cellar xxx"), streams("cellar boiler xxx")),
        (streams("xxx", title="boiler cellar"), streams("xxx", title="cellar boiler")),
        (streams("the boiler xxx"), streams("the the xxx")),
        (streams("boilerplate"), streams("reboiler")),
    ],
)
def test_the_one_chunk_says_more_than_the_other(better: StoredStreams, worse: StoredStreams) -> None:
    asked = query("the boiler cellar boilerplate", the=0.1)
    assert share(asked, better) > share(asked, worse)


def test_a_repeated_word_counts_each_time_also_side_by_side() -> None:
    shares = [share("boiler", "boiler " * times + "xxx " * (9 - times)) for times in range(10)]
    assert shares == sorted(set(shares))


def test_a_chunk_with_all_the_words_comes_before_one_that_repeats_some() -> None:
    asked = query("boiler cellar garden dog")
    assert share(asked, "boiler cellar garden dog xxx xxx xxx xxx") > share(asked, "boiler boiler boiler cellar " * 2)


def test_words_together_count_only_with_the_lane_of_phrases() -> None:
    together, apart = streams("boiler cellar xxx"), streams("cellar xxx boiler")
    assert share("boiler cellar", together) > share("boiler cellar", apart)
    assert share("boiler cellar", together, pairs=False) == share("boiler cellar", apart, pairs=False)


def test_words_of_two_fields_do_not_stand_together() -> None:
    assert share("boiler cellar", streams("xxx", title="boiler", headings="cellar")) == pytest.approx(
        share("boiler cellar", streams("xxx", title="boiler xxx", headings="xxx cellar"))
    )


def test_the_longer_chunks_usually_are_the_less_a_long_one_loses() -> None:
    long = "boiler" + " xxx" * 40
    assert share("boiler", long, usual=41) > share("boiler", long, usual=10)


def test_a_word_in_a_very_long_chunk_is_still_a_word_that_is_there() -> None:
    assert share("boiler", "boiler" + " xxx" * 2_000) > 0.1


def test_a_perfect_match_is_near_one_and_one_small_word_near_nothing() -> None:
    asked = query("the boiler", the=0.05)
    assert share(asked, streams("boiler the boiler", title="The boiler", headings="The boiler")) > 0.85
    assert share(asked, "the garden") < 0.1


def test_the_words_found_are_told_as_typed_and_in_the_order_of_the_query() -> None:
    assert score("Été boiler 茶 absent", "茶水 ete xxx boiler").matched == ("été", "boiler", "茶")


def test_another_spelling_is_found_for_words_in_parts() -> None:
    found = score("wi-fi", "the wifi is down")
    assert found.matched == ("wifi",)
    assert share("wi-fi boiler", "wifi xxx") < share("wi-fi boiler", "boiler xxx")
    assert 0 < found.share < share("wi-fi", "the wi-fi is down")


def test_a_word_is_no_part_of_another_and_a_single_character_is() -> None:
    assert score("boil", "boiler reboil").matched == ()
    assert score("茶", "茶水").matched == ("茶",)
    assert score("茶", "水温").matched == ()


@pytest.mark.parametrize("asked", ["", "…"])
def test_nothing_asked_is_nothing_found(asked: str) -> None:
    assert score(asked, "boiler") == LexicalScore(share=0.0, matched=())


def test_an_empty_chunk_is_scored_by_its_names() -> None:
    assert share("boiler", streams("", title="boiler")) > 0.5
    assert share("boiler", streams("")) == 0


def test_a_word_counts_under_each_of_its_variants() -> None:
    words = query("boiler")
    word = replace(words.words[0], searched=(" boiler ", " caldeira "))
    either = replace(words, words=(word,), standing=((0, word),))
    assert share(either, "caldeira xxx") == share(either, "boiler xxx")
    assert share(either, "caldeira boiler") > share(either, "caldeira xxx")
