"""Every call of every client, made by the client itself against a real server over a socket."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.clients.catalogue import CLIENTS, Client
from tests.clients.running import Outcome

pytestmark = pytest.mark.clients
CALLS = [pytest.param(client, call, id=f"{client.name}: {call}") for client in CLIENTS for call in client.calls]


@pytest.mark.parametrize(("client", "call"), CALLS)
def test_a_call_of_a_real_client_succeeds(client: Client, call: str, outcome_of: Callable[[Client], Outcome]) -> None:
    problem = outcome_of(client).problems[call]
    assert problem is None, problem


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_the_client_that_runs_is_the_one_that_is_locked(
    client: Client, outcome_of: Callable[[Client], Outcome]
) -> None:
    assert outcome_of(client).version == client.version
