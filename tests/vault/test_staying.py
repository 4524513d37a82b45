"""Which paths stay on this machine by the user's globs."""

from __future__ import annotations

import unicodedata

import pytest

from sidecar.vault.staying import StayingPlaces


@pytest.mark.parametrize(
    ("globs", "path", "rule"),
    [
        (["Journal/**"], "Journal/a.md", "local_only: Journal/**"),
        (["Journal/**"], "Journal/2024/a.md", "local_only: Journal/**"),
        (["Journal/**"], "journal/a.md", "local_only: Journal/**"),
        (["Journal/**"], "Old/Journal/a.md", None),
        (["Journal"], "Old/Journal/a.md", "local_only: Journal"),
        (["a.md", "*.csv"], "Data/t.csv", "local_only: *.csv"),
        (["Tagebücher/"], unicodedata.normalize("NFD", "Tagebücher/a.md"), "local_only: Tagebücher/"),
        ([], "Journal/a.md", None),
    ],
)
def test_a_path_is_under_the_first_glob_that_it_meets(globs: list[str], path: str, rule: str | None) -> None:
    assert StayingPlaces.build(globs).rule_for(path) == rule


@pytest.mark.parametrize("glob", ["", "!Public/**", "*" * 9, "x" * 300, "[z-a]"])
def test_a_glob_that_cannot_be_used_keeps_everything_here_and_says_so(glob: str) -> None:
    places = StayingPlaces.build(["Journal/**", glob])
    assert places.rule_for("Public/a.md") == f"local_only: {glob}"
    (problem,) = places.problems
    assert "no note is sent away" in problem


def test_other_globs_have_another_digest() -> None:
    digests = [StayingPlaces.build(globs).digest for globs in ([], ["a"], ["b"], ["a", "b"])]
    assert len(set(digests)) == 4
    assert digests[0] == ""
