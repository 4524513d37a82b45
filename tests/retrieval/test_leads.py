"""What a chunk that begins in the middle cannot be read without."""

from __future__ import annotations

import pytest

from sidecar.retrieval.leads import lead_of

TABLE = "Prices:\n\n| What | Euros |\n| --- | ---: |\n| Pump | 120 |"
LIST = "# Trip\n\nTake to Rome:\n\n- passport\n- clothes\n  - socks"


@pytest.mark.parametrize(
    ("before", "text", "lead"),
    [
        (TABLE, "| Valve | 30 |", "| What | Euros |\n| --- | ---: |"),
        (TABLE, "| A | B |\n|---|---|\n| 1 | 2 |", ""),
        ("| no | header |", "| Valve | 30 |", ""),
        (LIST, "- hat", "Take to Rome:"),
        (LIST, "  - shirts", "Take to Rome:\n- clothes"),
        ("1. one\n2. two", "3. three", ""),
        ("带去罗马的东西：\n- 护照", "- 帽子", "带去罗马的东西："),
        ("```python\nx = 1", "y = 2", "```python"),
        ("```\nx\n```\nText.", "More text.", ""),
        ("Some prose.", "More prose.", ""),
        ("x" * 500 + ":\n- a", "- b", ""),
        ("", "- a", ""),
        ("# Heading\n- a", "- b", ""),
    ],
)
def test_a_table_keeps_its_header_a_list_what_introduces_it_and_code_its_opening(
    before: str, text: str, lead: str
) -> None:
    assert lead_of(before, text) == lead


@pytest.mark.parametrize("before", ["\n" * 10**6, "| " * 500_000, "- a\n" * 250_000, "`" * 10**6, "```\n" * 250_000])
@pytest.mark.parametrize("text", ["| a |", "  - b", "x"])
def test_hostile_text_in_front_is_read(before: str, text: str) -> None:
    assert len(lead_of(before, text)) <= 400
