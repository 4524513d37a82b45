"""Fixtures of generated model files, built once a session. They skip, saying why, where a package is missing."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def _gguf_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("gguf", reason="the gguf package, which writes model files, is not installed")
    pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def copybot_gguf(_gguf_folder: Path) -> Path:
    """A chat model that answers with the text following the question's last words in its prompt."""
    from tests.models import copybot

    return copybot.build(_gguf_folder / "copybot.gguf")


@pytest.fixture(scope="session")
def tiny_chat_gguf(_gguf_folder: Path) -> Path:
    """A chat model with random weights."""
    from tests.models import tiny_chat

    return tiny_chat.build(_gguf_folder / "tiny-chat.gguf")


@pytest.fixture(scope="session")
def slow_chat_gguf(_gguf_folder: Path) -> Path:
    """A chat model with random weights and 200 layers: slow enough to be interrupted, on any machine."""
    from tests.models import tiny_chat

    return tiny_chat.build(_gguf_folder / "slow-chat.gguf", layers=200, context_length=8192)


@pytest.fixture(scope="session")
def parrots(_gguf_folder: Path) -> Callable[..., Path]:
    """Builds a chat model that says one text: `parrots(script, chat_template=…, controls=…)`."""
    from tests.models import parrot

    numbers = count()
    return lambda script, **options: parrot.build(_gguf_folder / f"parrot-{next(numbers)}.gguf", script, **options)


@pytest.fixture(scope="session")
def tiny_rank_gguf(_gguf_folder: Path) -> Path:
    """A cross-encoder with random weights, two segments and a limit of 512 tokens."""
    from tests.models import tiny_bert

    return tiny_bert.build(_gguf_folder / "tiny-rank.gguf", pooling="rank", segment_scale=0.3)


@pytest.fixture(scope="session")
def tiny_judge_gguf(_gguf_folder: Path) -> Path:
    """A causal reranking model with random weights that says yes or no."""
    from tests.models import tiny_judge

    return tiny_judge.build(_gguf_folder / "tiny-judge.gguf")


@pytest.fixture(scope="session")
def tiny_bert_gguf(_gguf_folder: Path) -> Path:
    """An embedding model with random weights, mean pooling and a limit of 512 tokens."""
    from tests.models import tiny_bert

    return tiny_bert.build(_gguf_folder / "tiny-bert.gguf")
