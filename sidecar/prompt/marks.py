"""Signs in a note's text that a chat template or our own frame would read are taken apart, so that they are text.

A local model's template is rendered so that no text of a message becomes a control token; what a server elsewhere does
with the same text is not known.
"""

from __future__ import annotations

import re

_LONGEST = 64
# A blank goes behind the first character of each of these. ChatML, Llama 3, Phi, gpt-oss, Gemma 4, Granite, Command R;
# DeepSeek; Llama 2 and Mistral; Gemma; sentence pieces' own; ChatGLM; the parts that Qwen and others write for calls;
# and the lines around the notes. `<|` and `|>` alone are operators of several programming languages.
_MARK = re.compile(
    rf"""<(?=\|[^\s|<>]{{1,{_LONGEST}}}\|?>)
      | <(?=[^\s|<>]{{1,{_LONGEST}}}\|>)
      | <(?=｜[^｜<>\n]{{1,{_LONGEST}}}｜>)
      | <(?=/?(?:start_of_turn|end_of_turn|start_of_image|think|tool_calls?|tool_response|s|bos|eos|pad|unk|sop|eop)>)
      | <(?=<\/?SYS>>)
      | <(?=/?\s{{0,8}}notes\b)
      | \[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|ARGS|THINK|g?MASK)\])
      | \[(?=\|[^\s|\[\]]{{1,{_LONGEST}}}\|\])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufdd0-\ufdef]|[\ud800-\udfff]")
_SPACE = re.compile(r"\s+")


def harmless(text: str) -> str:
    """Take apart the marks in a text that would be read as more than text, and drop its control characters."""
    return _MARK.sub(lambda found: f"{found[0]} ", _CONTROL.sub("", text))


def on_one_line(text: str, *, most: int) -> str:
    """A name or value for the line in front of a passage: harmless, without line ends, at most `most` characters."""
    plain = _SPACE.sub(" ", harmless(_CONTROL.sub(" ", text[: 4 * most]))).strip()
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"
