"""Tests of how passages become the sources of a model that quotes."""

from __future__ import annotations

from sidecar.prompt.passage import Matched
from sidecar.prompt.quotable import sources
from tests.citations.answers import passage

TEXT = "It cost 240 euros. The fitter came in May."


def matched(start: int, end: int, score: float, heading: str = "Repair") -> Matched:
    return Matched(start=start, end=end, heading_path=(heading,), link=f"Boiler#{heading}", score=score)


def test_a_passage_without_matched_pieces_is_one_source_with_all_that_it_has() -> None:
    whole = passage(text=TEXT, lead="Paid so far:", mentioned=True, properties=(("cost", "240"),))
    (source,) = sources([whole])
    assert (source.text, source.lead, source.mentioned) == (TEXT, "Paid so far:", True)
    assert source.properties == (("cost", "240"),)


def test_each_matched_piece_is_a_source_of_its_own_and_the_best_comes_first() -> None:
    pieces = (matched(0, 18, 0.3), matched(19, len(TEXT), 0.6, heading="Visit"))
    found = sources([passage(text=TEXT, matched=pieces, mentioned=True, properties=(("cost", "240"),))])
    assert [(s.text, s.link, s.heading_path) for s in found] == [
        ("The fitter came in May.", "Boiler#Visit", ("Visit",)),
        ("It cost 240 euros.", "Boiler#Repair", ("Repair",)),
    ]
    assert all(source.mentioned and source.properties == (("cost", "240"),) for source in found)


def test_the_lead_of_a_passage_belongs_to_the_piece_that_begins_it() -> None:
    pieces = (matched(0, 18, 0.3), matched(19, len(TEXT), 0.6))
    found = sources([passage(text=TEXT, matched=pieces, lead="Paid so far:")])
    assert {source.text: source.lead for source in found} == {
        "It cost 240 euros.": "Paid so far:",
        "The fitter came in May.": "",
    }
