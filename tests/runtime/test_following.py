"""Stored responses go with the notes that they drew on, and only with these."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import apsw
import pytest

from sidecar.errors import IndexUnavailableError
from sidecar.index import shelf
from sidecar.runtime.following import Following
from sidecar.runtime.keeper import OnDamaged, VaultKeeper
from sidecar.runtime.opening import index_folder, open_vault
from sidecar.runtime.response_rows import StoredResponse
from sidecar.runtime.stored_responses import FILE, StoredResponses
from sidecar.runtime.vaults import OpenVault

pytestmark = pytest.mark.anyio


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    folder: Path
    vault: OpenVault
    stored: StoredResponses

    async def keep(self, number: int, path: str) -> None:
        """Keep an answer that was made from a file."""
        body = {"id": f"resp_{number}", "output": [{"id": f"msg_{number}", "type": "message", "content": ["told"]}]}
        await self.stored.save(StoredResponse(body=body, input=[], events=[], notes=frozenset({("vault", path)})))

    async def settle(self) -> None:
        await self.vault.index(accept_removals=False)
        self.vault.on_settled()

    async def drawn_on(self, *paths: str) -> None:
        """Wait until these are the files that answers are known to come from."""
        async with asyncio.timeout(10):
            while set(await self.stored.drawn_on(self.vault.identity)) != set(paths):  # noqa: ASYNC110  # a file tells nobody
                await asyncio.sleep(0.01)


async def opened(folder: Path, data: Path) -> OpenVault:
    return await open_vault(
        folder,
        name="vault",
        data_dir=data,
        embedding=None,
        embedding_name="none",
        reopen_embedding=lambda _: None,
        exclude=(),
    )


@pytest.fixture
async def followed(anyio_backend: str, tmp_path: Path) -> AsyncIterator[Followed]:
    folder = tmp_path / "vault"
    folder.mkdir()
    for name in ("Boat", "Tide", "Wind"):
        (folder / f"{name}.md").write_text(f"About the {name}.", encoding="utf-8")
    data = tmp_path / "data"
    data.mkdir()
    vault = await opened(folder, data)
    stored = StoredResponses(data / FILE)
    following = Following(stored, retry_seconds=0.01, asides_seconds=0.01)
    following.follow(vault)
    running = asyncio.create_task(following.run())
    yield Followed(folder=folder, vault=vault, stored=stored)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await vault.aclose()
    await stored.aclose()


async def test_an_answer_goes_while_a_slow_model_still_embeds(followed: Followed) -> None:
    await followed.keep(1, "Boat.md")
    (followed.folder / "Boat.md").unlink()
    await followed.vault.index(accept_removals=False)
    followed.vault.indexer.progress.phase = "embedding"
    followed.vault.on_settled()
    await followed.drawn_on()


async def test_a_note_that_is_only_in_the_cloud_has_not_gone(followed: Followed) -> None:
    await followed.keep(1, "Boat.md")
    await followed.keep(2, "Tide.md")
    (followed.folder / "Boat.md").rename(followed.folder / ".Boat.md.icloud")
    (followed.folder / "Tide.md").unlink()
    # Nothing has been read of it yet: the index was begun after the cloud had taken it.
    await followed.settle()
    await followed.drawn_on("Boat.md")


async def test_a_damaged_row_does_not_end_the_following(followed: Followed) -> None:
    await followed.keep(1, "Boat.md")
    connection = apsw.Connection(str(followed.stored.path))
    connection.execute("UPDATE drawn_on SET path = CAST(x'ff' AS TEXT)")
    connection.close()
    await followed.settle()
    await followed.drawn_on()
    await followed.keep(2, "Tide.md")
    await followed.keep(3, "Wind.md")
    (followed.folder / "Tide.md").unlink()
    await followed.settle()
    await followed.drawn_on("Wind.md")


async def until(there: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not there():  # noqa: ASYNC110  # a file tells nobody
            await asyncio.sleep(0.01)


async def test_answers_of_another_vault_of_the_same_name_stay(followed: Followed, tmp_path: Path) -> None:
    await followed.keep(1, "Only here.md")
    kept = await followed.stored.get("resp_1")
    (tmp_path / "two" / "vault").mkdir(parents=True)
    (tmp_path / "two" / "vault" / "Other.md").write_text("Another.", encoding="utf-8")
    two = await opened(tmp_path / "two" / "vault", tmp_path / "data")
    assert two.identity == index_folder(tmp_path / "data", tmp_path / "two" / "vault").name
    following = Following(followed.stored)
    following.follow(two)
    await followed.keep(2, "Gone.md")
    await two.index(accept_removals=False)
    two.on_settled()
    running = asyncio.create_task(following.run())
    other = Followed(folder=tmp_path / "two" / "vault", vault=two, stored=followed.stored)
    await other.drawn_on()
    running.cancel()
    await two.aclose()
    assert await followed.stored.get("resp_1") == kept
    await followed.drawn_on("Only here.md")


@pytest.mark.parametrize("when", ["forgotten", "old"])
async def test_a_damaged_file_goes_when_a_note_is_forgotten_or_a_day_later(followed: Followed, when: str) -> None:
    await followed.settle()
    now = time.gmtime(time.time() - (90_000 if when == "old" else 60))
    aside = followed.stored.path.with_name(f"{FILE}.damaged-{time.strftime('%Y%m%d-%H%M%S', now)}")
    aside.write_bytes(b"a secret of mine")
    if when == "forgotten":
        assert aside.exists()
        (followed.folder / "Boat.md").unlink()
        await followed.settle()
    await until(lambda: not aside.exists())


async def test_what_hinders_is_told_once(followed: Followed, caplog: pytest.LogCaptureFixture) -> None:
    await followed.keep(1, "Boat.md")
    asked = 0

    async def full(_: str) -> dict[str, bytes | None]:
        nonlocal asked
        asked += 1
        raise IndexUnavailableError("The disk is full.")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(followed.stored, "drawn_on", full)
        (followed.folder / "Boat.md").unlink()
        await followed.settle()
        await until(lambda: asked > 3)
        assert caplog.text.count("not removed yet") == 1
    await followed.drawn_on()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(followed.stored, "drawn_on", full)
        before = asked
        followed.vault.on_settled()
        await until(lambda: asked > before + 3)
    assert caplog.text.count("not removed yet") == 2


@pytest.mark.parametrize("ends", ["back", "accepted"])
async def test_answers_from_held_notes_stay_when_the_index_is_lost(tmp_path: Path, ends: str) -> None:
    folder, data = tmp_path / "vault", tmp_path / "data"
    (folder / "Drive").mkdir(parents=True)
    for number in range(15):
        (folder / f"Here {number}.md").write_text(f"Here {number}.", encoding="utf-8")
        (folder / "Drive" / f"There {number}.md").write_text(f"There {number}.", encoding="utf-8")
    data.mkdir()
    stored = StoredResponses(data / FILE)
    following = Following(stored, retry_seconds=0.01)

    async def open_one(path: Path, _name: str, _on_damaged: OnDamaged) -> OpenVault:
        vault = await opened(path, data)
        following.follow(vault)
        return vault

    indexes = index_folder(data, folder)
    keeper = VaultKeeper(folder, name="vault", folder=indexes, open_one=open_one, kind=None)
    await keeper.open()
    first = keeper.vault
    assert first is not None
    await first.index(accept_removals=False)
    await Followed(folder=folder, vault=first, stored=stored).keep(1, "Drive/There 1.md")
    kept = await stored.get("resp_1")
    (folder / "Drive").rename(tmp_path / "away")
    await first.index(accept_removals=False)
    assert len(first.indexer.progress.held) == 15
    running = asyncio.create_task(following.run())
    for index in indexes.glob("index-*"):
        index.unlink()
    keeper.start()
    async with asyncio.timeout(20):
        while keeper.vault in {None, first} or not (now := keeper.vault).indexer.progress.passes:  # noqa: ASYNC110  # what is to come tells nobody yet
            await asyncio.sleep(0.02)
    assert now is not None
    told = await now.sync()
    assert any("15 notes that had vanished are no longer searchable" in problem for problem in told["problems"])
    assert await stored.get("resp_1") == kept
    if ends == "back":
        (tmp_path / "away").rename(folder / "Drive")
    told = await now.sync(accept_removals=ends == "accepted")
    assert not any("vanished" in problem for problem in told["problems"])
    await Followed(folder=folder, vault=now, stored=stored).drawn_on(*(["Drive/There 1.md"] if ends == "back" else []))
    assert (await stored.get("resp_1") == kept) is (ends == "back")
    running.cancel()
    await keeper.aclose()
    await stored.aclose()


async def test_a_damaged_index_that_cannot_be_renamed_stays_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[OnDamaged] = []

    async def open_one(path: Path, _name: str, on_damaged: OnDamaged) -> OpenVault:
        told.append(on_damaged)
        return await opened(path, tmp_path / "data")

    def refuse(_: Path) -> Path | None:
        raise PermissionError(13, "Permission denied")

    def is_open() -> bool:
        return keeper.vault is not None

    folder, indexes = tmp_path / "vault", index_folder(tmp_path / "data", tmp_path / "vault")
    folder.mkdir()
    (folder / "Boat.md").write_text("A boat.", encoding="utf-8")
    keeper = VaultKeeper(folder, name="vault", folder=indexes, open_one=open_one, kind=None)
    await keeper.open()
    await keeper.aclose()
    (index,) = indexes.glob("index-*.db")
    keeper.vault = None
    told[0](index)
    with monkeypatch.context() as patched:
        patched.setattr(shelf, "put_aside", refuse)
        await keeper.open()
        assert not is_open()
        assert "cannot be put aside: Permission denied." in keeper.told
    await keeper.open()
    assert is_open()
    assert list(indexes.glob("*.damaged-*"))
    await keeper.aclose()
