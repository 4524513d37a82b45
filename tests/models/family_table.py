"""The families of models that tests are made for: where tokenizer and chat template of each come from.

The files come from `scripts/vocabularies` and are not part of this repository. Vocabularies of today's models differ
from those files by a few control tokens in places that were kept free for them; `named` puts those in.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(os.environ.get("SIDECAR_TEST_VOCABULARIES") or Path.home() / ".cache/sidecar-tests/vocabularies")
MISSING = f"there are no vocabulary files in {FOLDER}: ./scripts/vocabularies gets them"


def present() -> bool:
    return (FOLDER / "source.txt").is_file()


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One model as published: where its tokenizer and template come from, and how they differ from the files."""

    name: str
    vocabulary: str
    template: str
    architecture: str = "llama"
    named: Mapping[int, str] = field(default_factory=dict)
    """Control tokens by number; beyond the end of the vocabulary they are added to it."""
    texts: Mapping[int, str] = field(default_factory=dict)
    """Tokens that every text is read for, which are no control tokens."""
    end: str
    """The token that ends an answer."""
    bos: str | None = None
    """The token that begins a prompt, where it is not that of the vocabulary file."""

    def chat_template(self) -> str:
        return (FOLDER / "templates" / f"{self.template}.jinja").read_text(encoding="utf-8")


_LLAMA = {128004: "<|finetune_right_pad_id|>", 128008: "<|eom_id|>", 128010: "<|python_tag|>"}
_QWEN = {151657: "<tool_call>", 151658: "</tool_call>"}
_THINK = {151667: "<think>", 151668: "</think>"}
_INST = {32000: "[INST]", 32001: "[/INST]", 32002: "[TOOL_CALLS]", 32003: "[AVAILABLE_TOOLS]"}
_INST |= {32004: "[/AVAILABLE_TOOLS]", 32005: "[TOOL_RESULTS]", 32006: "[/TOOL_RESULTS]"}
_SYSTEM = {32007: "[SYSTEM_PROMPT]", 32008: "[/SYSTEM_PROMPT]", 32009: "[CALL_ID]", 32010: "[ARGS]"}
_HARMONY = {128002: "<|start|>", 128003: "<|end|>", 128004: "<|message|>", 128005: "<|channel|>"}
_HARMONY |= {128008: "<|constrain|>", 128010: "<|return|>", 128011: "<|call|>"}
_DEEPSEEK = {151643: "<｜end▁of▁sentence｜>", 151644: "<｜User｜>", 151645: "<｜Assistant｜>"}
_DEEPSEEK |= {151646: "<｜begin▁of▁sentence｜>"}

FAMILIES = (
    Family(
        name="llama-3.1",
        vocabulary="llama-bpe",
        template="meta-llama-Llama-3.1-8B-Instruct",
        named=_LLAMA,
        end="<|eot_id|>",
    ),
    Family(
        name="llama-3.2",
        vocabulary="llama-bpe",
        template="meta-llama-Llama-3.2-3B-Instruct",
        named=_LLAMA,
        end="<|eot_id|>",
    ),
    Family(
        name="hermes-3",
        vocabulary="llama-bpe",
        template="NousResearch-Hermes-3-Llama-3.1-8B-tool_use",
        named={128011: "<|im_start|>", 128012: "<|im_end|>"},
        texts={128013: "<tool_call>", 128014: "</tool_call>"},
        end="<|im_end|>",
    ),
    Family(
        name="mistral-nemo",
        vocabulary="llama-spm",
        template="mistralai-Mistral-Nemo-Instruct-2407",
        named=_INST,
        end="</s>",
    ),
    Family(
        name="mistral-small-3.2",
        vocabulary="llama-spm",
        template="Mistral-Small-3.2-24B-Instruct-2506",
        named=_INST | _SYSTEM,
        end="</s>",
    ),
    Family(
        name="phi-3.5",
        vocabulary="phi-3",
        template="microsoft-Phi-3.5-mini-instruct",
        architecture="phi3",
        end="<|end|>",
    ),
    Family(
        name="qwen2.5",
        vocabulary="qwen2",
        template="Qwen-Qwen2.5-7B-Instruct",
        architecture="qwen2",
        texts=_QWEN,
        end="<|im_end|>",
    ),
    Family(
        name="qwen3",
        vocabulary="qwen2",
        template="Qwen-Qwen3-0.6B",
        architecture="qwen3",
        texts=_QWEN | _THINK,
        end="<|im_end|>",
    ),
    Family(
        name="qwen3-coder",
        vocabulary="qwen2",
        template="Qwen3-Coder",
        architecture="qwen3",
        texts=_QWEN,
        end="<|im_end|>",
    ),
    Family(
        name="deepseek-r1-qwen",
        vocabulary="qwen2",
        template="deepseek-ai-DeepSeek-R1-Distill-Qwen-32B",
        architecture="qwen2",
        named=_DEEPSEEK,
        texts={151648: "<think>", 151649: "</think>"},
        end="<｜end▁of▁sentence｜>",
        bos="<｜begin▁of▁sentence｜>",
    ),
    Family(
        name="gemma-2",
        vocabulary="gemma-4",
        template="google-gemma-2-2b-it",
        named={105: "<start_of_turn>", 106: "<end_of_turn>"},
        end="<end_of_turn>",
    ),
    Family(
        name="gpt-oss",
        vocabulary="llama-bpe",
        template="openai-gpt-oss-120b",
        named=_HARMONY,
        end="<|return|>",
    ),
)
