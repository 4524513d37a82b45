"""A vault that is open while the machine's power comes and goes: what waits, what is told, and that it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sidecar.indexer.pacing import Pacing
from sidecar.runtime import upkeep
from sidecar.runtime.opening import open_vault
from sidecar.runtime.vault_status import closed_status
from sidecar.runtime.vaults import OpenVault

pytestmark = pytest.mark.anyio


class Power:
    """A battery that is used or not; half a minute passes with every look at the clock."""

    def __init__(self) -> None:
        self.discharging = True
        self._clock = 0.0

    def pacing(self) -> Pacing:
        return Pacing("pause", source=lambda: self.discharging, clock=self._tick)

    def _tick(self) -> float:
        self._clock += 31.0
        return self._clock


@asynccontextmanager
async def opened(folder: Path, power: Power) -> AsyncIterator[OpenVault]:
    vault = await open_vault(
        folder,
        name="vault",
        data_dir=folder.parent / "data",
        embedding=None,
        embedding_name="none",
        reopen_embedding=lambda _name: None,
        exclude=(),
        pacing=power.pacing(),
    )
    try:
        yield vault
    finally:
        await vault.aclose()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    vault = tmp_path / "vault"
    vault.mkdir()
    (vault / "Boat.md").write_text("the aardvark rows", encoding="utf-8")
    return vault


async def test_what_waited_is_indexed_by_itself_when_mains_power_is_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "_RETRY_SECONDS", 0.05)
    power = Power()
    async with opened(folder, power) as vault, asyncio.timeout(60):
        vault.start()
        while vault.indexer.progress.passes == 0:
            await vault.wait_changed()
        status = await vault.status()
        assert (status["paused"], status["slowed"], status["pending"]) == ("on battery", None, 1)
        assert status["ready"] is False
        assert await vault.search("aardvark") == []
        power.discharging = False
        while (await vault.status())["indexed"] == 0:
            await vault.wait_changed()
        assert (await vault.status())["paused"] is None
        assert [hit["path"] for hit in await vault.search("aardvark")] == ["Boat.md"]


async def test_who_asks_for_the_index_gets_it_on_battery_too(folder: Path) -> None:
    async with opened(folder, Power()) as vault:
        await vault.index(accept_removals=False)
        status = await vault.status()
        assert (status["indexed"], status["paused"], status["ready"]) == (1, None, True)


async def test_a_closed_vault_is_told_of_with_the_same_keys(folder: Path) -> None:
    async with opened(folder, Power()) as vault:
        open_one = await vault.status()
    assert closed_status("vault", folder, kind=None, problem="Away.").keys() == open_one.keys()
