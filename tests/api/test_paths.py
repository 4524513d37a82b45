"""One spelling for every path."""

from __future__ import annotations

import pytest

from sidecar.api.paths import canonical_path


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("/v1/models", "/v1/models"),
        ("/models", "/v1/models"),
        ("/v1/v1/models", "/v1/models"),
        ("//v1///models//", "/v1/models"),
        ("/v1/models/a/v1/b", "/v1/models/a/v1/b"),
        ("/chat/completions/", "/v1/chat/completions"),
        ("/vault/notes/v1/A.md", "/vault/notes/v1/A.md"),
        ("/v1/vault/status", "/v1/vault/status"),
        ("/v1/healthz", "/v1/healthz"),
        ("/v1", "/v1"),
        ("/v1/v1", "/v1/v1"),
        ("/", "/"),
        ("", "/"),
        ("////", "/"),
    ],
)
def test_only_openais_paths_move_in_and_out_of_v1(path: str, canonical: str) -> None:
    assert canonical_path(path) == canonical
    assert canonical_path(canonical) == canonical
