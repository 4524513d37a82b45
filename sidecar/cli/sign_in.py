"""`sidecar console`: a link that signs in to the page of the running server."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from sidecar.cli.options import read_settings, settings_options
from sidecar.cli.phone import check_address, warn
from sidecar.cli.qr_code import check_terminal, half_blocks
from sidecar.cli.session import RunningServer, running_server
from sidecar.config import Config
from sidecar.errors import ConfigError, SidecarError


@click.command("console")
@click.option("--url", metavar="URL", help="The server's address as the browser reaches it, for a phone.")
@click.option("--qr", is_flag=True, help="Show the link as a QR code too. Needs --url.")
@click.option("--invert", is_flag=True, help="Swap light and dark: for a light terminal that shows no colours.")
@click.option("--sign-out-all", is_flag=True, help="Sign every browser out, and take back the links that are out.")
@settings_options
def console(url: str | None, qr: bool, invert: bool, sign_out_all: bool, **flags: Any) -> None:
    """Print a link to the console, the page of the running server.

    The link signs a browser in once and within 15 minutes; run this again for another one. It opens nothing by itself,
    so that the link is in no list of processes that other accounts of this machine could read.
    """
    config = read_settings(flags)
    if sign_out_all:
        if url is not None or qr:
            raise ConfigError("--sign-out-all prints no link.", hint="Leave out --url and --qr, or ask again after it.")
        click.echo(asyncio.run(_signed_out(config)))
        return
    if qr and url is None:
        raise ConfigError("--qr needs --url.", hint="Such as --qr --url https://machine.tailnet.ts.net")
    if qr:
        check_terminal()
    address = None if url is None else check_address(url, config)
    if address is not None:
        warn("whoever opens the link can do all that you can, keys included: a session of the console is its owner's")
    link = asyncio.run(console_link(config, address=address))
    click.echo(link)
    if qr:
        click.echo(f"\n{half_blocks(link, invert=invert)}")


async def console_link(config: Config, *, address: str | None = None) -> str:
    """Have the running server make a link that signs in once. `address` is where it is reached from elsewhere.

    Raises SidecarError when none runs.
    """
    async with running_server(config) as server:
        server = _found(server)
        address = address or str(server.client.base_url).rstrip("/")
        if "authorization" not in server.client.headers:
            return f"{address}/"
        made = await server.json("POST", "/console/link")
        return f"{address}{made['path']}"


async def _signed_out(config: Config) -> str:
    async with running_server(config) as server:
        server = _found(server)
        if "authorization" not in server.client.headers:
            return "This server asks for no key: nobody is signed in."
        ended = (await server.json("POST", "/console/sign-out-all"))["signed_out"]
    return f"Signed out: {ended} {'session' if ended == 1 else 'sessions'}."


def _found(server: RunningServer | None) -> RunningServer:
    if server is None:
        raise SidecarError("No Sidecar runs on this data folder.", hint="Start it with `sidecar serve VAULT`.")
    return server
