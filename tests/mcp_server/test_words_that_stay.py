"""Which words stand in notes that stay on this machine is not to be guessed from what is told of others.

Two vaults with the same notes are asked the same things; the second has notes that stay beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.serving import Server, serve

OPEN = {
    "Boiler.md": "# Boiler\nThe boiler was serviced in May. See [[Garden]].\n",
    "Garden.md": "# Garden\nTomatoes grow near the boiler room. #garden\n",
    "Other.md": "# Other\nA note on pressure and steam. #garden\n",
    **{f"Topic {n}.md": f"# Topic {n}\ntext of tyres {'boiler' if n % 5 == 0 else ''}\n" for n in range(30)},
}
SECRET = "boiler zorgblat zorgblat{n} 30 May 2019 [[Boiler]] [[Other]] #garden"
STAYING = {
    f"Stay {n}.md": f"---\nsidecar: local\ndate: 2019-05-30\n---\n# Stay {n}\n{SECRET.format(n=n)}\n"
    for n in range(100, 120)
}
# What the second of each pair asks for beside the boiler stands in no note at all.
PAIRS = [
    ("boiler zorgblat", "boiler zorgblax"),
    ("boiler zorgblat107", "boiler zorgblat777"),
    ("boiler on 30 May 2019", "boiler on 31 May 2019"),
    ("what of Stay 107 and the boiler?", "what of Stay 777 and the boiler?"),
    ("[[Stay 107]] boiler", "[[Stay 777]] boiler"),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("staying")
    vaults = {"alone": OPEN, "beside": {**OPEN, **STAYING}}
    for name, notes in vaults.items():
        (folder / name).mkdir()
        for path, text in notes.items():
            (folder / name / path).write_text(text, encoding="utf-8")
    # How near a word is to another in meaning would tell the two of a pair apart.
    options = ("--embedding-model", "none")
    with serve(folder / "alone", folder / "beside", *options, data_dir=folder / "data") as server:
        yield server


def hits(served: Server, query: str, vault: str) -> list[Any]:
    body = {"query": query, "vault": vault, "elsewhere": True, "explain": True}
    results = served.client.post("/vault/search", json=body).json()["results"]
    return [(hit["path"], hit["score"], [lane["rank"] for lane in hit["why"]["lanes"]]) for hit in results]


def answer(served: Server, question: str, vault: str) -> str:
    body = {
        "model": "vault",
        "messages": [{"role": "user", "content": question}],
        "vault": {"name": vault, "elsewhere": True},
    }
    told = served.client.post("/v1/chat/completions", json=body).json()
    return str(told["choices"][0]["message"]["content"])


def related(served: Server, path: str, vault: str) -> list[Any]:
    params = {"path": path, "vault": vault, "elsewhere": "true", "limit": "10"}
    results = served.client.get("/vault/related", params=params).json()["results"]
    return [(each["path"], [(lane["lane"], lane["rank"]) for lane in each["why"]["lanes"]]) for each in results]


@pytest.mark.parametrize(("stands", "nowhere"), PAIRS)
def test_scores_do_not_tell_a_word_of_theirs_from_one_that_stands_nowhere(
    served: Server, stands: str, nowhere: str
) -> None:
    assert hits(served, stands, "beside") == hits(served, nowhere, "beside") != []


@pytest.mark.parametrize(("stands", "nowhere"), PAIRS)
def test_answers_are_as_if_there_were_none_of_them(served: Server, stands: str, nowhere: str) -> None:
    assert answer(served, stands, "beside") == answer(served, nowhere, "beside")
    assert answer(served, stands, "beside") == answer(served, stands, "alone")


@pytest.mark.parametrize("path", ["Boiler.md", "Garden.md", "Other.md"])
def test_what_is_related_is_as_if_there_were_none_of_them(served: Server, path: str) -> None:
    """They link to both notes, and would stand before the others in each lane."""
    assert related(served, path, "beside") == related(served, path, "alone") != []


def test_a_question_without_words_finds_as_little_as_beside_no_such_notes(served: Server) -> None:
    assert hits(served, "???", "beside") == hits(served, "???", "alone") == []


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("/v1/responses", {"model": "vault", "input": "boiler"}),
        ("/v1/completions", {"model": "vault", "prompt": "boiler"}),
        ("/api/chat", {"model": "vault", "messages": [{"role": "user", "content": "boiler"}]}),
        ("/api/generate", {"model": "vault", "prompt": "boiler"}),
    ],
)
def test_a_route_that_keeps_nothing_back_does_not_overlook_the_wish(
    served: Server, route: str, body: dict[str, Any]
) -> None:
    for wish in (True, "yes", 1):
        told = served.client.post(route, json={**body, "vault": {"elsewhere": wish}})
        assert told.status_code == 400
        assert "elsewhere" in told.text
    assert served.client.post(route, json={**body, "vault": {"elsewhere": False}}).status_code == 200
