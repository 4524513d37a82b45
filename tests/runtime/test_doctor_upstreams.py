from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sidecar.config import Config
from sidecar.errors import ConfigError
from sidecar.runtime.doctor_upstreams import ask_servers, examine_upstreams
from tests.inference.programs import Ollama, play_llama_server, program
from tests.inference.upstream_server import closed_port

pytestmark = pytest.mark.anyio


async def look(tmp_path: Path, **settings: Any) -> list[dict[str, Any]]:
    facts = examine_upstreams(await ask_servers(Config(data_dir=tmp_path, **settings)))
    json.dumps(facts)
    return facts


def texts(section: dict[str, Any], level: str) -> str:
    return "\n".join(f"{each['text']} {each['hint'] or ''}" for each in section["checks"] if each["level"] == level)


async def test_without_servers_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert await look(tmp_path) == []


async def test_a_server_is_told_with_its_kind_its_place_and_how_much_it_reads(tmp_path: Path) -> None:
    async with program(Ollama(windows={"tiny": 131_072}, num_ctx={"tiny": 16_384}).play) as server:
        (section,) = await look(tmp_path, upstream=server.url + "/v1")
    assert (section["kind"], section["reached"], section["on_this_machine"]) == ("ollama", True, True)
    assert (section["model"], section["context_length"]) == ("tiny", 16_384)
    assert "Ollama, on this machine, 1 model" in texts(section, "ok")
    assert "tiny reads 16,384 tokens at once" in texts(section, "ok")


async def test_a_window_too_short_for_answers_from_notes_is_a_warning(tmp_path: Path) -> None:
    async with program(lambda server: play_llama_server(server, window=2048)) as server:
        (section,) = await look(tmp_path, upstream=server.url, model="tiny")
    assert section["kind"] == "llama-server"
    assert "tiny reads 2,048 tokens at once" in texts(section, "warning")
    assert "8,192" in texts(section, "warning")


async def test_a_server_that_is_away_is_a_warning_with_what_to_do(tmp_path: Path) -> None:
    (section,) = await look(tmp_path, upstream=f"http://127.0.0.1:{closed_port()}/v1", upstream_key="secret-key")
    assert not section["reached"]
    assert "not reached" in texts(section, "warning")
    assert "secret-key" not in json.dumps(section)


async def test_every_server_is_asked_and_the_model_is_looked_for_on_its_own(tmp_path: Path) -> None:
    async with program(Ollama(windows={"tiny": 8192}).play) as server:
        sections = await look(
            tmp_path,
            upstream=f"http://127.0.0.1:{closed_port()}",
            upstreams={"box": {"url": server.url}},
            model="box/tiny",
        )
    away, box = sections
    assert (away["name"], away["reached"], away["model"]) == ("default", False, None)
    assert (box["name"], box["reached"], box["model"]) == ("box", True, "tiny")


async def test_in_offline_mode_a_server_elsewhere_is_refused_and_not_asked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="offline"):
        await look(tmp_path, upstream="http://192.0.2.1:11434/v1", offline=True)
