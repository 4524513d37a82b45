"""QR codes are drawn so that another program's decoder reads them back."""

from __future__ import annotations

import numpy as np
import pytest
import zxingcpp

from sidecar.cli.phone import provider
from sidecar.cli.qr_code import QUIET, half_blocks

KEY = "sk-sidecar-" + "aZ0-_" * 8 + "xyz"
ADDRESS = "https://machine.tail1234.ts.net/v1"
TEXTS = {
    "an address": ADDRESS,
    "a long address": f"https://{'a' * 63}.{'b' * 63}.ts.net:10000/v1",
    "an IPv6 address": "http://[fd7a:115c:a1e0::1]:8484/v1",
    "a key": KEY,
    "a provider": provider(address=ADDRESS, key=KEY, name="phone"),
    "a provider with the longest name": provider(address=ADDRESS, key=KEY, name="手" * 64),
}
_DARK = {" ": (False, False), "▀": (True, False), "▄": (False, True), "█": (True, True)}
BLACK_ON_WHITE, AS_BEFORE = "\x1b[38;5;16;48;5;231m", "\x1b[0m"


def seen(drawn: str, *, letters_are_dark: bool) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """What a camera sees: a picture of the terminal, four points to a square."""
    lines = [line.removeprefix(BLACK_ON_WHITE).removesuffix(AS_BEFORE) for line in drawn.split("\n")]
    rows = [[_DARK[block][half] for block in line] for line in lines for half in (0, 1)]
    dark = np.array(rows) == letters_are_dark
    return np.kron(np.where(dark, 0, 255), np.ones((4, 4))).astype(np.uint8)


def read(picture: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> list[str]:
    """What a reader finds that, like the strictest of them, takes no code with light and dark swapped."""
    found = zxingcpp.read_barcodes(
        picture, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode), try_invert=False
    )
    return [code.text for code in found]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_in_colours_a_code_is_read_back_whatever_the_terminals_own_are(text: str) -> None:
    drawn = half_blocks(text, colours=True)
    assert all(line.startswith(BLACK_ON_WHITE) and line.endswith(AS_BEFORE) for line in drawn.split("\n"))
    assert read(seen(drawn, letters_are_dark=True)) == [text]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_without_colours_it_is_read_back_on_a_dark_terminal_and_swapped_on_a_light_one(text: str) -> None:
    drawn, swapped = half_blocks(text, colours=False), half_blocks(text, colours=False, invert=True)
    assert "\x1b" not in drawn + swapped
    assert read(seen(drawn, letters_are_dark=False)) == [text]
    assert read(seen(swapped, letters_are_dark=True)) == [text]
    # The other way round they are not what the strictest readers take.
    assert read(seen(drawn, letters_are_dark=True)) == []


def test_a_code_has_its_quiet_zone_on_every_side() -> None:
    picture = seen(half_blocks(KEY, colours=True), letters_are_dark=True)
    wide = QUIET * 4
    for edge in (picture[:wide], picture[-wide:], picture[:, :wide], picture[:, -wide:]):
        assert (edge == 255).all()


def test_the_codes_fit_into_a_terminal_of_eighty_columns() -> None:
    for text in (ADDRESS, KEY, provider(address=ADDRESS, key=KEY, name="phone")):
        assert max(map(len, half_blocks(text, colours=False).split("\n"))) <= 80
