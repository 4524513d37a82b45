"""From where a server is reached, and under which names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sidecar.config import Config
from sidecar.errors import ConfigError
from sidecar.offline.address import name_of
from sidecar.runtime.reach import host_names, is_every_address, is_tailnet, remote_notices

OWN = {"127.0.0.1:8484", "localhost:8484", "[::1]:8484"}
REMOTE = {"allow_remote": True}

HOSTS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "nothing set": ({}, set()),
    "an address": ({"host": "192.168.1.20", **REMOTE}, {"192.168.1.20:8484"}),
    "an IPv6 address": ({"host": "fd7a:115c:a1e0::1", **REMOTE}, {"[fd7a:115c:a1e0::1]:8484"}),
    "every address": ({"host": "0.0.0.0", **REMOTE}, set()),
    "every IPv6 address": ({"host": "::", **REMOTE}, set()),
    "a name": ({"allowed_hosts": ("m.tail.ts.net",)}, {"m.tail.ts.net"}),
    "the port of HTTPS": ({"allowed_hosts": ("m.tail.ts.net:443",)}, {"m.tail.ts.net:443", "m.tail.ts.net"}),
    "the port of HTTP": ({"allowed_hosts": ("m.tail.ts.net:80",)}, {"m.tail.ts.net:80", "m.tail.ts.net"}),
    "another port": ({"allowed_hosts": ("m.tail.ts.net:8443",)}, {"m.tail.ts.net:8443"}),
    "an IPv6 address with a port": ({"allowed_hosts": ("[fd7a::1]:443",)}, {"[fd7a::1]:443", "[fd7a::1]"}),
}


@pytest.mark.parametrize(("options", "more"), HOSTS.values(), ids=HOSTS)
def test_clients_call_it_by_this_machines_names_and_those_set(
    tmp_path: Path, options: dict[str, Any], more: set[str]
) -> None:
    assert host_names(Config(data_dir=tmp_path, **options), 8484) == OWN | more


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("127.0.0.1:8484", "127.0.0.1"),
        ("m.tail.ts.net", "m.tail.ts.net"),
        ("[::1]:8484", "::1"),
        ("[::1]", "::1"),
        ("::1", "::1"),
        ("", ""),
        (":8484", ""),
        ("[", ""),
    ],
)
def test_the_name_of_a_host_value_is_without_port_and_brackets(host: str, name: str) -> None:
    assert name_of(host) == name


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "[::]", "0:0:0:0:0:0:0:0"])
def test_some_addresses_are_every_address(host: str) -> None:
    assert is_every_address(host)


@pytest.mark.parametrize(
    "host", ["100.64.0.1", "100.127.255.254", "fd7a:115c:a1e0::53", "m.tail1234.ts.net", "M.TAIL.TS.NET."]
)
def test_tailscales_addresses_are_known(host: str) -> None:
    assert is_tailnet(host)
    assert not is_every_address(host)


@pytest.mark.parametrize(
    "host", ["100.63.255.255", "100.128.0.1", "192.168.1.2", "fd7b::1", "::", "ts.net.example", "evilts.net", ""]
)
def test_other_addresses_are_not_tailscales(host: str) -> None:
    assert not is_tailnet(host)


@pytest.mark.parametrize("hosts", [("m.tail.ts.net",), ("localhost:1", "192.168.1.20:8484"), ("[fd7a::1]:8484",)])
def test_a_server_without_a_key_has_no_name_elsewhere(tmp_path: Path, hosts: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="--no-auth does not go together with the allowed host"):
        Config(data_dir=tmp_path, auth=False, allowed_hosts=hosts)
    assert Config(data_dir=tmp_path, allowed_hosts=hosts).auth


def test_a_server_without_a_key_may_have_further_names_of_this_machine(tmp_path: Path) -> None:
    hosts = ("localhost:3000", "127.0.0.2:1", "[::1]:9")
    assert Config(data_dir=tmp_path, auth=False, allowed_hosts=hosts).allowed_hosts == hosts


NOTICES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "this machine alone": ({}, []),
    "a further port here": ({"allowed_hosts": ("localhost:3000",)}, []),
    "a proxy": ({"allowed_hosts": ("m.tail.ts.net",)}, ["token create"]),
    "the house": ({"host": "192.168.1.20", **REMOTE}, ["token create", "not encrypted"]),
    "the tailnet": ({"host": "100.64.0.7", **REMOTE}, ["token create"]),
    "every network": ({"host": "0.0.0.0", **REMOTE}, ["token create", "not encrypted", "names no address"]),
    "every network, with a name": (
        {"host": "0.0.0.0", "allowed_hosts": ("192.168.1.20:8484",), **REMOTE},
        ["token create", "not encrypted"],
    ),
}


@pytest.mark.parametrize(("options", "said"), NOTICES.values(), ids=NOTICES)
def test_who_opens_a_server_to_others_is_told_what_that_means(
    tmp_path: Path, options: dict[str, Any], said: list[str]
) -> None:
    notices = remote_notices(Config(data_dir=tmp_path, **options))
    assert len(notices) == len(said)
    assert all(word in notice for word, notice in zip(said, notices, strict=True))
