"""`POST /vault/search` and `POST /vault/sync`: the request bodies."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from sidecar.protocol.fields import Body, Whole


class SearchBody(Body):
    """A search. Operators (`#tag`, `path:`, `[property:value]`, …) stand in the query itself.

    `elsewhere` says that what is found goes to a model on another machine: notes that stay on this one are left out.
    """

    query: str = Field(min_length=1, max_length=10_000)
    vault: str | None = None
    limit: Whole = Field(default=10, ge=1, le=100)
    filters: dict[str, Any] | None = None
    explain: bool = False
    elsewhere: bool = False


class SyncBody(Body):
    """A wish to look at the files now; no `vault` means all of them.

    `accept_removals` says that notes which vanished in large numbers were deleted on purpose.
    """

    vault: str | None = None
    accept_removals: bool = False
