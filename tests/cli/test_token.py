"""`sidecar token`: keys for single clients, and the codes that carry them to a phone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sidecar.cli.phone import provider
from sidecar.cli.qr_code import half_blocks
from sidecar.runtime.client_keys import FILE
from tests.serving import environment

URL = "https://machine.tail1234.ts.net"


def run(*arguments: str, folder: Path, **extra: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sidecar", "token", *arguments, "--data-dir", str(folder)]
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", timeout=60, check=False, env=environment(**extra)
    )


def test_a_key_is_printed_once_and_listed_without_itself(tmp_path: Path) -> None:
    made = run("create", "phone", "--scope", "read,chat", "--expires", "2w", folder=tmp_path / "data")
    assert made.returncode == 0, made.stderr
    key = made.stdout.strip()
    assert made.stdout == f"{key}\n"
    assert key.startswith("sk-sidecar-")
    listed = run("list", folder=tmp_path / "data").stdout
    assert listed.splitlines()[0].split("\t") == ["NAME", "SCOPE", "MADE", "LAST USED", "EXPIRES"]
    assert listed.splitlines()[1].split("\t")[:2] == ["phone", "chat"]
    (facts,) = json.loads(run("list", "--json", folder=tmp_path / "data").stdout)
    assert facts.keys() == {"name", "scope", "made", "last_used", "expires", "expired"}
    assert (facts["name"], facts["scope"], facts["last_used"], facts["expired"]) == ("phone", "chat", None, False)
    assert key not in listed + json.dumps(facts)
    if os.name == "posix":
        assert (tmp_path / "data").stat().st_mode & 0o077 == 0
        assert (tmp_path / "data" / FILE).stat().st_mode & 0o077 == 0


def test_without_keys_the_list_says_how_to_make_one(tmp_path: Path) -> None:
    assert "token create" in run("list", folder=tmp_path).stdout
    assert json.loads(run("list", "--json", folder=tmp_path).stdout) == []


WRONG: dict[str, tuple[list[str], str]] = {
    "no scope": (["create", "a"], "--scope"),
    "another scope": (["create", "a", "--scope", "all"], "no scope 'all'"),
    "the owner's": (["create", "a", "--scope", "owner"], "no scope 'owner'"),
    "no end": (["create", "a", "--scope", "read", "--expires", "soon"], "cannot last 'soon'"),
    "no time": (["create", "a", "--scope", "read", "--expires", "0d"], "cannot last '0d'"),
    "digits of another script": (["create", "a", "--scope", "read", "--expires", "٣٠d"], "cannot last"),
    "no name": (["create", " ", "--scope", "read"], "name of a key"),
    "a name that steers": (["create", "\x1b[31m", "--scope", "read"], "name of a key"),
    "a code without an address": (["create", "a", "--scope", "read", "--qr"], "belong together"),
    "an address without a code": (["create", "a", "--scope", "read", "--url", URL], "belong together"),
    "revoking nobody's": (["revoke", "nobody"], "no key named 'nobody'"),
}


@pytest.mark.parametrize(("arguments", "said"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_is_refused_and_makes_no_key(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = run(*arguments, folder=tmp_path)
    assert done.returncode != 0
    assert said in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / FILE).exists()


ADDRESSES = [
    "",
    "machine.tail1234.ts.net",
    "ftp://machine",
    "https://",
    "https://user:secret@machine",
    "https://:secret@machine",
    "https://machine/path",
    "https://machine?x=1",
    "https://machine#x",
    "https://machine:99999",
    "https://machine:0",
    "https://[::1",
    "https://a b",
    "https://mäschine",
    "https://" + "a" * 300,
    "https://machine\x1b[31m",
]


@pytest.mark.parametrize("url", ADDRESSES)
def test_what_is_no_address_makes_no_key(tmp_path: Path, url: str) -> None:
    done = run("create", "phone", "--scope", "chat", "--qr", "--url", url, folder=tmp_path)
    assert done.returncode != 0
    assert "no address of a server" in done.stderr
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("url", [URL, f"{URL}/", f"{URL}/v1", f"{URL}/v1/", f"{URL}:443", f"{URL}:443/v1"])
def test_the_codes_hold_the_base_url_and_the_key(tmp_path: Path, url: str) -> None:
    done = run("create", "phone", "--scope", "chat", "--qr", "--url", url, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    key = done.stdout.splitlines()[0]
    assert half_blocks(f"{URL}/v1", colours=False) in done.stdout
    assert half_blocks(key, colours=False) in done.stdout
    assert f'allowed_hosts = ["{URL.removeprefix("https://")}"]' in done.stderr


def test_one_code_for_a_client_that_reads_both_at_once_and_swapped_for_a_light_terminal(tmp_path: Path) -> None:
    asked = ["create", "phone", "--scope", "chat", "--qr", "--url", URL, "--form", "provider", "--invert"]
    done = run(*asked, folder=tmp_path)
    text = provider(address=f"{URL}/v1", key=done.stdout.splitlines()[0], name="phone")
    assert half_blocks(text, colours=False, invert=True) in done.stdout


WARNED = {
    "http": ("http://192.168.1.20:8484", "is not https"),
    "this machine": ("http://127.0.0.1:8484", "means the phone itself"),
    "this machine, by name": ("https://localhost", "means the phone itself"),
    "a name that is not allowed": (URL, "does not answer under"),
}


@pytest.mark.parametrize(("url", "said"), WARNED.values(), ids=WARNED)
def test_an_address_that_will_not_do_is_said_but_not_in_the_output(tmp_path: Path, url: str, said: str) -> None:
    done = run("create", "phone", "--scope", "chat", "--qr", "--url", url, folder=tmp_path)
    assert done.returncode == 0
    assert said in done.stderr
    assert said not in done.stdout


def test_an_address_that_is_allowed_and_encrypted_needs_no_word(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('allowed_hosts = ["machine.tail1234.ts.net:443"]\n', encoding="utf-8")
    for name, url in (("phone", URL), ("tablet", f"{URL}:443")):
        asked = ["create", name, "--scope", "chat", "--qr", "--url", url, "--config", str(tmp_path / "config.toml")]
        done = run(*asked, folder=tmp_path / "data")
        assert (done.returncode, done.stderr) == (0, "")


def test_a_terminal_without_blocks_is_told_before_a_key_is_made(tmp_path: Path) -> None:
    asked = ["create", "phone", "--scope", "chat", "--qr", "--url", URL]
    done = run(*asked, folder=tmp_path, PYTHONIOENCODING="ascii")
    assert done.returncode != 0
    assert "cannot show a QR code" in done.stderr
    assert not (tmp_path / FILE).exists()


def test_no_command_but_the_one_that_draws_loads_what_draws() -> None:
    asked = "import sys, sidecar.cli.token, sidecar.api.app; print('segno' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, env=environment())
    assert done.stdout == "False\n"
