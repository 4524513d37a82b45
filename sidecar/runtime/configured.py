"""The vaults that the configuration names: the open ones as a mapping, and of the others what keeps them closed.

What runs here: one vault after the other is opened at the start. From then on each looks after itself (`VaultKeeper`),
so that one whose disk is slow to answer keeps no other one waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Any

from sidecar.errors import RequestError
from sidecar.runtime.keeper import VaultKeeper
from sidecar.runtime.vaults import OpenVault


class Vaults(Mapping[str, OpenVault]):
    """The open vaults by name, in the order of the settings. Which these are may change with each `await`."""

    def __init__(self, keepers: Sequence[VaultKeeper]) -> None:
        self._keepers = {keeper.name: keeper for keeper in keepers}

    def __getitem__(self, name: str) -> OpenVault:
        vault = self._keepers[name].vault
        if vault is None:
            raise KeyError(name)
        return vault

    def __iter__(self) -> Iterator[str]:
        return iter([name for name, keeper in self._keepers.items() if keeper.vault is not None])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all, open or not."""
        return tuple(self._keepers)

    @property
    def ready(self) -> bool:
        """Whether one can be asked, and every one that can be has been gone through. One that is away is no reason to
        wait.
        """
        progress = [vault.indexer.progress for vault in self.values()]
        return not self._keepers or (bool(progress) and all(each.ready for each in progress))

    @property
    def problems(self) -> list[str]:
        """What keeps vaults closed, a sentence or two for each."""
        return [keeper.told for keeper in self._keepers.values() if keeper.vault is None]

    async def open(self, *, patient: bool) -> None:
        """Open what can be opened. Raises what keeps the first one closed, as `open_vault`; a `patient` one waits for
        it, unless none is open and none was ever indexed: then what was named is a mistake.
        """
        for keeper in self._keepers.values():
            known = keeper.was_indexed
            await keeper.open()
            if keeper.error is not None and not patient:
                raise keeper.error
            keeper.known = known
        errors = [keeper.error for keeper in self._keepers.values() if keeper.error is not None]
        if errors and not self and not any(keeper.known for keeper in self._keepers.values()):
            raise errors[0]

    def start(self) -> None:
        """Begin to index and watch those that are open, and to wait for the others."""
        for keeper in self._keepers.values():
            keeper.start()

    async def aclose(self) -> None:
        """Close every vault and wait for none any longer. Idempotent."""
        await asyncio.gather(*(keeper.aclose() for keeper in self._keepers.values()))

    def named(self, name: str | None) -> OpenVault:
        """A vault by name; for `None` the first one that is open. Raises RequestError for a name that is not
        configured, VaultError for one that is not open.
        """
        if name is not None:
            self.refuse_closed(name.__eq__)
        found = self.first() if name is None else self.get(name)
        if found is not None:
            return found
        raise RequestError(
            f"There is no vault {name!r}." if name else "No vault is open.",
            param="vault",
            code="vault_not_found",
            hint=f"Vaults: {', '.join(self.names) or 'none'}.",
        )

    def first(self) -> OpenVault | None:
        """The first vault that is open; `None` when none is configured. Raises VaultError when none is open."""
        found = next(iter(self.values()), None)
        if found is None:
            self.refuse_closed(lambda _: True)
        return found

    def refuse_closed(self, wanted: Callable[[str], bool]) -> None:
        """Raise VaultError for the first vault that is not open among those whose names are wanted."""
        for name, keeper in self._keepers.items():
            if keeper.vault is None and wanted(name):
                raise keeper.refusal

    async def status(self, *, lists: Container[str] = ()) -> list[Mapping[str, Any]]:
        """The status of each, open or not, as in `GET /vault/status`."""
        return [await keeper.status(lists=lists) for keeper in self._keepers.values()]


def names_of(vaults: Mapping[str, OpenVault]) -> Sequence[str]:
    """The names of vaults, those that are configured and not open among them."""
    return vaults.names if isinstance(vaults, Vaults) else tuple(vaults)


def first_of(vaults: Mapping[str, OpenVault]) -> OpenVault | None:
    """The first vault that is open; `None` when there is none. Raises VaultError, as `Vaults.first`."""
    return vaults.first() if isinstance(vaults, Vaults) else next(iter(vaults.values()), None)


def refuse_closed(vaults: Mapping[str, OpenVault], wanted: Callable[[str], bool]) -> None:
    """Raise VaultError for a vault that is configured, not open, and wanted by its name."""
    if isinstance(vaults, Vaults):
        vaults.refuse_closed(wanted)
