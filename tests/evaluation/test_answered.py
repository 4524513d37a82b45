"""What one answer is worth, and what many are, by hand."""

from __future__ import annotations

import pytest

from sidecar.evaluation.answer_figures import answer_figures, answers_by_language, answers_by_tag
from sidecar.evaluation.answered import Answered, altered, citation_precision, citation_recall
from tests.evaluation.answers import answered

RIGHT = "The boiler repair cost 386 euros [[Boiler]]."
WRONG = "The boiler repair cost 999 euros [[Boiler]]."
NOTHING = "Your notes do not say anything about that."
EXPECTED = {"Boiler.md": 1}


@pytest.mark.parametrize(
    ("cited", "expected", "precision", "recall"),
    [
        (["A"], {"A"}, 1.0, 1.0),
        (["A", "B"], {"A"}, 0.5, 1.0),
        (["A"], {"A", "B"}, 1.0, 0.5),
        (["A", "C", "D"], {"A", "B"}, 1 / 3, 0.5),
        (["A", "A", "C"], {"A"}, 0.5, 1.0),
        ([], {"A"}, 0.0, 0.0),
        (["C"], {"A"}, 0.0, 0.0),
        (["A"], set(), 0.0, 0.0),
    ],
)
def test_precision_is_of_the_notes_cited_and_recall_of_those_expected(
    cited: list[str], expected: set[str], precision: float, recall: float
) -> None:
    assert citation_precision(cited, expected) == pytest.approx(precision)
    assert citation_recall(cited, expected) == pytest.approx(recall)


def test_a_note_of_grade_0_is_not_expected() -> None:
    found = answered(RIGHT, expected={"Boiler.md": 2, "Cabin.md": 0}, cited=("Boiler.md", "Cabin.md"))
    assert (found.precision, found.recall) == (0.5, 1.0)
    assert found.faults == ()


def test_a_question_that_nothing_answers_has_neither() -> None:
    found = answered(NOTHING, given=())
    assert (found.precision, found.recall, found.abstains, found.hedges) == (None, None, True, False)


@pytest.mark.parametrize(
    ("found", "faults"),
    [
        (answered(RIGHT, expected=EXPECTED, cited=("Boiler.md",)), ()),
        (answered(NOTHING), ()),
        (answered(NOTHING, expected=EXPECTED), ("says that the notes hold no answer",)),
        (answered(RIGHT, cited=("Boiler.md",)), ("does not say that the notes hold no answer",)),
        (answered("", expected=EXPECTED), ("cites none of the notes expected",)),
        (
            answered(RIGHT, expected=EXPECTED | {"Cabin.md": 1}, cited=("Boiler.md",)),
            ("does not cite Cabin.md",),
        ),
        (answered(WRONG, expected=EXPECTED, cited=("Boiler.md",)), ("sentences not in what it cites: 1 of 1",)),
        (
            answered(RIGHT, expected=EXPECTED, cited=("Boiler.md",), answers=("240", "two hundred")),
            ("does not say '240' or 'two hundred'",),
        ),
        (
            answered(RIGHT, expected=EXPECTED, cited=("Boiler.md",), written=f"{RIGHT} [[Invented]]", cut=True),
            ("citations or quotations that did not check out: 1", "was cut short"),
        ),
    ],
)
def test_what_is_wrong_with_an_answer_is_said(found: Answered, faults: tuple[str, ...]) -> None:
    assert found.faults == faults


def test_a_sentence_may_be_in_what_was_given_and_not_in_what_is_cited() -> None:
    found = answered("The gate code for the cabin is 4471-B.", cited=("Boiler.md",), given=("Boiler.md", "Cabin.md"))
    assert len(found.judged.unsupported) == 1
    assert found.judged_by_given is not None
    assert found.judged_by_given.unsupported == ()
    assert answered(RIGHT).judged_by_given is None


def test_an_answer_that_abstains_and_cites_all_the_same_hedges() -> None:
    found = answered(f"{NOTHING} {RIGHT}", cited=("Boiler.md",), given=("Boiler.md",))
    assert (found.abstains, found.hedges) == (False, True)


def test_the_first_sentence_is_looked_at_by_itself() -> None:
    both = answered(f"The boiler is old. {RIGHT}", expected=EXPECTED, answers=("386",))
    assert (both.contains, both.first_contains) == (True, False)
    assert answered(RIGHT, expected=EXPECTED, answers=("386",)).first_contains is True
    assert answered("", expected=EXPECTED, answers=("386",)).first_contains is False
    assert answered(RIGHT, expected=EXPECTED).contains is None


@pytest.mark.parametrize(
    ("written", "shown", "count"),
    [
        ("a [[B]] c [[D#E|f]]", "a [[b]] c [[D#E|other]]", 0),
        ("a [[B]] and [[B]]", "a [[B]] and B", 1),
        ("a [[B#Wrong]]", "a [[B#Right]]", 1),
        ("a", "a\n\n[[B]]", 0),
        ("It says “the boiler is red” [[B]].", "It says the boiler is red [[B]].", 1),
        ("Es heißt „der Kessel ist rot“.", "Es heißt „der  Kessel ist rot“.", 0),
        ("「ボイラーは赤い」と「庭は広い」", "「ボイラーは赤い」と庭は広い", 1),
    ],
)
def test_citations_and_quotations_that_were_not_shown_are_counted(written: str, shown: str, count: int) -> None:
    assert altered(written, shown) == count


def test_figures_are_means_over_the_answers_that_they_are_about() -> None:
    figures = answer_figures(
        [
            answered(RIGHT, expected=EXPECTED, cited=("Boiler.md",), answers=("386",), tokens=(100, 10), given=()),
            answered(
                f"The boiler is old now. {WRONG} It cost 386 euros.",
                expected=EXPECTED,
                cited=("Boiler.md", "Cabin.md", "Home.md"),
                given=("Boiler.md",),
                answers=("386",),
                times=(0.3, 3.0),
                tokens=(200, 30),
                written="[[No]] [[Nowhere]]",
            ),
            answered(NOTHING, expected={"Boiler.md": 1, "Cabin.md": 1}, times=(0.2, 2.0)),
            answered(NOTHING, given=(), times=(None, 4.0)),
            answered(RIGHT, cited=("Boiler.md",), given=("Boiler.md",), cut=True),
            answered(f"{NOTHING} {RIGHT}", cited=("Boiler.md",), given=("Boiler.md",)),
            answered("Fish.", given=()),
        ]
    )
    assert (figures.questions, figures.empty, figures.known) == (3, 4, 2)
    assert figures.precision == pytest.approx((1 + 1 / 3 + 0) / 3)
    assert figures.recall == pytest.approx((1 + 1 + 0) / 3)
    assert figures.uncited == 1
    assert figures.falsely_abstained == pytest.approx(1 / 3)
    assert (figures.contains, figures.first_contains) == (1.0, 0.5)
    assert figures.abstained == pytest.approx(1 / 4)
    assert (figures.hedged, figures.given_nothing) == (1, 2)
    # One, three (of which two are in no note), none, none, one, one, none.
    assert (figures.sentences, figures.unjudged) == (6, 1)
    assert figures.unsupported == pytest.approx(2 / 6)
    assert figures.unsupported_by_given == pytest.approx(3 / 6)
    assert (figures.altered, figures.cut) == (2, 1)
    assert (figures.first_p50, figures.first_p95) == (0.1, 0.3)
    assert (figures.seconds_p50, figures.seconds_p95) == (1.0, 4.0)
    assert (figures.prompt_tokens, figures.completion_tokens) == (150, 20)


def test_where_there_was_nothing_to_measure_a_figure_is_none() -> None:
    figures = answer_figures([answered(NOTHING)])
    assert (figures.precision, figures.recall, figures.falsely_abstained, figures.contains) == (None,) * 4
    assert (figures.unsupported, figures.unsupported_by_given, figures.altered, figures.given_nothing) == (None,) * 4
    assert figures.completion_tokens is None
    assert answer_figures([]).abstained is None


def test_figures_are_added_up_by_language_and_by_tag() -> None:
    every = [
        answered(RIGHT, expected=EXPECTED, language="pt", tags=("a", "b")),
        answered(NOTHING, asked="Wo ist die Heizung und was ist das?", tags=("b",)),
        answered(NOTHING, language="pt"),
    ]
    assert {name: (f.questions, f.empty) for name, f in answers_by_language(every).items()} == {
        "pt": (1, 1),
        "de": (0, 1),
    }
    assert list(answers_by_tag(every)) == ["b", "a"]
    assert answers_by_tag(every)["b"].empty == 1
