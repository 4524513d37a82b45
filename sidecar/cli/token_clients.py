"""`sidecar token create`, `list` and `revoke`: keys for single clients, each with a scope."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from sidecar.cli.options import json_option, read_settings, settings_options
from sidecar.cli.output import print_json, print_wrapped, printable
from sidecar.cli.phone import Form, check_address, show_codes
from sidecar.cli.qr_code import check_terminal
from sidecar.errors import ConfigError
from sidecar.runtime import client_keys, datafolder
from sidecar.runtime.client_keys import ClientKey
from sidecar.runtime.key_ring import last_used

_HEADS = ("NAME", "SCOPE", "MADE", "LAST USED", "EXPIRES")
_LASTS = re.compile(r"([0-9]{1,4})([hdw])")
_SECONDS = {"h": 3600, "d": 86400, "w": 7 * 86400}


@click.command()
@click.argument("name")
@click.option(
    "--scope",
    required=True,
    metavar="read|chat|write",
    help="read: search, notes, status, models, embeddings. chat: read, and answers. write: chat, and changes.",
)
@click.option("--expires", metavar="30d", help="How long it lasts: hours (h), days (d) or weeks (w).")
@click.option("--qr", is_flag=True, help="Show the address and the key as QR codes too. Needs --url.")
@click.option("--url", metavar="URL", help="The server's address as the client reaches it, for --qr.")
@click.option(
    "--form",
    type=click.Choice(("text", "provider")),
    default="text",
    help="text: two codes, address and key, for any client. provider: one code that RikkaHub and Kelivo read.",
)
@click.option("--invert", is_flag=True, help="Swap light and dark: for a light terminal that shows no colours.")
@settings_options
def create(
    name: str,
    scope: str,
    expires: str | None,
    qr: bool,
    url: str | None,
    form: Form,
    invert: bool,
    **flags: Any,
) -> None:
    """Make a key for the client NAME and print it, once.

    Nothing keeps it, and it works at once. A phone's camera offers to search the web for what it reads: copy the key
    instead, or scan it within the client.
    """
    config = read_settings(flags)
    granted, seconds = client_keys.read_scope(scope), _seconds(expires)
    if qr != (url is not None):
        raise ConfigError("--qr and --url belong together.", hint="Such as --qr --url https://machine.tailnet.ts.net")
    if url is not None:
        check_terminal()
    address = None if url is None else f"{check_address(url, config)}/v1"
    datafolder.prepare(config.data_dir)
    key = client_keys.create(config.data_dir, name=name, scope=granted, now=time.time(), seconds=seconds)
    click.echo(key)
    if address is not None:
        show_codes(address=address, key=key, name=name, form=form, invert=invert)


@click.command("list")
@settings_options
@json_option
def list_command(as_json: bool, **flags: Any) -> None:
    """List the clients' keys, but not the keys themselves.

    Told are name, scope, when it was made and last used.
    """
    config = read_settings(flags)
    keys, used = client_keys.load(config.data_dir), last_used(config.data_dir)
    if as_json:
        print_json([_facts(key, used) for key in keys])
    else:
        _print(keys, used)


@click.command()
@click.argument("name")
@settings_options
def revoke(name: str, **flags: Any) -> None:
    """Take the key NAME away. A running server refuses it from its next request on."""
    gone = client_keys.revoke(read_settings(flags).data_dir, name)
    click.echo(printable(f"Revoked {gone.name}: its key opens nothing any more."))


def _print(keys: Sequence[ClientKey], used: Mapping[str, str]) -> None:
    if not keys:
        line = "No client has a key of its own. `sidecar token create NAME --scope chat` makes one."
        print_wrapped(line, first="", rest="")
        return
    # Brings rich, which the other commands do not need.
    from sidecar.cli.table import print_table

    now = time.time()
    rows = [
        (
            key.name,
            key.scope.title,
            _day(key.made) or "",
            used.get(key.sha256, "never"),
            "expired" if key.is_expired(now) else _day(key.expires) or "never",
        )
        for key in keys
    ]
    print_table(_HEADS, rows)


def _facts(key: ClientKey, used: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": key.name,
        "scope": key.scope.title,
        "made": _day(key.made),
        "last_used": used.get(key.sha256),
        "expires": _day(key.expires),
        "expired": key.is_expired(time.time()),
    }


def _day(seconds: float | None) -> str | None:
    """The day of a time in seconds since the epoch, in UTC; `None` for none, and for what no calendar has."""
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC).date().isoformat()
    except (OverflowError, OSError, ValueError):
        return None


def _seconds(expires: str | None) -> float | None:
    if expires is None:
        return None
    found = _LASTS.fullmatch(expires.strip().lower())
    if found is None or int(found[1]) == 0:
        raise ConfigError(f"A key cannot last {expires!r}.", hint="Use a number and h, d or w, such as 30d.")
    return int(found[1]) * _SECONDS[found[2]]
