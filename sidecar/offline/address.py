"""Which addresses are this machine itself, and which are names that somebody has to be asked about."""

from __future__ import annotations

import ipaddress


def is_this_machine(host: str) -> bool:
    """Whether what is sent to a host stays here: 127.0.0.0/8, ::1 and `localhost`.

    Nothing else does, a private address or this machine's own name included: names and routes change.
    """
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def is_looked_up(host: str) -> bool:
    """Whether a host is a name whose address a name server is asked for: not a number, nor `localhost`, which every
    system has in a file.
    """
    return not is_this_machine(host) and not is_number(host.strip("[]"))


def is_number(host: str) -> bool:
    """Whether a host is an address as it is."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def name_of(host: str) -> str:
    """The name in a `Host` value or an allowed host: without the port, and without the brackets of an IPv6 address."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host if host.count(":") > 1 else host.partition(":")[0]
