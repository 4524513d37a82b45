"""What scope a key needs for each route: the one table of it, and how a request finds its row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.routing import Match, Route
from starlette.types import Scope as AsgiScope

from sidecar.api.console.page import PATHS
from sidecar.api.console.sign_in import SIGN_IN
from sidecar.api.errors import RefusedError
from sidecar.runtime.client_keys import Scope

SCOPES: Mapping[Scope, Sequence[str]] = {
    Scope.OPEN: (
        "GET /healthz",
        "GET /health",
        f"POST {SIGN_IN}",
        *(f"GET {path}" for path in sorted(PATHS)),
    ),
    Scope.READ: (
        "GET /readyz",
        "GET /v1/models",
        "GET /v1/models/{id:path}",
        "POST /v1/embeddings",
        "POST /v1/rerank",
        "POST /v1/tokenize",
        "POST /v1/detokenize",
        "GET /v1/vector_stores",
        "GET /v1/vector_stores/{store_id}",
        "POST /v1/vector_stores/{store_id}/search",
        "GET /v1/vector_stores/{store_id}/files",
        "GET /v1/vector_stores/{store_id}/files/{file_id}",
        "GET /v1/vector_stores/{store_id}/files/{file_id}/content",
        "GET /v1/vector_stores/{store_id}/file_batches/{rest:path}",
        "GET /v1/files",
        "GET /v1/files/{file_id}",
        "GET /v1/files/{file_id}/content",
        "GET /api/version",
        "GET /api/tags",
        "GET /api/ps",
        "POST /api/show",
        "POST /api/embed",
        # Says that a model is here, as clients want to hear before they ask; it fetches nothing.
        "POST /api/pull",
        "POST /api/embeddings",
        "GET /api/v0/models",
        "GET /api/v0/models/{id:path}",
        "POST /api/v0/embeddings",
        "POST /vault/search",
        "GET /vault/status",
        "GET /vault/related",
        "GET /vault/why",
        "GET /vault/notes/{path:path}",
        "GET /console/clients",
        "GET /console/models",
    ),
    Scope.CHAT: (
        "POST /v1/chat/completions",
        "POST /v1/completions",
        "POST /v1/responses",
        "POST /v1/responses/input_tokens",
        # What was asked and answered before: whoever may not ask has none of their own.
        "GET /v1/responses/{id}",
        "GET /v1/responses/{id}/input_items",
        "POST /v1/responses/{id}/cancel",
        "POST /api/chat",
        "POST /api/generate",
        "POST /api/v0/chat/completions",
        "POST /api/v0/completions",
    ),
    Scope.WRITE: (
        "DELETE /v1/responses/{id}",
        # Refused today, whoever asks; what they would do is to change something.
        "POST /v1/vector_stores",
        "POST /v1/vector_stores/{store_id}",
        "DELETE /v1/vector_stores/{store_id}",
        "POST /v1/vector_stores/{store_id}/files",
        "POST /v1/vector_stores/{store_id}/files/{file_id}",
        "DELETE /v1/vector_stores/{store_id}/files/{file_id}",
        "POST /v1/vector_stores/{store_id}/file_batches{rest:path}",
        "POST /v1/files",
        "POST /v1/files/{file_id}",
        "DELETE /v1/files/{file_id}",
        "POST /v1/uploads{rest:path}",
        "POST /api/create",
        "POST /api/copy",
        "POST /api/push",
        "DELETE /api/delete",
        "HEAD /api/blobs/{digest:path}",
        "POST /api/blobs/{digest:path}",
        "POST /vault/sync",
    ),
    Scope.OWNER: (
        # They give keys away, or say who else has one.
        "GET /console/key",
        "POST /console/link",
        "GET /console/requests",
        "POST /console/sign-out",
        "POST /console/sign-out-all",
    ),
}
"""Method and path as the route writes them; `HEAD` is asked as `GET` is unless it stands here itself."""
_BY_ROUTE = {row: scope for scope, rows in SCOPES.items() for row in rows}


class RouteScopes:
    """The scopes of a list of routes. Raises LookupError for a route that the table does not have."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = [(route, scopes_of(route)) for route in routes]

    def needed(self, request: AsgiScope) -> Scope | None:
        """The scope that a request needs; `None` where no route takes it, which is answered with 404 or 405."""
        for route, scopes in self._routes:
            # As the router looks: the first route that fits in full takes the request.
            if request["method"] in scopes and route.matches(request)[0] is Match.FULL:
                return scopes[request["method"]]
        return None


def check_scope(allowed: Scope, request: AsgiScope, routes: RouteScopes | None) -> None:
    """Raise RefusedError when the key's scope does not cover the route; without `routes`, only the owner's does.

    A request that no route takes passes: there is nothing behind it but 404 and 405.
    """
    if allowed is Scope.OWNER:
        return
    needed = Scope.OWNER if routes is None else routes.needed(request)
    if needed is None or needed <= allowed:
        return
    named = "this is for the key of `sidecar token show`" if needed is Scope.OWNER else f"this needs {needed.title}"
    challenge = f'Bearer realm="sidecar", error="insufficient_scope", scope="{needed.title}"'
    raise RefusedError(
        f"The key sent has the scope {allowed.title}; {named}.",
        status=403,
        kind="permission_error",
        code="insufficient_scope",
        hint=None if needed is Scope.OWNER else f"`sidecar token create NAME --scope {needed.title}` makes one.",
        headers=((b"www-authenticate", challenge.encode("ascii")),),
    )


def scopes_of(route: Route) -> Mapping[str, Scope]:
    """The scope of each method of a route. Raises LookupError for one that is not in the table."""
    return {method: _scope_of(method, route.path) for method in sorted(route.methods or ())}


def _scope_of(method: str, path: str) -> Scope:
    rows = [f"{method} {path}", *([f"GET {path}"] if method == "HEAD" else [])]
    found = next((_BY_ROUTE[row] for row in rows if row in _BY_ROUTE), None)
    if found is None:
        raise LookupError(f"{method} {path} has no scope: add it to SCOPES")
    return found
