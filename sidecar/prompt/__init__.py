"""Passages and messages become the prompt: notes as data inside a random delimiter, fitted to the context window."""

from sidecar.prompt.building import Prompt, build_prompt, cut, fit, leaving, render, sources
from sidecar.prompt.messages import question_of, text_of
from sidecar.prompt.passage import Passage, Section

__all__ = [
    "Passage",
    "Prompt",
    "Section",
    "build_prompt",
    "cut",
    "fit",
    "leaving",
    "question_of",
    "render",
    "sources",
    "text_of",
]
