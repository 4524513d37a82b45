"""Notes that stay on this machine are not given to a client whose model runs elsewhere, whatever it asks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.mcp_server.notes import PRIVATE, STAYS
from tests.mcp_server.talking import Talk, words
from tests.serving import Server

# More conditions than a search looks at: the one that keeps notes here must not be what is dropped.
MANY = " ".join(f"-tag:none{number}" for number in range(80))
ASKED: list[tuple[str, dict[str, Any]]] = [
    ("search_notes", {"query": "quetzalcoatl fever degrees", "limit": 25}),
    ("search_notes", {"query": '"quetzalcoatl fever"'}),
    ("search_notes", {"query": "#quetzalcoatl"}),
    ("search_notes", {"query": "path:Health", "limit": 25}),
    ("search_notes", {"query": "path:.md", "limit": 25}),
    ("search_notes", {"query": "[[Result 7]]"}),
    ("search_notes", {"query": "[[Checkup result]]"}),
    ("search_notes", {"query": f"fever {MANY}", "limit": 25}),
    ("search_notes", {"query": "what the doctors said", "limit": 25}),
    ("search_notes", {"query": "fever", "path_contains": "Journal"}),
    ("read_note", {"path": "Health/Result 7.md"}),
    ("read_note", {"path": "Health/Index.md"}),
    ("read_note", {"path": "Journal/2026.md"}),
    ("read_note", {"path": "Garden/Beds.md"}),
    ("read_note", {"path": "Garden/Compost.md"}),
    ("related_notes", {"path": "Health/Result 7.md"}),
    ("related_notes", {"path": "Health/Index.md", "limit": 25}),
    ("related_notes", {"path": "Garden/Beds.md", "limit": 25}),
    ("ask_notes", {"question": "How high was the fever?"}),
    ("ask_notes", {"question": "What do the notes say of quetzalcoatl fever degrees?"}),
    ("ask_notes", {"question": "What is in [[Result 7]]?"}),
    ("vault_status", {}),
]
asked = pytest.mark.parametrize(("tool", "arguments"), ASKED, ids=lambda value: str(value)[:60])


def everything(talk: Talk, tool: str, arguments: dict[str, Any]) -> str:
    """All that a client hears, without what it said itself."""
    result = talk.call(tool, **arguments)
    heard = json.dumps(result.structured_content, ensure_ascii=False) + words(result)
    for said in arguments.values():
        heard = heard.replace(str(said), "")
    return heard


@asked
def test_nothing_of_them_leaves(away: Talk, tool: str, arguments: dict[str, Any]) -> None:
    heard = everything(away, tool, arguments)
    linked = heard.replace("[[Health/Result 7]]", "").replace('"target": "Health/Result 7"', "")
    assert [word for word in (*STAYS, "39.4", "Result 7") if word in linked] == []


@asked
def test_private_notes_are_given_to_nobody(away: Talk, here: Talk, tool: str, arguments: dict[str, Any]) -> None:
    for talk in (away, here):
        assert [word for word in PRIVATE if word in everything(talk, tool, arguments)] == []


def test_a_client_of_this_machine_is_given_them(here: Talk) -> None:
    assert set(here.paths("quetzalcoatl")) >= {"Health/Result 7.md", "Journal/2026.md"}
    assert "39.4" in here.told("read_note", path="Health/Result 7.md")["text"]
    assert "Health/Result 7.md" in here.told("read_note", path="Garden/Beds.md")["linked_from"]
    assert "39.4" in here.told("ask_notes", question="How high was the quetzalcoatl fever?")["answer"]


def test_a_note_that_stays_is_answered_as_one_that_does_not_exist(away: Talk) -> None:
    for tool in ("read_note", "related_notes"):
        missing = away.refused(tool, path="Health/Result 8.md")
        assert away.refused(tool, path="Health/Result 7.md") == missing.replace("Result 8", "Result 7")


def test_how_many_were_found_is_not_told(away: Talk) -> None:
    """Asked often enough, a number would say what stands in them."""
    for right, wrong in (("path:Health/Result fever", "path:Health/Nothing fever"), ("#quetzalcoatl", "#axolotl")):
        assert away.told("search_notes", query=right) == away.told("search_notes", query=wrong)
        answers = [away.told("ask_notes", question=f"What is there in {asked}?") for asked in (right, wrong)]
        assert answers[0] == answers[1]


def test_other_notes_come_in_their_place(away: Talk, here: Talk) -> None:
    """Two of three hits for the beds stay here: there are as many others as were asked for."""
    assert len(here.paths("raised beds", limit=3)) == 3
    found = away.paths("raised beds", limit=3)
    assert len(found) == 3
    assert "Journal/2026.md" not in found


def test_the_count_of_notes_is_of_those_that_can_be_read(away: Talk, here: Talk) -> None:
    counts = [talk.told("vault_status")["vaults"][0]["notes"] for talk in (away, here)]
    assert counts[1] - counts[0] == 2


def test_programs_that_say_so_themselves_are_answered_alike(served: Server) -> None:
    assert "Health/Result 7.md" in served.found("quetzalcoatl")
    leaving = served.found("quetzalcoatl", elsewhere=True)
    assert leaving
    assert not {"Health/Result 7.md", "Journal/2026.md"} & {*leaving}
    note = "/vault/notes/Health/Result 7.md"
    assert served.client.get(note).status_code == 200
    for said in ("true", "yes", "1", "", "maybe"):
        assert served.client.get(note, params={"elsewhere": said}).status_code == 404


def test_what_a_hit_embeds_is_given_only_where_it_may_go(served: Server) -> None:
    def embedded(*, elsewhere: bool) -> list[str]:
        body = {"query": "what the doctors said", "limit": 1, "elsewhere": elsewhere}
        results = served.client.post("/vault/search", json=body).json()["results"]
        return [each["path"] for result in results for each in result["embeds"]]

    assert embedded(elsewhere=False) == ["Health/Result 7.md"]
    assert embedded(elsewhere=True) == []


def test_an_answer_does_not_say_how_many_notes_it_was_made_without(served: Server) -> None:
    body = {
        "model": "vault",
        "messages": [{"role": "user", "content": "How high was the quetzalcoatl fever?"}],
        "vault": {"elsewhere": True},
    }
    answer = served.client.post("/v1/chat/completions", json=body).json()
    assert not answer["vault"].get("withheld")
    assert "39.4" not in str(answer)
