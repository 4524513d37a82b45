"""A vault that is opened while its folder or archive is away, and one whose index is damaged again and again."""

from __future__ import annotations

import asyncio
import json
import zipfile
from pathlib import Path

import pytest

from sidecar.errors import RequestError, VaultError
from sidecar.runtime.configured import Vaults
from sidecar.runtime.keeper import OnDamaged, VaultKeeper
from sidecar.runtime.opening import index_folder, open_vault
from sidecar.runtime.vaults import OpenVault
from tests.runtime.test_vaults import NamedModel


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    vault = tmp_path / "vault"
    (vault / ".obsidian").mkdir(parents=True)
    settings = {"userIgnoreFilters": ["Closed/"]}
    (vault / ".obsidian" / "app.json").write_text(json.dumps(settings), encoding="utf-8")
    (vault / "Boat.md").write_text("The aardvark rows.", encoding="utf-8")
    (vault / "Tide.md").write_text("The bandicoot waits.", encoding="utf-8")
    return vault


async def opened(path: Path, model: NamedModel | None = None, before: NamedModel | None = None) -> OpenVault:
    return await open_vault(
        path,
        name="vault",
        data_dir=path.parent / "data",
        embedding=model,
        embedding_name=model.name if model else "none",
        reopen_embedding=lambda _: before,
        exclude=(),
        even_away=True,
    )


async def index_once(path: Path, model: NamedModel | None = None) -> None:
    vault = await opened(path, model)
    await vault.index(accept_removals=False)
    await vault.aclose()


@pytest.mark.anyio
async def test_an_index_made_with_another_model_answers_until_the_vault_is_back(folder: Path) -> None:
    one = NamedModel("one", "1")
    await index_once(folder, one)
    folder.rename(folder.with_name("elsewhere"))
    vault = await opened(folder, NamedModel("two", "2"), one)
    await vault.index(accept_removals=False)
    assert [hit["path"] for hit in await vault.search("aardvark")] == ["Boat.md"]
    assert (await vault.status())["rebuilding"] is True
    folder.with_name("elsewhere").rename(folder)
    await vault.index(accept_removals=False)
    assert (await vault.status())["rebuilding"] is False
    assert [hit["path"] for hit in await vault.search("aardvark")] == ["Boat.md"]
    await vault.aclose()


@pytest.mark.anyio
@pytest.mark.parametrize("empty", [False, True])
async def test_a_vault_that_is_away_keeps_its_kind_and_its_exclusions(folder: Path, empty: bool) -> None:
    await index_once(folder)
    folder.rename(folder.with_name("elsewhere"))
    if empty:
        folder.mkdir()
    vault = await opened(folder)
    assert (await vault.why("Closed/Diary.md", None))["status"] == "excluded"
    status = await vault.status()
    assert status["kind"] == "obsidian"
    assert "nothing is forgotten" in status["problems"][0]
    await vault.aclose()


@pytest.mark.anyio
async def test_a_vault_of_which_nothing_is_indexed_is_not_opened_while_it_is_away(folder: Path) -> None:
    with pytest.raises(VaultError, match="does not exist"):
        await opened(folder.with_name("never"))
    (folder / "Boat.md").unlink()
    (folder / "Tide.md").unlink()
    await index_once(folder)
    folder.rename(folder.with_name("elsewhere"))
    with pytest.raises(VaultError, match="does not exist"):
        await opened(folder)


@pytest.mark.anyio
@pytest.mark.parametrize("broken", [False, True])
async def test_of_an_archive_that_is_away_or_broken_what_was_unpacked_answers(tmp_path: Path, broken: bool) -> None:
    archive = tmp_path / "Export.zip"
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr("Page.md", "An aardvark.")
    await index_once(archive)
    archive.unlink()
    if broken:
        archive.write_bytes(b"PK\x03\x04")
    vault = await opened(archive)
    assert vault.reopens
    assert [hit["path"] for hit in await vault.search("aardvark")] == ["Page.md"]
    assert "Export.zip" in (await vault.status())["problems"][0]
    await vault.aclose()


@pytest.mark.anyio
async def test_an_index_that_is_damaged_again_and_again_is_not_built_at_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[OnDamaged] = []

    async def open_one(path: Path, _name: str, on_damaged: OnDamaged) -> OpenVault:
        told.append(on_damaged)
        vault = await opened(path)
        # Nothing is read, so that the index is being built for as long as this looks at it.
        monkeypatch.setattr(vault, "start", lambda: None)
        return vault

    data = index_folder(folder.parent / "data", folder)
    keeper = VaultKeeper(folder, name="vault", folder=data, open_one=open_one, kind=None)
    vaults = Vaults([keeper])
    await vaults.open(patient=True)
    vaults.start()
    for _ in range(2):
        before = vaults["vault"]
        told[-1](next(data.glob("index-*.db")))
        async with asyncio.timeout(20):
            while vaults.get("vault") in {None, before}:  # noqa: ASYNC110  # what is to come tells nobody yet
                await asyncio.sleep(0.02)
        problem = (await vaults.status())[0]["problems"][0]
        assert "being built anew" in problem
        assert next(data.glob("*.damaged-*")).name in problem
    last = vaults["vault"]
    told[-1](next(data.glob("index-*.db")))
    async with asyncio.timeout(20):
        while "3 times" not in str(keeper.error):  # noqa: ASYNC110  # a vault that stays closed tells nobody
            await asyncio.sleep(0.02)
    assert last.name not in vaults
    assert len(told) == 3
    (status,) = await vaults.status()
    assert "may be failing" in status["problems"][0]
    with pytest.raises(VaultError, match="3 times within an hour"):
        vaults.named(None)
    with pytest.raises(RequestError, match="no vault 'other'"):
        vaults.named("other")
    await vaults.aclose()
