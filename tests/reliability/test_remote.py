"""Other machines reach the server under its allowed names alone, with keys that do what their scope says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sidecar.config import PHONE_ORIGINS
from sidecar.runtime.client_keys import Scope
from tests.reliability import own_network
from tests.reliability.client_keys import key_for, revoked
from tests.reliability.hanging_upstream import hanging_upstream
from tests.reliability.proxy import CLOUDFLARED, TAILSCALE, Kind, proxy
from tests.reliability.wire import port_of
from tests.serving import DEMO_VAULT, Server, serve

ROOT = Path(__file__).parents[2]
NAME = "machine.tail1234.ts.net"
PUBLIC = "notes.example.com"
CHAT = {"model": "vault", "messages": [{"role": "user", "content": "What is the gate code for the cabin?"}]}
SETTINGS = f'allowed_hosts = ["{NAME}", "{PUBLIC}:443"]\n'


@pytest.mark.promise(1)
@pytest.mark.promise(2)
@pytest.mark.skipif(own_network.problem() is not None, reason=str(own_network.problem()))
def test_another_machine_is_answered_under_the_address_and_as_far_as_its_key_goes(tmp_path: Path) -> None:
    command = ["unshare", "-rn", sys.executable, "-m", "tests.reliability.two_machines", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    if done.returncode and "veth" in done.stderr:
        pytest.skip(f"no cable can be laid here: {done.stderr[-300:]}")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    log = found.pop("log")
    assert {name: status for name, (status, _) in found.items()} == {
        "no key": 401,
        "health": 200,
        "search": 200,
        "chat": 403,
        "sync": 403,
        "own key": 200,
        "another name": 421,
        "another name, no key": 421,
        # Whoever reaches it at all may write any Host: the list is against pages whose name was rebound.
        "this machine's name": 200,
        "its own loopback": 0,
    }
    assert "Places/Cabin.md" in found["search"][1]
    assert json.loads(found["chat"][1])["error"]["code"] == "insufficient_scope"
    assert "4471-B" in found["own key"][1]
    for notice in ("Other machines can reach this server", "The connection is not encrypted"):
        assert notice in log


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("remote")
    (folder / "config.toml").write_text(SETTINGS, encoding="utf-8")
    with (
        hanging_upstream() as upstream,
        serve(
            DEMO_VAULT, "--config", folder / "config.toml", "--upstream", upstream.url, data_dir=folder / "data"
        ) as server,
    ):
        yield server


WAYS: dict[str, tuple[Kind, str]] = {
    "tailscale serve": (TAILSCALE, NAME),
    "cloudflared": (CLOUDFLARED, PUBLIC),
    "a name with its port": (CLOUDFLARED, f"{PUBLIC}:443"),
    "a name in capitals": (TAILSCALE, NAME.upper()),
}


@pytest.mark.parametrize(("kind", "host"), WAYS.values(), ids=WAYS)
def test_through_a_proxy_a_key_does_what_its_scope_says(server: Server, kind: Kind, host: str) -> None:
    key = key_for(server, Scope.READ)
    with (
        proxy(kind, server_port=port_of(server)) as way,
        httpx2.Client(base_url=way.url, headers={"host": host}, timeout=60, trust_env=False) as client,
    ):
        assert client.get("/v1/models").status_code == 401
        bearer = {"authorization": f"Bearer {key}"}
        found = client.post("/vault/search", json={"query": "cabin gate code"}, headers=bearer)
        assert found.json()["results"][0]["path"] == "Places/Cabin.md"
        assert "content-encoding" not in found.headers
        refused = client.post("/v1/chat/completions", json=CHAT, headers=bearer)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "insufficient_scope")
        assert way.passed_on["X-Forwarded-Host"] == host
        revoked(server, key)
        assert client.get("/v1/models", headers=bearer).status_code == 401


@pytest.mark.parametrize("kind", [TAILSCALE, CLOUDFLARED], ids=["tailscale serve", "cloudflared"])
@pytest.mark.parametrize("host", [f"{NAME}.evil.example", "evil.example", f"{NAME}:8443", "192.168.1.20"])
def test_through_a_proxy_no_other_name_is_answered(server: Server, kind: Kind, host: str) -> None:
    with proxy(kind, server_port=port_of(server)) as way:
        headers = {"host": host, "authorization": f"Bearer {server.token}", "x-forwarded-host": NAME}
        refused = httpx2.get(f"{way.url}/v1/models", headers=headers, trust_env=False)
        assert (refused.status_code, refused.json()["error"]["code"]) == (421, "host_not_allowed")


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses", "/api/chat"])
def test_an_answer_streams_through_a_proxy_while_it_is_written(server: Server, path: str) -> None:
    model = next(entry.id for entry in server.official.models.list() if entry.id.endswith("hangs"))
    asked = {"model": model, "stream": True, "messages": [{"role": "user", "content": "?"}], "input": "?"}
    asked.pop("messages" if path == "/v1/responses" else "input")
    bearer = {"authorization": f"Bearer {key_for(server, Scope.CHAT)}", "host": NAME}
    with (
        proxy(TAILSCALE, server_port=port_of(server)) as way,
        httpx2.stream("POST", way.url + path, json=asked, headers=bearer, timeout=30, trust_env=False) as answer,
    ):
        assert answer.status_code == 200
        # The model has said one word and says no other: whoever waits for the end waits for ever.
        assert any("word" in line for line in answer.iter_lines())
        assert "content-length" not in answer.headers


def test_a_page_of_the_servers_own_works_through_https(server: Server) -> None:
    page = {"host": NAME, "authorization": f"Bearer {server.token}", "sec-fetch-site": "same-origin"}
    with proxy(TAILSCALE, server_port=port_of(server)) as way:
        own = {**page, "origin": f"https://{NAME}"}
        assert httpx2.post(f"{way.url}/vault/search", json={"query": "cabin"}, headers=own).status_code == 200
        foreign = {**page, "origin": "https://other.tail1234.ts.net", "sec-fetch-site": "same-site"}
        assert httpx2.post(f"{way.url}/vault/search", json={"query": "cabin"}, headers=foreign).status_code == 403


@pytest.mark.parametrize("kind", [TAILSCALE, CLOUDFLARED], ids=["tailscale serve", "cloudflared"])
def test_without_a_key_a_tunnel_that_writes_this_machines_name_opens_nothing(tmp_path: Path, kind: Kind) -> None:
    with serve(DEMO_VAULT, "--no-auth", data_dir=tmp_path / "data", wait=False) as server:
        port = port_of(server)
        assert server.client.get("/v1/models").status_code == 200
        with proxy(Kind(adds=kind.adds, host=f"127.0.0.1:{port}"), server_port=port) as way:
            refused = httpx2.get(f"{way.url}/v1/models", headers={"host": PUBLIC}, trust_env=False)
            assert (refused.status_code, refused.json()["error"]["code"]) == (403, "proxy_without_key")


@pytest.mark.parametrize("origin", PHONE_ORIGINS)
def test_obsidian_on_a_phone_may_ask_a_server_that_other_machines_reach_and_no_other(
    server: Server, tmp_path: Path, origin: str
) -> None:
    page = {"origin": origin, "sec-fetch-site": "cross-site"}
    refused = server.client.get("/v1/models", headers=page)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "origin_not_allowed")
    with serve(DEMO_VAULT, "--allow-remote", data_dir=tmp_path / "data", wait=False) as remote:
        answer = remote.client.get("/v1/models", headers=page)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, origin)
        assert httpx2.get(f"{remote.url}/v1/models", headers=page).status_code == 401
        other = {"origin": f"{origin}:3000", "sec-fetch-site": "cross-site"}
        assert remote.client.get("/v1/models", headers=other).status_code == 403


@pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 is an address of Linux alone")
def test_the_second_address_of_a_machine_is_answered_under_its_own_name(tmp_path: Path) -> None:
    with serve(DEMO_VAULT, "--host", "127.0.0.2", "--allow-remote", data_dir=tmp_path / "data", wait=False) as server:
        assert server.url.startswith("http://127.0.0.2:")
        assert server.client.get("/v1/models").status_code == 200
        wrong = {"host": f"127.0.0.3:{port_of(server)}"}
        assert server.client.get("/v1/models", headers=wrong).status_code == 421
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(f"http://127.0.0.1:{port_of(server)}/healthz", trust_env=False)
