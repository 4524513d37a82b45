"""How far vectors are trusted is measured on the vault: a model that knows nothing is not, one that knows much is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.embedding.model import EmbeddingModel, Embeddings, TextKind
from sidecar.embedding.static import StaticEmbeddingModel, static_available
from sidecar.errors import ModelUnavailableError
from sidecar.index import store
from sidecar.index.lexical import chunk_count
from sidecar.index.schema import read_meta
from sidecar.retrieval.retriever import Retriever
from sidecar.retrieval.trust import (
    LEAST_SAMPLES,
    SAMPLES,
    WEIGHTS,
    best_weight,
    cloze_samples,
    doubted,
    share_alone,
    store_trust,
    tempered,
    trust_is_due,
    trusted,
)
from tests.retrieval.vault import ALL, Knowing, Nonsense, Vault, entry, opened, settle

_BEGINNINGS, _ENDS = (
    ("bor", "kel", "mav", "tis", "zun", "pal", "gri", "wom"),
    ("ax", "ey", "iff", "ond", "ump", "ell", "osk", "arn"),
)
SUBJECTS = [f"{first}{last}" for first in _BEGINNINGS for last in _ENDS]


def note(subject: str, sentence: str = "The {0}ine of the sea was there with the {0}ow before the {0}ette.") -> str:
    """A text about one subject, and a sentence in the middle of it."""
    told = (
        f"The {subject}ine and the {subject}ette of this house are what we have, and the {subject}ow is in the cellar."
    )
    return "\n".join(
        [told, told.replace("house", "garden"), sentence.format(subject), told.replace("house", "barn"), told]
    )


NOTES = {f"{subject}.md": note(subject) for subject in SUBJECTS}
# A sentence that has no word of its text, but another for its subject, is found by who knows what it means.
REWORDED = {
    f"{subject}.md": note(subject, f"Under the old {subject[::-1]} there was a {subject[::-1]}ish one from the sea.")
    for subject in SUBJECTS
}
# A sentence that is hardly nearer to its own text than to two others: what says nothing can only disturb.
CONTESTED = {
    f"{subject}.md": note(
        subject, f"The {subject}ine and the {subject}ow were there with the {one}ow of the sea."
    ).replace("cellar", f"{other}ette")
    for subject, one, other in zip(SUBJECTS, SUBJECTS[1:] + SUBJECTS, SUBJECTS[9:] + SUBJECTS, strict=False)
}
KNOWING = {word: subject for subject in SUBJECTS for word in (subject, subject[::-1])}


class Silent(Nonsense):
    """Knows no token of any text: all its vectors are zero."""

    name = "silent"

    def row(self, text: str) -> np.ndarray:
        return super().row(text) * 0


class SilentOnQuestions(Nonsense):
    """Has vectors for notes and none for questions."""

    name = "silent on questions"

    async def embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        made = await super().embed(texts, kind=kind)
        return Embeddings(vectors=made.vectors * (kind == "passage"), token_counts=made.token_counts)


class Away(Nonsense):
    """Indexes, and is gone when questions come."""

    name = "away"

    async def embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        if kind == "query":
            raise ModelUnavailableError("The model is away.")
        return await super().embed(texts, kind=kind)


@pytest.fixture
async def nonsense(tmp_path: Path) -> AsyncIterator[Vault]:
    async with opened(tmp_path, NOTES, model=Nonsense()) as vault:
        yield vault


def ranks(*good: int, samples: int = 60) -> list[list[float]]:
    """Reciprocal ranks of 1 at the weights at these places, and of a half elsewhere."""
    return [[1.0 if place in good else 0.5 for place in range(len(WEIGHTS))] for _ in range(samples)]


@pytest.mark.parametrize(("place", "weight"), list(enumerate(WEIGHTS)))
def test_the_best_of_the_weights_is_chosen(place: int, weight: float) -> None:
    assert best_weight(ranks(place)) == weight


def test_of_weights_that_are_equally_good_the_middle_is_chosen() -> None:
    assert best_weight(ranks(3, 4, 5)) == pytest.approx(WEIGHTS[4])


def test_where_vectors_are_no_better_than_none_half_of_it_is_left() -> None:
    everything = range(len(WEIGHTS))
    assert best_weight(ranks(*everything)) == pytest.approx(sum(WEIGHTS) / len(WEIGHTS) / 2, abs=0.001)
    assert best_weight(ranks(*everything[1:])) == pytest.approx(sum(WEIGHTS) / (len(WEIGHTS) - 1), abs=0.001)


def test_what_vectors_find_alone_decides_how_much_is_left() -> None:
    table = ranks(*range(len(WEIGHTS)))
    left = [best_weight(table, alone=[found] * 60) for found in (1.0, 0.8, 0.4, 0.0)]
    assert left == sorted(set(left), reverse=True)
    assert (left[0], left[-1]) == (best_weight(table), 0.0)
    assert best_weight(ranks(9), alone=[0.0] * 60) == 0.0


def test_a_weight_that_is_better_by_chance_alone_does_not_win_alone() -> None:
    # One sample of sixty speaks for 0.7, and it may be the one that was drawn.
    table = ranks(2, 3, 4)
    table[0] = [1.0 if place == len(WEIGHTS) - 1 else 0.5 for place in range(len(WEIGHTS))]
    assert best_weight(table) == pytest.approx(WEIGHTS[3])
    # Each sample by a hair: certain, and of no use.
    hair = [[0.5 + 0.001 * (place == len(WEIGHTS) - 1) for place in range(len(WEIGHTS))]] * 60
    assert best_weight(hair) < 0.2


def test_the_more_samples_the_smaller_a_difference_tells() -> None:
    samples = [[(1.0, 0.2)[sample % 2] if place == 9 else 0.5 for place in range(len(WEIGHTS))] for sample in range(8)]
    assert best_weight(samples) < 0.2
    assert best_weight(samples * 100) == pytest.approx(WEIGHTS[9])


@given(st.lists(st.lists(st.floats(0.01, 1), min_size=len(WEIGHTS), max_size=len(WEIGHTS)), min_size=1, max_size=40))
def test_a_weight_is_always_one_between_the_least_and_the_greatest(table: list[list[float]]) -> None:
    assert WEIGHTS[0] <= best_weight(table) <= WEIGHTS[-1]


@pytest.mark.anyio
async def test_a_model_that_knows_nothing_gets_next_to_no_weight(tmp_path: Path) -> None:
    async with opened(tmp_path, CONTESTED, model=Nonsense()) as vault:
        weights = await vault.retriever.measure_trust(vault.database)
    assert weights is not None
    assert weights["en"] <= 0.05


@pytest.mark.anyio
async def test_a_model_that_knows_what_belongs_together_gets_much(tmp_path: Path) -> None:
    async with opened(tmp_path, REWORDED, model=Knowing(KNOWING)) as knowing:
        weights = await knowing.retriever.measure_trust(knowing.database)
    assert weights is not None
    assert weights["en"] >= 0.35


@pytest.mark.anyio
async def test_a_model_that_knows_the_sentence_alone_gets_little(tmp_path: Path) -> None:
    # The vector of the whole chunk, the sentence in it, would be found by it.
    sentences = {subject[::-1]: subject for subject in SUBJECTS}
    async with opened(tmp_path, REWORDED, model=Knowing(sentences)) as vault:
        weights = await vault.retriever.measure_trust(vault.database)
    assert weights is not None
    assert weights["en"] <= 0.25


@pytest.mark.anyio
async def test_the_weight_that_was_measured_for_a_language_decides_in_it(nonsense: Vault) -> None:
    question = "the boraxine of the sea in the cellar"
    by_words = await nonsense.paths(question, lanes=ALL.without("vectors"))
    await nonsense.database.write(lambda c: store_trust(c, {"en": 0.0, "pt": 0.7}))
    assert await nonsense.paths(question) == by_words
    await nonsense.database.write(lambda c: store_trust(c, {"en": 0.7, "pt": 0.0}))
    assert await nonsense.paths(question) != by_words


@pytest.mark.anyio
async def test_weights_are_read_back_as_they_were_stored(nonsense: Vault) -> None:
    assert dict(await nonsense.database.read(trusted)) == {}
    await nonsense.database.write(lambda c: store_trust(c, {"en": 0.35, "": 0.1, "pt": 0.0}))
    assert dict(await nonsense.database.read(trusted)) == {"en": 0.35, "": 0.1, "pt": 0.0}
    await nonsense.database.write(lambda c: store_trust(c, {}))
    assert dict(await nonsense.database.read(trusted)) == {}


@pytest.mark.anyio
async def test_a_measurement_is_due_once_and_again_when_the_vault_has_doubled_or_halved(tmp_path: Path) -> None:
    model = Nonsense()
    few = dict(list(NOTES.items())[: LEAST_SAMPLES - 1])
    async with opened(tmp_path, few, model=model) as vault:
        database = vault.database

        async def due() -> bool:
            return await database.read(trust_is_due)

        async def add(start: int, stop: int) -> None:
            for number in range(start, stop):
                added = entry(f"More/{number}.md", note(f"thing{number}"))
                await database.write(lambda c, added=added: store.replace_note(c, added))  # type: ignore[misc]  # mypy cannot infer a lambda's default

        assert not await due(), "too few chunks"
        await add(0, 1)
        assert not await due(), "not all of them embedded"
        await settle(database, model)
        assert await due()
        await database.write(lambda c: store_trust(c, {"en": 0.1}))
        assert not await due()
        await add(1, 1 + LEAST_SAMPLES)
        await settle(database, model)
        assert await database.read(chunk_count) == 2 * LEAST_SAMPLES
        assert not await due(), "twice as many, and no more"
        await add(100, 101)
        await settle(database, model)
        assert await due()
        await database.write(lambda c: store_trust(c, {}))
        assert not await due(), "measured, though no language had enough"
        await add(200, 200 + LEAST_SAMPLES)
        await settle(database, model)
        await database.write(lambda c: store_trust(c, {"en": 0.1}))
        for path in [*few, *(f"More/{number}.md" for number in range(1, 40))]:
            await database.write(lambda c, path=path: store.remove_note(c, path))  # type: ignore[misc]  # mypy cannot infer a lambda's default
        assert await database.read(chunk_count) >= LEAST_SAMPLES
        assert await due()


@pytest.mark.anyio
async def test_what_is_stored_beside_the_weights_leaves_other_meta_alone(nonsense: Vault) -> None:
    before = await nonsense.database.read(lambda c: read_meta(c, "structure"))
    await nonsense.database.write(lambda c: store_trust(c, {"en": 0.35}))
    assert await nonsense.database.read(lambda c: read_meta(c, "structure")) == before


@pytest.mark.anyio
async def test_samples_are_sentences_out_of_chunks_of_one_language_and_always_the_same(nonsense: Vault) -> None:
    samples = await nonsense.database.read(lambda c: cloze_samples(c, "en"))
    assert len(samples) == len(NOTES) <= SAMPLES
    for sample in samples:
        assert "of the sea was there" in sample.sentence
        assert sample.sentence not in sample.rest
        assert "sea" not in sample.streams.body.split()
        assert "barn" in sample.streams.body.split()
        assert len(sample.streams.title.split()) == 1
    assert await nonsense.database.read(lambda c: cloze_samples(c, "en")) == samples
    assert await nonsense.database.read(lambda c: cloze_samples(c, "pt")) == []


_WITHOUT_STOPS = "".join(chr(0x0E01 + number % 40) + "า" for number in range(200))


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One single sentence that is long and has no other one beside it" + " word" * 40 + ".", 0),
        ("一二三四五六七八九十一二三四五六七八。" * 4, 1),
        (_WITHOUT_STOPS, 1),
        ("यह एक लंबा वाक्य है जो बहुत कुछ कहता है। " * 8, 1),
        ("\n".join(f"line number {number} of a list without stops" for number in range(12)), 1),
    ],
)
@pytest.mark.anyio
async def test_sentences_are_found_in_every_script(tmp_path: Path, text: str, sentences: int) -> None:
    async with opened(tmp_path, {"a.md": text}, model=Nonsense(), language="xx") as vault:
        samples = await vault.database.read(lambda c: cloze_samples(c, "xx"))
        assert len(samples) == sentences
        assert all(10 < len(sample.sentence) <= 310 for sample in samples)
        assert all(sample.streams.body.split() for sample in samples)


@pytest.mark.parametrize("model", [Silent(), SilentOnQuestions()])
@pytest.mark.anyio
async def test_a_model_without_vectors_for_a_language_is_no_error(tmp_path: Path, model: EmbeddingModel) -> None:
    async with opened(tmp_path, NOTES, model=model) as vault:
        weights = await vault.retriever.measure_trust(vault.database)
        assert weights is None or weights.get("en", 0.0) <= 0.05
        assert (await vault.best("borax")).chunk.note.path == "borax.md"


@pytest.mark.anyio
async def test_nothing_is_measured_without_a_model_and_search_goes_on(tmp_path: Path) -> None:
    async with opened(tmp_path, NOTES) as vault:
        assert await vault.retriever.measure_trust(vault.database) is None
    async with opened(tmp_path, NOTES, model=Away()) as vault:
        assert (await vault.best("borax")).chunk.note.path == "borax.md"


@pytest.mark.anyio
async def test_a_model_that_fails_or_has_no_time_measures_nothing(tmp_path: Path, nonsense: Vault) -> None:
    assert await nonsense.retriever.measure_trust(nonsense.database, seconds=-1) == {}
    async with opened(tmp_path / "away", NOTES, model=Away()) as vault:
        assert await vault.retriever.measure_trust(vault.database) is None


@pytest.mark.parametrize(
    ("measured", "usual", "weight"), [(0.0, 0.3, 0.0), (0.3, 0.3, 0.3), (0.04, 0.25, 0.1), (0.7, 0.0, 0.0)]
)
def test_what_was_measured_is_tempered_by_what_is_usual(measured: float, usual: float, weight: float) -> None:
    assert tempered(measured, usual=usual) == weight


@pytest.mark.parametrize(("share", "weight"), [(1.0, 0.4), (0.5, 0.1), (0.0, 0.0)])
def test_a_model_of_which_nothing_is_known_counts_by_what_it_finds_alone(share: float, weight: float) -> None:
    assert doubted(0.4, share) == weight


def test_what_vectors_find_alone_is_a_share_of_what_words_find() -> None:
    assert share_alone([0.5, 0.0], [1.0, 0.0]) == 0.5
    assert share_alone([1.0], [0.5]) == 1
    assert share_alone([0.0], [0.0]) == 0


@pytest.mark.anyio
async def test_a_model_that_finds_half_of_the_samples_is_trusted_less_where_it_was_never_measured(
    tmp_path: Path,
) -> None:
    model = Knowing({word: subject for word, subject in KNOWING.items() if subject in SUBJECTS[::2]})
    async with opened(tmp_path, NOTES, model=model) as vault:
        weights = [
            await Retriever(lambda: vault.database, lambda: model, vector_weight=0.4, proven=proven).measure_trust(
                vault.database
            )
            for proven in (True, False)
        ]
    known, unknown = (found["en"] for found in weights if found is not None)
    assert 0 < unknown < known / 2


@pytest.mark.anyio
async def test_an_index_that_is_not_served_is_not_measured(tmp_path: Path, nonsense: Vault) -> None:
    async with opened(tmp_path / "other", {}, model=Nonsense()) as other:
        assert await nonsense.retriever.measure_trust(other.database) is None


@pytest.mark.skipif(static_available() is not None, reason="the built-in embedding is not installed")
@pytest.mark.anyio
async def test_the_built_in_embedding_is_measured_on_languages_with_enough_chunks(tmp_path: Path) -> None:
    few = {"pt.md": "O jardim fica longe da casa e as decisões foram adiadas. " * 8}
    async with opened(tmp_path, NOTES | few, model=StaticEmbeddingModel()) as vault:
        weights = await vault.retriever.measure_trust(vault.database)
    assert weights is not None
    assert set(weights) == {"en"}
    assert WEIGHTS[0] <= weights["en"] <= WEIGHTS[-1]
