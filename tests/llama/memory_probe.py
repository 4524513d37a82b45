"""A process that loads a model as the worker does, works it hard and says how much memory it takes. Run as a program:
`python -m tests.llama.memory_probe '{"path": …}'` prints one line of JSON."""

from __future__ import annotations

import ctypes
import importlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[2]
_KV = {"f32": 0, "f16": 1, "q4_0": 2, "q8_0": 8}
_SIZES = re.compile(r"(\S+) +(model|KV|output|compute) buffer size = +([0-9.]+) MiB")


def probe(path: Path, **options: Any) -> dict[str, Any]:
    """Run the program. Bytes: `empty` before anything is loaded, `resident` at the end, `peak` in between; `buffers`
    as llama.cpp tells them; `speed` in tokens a second.
    """
    command = [sys.executable, "-m", "tests.llama.memory_probe", json.dumps({"path": str(path), **options})]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:] or f"it ended with {done.returncode}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _main(options: Mapping[str, Any]) -> None:
    # What the worker imports counts too.
    importlib.import_module("sidecar.llama.worker_main")
    import llama_cpp as lib  # only here: the process that measures loads no model

    process = psutil.Process()
    buffers: list[tuple[str, str, float]] = []

    def log(_level: int, text: bytes, _data: object) -> None:
        for device, purpose, size in _SIZES.findall(text.decode("utf-8", "replace")):
            buffers.append((device, purpose, float(size) * 2**20))

    on_log = lib.llama_log_callback(log)
    lib.llama_log_set(on_log, ctypes.c_void_p(0))
    lib.llama_backend_init()
    empty = process.memory_info().rss
    model = lib.llama_model_load_from_file(options["path"].encode(), lib.llama_model_default_params())
    loaded = process.memory_info().rss
    context = lib.llama_init_from_model(model, _parameters(lib, options))
    if not model or not context:
        raise SystemExit("llama.cpp cannot load the model")
    opened = process.memory_info().rss
    pooled = options["mode"] != "chat"
    speed = _embed(lib, model, context, options) if pooled else _talk(lib, model, context, options)
    answer = {
        "empty": empty,
        "loaded": loaded,
        "opened": opened,
        "resident": process.memory_info().rss,
        "peak": _peak(process),
        "buffers": buffers,
        "speed": speed,
    }
    sys.stdout.write(json.dumps(answer) + "\n")


def _parameters(lib: Any, options: Mapping[str, Any]) -> Any:
    parameters = lib.llama_context_default_params()
    parameters.n_ctx = options["cells"]
    parameters.n_batch = parameters.n_ubatch = options["batch"]
    parameters.n_threads = parameters.n_threads_batch = options.get("threads", 1)
    parameters.n_seq_max = options["sequences"]
    parameters.n_outputs_max = options.get("outputs", 0)
    parameters.kv_unified = True
    parameters.type_k = parameters.type_v = _KV[options.get("kv_type", "f16")]
    flash = options.get("flash_attention")
    parameters.flash_attn_type = -1 if flash is None else int(flash)
    if options["mode"] != "chat":
        parameters.embeddings = True
        parameters.pooling_type = 4 if options["mode"] == "rerank" else 1
    return parameters


def _talk(lib: Any, model: Any, context: Any, options: Mapping[str, Any]) -> float:
    """Fill the cache with one prompt but for the answers' room, then answer in several conversations at once."""
    count, rounds = options.get("conversations", 4), options.get("tokens", 4)
    length = min(options.get("prompt", 2**31), options["cells"] - count * rounds - 1)
    batch = lib.llama_batch_init(options["batch"], 0, 1)
    for start in range(0, length, options["batch"]):
        stop = min(length, start + options["batch"])
        _decode(lib, context, batch, [(65 + at % 26, at, 0, at == length - 1) for at in range(start, stop)])
    vocabulary = lib.llama_vocab_n_tokens(lib.llama_model_get_vocab(model))
    begun = time.perf_counter()
    for turn in range(rounds):
        _decode(lib, context, batch, [(65, turn + (0 if n else length), n, True) for n in range(count)])
        for row in range(count):
            ctypes.string_at(lib.llama_get_logits_ith(context, row), 4 * vocabulary)
    return float(rounds / (time.perf_counter() - begun))


def _embed(lib: Any, model: Any, context: Any, options: Mapping[str, Any]) -> float:
    """Embed the longest text, then a batch of short ones."""
    size = options["batch"]
    batch = lib.llama_batch_init(size, 0, 1)
    memory = lib.llama_get_memory(context)
    begun = time.perf_counter()
    for length in (size, max(1, 512 // options["sequences"])):
        count = 1 if length == size else options["sequences"]
        _put(batch, [(65 + at % 26, at, n, True) for n in range(count) for at in range(length)])
        if memory:
            lib.llama_memory_clear(memory, True)
        if (lib.llama_decode if memory else lib.llama_encode)(context, batch) != 0:
            raise SystemExit("llama.cpp cannot embed")
    return float(size / (time.perf_counter() - begun))


def _decode(lib: Any, context: Any, batch: Any, rows: Sequence[tuple[int, int, int, bool]]) -> None:
    _put(batch, rows)
    if lib.llama_decode(context, batch) != 0:
        raise SystemExit("llama.cpp cannot evaluate")


def _put(batch: Any, rows: Sequence[tuple[int, int, int, bool]]) -> None:
    batch.n_tokens = len(rows)
    for at, (token, position, sequence, wanted) in enumerate(rows):
        batch.token[at], batch.pos[at], batch.n_seq_id[at], batch.logits[at] = token, position, 1, wanted
        batch.seq_id[at][0] = sequence


def _peak(process: psutil.Process) -> int:
    status = Path(f"/proc/{process.pid}/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text("utf-8")) if status.exists() else None
    return int(found[1]) * 1024 if found else int(process.memory_info().rss)


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]))
