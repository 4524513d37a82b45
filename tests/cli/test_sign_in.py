"""`sidecar console`: links to the page of a running server, for this machine and for a phone, and their end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from sidecar.cli.qr_code import half_blocks
from tests.serving import DEMO_VAULT, Server, environment, serve

URL = "https://machine.tail1234.ts.net"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(DEMO_VAULT, data_dir=tmp_path_factory.mktemp("console"), wait=False) as server:
        yield server


def run(*arguments: str, folder: Path, **extra: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sidecar", *arguments, "--data-dir", str(folder)]
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", timeout=60, check=False, env=environment(**extra)
    )


def sign_in(server: Server, link: str) -> httpx2.Response:
    code = link.strip().partition("#sign-in=")[2]
    return httpx2.post(f"{server.url}/console/sign-in", json={"code": code}, trust_env=False)


def opens(server: Server, key: str) -> int:
    """What a request with the key is answered with."""
    headers = {"authorization": f"Bearer {key}"}
    return httpx2.get(f"{server.url}/v1/models", headers=headers, trust_env=False).status_code


def test_the_link_signs_in(server: Server) -> None:
    done = run("console", folder=server.data_dir)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{server.url}/#sign-in=")
    assert sign_in(server, done.stdout).status_code == 200


@pytest.mark.parametrize("url", [URL, f"{URL}/", f"{URL}:443", f"{URL}/v1"])
def test_a_link_for_a_phone_has_the_address_there_and_warns(server: Server, url: str) -> None:
    done = run("console", "--url", url, folder=server.data_dir)
    assert done.returncode == 0, done.stderr
    (link,) = done.stdout.splitlines()
    assert link.startswith(f"{URL}/#sign-in=")
    assert "whoever opens the link can do all that you can" in done.stderr
    assert f'allowed_hosts = ["{URL.removeprefix("https://")}"]' in done.stderr
    assert sign_in(server, link).status_code == 200


def test_the_code_holds_the_link(server: Server) -> None:
    done = run("console", "--url", URL, "--qr", "--invert", folder=server.data_dir)
    assert done.returncode == 0, done.stderr
    link = done.stdout.splitlines()[0]
    assert half_blocks(link, colours=False, invert=True) in done.stdout


WRONG: dict[str, tuple[list[str], str]] = {
    "a code without an address": (["--qr"], "--qr needs --url"),
    "no address": (["--url", "machine"], "no address of a server"),
    "a backslash, which browsers read as a slash": (
        ["--url", "https://evil.example\\.ts.net"],
        "no address of a server",
    ),
    "what a shell would run": (["--url", "https://$(id).ts.net"], "no address of a server"),
    "a link beside the end of all": (["--sign-out-all", "--url", URL], "prints no link"),
}


@pytest.mark.parametrize(("arguments", "said"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_is_refused(server: Server, arguments: list[str], said: str) -> None:
    done = run("console", *arguments, folder=server.data_dir)
    assert done.returncode != 0
    assert said in done.stderr
    assert done.stdout == ""


def test_a_terminal_without_blocks_is_told_before_a_link_is_made(server: Server) -> None:
    done = run("console", "--url", URL, "--qr", folder=server.data_dir, PYTHONIOENCODING="ascii")
    assert done.returncode != 0
    assert "cannot show a QR code" in done.stderr
    assert "sign-in" not in done.stdout


def test_all_browsers_are_signed_out(server: Server) -> None:
    run("console", "--sign-out-all", folder=server.data_dir)
    key = sign_in(server, run("console", folder=server.data_dir).stdout).json()["key"]
    unused = run("console", folder=server.data_dir).stdout
    assert opens(server, key) == 200
    done = run("console", "--sign-out-all", folder=server.data_dir)
    assert (done.returncode, done.stdout) == (0, "Signed out: 1 session.\n")
    assert opens(server, key) == 401
    assert sign_in(server, unused).status_code == 401
    assert run("console", "--sign-out-all", folder=server.data_dir).stdout == "Signed out: 0 sessions.\n"


def test_where_no_server_runs_both_say_so(tmp_path: Path) -> None:
    for arguments in ([], ["--sign-out-all"], ["--url", URL]):
        done = run("console", *arguments, folder=tmp_path)
        assert done.returncode != 0
        assert "No Sidecar runs" in done.stderr


def test_where_no_key_is_asked_for_there_is_nothing_to_sign_out_of(tmp_path: Path) -> None:
    with serve(DEMO_VAULT, "--no-auth", data_dir=tmp_path, wait=False) as server:
        assert run("console", folder=tmp_path).stdout == f"{server.url}/\n"
        assert run("console", "--url", URL, folder=tmp_path).stdout == f"{URL}/\n"
        assert "nobody is signed in" in run("console", "--sign-out-all", folder=tmp_path).stdout


def test_a_new_key_counts_in_the_running_server_and_ends_the_old_one_and_all_sessions(server: Server) -> None:
    old = run("token", "show", folder=server.data_dir).stdout.strip()
    phone = run("token", "create", "phone", "--scope", "read", folder=server.data_dir).stdout.strip()
    session = sign_in(server, run("console", folder=server.data_dir).stdout).json()["key"]
    unused = run("console", folder=server.data_dir).stdout
    assert [opens(server, key) for key in (old, phone, session)] == [200, 200, 200]
    done = run("token", "rotate", folder=server.data_dir)
    new = done.stdout.strip()
    assert sign_in(server, unused).status_code == 401
    assert [opens(server, key) for key in (old, session, new, phone)] == [401, 401, 200, 200]
    # The commands find the server with the new one, which it proves to hold.
    assert sign_in(server, run("console", folder=server.data_dir).stdout).status_code == 200
    log = (server.data_dir / "serve.log").read_text(encoding="utf-8")
    assert old not in log
    assert new not in log
