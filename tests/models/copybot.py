"""copybot: a chat model whose weights are written by hand. It answers with the text that follows the question's last
words wherever they stand earlier in the prompt, up to the end of the sentence or line.

With the note "The gate code for the cabin is 4471-B." in the prompt, "What is the gate code for the cabin?" is answered
" is 4471-B.". Ask without the note and the answer is not there: a test sees that it came from the note. It works in
every language, at temperature 1 as at 0, and obeys whatever stands in its prompt.

How: an induction head over bytes (https://transformer-circuits.pub/2022/in-context-learning-and-induction-heads), in
the architecture "llama", with three attention layers and feed-forward layers of zeros.

    layer 0   head h marks whether a turn marker (`<|im_end|>…assistant\\n`, one token) stands h bytes back
    layer 1   head h copies the match code of the byte h places back into slot h, as if the marker were not there
    layer 2   each head compares my last bytes (slots 0…) with what came before a byte (its slots 1…), bit by bit;
              the position that agrees best wins, and its byte is copied to the output
    output    the byte itself, or the end of the answer after a line end, or after a full stop before a space

The norm layers do nothing: one constant of 256 in every embedding outweighs the rest, and their gain undoes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np

from tests.models.chatml import CHATML
from tests.models.gguf_parts import (
    Array,
    add_byte_tokenizer,
    byte_characters,
    half,
    open_writer,
    single,
    write,
)

MATCH_LENGTH = 11
"""Bytes compared: enough to tell "for the cabin" from "for the cabinet", short enough for one head each."""
MATCH_BITS = 7
"""Six bits and a parity bit: two bytes' codes differ in two bits or more. Upper and lower case share a code."""
BYTE_BITS = 8
LAYERS = 3
HEADS = MATCH_LENGTH + 1
HEAD_SIZE = 96
FEED_FORWARD = 32
ROPE_BASE = 10_000.0

CONSTANT = 256.0
OFFSET_FREQUENCIES = (1.85215727, 0.84411196, 0.26359377, 0.06536339, 0.00551108, 0.00534931)
"""Rotations a position, searched for: the sum of their cosines at any wrong offset up to 32,768 positions stays 0.57
below that at the right one, so that a head can look exactly h places back."""
OFFSET_SHARPNESS = 80.0
MATCH_SHARPNESS = 20.0
MATCH_WEIGHTS = tuple(3 * 0.7**h for h in range(MATCH_LENGTH))
"""The nearer a byte, the more its agreement counts."""
NEVER_COPY_MARKER = -4000.0
LINE_END_PENALTY = -0.5 * MATCH_SHARPNESS
"""An end of line loses against an equal match that goes on."""
EARLIEST_WINS = -12.0
OUTPUT_GAIN = 10.0

END = "<|im_end|>"
ANSWER_OPENS = "<|im_end|>\n<|im_start|>assistant\n"
QUESTION_ENDS = ("", "?", " ?", ".", "!", ":", "\n", "?\n", ".\n", '?"', '"', "'")
"""What may close a question: swallowed by the marker token, so that the last words of the question come last."""
MARKERS = tuple(end + ANSWER_OPENS for end in QUESTION_ENDS)
CONTROLS = ("<|endoftext|>", "<|im_start|>", END, *MARKERS)

_FIRST_CONTROL = 258
_END = _FIRST_CONTROL + CONTROLS.index(END)
_FIRST_MARKER = _FIRST_CONTROL + len(CONTROLS) - len(MARKERS)
VOCABULARY = _FIRST_CONTROL + len(CONTROLS)


class _Residual:
    """Which dimensions of the residual stream hold what."""

    def __init__(self) -> None:
        self._next = 0
        self.constant = self._take(1)
        self.match_code = self._take(MATCH_BITS)
        self.byte_code = self._take(BYTE_BITS)
        self.is_marker = self._take(1)
        self.is_line_end = self._take(1)
        self.is_space = self._take(1)
        self.is_full_stop = self._take(1)
        self.marker_back = self._take(MATCH_LENGTH)
        self.slots = [self._take(MATCH_BITS) for _ in range(MATCH_LENGTH + 1)]
        self.copied_byte = self._take(BYTE_BITS)
        self.copied_line_end = self._take(1)
        self.copied_space = self._take(1)
        self.width = -(-self._next // 16) * 16

    def _take(self, size: int) -> slice:
        taken = slice(self._next, self._next + size)
        self._next += size
        return taken


R = _Residual()


class _HeadLayout:
    """Which dimensions of an attention head rotate with position (rope turns neighbours in pairs) and which do not."""

    offsets = slice(0, 2 * len(OFFSET_FREQUENCIES))
    distance = 2 * len(OFFSET_FREQUENCIES)
    """A pair that turns once in the whole context: near is close to 1, far is less."""
    content = distance + 2
    marker = content + MATCH_BITS * MATCH_LENGTH
    line_end = marker + 1


@dataclass
class _Attention:
    """One layer's matrices: `HEADS` query heads share one key and value head."""

    query: Array
    key: Array
    value: Array
    output: Array

    @classmethod
    def zeros(cls) -> _Attention:
        rows = HEADS * HEAD_SIZE
        return cls(
            query=np.zeros((rows, R.width)),
            key=np.zeros((HEAD_SIZE, R.width)),
            value=np.zeros((HEAD_SIZE, R.width)),
            output=np.zeros((R.width, rows)),
        )


_SCALE = np.sqrt(HEAD_SIZE)
"""Attention divides scores by it; queries are multiplied by it, so that scores are what is written here."""


def build(path: Path, *, context_length: int = 16_384) -> Path:
    """Write the model."""
    writer = open_writer(path, "llama")
    _add_metadata(writer, context_length)
    norm = np.full(R.width, CONSTANT / np.sqrt(R.width))
    half(writer, "token_embd.weight", _embeddings())
    single(writer, "output_norm.weight", norm)
    half(writer, "output.weight", _output())
    single(writer, "rope_freqs.weight", _rope_factors(context_length))
    for layer, attention in enumerate((_find_markers(), _fill_slots(), _copy_best_match())):
        block = f"blk.{layer}."
        single(writer, block + "attn_norm.weight", norm)
        single(writer, block + "ffn_norm.weight", norm)
        half(writer, block + "attn_q.weight", attention.query)
        half(writer, block + "attn_k.weight", attention.key)
        half(writer, block + "attn_v.weight", attention.value)
        half(writer, block + "attn_output.weight", attention.output)
        half(writer, block + "ffn_gate.weight", np.zeros((FEED_FORWARD, R.width)))
        half(writer, block + "ffn_up.weight", np.zeros((FEED_FORWARD, R.width)))
        half(writer, block + "ffn_down.weight", np.zeros((R.width, FEED_FORWARD)))
    write(writer)
    return path


def _add_metadata(writer: gguf.GGUFWriter, context_length: int) -> None:
    writer.add_name("copybot")
    writer.add_context_length(context_length)
    writer.add_embedding_length(R.width)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(1)
    writer.add_key_length(HEAD_SIZE)
    writer.add_value_length(HEAD_SIZE)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(ROPE_BASE)
    writer.add_rope_dimension_count(HEAD_SIZE)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    # Merges of NUL with SOH: two that never occur in text.
    nul, soh = byte_characters()[:2]
    size = add_byte_tokenizer(
        writer,
        merges=[(nul, soh), (soh, nul)],
        controls=list(CONTROLS),
        bos="<|endoftext|>",
        eos=END,
        pad="<|endoftext|>",
    )
    assert size == VOCABULARY
    writer.add_vocab_size(size)
    writer.add_chat_template(CHATML)


# ── codes ──


def _signs(number: int, bits: int) -> Array:
    return np.array([1.0 if number >> bit & 1 else -1.0 for bit in range(bits)])


def _match_codes() -> list[Array]:
    """A code a byte; the commonest 64 bytes have one of their own, rarer ones share."""
    common = b"abcdefghijklmnopqrstuvwxyz 0123456789\n.,:;'-\"?!()/"
    ranks = {byte: rank % 2 ** (MATCH_BITS - 1) for rank, byte in enumerate(dict.fromkeys(common + bytes(range(256))))}
    codes = []
    for byte in range(256):
        rank = ranks[byte + 32 if ord("A") <= byte <= ord("Z") else byte]
        parity = rank.bit_count() & 1
        codes.append(_signs(rank | parity << (MATCH_BITS - 1), MATCH_BITS))
    return codes


def _byte_codes() -> list[Array]:
    """A code a byte for copying, shuffled so that neighbours in the alphabet do not differ in the same bit only."""
    shuffled = np.random.default_rng(7).permutation(256)
    return [_signs(int(number), BYTE_BITS) for number in shuffled]


def _embeddings() -> Array:
    table = np.zeros((VOCABULARY, R.width))
    table[:, R.constant] = CONSTANT
    for byte, (match_code, byte_code) in enumerate(zip(_match_codes(), _byte_codes(), strict=True)):
        table[byte, R.match_code] = match_code
        table[byte, R.byte_code] = byte_code
    table[ord("\n"), R.is_line_end] = 1
    table[256:_FIRST_MARKER, R.is_line_end] = 1
    table[ord(" "), R.is_space] = 1
    table[[ord("."), ord("!"), ord("?")], R.is_full_stop] = 1
    table[_FIRST_MARKER:, R.is_marker] = 1
    return table


def _output() -> Array:
    weights = np.zeros((VOCABULARY, R.width))
    for byte, code in enumerate(_byte_codes()):
        weights[byte, R.copied_byte] = OUTPUT_GAIN * code
    weights[_END, R.copied_line_end] = 20 * OUTPUT_GAIN
    # A full stop now (6) and a space next (6) together beat the eight bits of a byte: the sentence is over.
    weights[_END, R.copied_space] = 6 * OUTPUT_GAIN
    weights[_END, R.is_full_stop] = 6 * OUTPUT_GAIN
    never = [token for token in range(256, VOCABULARY) if token != _END]
    weights[never, R.constant] = -5 * OUTPUT_GAIN / CONSTANT * BYTE_BITS
    return weights


# ── positions ──


def _rope_factors(context_length: int) -> Array:
    """Divisors of rope's own frequencies that turn the first pairs as wanted and hold the others still."""
    wanted = np.full(HEAD_SIZE // 2, 1e-9)
    wanted[: len(OFFSET_FREQUENCIES)] = OFFSET_FREQUENCIES
    wanted[_HeadLayout.distance // 2] = 1.0 / context_length
    own = ROPE_BASE ** (-2 * np.arange(HEAD_SIZE // 2) / HEAD_SIZE)
    factors: Array = own / wanted
    return factors


def _looking_back(places: int) -> Array:
    """The query that, against a constant key, scores highest exactly `places` back."""
    return np.concatenate([[np.cos(f * places), -np.sin(f * places)] for f in OFFSET_FREQUENCIES])


def _constant_key(attention: _Attention) -> None:
    attention.key[_HeadLayout.offsets, 0] = np.tile([1.0, 0.0], len(OFFSET_FREQUENCIES)) / CONSTANT


def _head(number: int) -> int:
    return number * HEAD_SIZE


# ── layers ──


def _find_markers() -> _Attention:
    layer = _Attention.zeros()
    _constant_key(layer)
    layer.value[0, R.is_marker] = 1
    for back in range(1, MATCH_LENGTH + 1):
        first = _head(back)
        rows = slice(first, first + _HeadLayout.offsets.stop)
        layer.query[rows, 0] = OFFSET_SHARPNESS * _SCALE * _looking_back(back) / CONSTANT
        layer.output[R.marker_back.start + back - 1, first] = 1
    return layer


def _fill_slots() -> _Attention:
    layer = _Attention.zeros()
    _constant_key(layer)
    layer.value[0:MATCH_BITS, R.match_code] = np.eye(MATCH_BITS)
    for back in range(MATCH_LENGTH + 1):
        first = _head(back)
        rows = slice(first, first + _HeadLayout.offsets.stop)
        layer.query[rows, 0] = OFFSET_SHARPNESS * _SCALE * _looking_back(back) / CONSTANT
        # A marker at or before that place: look one further back, as if it were not there.
        one_further = OFFSET_SHARPNESS * _SCALE * (_looking_back(back + 1) - _looking_back(back))
        layer.query[rows, R.is_marker.start] += one_further
        for marker_back in range(1, back + 1):
            layer.query[rows, R.marker_back.start + marker_back - 1] += one_further
        layer.output[R.slots[back], first : first + MATCH_BITS] = np.eye(MATCH_BITS)
    return layer


def _copy_best_match() -> _Attention:
    layer = _Attention.zeros()
    for place, weight in enumerate(MATCH_WEIGHTS):
        for bit in range(MATCH_BITS):
            row = _HeadLayout.content + MATCH_BITS * place + bit
            layer.query[row, R.slots[place].start + bit] = MATCH_SHARPNESS * _SCALE * weight
            layer.key[row, R.slots[place + 1].start + bit] = 1
    layer.query[_HeadLayout.marker, 0] = NEVER_COPY_MARKER * _SCALE / CONSTANT
    layer.key[_HeadLayout.marker, R.is_marker] = 1
    layer.query[_HeadLayout.line_end, 0] = LINE_END_PENALTY * _SCALE / CONSTANT
    layer.key[_HeadLayout.line_end, R.is_line_end] = 1
    layer.query[_HeadLayout.distance, 0] = EARLIEST_WINS * _SCALE / CONSTANT
    layer.key[_HeadLayout.distance, 0] = 1 / CONSTANT
    copied = [*range(R.byte_code.start, R.byte_code.stop), R.is_line_end.start, R.is_space.start]
    targets = [*range(R.copied_byte.start, R.copied_byte.stop), R.copied_line_end.start, R.copied_space.start]
    for row, (source, target) in enumerate(zip(copied, targets, strict=True)):
        layer.value[row, source] = 1
        layer.output[target, row] = 1
    return layer
