"""The doctor's look at who can reach the server: its address and names, the clients' keys, and tunnels."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from sidecar.config import Config
from sidecar.errors import ConfigError
from sidecar.offline.address import is_this_machine, name_of
from sidecar.runtime.client_keys import ClientKey, Scope, load
from sidecar.runtime.doctor_checks import Check, check
from sidecar.runtime.reach import is_every_address, is_tailnet

_TUNNEL_FOLDERS = (".cloudflared", "/etc/cloudflared", "/usr/local/etc/cloudflared")
_QUICK = ".trycloudflare.com"


def examine_reach(config: Config) -> dict[str, Any]:
    """The clients' keys, and what on this machine lets others in: Tailscale and its addresses, cloudflared."""
    problem: str | None = None
    keys: Sequence[ClientKey] = ()
    try:
        keys = load(config.data_dir)
    except ConfigError as error:
        problem = error.message
    now = time.time()
    told = [{"name": key.name, "scope": key.scope.title, "expired": key.is_expired(now)} for key in keys]
    tailnet = [address for address in addresses() if is_tailnet(address)]
    installed = shutil.which("tailscale") is not None
    return {
        "client_keys": told,
        "client_keys_problem": problem,
        "tailnet_addresses": tailnet if installed or any(":" in address for address in tailnet) else [],
        "tailscale": installed,
        "cloudflared": shutil.which("cloudflared") is not None or _has_tunnel_settings(),
    }


def addresses() -> list[str]:
    """The addresses of this machine's networks, without the zone of link-local ones."""
    try:
        found = psutil.net_if_addrs()
    except OSError:
        return []
    kinds = {"AF_INET", "AF_INET6"}
    return [
        address.address.partition("%")[0]
        for network in found.values()
        for address in network
        if address.family.name in kinds
    ]


def _has_tunnel_settings() -> bool:
    try:
        folders = [Path.home() / folder for folder in _TUNNEL_FOLDERS]
        return any((folder / name).exists() for folder in folders for name in ("config.yml", "config.yaml"))
    except (OSError, RuntimeError):
        # No home, or a folder that this user may not look into.
        return False


def reach_checks(facts: Mapping[str, Any]) -> Iterator[Check]:
    """The findings, of the facts of `examine_reach` and those of the settings: host, allow_remote, allowed_hosts."""
    yield from _listening(facts)
    yield from _names(facts["allowed_hosts"])
    yield from _client_keys(facts)
    yield from _tailscale(facts)
    yield from _cloudflared(facts)


def _listening(facts: Mapping[str, Any]) -> Iterator[Check]:
    host = facts["host"] or ""
    if is_this_machine(host):
        yield check("ok", f"the server listens on {host}, which is this machine alone")
        if facts["allow_remote"]:
            text = "`allow_remote` is set, though the server listens to this machine alone"
            yield check("note", text, "Take it out of the settings: a proxy on this machine does not need it.")
        return
    if is_tailnet(host):
        text = f"other machines of the tailnet can reach the server, at {host}; Tailscale encrypts the connection"
        yield check("note", text, "`tailscale serve` would reach it at 127.0.0.1, with HTTPS.")
    else:
        where = "on every network of this machine" if is_every_address(host) else f"at {host}"
        text = (
            f"other machines can reach the server, {where}; the connection is not encrypted: whoever shares the"
            " network can read the keys, the questions and the notes, and use the keys"
        )
        yield check(
            "warning",
            text,
            "Leave out `--host` and `--allow-remote`, and put `tailscale serve` or a proxy with TLS before it.",
        )
    if is_every_address(host) and not [name for name in facts["allowed_hosts"] if "*" not in name]:
        text = "`allowed_hosts` names no address, so every client from another machine is refused (421)"
        yield check("note", text, "Add the addresses that clients use, with the port.")


def _names(hosts: Sequence[str]) -> Iterator[Check]:
    for host in hosts:
        if "*" in host or "/" in host:
            text = f"`allowed_hosts` has {host}, which no client has: names are exact, without https:// and wildcards"
            yield check("warning", text)
        elif name_of(host).lower().endswith(_QUICK):
            text = f"`allowed_hosts` has {host}: a quick tunnel is open to everyone on the internet"
            yield check("warning", text, "Use Tailscale, or a named tunnel with Cloudflare Access before it.")
    named = [host for host in hosts if "*" not in host and "/" not in host]
    if named:
        yield check("note", f"clients may also call it {', '.join(named)}")


def _client_keys(facts: Mapping[str, Any]) -> Iterator[Check]:
    keys = facts["client_keys"]
    if facts["client_keys_problem"]:
        hint = "Delete it and make the keys anew with `sidecar token create`."
        yield check("warning", facts["client_keys_problem"], hint)
    expired = [key["name"] for key in keys if key["expired"]]
    writing = [key["name"] for key in keys if key["scope"] == Scope.WRITE.title and not key["expired"]]
    if keys:
        yield check("ok", f"{len(keys) - len(expired)} of {len(keys)} clients' keys are valid")
    if writing:
        text = f"the keys of {', '.join(writing)} can change things (scope write)"
        yield check("note", text, "`chat` is enough for a client that asks and reads.")
    if expired:
        yield check(
            "note", f"the keys of {', '.join(expired)} have expired", "`sidecar token revoke NAME` removes one."
        )
    if not keys and (not is_this_machine(facts["host"] or "") or facts["allowed_hosts"]):
        text = "clients on other machines have no key of their own: the server's own key would open everything there"
        yield check("note", text, "`sidecar token create NAME --scope chat` makes one that can be revoked.")


def _tailscale(facts: Mapping[str, Any]) -> Iterator[Check]:
    if not facts["tailscale"] and not facts["tailnet_addresses"]:
        return
    named = [host for host in facts["allowed_hosts"] if is_tailnet(name_of(host))]
    where = f" ({facts['tailnet_addresses'][0]})" if facts["tailnet_addresses"] else ""
    if named:
        yield check("ok", f"Tailscale is on this machine{where}, and {named[0]} is an allowed host")
    else:
        text = f"Tailscale is on this machine{where}: your other devices could reach the server with HTTPS"
        hint = (
            f"`tailscale serve --bg {facts['port']}`, and the name it prints in `allowed_hosts`; --allow-remote is not"
            f" needed. Never `tailscale funnel`, which opens it to everyone."
        )
        yield check("note", text, hint)


def _cloudflared(facts: Mapping[str, Any]) -> Iterator[Check]:
    if facts["cloudflared"]:
        text = (
            "cloudflared is on this machine: a tunnel to the server would make it public, to everyone on the internet"
        )
        hint = (
            "Only with Cloudflare Access before it, the tunnel's name in `allowed_hosts`, and a key of its own for each"
            " client; never with `--no-auth` or `httpHostHeader`."
        )
        yield check("note", text, hint)
