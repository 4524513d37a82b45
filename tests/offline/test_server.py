"""The lock of a real server: it says which one is on. That it holds is shown with the other promises."""

from __future__ import annotations

from pathlib import Path

from sidecar.offline.system import missing_walls
from tests.serving import DEMO_VAULT, serve


def test_a_server_says_which_lock_is_on(tmp_path: Path) -> None:
    with serve(DEMO_VAULT, data_dir=tmp_path / "data") as server:
        expected = "+".join(["audit-hook", *(wall for wall in ("landlock", "seccomp") if wall not in missing_walls())])
        assert server.status()["offline_lock"] == expected
        assert server.client.get("/readyz").json()["offline_lock"] == expected
