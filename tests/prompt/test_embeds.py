"""What a passage embeds goes into the prompt inside it, and may be cited as itself."""

from __future__ import annotations

from dataclasses import replace

from sidecar.citations import CitationChecker
from sidecar.prompt import Passage, render, sources
from tests.citations.answers import passage
from tests.prompt.test_building import QUESTION, build

SAUCE = passage("Sauce.md", "Honey", text="Stir the honey.")


def recipe() -> Passage:
    return replace(passage("Recipe.md", "Steps", text="Take a quince. ![[Sauce]]"), embedded=(SAUCE,))


def test_embedded_text_stands_inside_its_passage_with_the_note_it_is_from() -> None:
    assert render(recipe()) == (
        "[[Recipe#Steps]]\nTake a quince. ![[Sauce]]\n\nEmbedded in it, from [[Sauce#Honey]]\nStir the honey."
    )


def test_embedded_text_is_cited_as_its_own_note() -> None:
    prompt = build([QUESTION], recipe())
    assert prompt.passages == (recipe(), SAUCE)
    checker = CitationChecker(prompt.passages, vault="v", known_text=())
    shown = checker.feed("Stir it [[Sauce#Honey]].") + checker.finish(credit=True)
    assert shown == "Stir it [[Sauce#Honey]]."
    (source,) = checker.sources
    assert (source.path, source.quote) == ("Sauce.md", "Stir the honey.")


def test_a_model_that_quotes_has_embedded_text_to_quote_from() -> None:
    assert [source.text for source in sources(build([QUESTION], recipe()).passages)] == [
        "Take a quince. ![[Sauce]]",
        "Stir the honey.",
    ]


def test_a_passage_that_does_not_fit_with_what_it_embeds_goes_without() -> None:
    long = replace(recipe(), embedded=(replace(SAUCE, text="Stir the honey. " * 200),))
    (taken,) = build([QUESTION], long, tokens=900, window=1024).passages
    assert taken == replace(recipe(), embedded=())


def test_where_only_a_beginning_fits_it_is_that_of_the_passage() -> None:
    long = replace(recipe(), text="Take a quince. " * 200, embedded=(SAUCE,))
    (taken,) = build([QUESTION], long, tokens=3000, window=1024).passages
    assert taken.embedded == ()
    assert long.text.startswith(taken.text)
    assert len(taken.text) < len(long.text)
