"""`ask_notes`: an answer of the user's own Sidecar, with what it rests on."""

from __future__ import annotations

from sidecar.mcp_server.reach import Reach
from sidecar.mcp_server.told import Told, place
from sidecar.protocol.mcp_inputs import AskInput
from sidecar.protocol.mcp_outputs import AskOutput, CitedPassage


async def answer_question(reach: Reach, asked: AskInput) -> Told:
    """Answer a question from the notes."""
    told = await reach.answer(asked.question, vault=asked.vault)
    answer = told["choices"][0]["message"]["content"] or ""
    cited = [
        CitedPassage(
            path=source["path"],
            heading_path=source["heading_path"],
            first_line=source["start_line"],
            last_line=source["end_line"],
            uri=source["uri"],
            quote=source.get("quote"),
        )
        for source in (told.get("vault") or {}).get("sources") or ()
    ]
    places = [f"* {place(each.path, each.first_line, each.last_line)}" for each in cited]
    text = "\n".join([answer, *(["", "Sources:", *places] if places else [])])
    return Told(content=AskOutput(answer=answer, sources=cited), text=text)
