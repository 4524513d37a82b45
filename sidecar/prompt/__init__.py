"""Passages and messages become the prompt: notes as data inside a random delimiter, fitted to the context window."""

from sidecar.prompt.building import Prompt, build_prompt
from sidecar.prompt.duplicates import without_duplicates
from sidecar.prompt.fitting import cut, fit
from sidecar.prompt.messages import question_of, text_of
from sidecar.prompt.passage import Matched, Passage, Section
from sidecar.prompt.properties import told_properties
from sidecar.prompt.quotable import leaving, sources
from sidecar.prompt.rendering import render
from sidecar.prompt.shortening import with_less_around

__all__ = [
    "Matched",
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
    "told_properties",
    "with_less_around",
    "without_duplicates",
]
