"""What the doctor says of who can reach the server."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from sidecar.config import Config
from sidecar.runtime import client_keys
from sidecar.runtime.client_keys import FILE, Scope
from sidecar.runtime.doctor_checks import Check
from sidecar.runtime.doctor_reach import addresses, examine_reach, reach_checks
from tests.reliability import own_network
from tests.serving import environment

NOTHING: dict[str, Any] = {
    "host": "127.0.0.1",
    "port": 8484,
    "allow_remote": False,
    "allowed_hosts": [],
    "client_keys": [],
    "client_keys_problem": None,
    "tailnet_addresses": [],
    "tailscale": False,
    "cloudflared": False,
}
REMOTE = {"host": "192.168.1.20", "allow_remote": True}


def checks(**facts: Any) -> list[Check]:
    return list(reach_checks(NOTHING | facts))


def key(name: str, scope: str, *, expired: bool = False) -> dict[str, Any]:
    return {"name": name, "scope": scope, "expired": expired}


def test_a_server_for_this_machine_alone_is_in_order() -> None:
    assert [(each["level"], each["text"]) for each in checks()] == [
        ("ok", "the server listens on 127.0.0.1, which is this machine alone")
    ]


SAID: dict[str, tuple[dict[str, Any], str, str]] = {
    "no TLS": (REMOTE, "warning", "not encrypted: whoever shares the network can read the keys"),
    "every network": ({**REMOTE, "host": "0.0.0.0"}, "warning", "on every network of this machine"),
    "nobody is answered": ({**REMOTE, "host": "::"}, "note", "every client from another machine is refused"),
    "the tailnet": ({**REMOTE, "host": "100.64.0.7"}, "note", "Tailscale encrypts"),
    "remote for nothing": ({"allow_remote": True}, "note", "listens to this machine alone"),
    "a wildcard": ({"allowed_hosts": ["*.ts.net"]}, "warning", "names are exact"),
    "an address": ({"allowed_hosts": ["https://m.ts.net"]}, "warning", "without https://"),
    "a quick tunnel": ({"allowed_hosts": ["a-b.trycloudflare.com"]}, "warning", "everyone on the internet"),
    "a name": ({"allowed_hosts": ["m.tail.ts.net"]}, "note", "clients may also call it m.tail.ts.net"),
    "no key of their own": ({"allowed_hosts": ["m.tail.ts.net"]}, "note", "no key of their own"),
    "keys": ({"client_keys": [key("a", "chat"), key("b", "read", expired=True)]}, "ok", "1 of 2 clients' keys"),
    "a key that writes": ({"client_keys": [key("a", "write")]}, "note", "the keys of a can change things"),
    "an old key": ({"client_keys": [key("a", "chat", expired=True)]}, "note", "the keys of a have expired"),
    "a broken file": ({"client_keys_problem": "It is broken."}, "warning", "It is broken."),
    "Tailscale": ({"tailscale": True}, "note", "your other devices could reach the server with HTTPS"),
    "Tailscale's address": ({"tailnet_addresses": ["fd7a:115c:a1e0::7"]}, "note", "(fd7a:115c:a1e0::7)"),
    "Tailscale, in use": ({"tailscale": True, "allowed_hosts": ["m.a.ts.net"]}, "ok", "m.a.ts.net is an allowed host"),
    "cloudflared": ({"cloudflared": True}, "note", "a tunnel to the server would make it public"),
}


@pytest.mark.parametrize(("facts", "level", "text"), SAID.values(), ids=SAID)
def test_what_lets_others_in_is_said(facts: dict[str, Any], level: str, text: str) -> None:
    assert [each for each in checks(**facts) if each["level"] == level and text in each["text"]]


def test_what_is_meant_for_others_is_not_said_of_this_machine() -> None:
    for facts in ({"client_keys": [key("a", "chat")]}, {"host": "localhost"}, {"host": "::1"}, {"host": "127.0.0.2"}):
        assert [each for each in checks(**facts) if each["level"] != "ok"] == []


def test_the_hints_name_the_port_and_what_is_never_to_be_done() -> None:
    (tailscale,) = [each for each in checks(tailscale=True, port=9000) if each["level"] == "note"]
    assert "tailscale serve --bg 9000" in tailscale["hint"]
    assert "Never `tailscale funnel`" in tailscale["hint"]
    (tunnel,) = [each for each in checks(cloudflared=True) if each["level"] == "note"]
    assert "Cloudflare Access" in tunnel["hint"]
    assert "never with `--no-auth`" in tunnel["hint"]


def test_keys_are_told_by_name_scope_and_age_alone(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path)
    client_keys.create(tmp_path, name="phone", scope=Scope.CHAT, now=time.time())
    client_keys.create(tmp_path, name="old", scope=Scope.WRITE, now=time.time() - 60, seconds=30)
    facts = examine_reach(config)
    assert facts["client_keys"] == [key("phone", "chat"), key("old", "write", expired=True)]
    (tmp_path / FILE).write_text("?", encoding="utf-8")
    assert "no list of keys" in examine_reach(config)["client_keys_problem"]


@pytest.mark.skipif(os.name != "posix", reason="programs are found otherwise there")
def test_programs_and_settings_of_tunnels_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, programs, home = Config(data_dir=tmp_path), tmp_path / "bin", tmp_path / "home"
    for folder in (programs, home / ".cloudflared"):
        folder.mkdir(parents=True)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("HOME", str(home))
    before = examine_reach(config)
    assert not before["tailscale"]
    (programs / "tailscale").touch(mode=0o755)
    (home / ".cloudflared" / "config.yml").touch()
    after = examine_reach(config)
    assert after["tailscale"]
    assert after["cloudflared"]


def test_this_machines_addresses_are_known() -> None:
    assert "127.0.0.1" in addresses()


@pytest.mark.skipif(own_network.problem() is not None, reason=str(own_network.problem()))
def test_an_address_of_tailscale_is_found_on_a_real_network() -> None:
    looked = (
        "import subprocess; from sidecar.runtime.doctor_reach import examine_reach; from sidecar.config import Config;"
        "from pathlib import Path; print(examine_reach(Config(data_dir=Path('/nonexistent')))['tailnet_addresses'])"
    )
    added = "ip addr add 100.101.102.103/32 dev lo && ip -6 addr add fd7a:115c:a1e0::7/128 dev lo"
    command = own_network.inside(["sh", "-c", f'{added} && exec "$0" -c "$1"', sys.executable, looked])
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment())
    if "ip: not found" in done.stderr or "not supported" in done.stderr:
        pytest.skip(f"no such address can be given here: {done.stderr}")
    assert "fd7a:115c:a1e0::7" in done.stdout, done.stderr
