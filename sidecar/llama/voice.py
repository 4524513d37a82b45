"""How a loaded model speaks: its template, its marks, and the tokens that have no text of their own."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from sidecar.llama.dialect import Dialect, read_dialect
from sidecar.llama.native import NativeModel
from sidecar.llama.template import ChatTemplate


class Voice:
    """What a model's file says of how it speaks, looked up once."""

    def __init__(self, model: NativeModel, template: ChatTemplate, dialect: Dialect) -> None:
        self.template = template
        self.dialect = dialect
        self.unwritten = np.array(model.unwritten(), dtype=np.intp)
        marks = {model.token_of(mark): mark.encode("utf-8") for mark in dialect.marks}
        self.marks = {token: text for token, text in marks.items() if token is not None and token in self.unwritten}
        """Marks that are control tokens, whose text answers leave out otherwise."""


def open_voice(model: NativeModel) -> Voice:
    """Read it from the model's file."""
    template = ChatTemplate(
        model.settings.chat_template,
        bos=model.bos_text(),
        eos=model.eos_text(),
        specials=model.special_texts(),
        now=datetime.now,
    )
    dialect = read_dialect(
        model.settings.chat_template,
        knows_tools=template.knows_tools,
        has_token=lambda text: model.token_of(text) is not None,
    )
    return Voice(model, template, dialect)
