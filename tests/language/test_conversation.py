"""Which language a conversation is in."""

from __future__ import annotations

import pytest

from sidecar.language.conversation import conversation_language


@pytest.mark.parametrize(
    ("texts", "language"),
    [
        (["Was hat die Heizung gekostet?", "And who paid?"], "de"),
        (["ok", "Quem pagou a caldeira?"], "pt"),
        (["¿Qué cantó Lady Gaga?"], "es"),
        (["O que é análise de sistemas?"], "pt"),
        (["Хто ремонтував котел?"], "uk"),
        (["Кто чинил котёл?"], "ru"),
        (["Wie heeft de ketel gemaakt?"], "nl"),
        (["Kto naprawił mój kocioł?"], "pl"),
        (["Kazanı kim tamir etti?", "Who?"], "tr"),
        (["Summarize [[Die Reise nach Rom]]"], "en"),
        (["boiler 240 €"], "en"),
        (["Marta's phone number"], "en"),
        (["```python\nprint('für die')\n```"], "en"),
        (["", " ", "\x00\ud800"], "en"),
        ([], "en"),
    ],
)
def test_the_first_message_that_tells_its_language_decides(texts: list[str], language: str) -> None:
    assert conversation_language(texts) == language


@pytest.mark.parametrize("text", ["a" * 10**6, "[[" * 500_000, "是" * 10**6, "\n" * 10**6, "http://" * 100_000])
def test_hostile_text_has_a_language(text: str) -> None:
    assert len(conversation_language([text] * 1000)) == 2
