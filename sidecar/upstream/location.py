"""Where on a server the API lies: below `/v1` or at its root, whatever the base URL says."""

from __future__ import annotations

from sidecar.errors import UpstreamError
from sidecar.upstream.listing import UpstreamModel, model_list
from sidecar.upstream.transport import Transport


async def locate(transport: Transport, *, with_v1: bool) -> tuple[str, tuple[UpstreamModel, ...] | None]:
    """Give the URL below which the paths lie, and the models listed there; `None` where none are: a key without the
    right to list, or a server without a list. The request itself will tell then.

    `with_v1` says whether the base URL had it, which is tried first. Raises UpstreamError for a server that is away.
    """
    root = transport.root
    for prefix in (f"{root}/v1", root) if with_v1 else (root, f"{root}/v1"):
        try:
            listed = model_list(await transport.get(f"{prefix}/models"))
        except UpstreamError as exc:
            if exc.status is None or exc.status == 429 or exc.status >= 500:
                raise
            continue
        if listed is not None:
            return prefix, listed
    return f"{root}/v1", None
