"""What `/vault/why`, an explained search and `/vault/related` give as JSON, on a vault that is read from the disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.runtime.test_vaults import NamedModel, opened

NOTES = {f"Boilers/{n}.md": f"boiler number {n}, a boiler" for n in range(30)} | {
    "Garden.md": "Beans, [[Boilers/1]] and one boiler among many, many other things that grow there.",
    "Hidden.md": "---\nprivate: true\n---\nA boiler.",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    vault = tmp_path / "vault"
    for path, text in NOTES.items():
        (vault / path).parent.mkdir(parents=True, exist_ok=True)
        (vault / path).write_text(text, encoding="utf-8")
    return vault


@pytest.mark.anyio
async def test_an_explained_hit_tells_its_lanes(folder: Path) -> None:
    async with opened(folder, NamedModel("model", "1")) as vault:
        await vault.index(accept_removals=False)
        (hit,) = await vault.search("beans", limit=1, explain=True)
    assert hit["path"] == "Garden.md"
    assert set(hit["why"]) == {"score", "lexical", "matched", "similarity", "vector_weight", "mentioned", "lanes"}
    assert {"lane": "words", "rank": 1, "detail": "beans"} in hit["why"]["lanes"]


@pytest.mark.anyio
async def test_a_shown_note_has_its_rank_and_others_their_reasons_too(folder: Path) -> None:
    async with opened(folder, None) as vault:
        await vault.index(accept_removals=False)
        first = (await vault.why("Garden.md", "beans"))["query"]
        behind = (await vault.why("Garden.md", "boiler number"))["query"]
        missed = (await vault.why("Garden.md", "xylograph"))["query"]
        hidden = await vault.why("Hidden.md", "boiler")
    assert (first["found"], first["shown"], first["rank"], first["pieces"]) == (True, True, 1, 1)
    assert "reasons" not in first
    assert (behind["found"], behind["shown"]) == (True, False)
    assert behind["rank"] > 10
    assert [reason["code"] for reason in behind["reasons"]] == ["outranked_by_words", "no_vectors"]
    assert (missed["found"], missed["shown"], missed["matched"]) == (False, False, [])
    assert "query" not in hidden
    assert hidden["status"] == "excluded"
    json.dumps([first, behind, missed, hidden])


@pytest.mark.anyio
async def test_related_notes_say_why_and_which_way_they_are_linked(folder: Path) -> None:
    async with opened(folder, None) as vault:
        await vault.index(accept_removals=False)
        near = {each["path"]: each for each in await vault.related("Garden.md", limit=40)}
    linked = near["Boilers/1.md"]
    assert (linked["linked"], linked["links_to"], linked["linked_from"]) == (True, True, False)
    assert {"lane": "links", "rank": None, "detail": "the note links to it"} in linked["why"]["lanes"]
    assert "Hidden.md" not in near
    assert not near["Boilers/2.md"]["linked"]
