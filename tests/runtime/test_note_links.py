"""A note's links, the links to it, and what is near it and not linked, on a vault that is read from the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.chat import ChatRequest, find_passages
from tests.runtime.test_vaults import NamedModel, opened

_FILES = {
    "Home.md": "See [[Plan#Goals|the plan]]\nand ![[diary]] and [[Nowhere]].\n\n![[cabin.png]]",
    "Work/Plan.md": "# Goals\n\nBuild it.",
    "diary.md": "---\nprivate: true\n---\nA secret about [[Plan]].",
    "Far.md": "Nothing to do with it.",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    vault = tmp_path / "vault"
    for path, text in _FILES.items():
        file = vault / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (vault / "cabin.png").write_bytes(b"\x89PNG")
    return vault


@pytest.mark.anyio
async def test_a_note_tells_its_links_and_who_links_to_it(folder: Path) -> None:
    async with opened(folder, None) as vault:
        await vault.index(accept_removals=False)
        home, plan = await vault.note("Home.md"), await vault.note("Work/Plan.md")

    assert (home["kind"], home["backlinks"]) == ("markdown", [])
    assert [(link["target"], link["path"], link["embed"], link["line"]) for link in home["links"]] == [
        ("Plan", "Work/Plan.md", False, 1),
        ("diary", "diary.md", True, 2),
        ("Nowhere", None, False, 2),
        ("cabin.png", "cabin.png", True, 4),
    ]
    assert home["links"][0]["heading"] == "Goals"
    assert plan["backlinks"] == [
        {"path": "Home.md", "heading": "Goals", "block": None, "alias": "the plan", "embed": False, "line": 1}
    ]
    assert "secret" not in repr((home, plan))


@pytest.mark.anyio
async def test_links_follow_a_folder_that_is_renamed_on_the_disk(folder: Path) -> None:
    async with opened(folder, None) as vault:
        await vault.index(accept_removals=False)
        (folder / "Work").rename(folder / "Done")
        await vault.index(accept_removals=False)
        assert (await vault.note("Home.md"))["links"][0]["path"] == "Done/Plan.md"
        (folder / "Plan.md").write_text("nearer", encoding="utf-8")
        await vault.index(accept_removals=False)
        assert (await vault.note("Home.md"))["links"][0]["path"] == "Plan.md"
        (folder / "Plan.md").unlink()
        await vault.index(accept_removals=True)
        assert (await vault.note("Home.md"))["links"][0]["path"] == "Done/Plan.md"


@pytest.mark.anyio
async def test_what_is_near_says_whether_it_is_linked_already(folder: Path) -> None:
    async with opened(folder, NamedModel("model", "1")) as vault:
        await vault.index(accept_removals=False)
        near = {hit["path"]: hit["linked"] for hit in await vault.related("Home.md")}
    assert near == {"Work/Plan.md": True, "Far.md": False} | {path: True for path in near if path == "cabin.png"}


@pytest.mark.anyio
async def test_a_note_tells_the_types_of_its_properties_as_obsidian_has_them(folder: Path) -> None:
    (folder / ".obsidian").mkdir()
    (folder / ".obsidian" / "types.json").write_text('{"types": {"shelf": "number"}}', encoding="utf-8")
    (folder / "Book.md").write_text(
        "---\nshelf: 7\nread: true\nbought: 2024-05-06\nby: [A, B]\nnote: good\n---\n", encoding="utf-8"
    )
    async with opened(folder, None) as vault:
        await vault.index(accept_removals=False)
        note = await vault.note("Book.md")
    types = {"shelf": "number", "read": "checkbox", "bought": "date", "by": "list", "note": "text"}
    assert note["property_types"] == types


@pytest.mark.anyio
async def test_what_a_note_embeds_comes_along_in_search_and_in_chat(folder: Path) -> None:
    (folder / "Boiler.md").write_text("The boiler's own diary.\n\n![[x7#Readings]]", encoding="utf-8")
    (folder / "x7.md").write_text("# Readings\n\nPressure 1.2 bar.\n\n# Else\n\nNothing.", encoding="utf-8")
    async with opened(folder, None) as vault:
        await vault.index(accept_removals=False)
        hit, *_ = await vault.search("boiler diary")
        request = ChatRequest(messages=[{"role": "user", "content": "boiler diary"}])
        passage, *_ = await find_passages(request, vault)
    assert [(each["path"], each["text"]) for each in hit["embeds"]] == [("x7.md", "# Readings\n\nPressure 1.2 bar.")]
    assert [each.path for each in passage.embedded] == ["x7.md"]


@pytest.mark.anyio
async def test_a_note_tells_its_day_its_tasks_and_what_links_lead_nowhere_is_listed(folder: Path) -> None:
    (folder / "Log 2024-05-06.md").write_text("- [/] call [[Nobody]]\n- [x] pay by 1 June 2024", encoding="utf-8")
    async with opened(folder, None) as vault:
        await vault.index(accept_removals=False)
        note = await vault.note("Log 2024-05-06.md")
        status = await vault.status(lists=("unresolved",))
    assert (note["date"], note["date_source"], note["dates"]) == (
        "2024-05-06",
        "name",
        [{"day": "2024-06-01", "line": 2}],
    )
    assert [(task["state"], task["line"]) for task in note["tasks"]] == [("/", 1), ("x", 2)]
    assert status["unresolved_links"] == [
        {"target": "Nobody", "sources": ["Log 2024-05-06.md"]},
        {"target": "Nowhere", "sources": ["Home.md"]},
    ]


@pytest.mark.anyio
async def test_a_link_to_a_table_that_notion_exports_twice_leads_to_the_one_that_is_read(tmp_path: Path) -> None:
    export = tmp_path / "vault"
    export.mkdir()
    table = "Plants 0123456789abcdef0123456789abcdef"
    home = "Home fedcba9876543210fedcba9876543210.md"
    (export / home).write_text(f"# Home\n\n[Plants]({table.replace(' ', '%20')}.csv)", encoding="utf-8")
    (export / f"{table}.csv").write_text("Name\nRose\n", encoding="utf-8")
    async with opened(export, None) as vault:
        await vault.index(accept_removals=False)
        assert [link["path"] for link in (await vault.note(home))["links"]] == [f"{table}.csv"]
        (export / f"{table}_all.csv").write_text("Name\nRose\nTulip\n", encoding="utf-8")
        await vault.index(accept_removals=False)
        assert [link["path"] for link in (await vault.note(home))["links"]] == [f"{table}_all.csv"]


@pytest.mark.anyio
async def test_a_note_about_something_comes_before_its_picture(tmp_path: Path) -> None:
    vault_folder = tmp_path / "vault"
    vault_folder.mkdir()
    (vault_folder / "Porto by night.png").write_bytes(b"")
    (vault_folder / "Trip.md").write_text("In Porto by night we saw the bridge and the river.", encoding="utf-8")
    async with opened(vault_folder, None) as vault:
        await vault.index(accept_removals=False)
        assert [hit["path"] for hit in await vault.search("Porto by night")] == ["Trip.md", "Porto by night.png"]
