"""Which clients there are and which calls they make, read from their scripts: what is not there is not claimed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
LOCKS = ROOT / "scripts" / "requirements"
_CALL = re.compile(r'^(?:@call|await call)\(\s*"([^"]+)"', re.MULTILINE)


def calls_of(path: Path) -> list[str]:
    """The names of the calls that a script registers."""
    return _CALL.findall(path.read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client in one version. `environment` is where `scripts/clients` installs it."""

    name: str
    environment: str
    scripts: tuple[str, ...]
    package: str
    argument: str = ""
    """What the script is told beside the service: the name that the package is imported under."""

    @property
    def paths(self) -> list[Path]:
        """Its scripts."""
        folder = HERE / ("node" if self.environment in ("node", "chromium") else "python")
        return [folder / script for script in self.scripts]

    @property
    def calls(self) -> list[str]:
        """The calls that its scripts make, in order."""
        found = [call for path in self.paths for call in calls_of(path)]
        assert len(found) == len(set(found)), f"{self.name} has two calls of one name"
        return found

    @property
    def version(self) -> str:
        """The locked version."""
        if self.paths[0].suffix == ".mjs":
            lock = json.loads((HERE / "node" / "package-lock.json").read_text(encoding="utf-8"))
            version: str = lock["packages"][f"node_modules/{self.argument or self.package}"]["version"]
            return version
        lock_text = (LOCKS / f"{self.environment}.txt").read_text(encoding="utf-8")
        pinned = re.search(rf"^{re.escape(self.package)}==(\S+)", lock_text, re.MULTILINE)
        assert pinned is not None, f"{self.package} is not in {self.environment}.txt"
        return pinned[1]


PYTHON_OPENAI = ("use_openai.py", "use_openai_responses.py", "use_openai_vault.py")
CLIENTS = (
    Client(name="openai (Python)", environment="clients", scripts=PYTHON_OPENAI, package="openai"),
    Client(name="openai (Python), 2.x", environment="clients-openai-2", scripts=PYTHON_OPENAI, package="openai"),
    Client(
        name="langchain-openai",
        environment="clients-openai-2",
        scripts=("use_langchain.py",),
        package="langchain-openai",
    ),
    Client(
        name="LlamaIndex OpenAILike",
        environment="clients-openai-2",
        scripts=("use_llama_index.py",),
        package="llama-index-llms-openai-like",
    ),
    Client(name="LiteLLM", environment="clients-openai-2", scripts=("use_litellm.py",), package="litellm"),
    Client(name="instructor", environment="clients-openai-2", scripts=("use_instructor.py",), package="instructor"),
    Client(name="pydantic-ai", environment="clients", scripts=("use_pydantic_ai.py",), package="pydantic-ai-slim"),
    Client(name="openai-agents", environment="clients", scripts=("use_openai_agents.py",), package="openai-agents"),
    Client(name="llm", environment="clients", scripts=("use_llm.py",), package="llm"),
    Client(name="ollama (Python)", environment="clients", scripts=("use_ollama.py",), package="ollama"),
    Client(name="openai (npm)", environment="node", scripts=("use_openai.mjs",), package="openai"),
    Client(
        name="openai (npm), 6.x", environment="node", scripts=("use_openai.mjs",), package="openai", argument="openai6"
    ),
    Client(
        name="openai (npm), 4.x", environment="node", scripts=("use_openai.mjs",), package="openai", argument="openai4"
    ),
    Client(name="@ai-sdk/openai", environment="node", scripts=("use_ai_sdk_openai.mjs",), package="@ai-sdk/openai"),
    Client(
        name="@ai-sdk/openai-compatible",
        environment="node",
        scripts=("use_ai_sdk_compatible.mjs",),
        package="@ai-sdk/openai-compatible",
    ),
    Client(name="@langchain/openai", environment="node", scripts=("use_langchain.mjs",), package="@langchain/openai"),
    Client(name="ollama (npm)", environment="node", scripts=("use_ollama.mjs",), package="ollama"),
    Client(
        name="openai (npm) in a page in Chromium",
        environment="chromium",
        scripts=("use_chromium.mjs",),
        package="openai",
    ),
)
