"""A client's settings for a phone: the address as it is reached there, and the QR codes that carry it and the key."""

from __future__ import annotations

import base64
import json
import re
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

import click

from sidecar.cli.output import printable
from sidecar.cli.qr_code import half_blocks
from sidecar.config import Config
from sidecar.errors import ConfigError
from sidecar.offline.address import is_this_machine, name_of
from sidecar.runtime.reach import host_names, is_tailnet

Form: TypeAlias = Literal["text", "provider"]
_LONGEST = 200
# A browser reads a backslash as a slash: `https://evil.example\.machine.ts.net` is evil.example. Other signs would be
# read by the shell that a link is pasted into.
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_OWN_PORTS = {"http": 80, "https": 443}


def check_address(url: str, config: Config) -> str:
    """The address of a server as `url` gives it, without anything behind it. What will not work there is said.

    Raises ConfigError for what is no address of a server.
    """
    base = _base(url)
    parts = urlsplit(base)
    host = parts.netloc.lower()
    if host not in {each.lower() for each in host_names(config, config.port)}:
        warn(f'the server does not answer under {host} yet: allowed_hosts = ["{host}"] in the settings, and a restart')
    if is_this_machine(name_of(host)):
        warn(f"{host} means the phone itself, on a phone")
    elif parts.scheme == "http" and not is_tailnet(name_of(host)):
        warn("the address is not https: whoever shares the network can read the key, questions and notes")
    return base


def _base(url: str) -> str:
    wrong = ConfigError(
        "This is no address of a server.",
        hint="Use one such as https://machine.tailnet.ts.net, with nothing behind it.",
    )
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise wrong from error
    told = "@" in parts.netloc or parts.query or parts.fragment or parts.path.strip("/") not in {"", "v1"}
    named = parts.scheme in {"http", "https"} and parts.hostname and _HOST.fullmatch(parts.netloc)
    if told or not named or port == 0 or len(url) > _LONGEST or not url.strip().isprintable() or " " in url.strip():
        raise wrong
    # Clients leave out the port that the scheme has anyway, and so does the `Host` that they send.
    own_port = f":{_OWN_PORTS[parts.scheme]}"
    return f"{parts.scheme}://{parts.netloc.removesuffix(own_port)}"


def warn(text: str) -> None:
    """Say on standard error what to look out for."""
    click.echo(f"{click.style('Warning:', fg='yellow')} {printable(text)}.", err=True)


def provider(*, address: str, key: str, name: str) -> str:
    """The settings of a provider as RikkaHub and Kelivo read them from a code: a mark, and JSON in Base64."""
    facts = {"type": "openai", "name": f"Sidecar ({name})", "apiKey": key, "baseUrl": address}
    return "ai-provider:v1:" + base64.b64encode(json.dumps(facts, ensure_ascii=False).encode("utf-8")).decode("ascii")


def show_codes(*, address: str, key: str, name: str, form: Form, invert: bool) -> None:
    """Print the codes of a client's settings, each under what it is."""
    codes = {"Address": address, "Key": key}
    if form == "provider":
        codes = {"Address and key": provider(address=address, key=key, name=name)}
    click.echo(f"\nAddress: {address}")
    for title, text in codes.items():
        click.echo(f"\n{title}:\n{half_blocks(text, invert=invert)}")
