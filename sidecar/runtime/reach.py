"""From where a server is reached: the names under which clients may call it, and what its owner should know then."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from sidecar.config import Config
from sidecar.offline.address import is_this_machine, name_of

_OWN = ("127.0.0.1", "localhost", "[::1]")
_TAILNET = (ipaddress.ip_network("100.64.0.0/10"), ipaddress.ip_network("fd7a:115c:a1e0::/48"))
"""The addresses that Tailscale gives. The first is any carrier's for what shares an address (RFC 6598)."""


def host_names(config: Config, port: int) -> frozenset[str]:
    """The `Host` values under which clients may call: this machine's, the address that is listened on, those set."""
    names = [*_OWN]
    if config.allow_remote and not is_every_address(config.host):
        names.append(f"[{config.host}]" if ":" in config.host else config.host)
    own = {f"{name}:{port}" for name in names}
    return frozenset(own | {each for host in config.allowed_hosts for each in _spellings(host)})


def _spellings(host: str) -> Iterator[str]:
    """A name as clients send it: they leave out the port that their scheme has anyway."""
    yield host
    name, _, port = host.rpartition(":")
    if name and port in {"443", "80"} and not name.endswith(":"):
        yield name


def is_every_address(host: str) -> bool:
    """Whether to listen on a host is to listen in every network that the machine is in."""
    return host in {"", "*"} or _number(host) in {ipaddress.ip_address("0.0.0.0"), ipaddress.ip_address("::")}  # noqa: S104  # compared, not bound


def is_tailnet(host: str) -> bool:
    """Whether an address, or a name, is one that Tailscale gives."""
    number = _number(host)
    if number is None:
        return host.lower().rstrip(".").endswith(".ts.net")
    return any(number.version == network.version and number in network for network in _TAILNET)


def called_from_elsewhere(config: Config) -> list[str]:
    """The names that are set for clients on other machines."""
    return [host for host in config.allowed_hosts if not is_this_machine(name_of(host))]


def remote_notices(config: Config) -> list[str]:
    """What to tell whoever starts a server that other machines reach; nothing for one that is this machine's alone."""
    listens, called = not is_this_machine(config.host), called_from_elsewhere(config)
    notices = []
    if listens or called:
        notices.append(
            "Other machines can reach this server. Its key is for this machine alone: `sidecar token create NAME"
            " --scope chat` makes one for another, which can be revoked."
        )
    if listens and not is_tailnet(config.host):
        notices.append(
            "The connection is not encrypted: whoever shares the network can read keys, questions and notes."
        )
    if listens and is_every_address(config.host) and not called:
        notices.append(
            "`allowed_hosts` names no address, so no other machine is answered: add those that clients use, with port."
        )
    return notices


def _number(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None
