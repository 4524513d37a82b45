"""The machine, and advice about models for it, as the JSON of `--json`. Sizes in bytes, speeds in tokens a second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sidecar.hardware.machine import Machine
from sidecar.llama.tuning import Tuning
from sidecar.models.choice import Choice, Recommendation
from sidecar.models.fit import Fit


def advice_facts(fit: Fit, best: Fit | None, notes: Sequence[str]) -> dict[str, Any]:
    """How a model fits, and the best that does, where that is worth saying."""
    return fit_facts(fit) | {"best": None if best is None else fit_facts(best), "notes": list(notes)}


def recommendation_facts(advice: Recommendation, machine: Machine) -> dict[str, Any]:
    """What is recommended for a machine."""
    return {
        "machine": machine_facts(machine),
        "choices": [_choice_facts(choice) for choice in advice.choices],
        "notes": list(advice.notes),
        "commands": list(advice.commands),
    }


def machine_facts(machine: Machine) -> dict[str, Any]:
    """What a machine has; the bandwidth is in bytes a second."""
    return {
        "total": machine.total,
        "available": machine.available,
        "limit": machine.limit,
        "swap_free": machine.swap_free,
        "processor": machine.processor,
        "cores": machine.cores,
        "performance_cores": machine.performance_cores,
        "threads": machine.threads,
        "instructions": list(machine.instructions),
        "bandwidth": machine.bandwidth,
        "gpus": [
            {"name": gpu.name, "kind": gpu.kind, "total": gpu.total, "free": gpu.free, "unified": gpu.unified}
            for gpu in machine.gpus
        ],
    }


def memory_facts(fit: Fit) -> dict[str, int]:
    """What is needed by purpose."""
    memory = fit.tuning.memory
    return {
        "weights": memory.weights,
        "kv_cache": memory.kv_cache,
        "compute": memory.compute,
        "process": memory.process,
        "embedding": fit.beside.embedding,
        "rerank": fit.beside.rerank,
        "total": fit.total,
        "on_gpu": memory.on_gpu,
        "available": fit.machine.available,
        "kept_free": fit.kept,
    }


def fit_facts(fit: Fit) -> dict[str, Any]:
    """How a model fits and would be run."""
    return {
        "model": fit.name,
        "verdict": fit.verdict,
        "wanted_context_length": fit.wanted_context,
        "memory": memory_facts(fit),
        "expected_tokens_per_second": fit.speed,
        **tuning_facts(fit.tuning),
    }


def tuning_facts(tuning: Tuning) -> dict[str, Any]:
    """How a model is run, and why so."""
    return {
        "context_length": tuning.context_length,
        "cells": tuning.cells,
        "parallel": tuning.parallel,
        "threads": tuning.threads,
        "gpu_layers": tuning.gpu_layers,
        "kv_cache_type": tuning.kv_type,
        "flash_attention": tuning.flash_attention,
        "reasons": list(tuning.reasons),
    }


def _choice_facts(choice: Choice) -> dict[str, Any]:
    return {
        "component": choice.component,
        "choice": choice.name,
        "reason": choice.reason,
        "memory": choice.memory,
        "expected_tokens_per_second": choice.speed,
        "here": choice.here,
    }
