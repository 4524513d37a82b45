"""`sidecar console`: a link that signs in to the page of the running server."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from sidecar.cli.options import read_settings, settings_options
from sidecar.cli.session import running_server
from sidecar.config import Config
from sidecar.errors import SidecarError


@click.command("console")
@settings_options
def console(**flags: Any) -> None:
    """Print a link to the console, the page of the running server.

    The link signs a browser in once and within 15 minutes; run this again for another one. It opens nothing by itself,
    so that the link is in no list of processes that other accounts of this machine could read.
    """
    click.echo(asyncio.run(console_link(read_settings(flags))))


async def console_link(config: Config) -> str:
    """Have the running server make a link that signs in once. Raises SidecarError when none runs."""
    async with running_server(config) as server:
        if server is None:
            raise SidecarError("No Sidecar runs on this data folder.", hint="Start it with `sidecar serve VAULT`.")
        address = str(server.client.base_url).rstrip("/")
        if "authorization" not in server.client.headers:
            return f"{address}/"
        made = await server.json("POST", "/console/link")
        return f"{address}{made['path']}"
