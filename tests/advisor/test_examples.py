"""The four worked requests of the EcoCompute skill v2.5.0, answered from rows; their own contradict their tables."""

from __future__ import annotations

import shlex
from math import exp, log

import pytest
from advisor_samples import column, page, told
from conftest import Shell

MISTRAL = "mistralai/Mistral-7B-Instruct-v0.2"


# --- 1: minimal input (the sources: RTX 4090D, 42.3 tok/s, 892 J/1k tokens, 228 J a request) --------------------------


def test_minimal_input() -> None:
    found = told("estimate", "Qwen/Qwen2-7B")
    now = found["current"]
    assert (found["gpu"], found["precision"], found["batch_size"]) == ("RTX 5090", "fp16", 1)
    assert len(found["defaults"]) == 3
    # C1-07 and D1-19f are one session of the RTX 5090: 5508.59 and 5508.56 J/1k tokens.
    assert now["energy_j_per_1k_tokens"]["central"] == pytest.approx(5508.6, abs=0.5)
    # 5508.6 J/1k × 256,000,000 tokens = 1.4102e9 J = 391.7 kWh; × PUE 1.1 = 430.9; × $0.12 = 51.71; × 0.39 = 168.1 kg.
    assert now["monthly"]["kwh"]["central"] == pytest.approx(430.9, abs=0.1)
    assert now["monthly"]["usd"]["central"] == pytest.approx(51.71, abs=0.02)
    assert now["monthly"]["kg_co2"]["central"] == pytest.approx(168.1, abs=0.1)
    assert now["confidence"] == 1
    assert {"C1-07", "D1-19f"} <= set(now["rows"])
    assert [one["code"] for one in found["warnings"]] == ["ECO104"]
    assert "892" not in page("estimate", "Qwen/Qwen2-7B")


# --- 2: everything said (the sources: 312 tok/s, 327 J/1k, 167 J a request, "saves 5 %", confidence HIGH) -------------

FULL = {
    "gpu": "a800",
    "precision": "int8_pure",
    "batch_size": 32,
    "prompt_tokens": 1024,
    "generated_tokens": 512,
}


def test_full_specification() -> None:
    found = told("estimate", MISTRAL, **FULL)
    now = found["current"]
    assert found["defaults"] == []
    # C5-32: 392.41 J/1k tokens at 577.45 tok/s and 226.59 W.
    assert now["energy_j_per_1k_tokens"]["central"] == pytest.approx(392.41, abs=0.01)
    assert now["throughput_tok_s"]["central"] == pytest.approx(577.45, abs=0.01)
    assert now["power_w"]["central"] == pytest.approx(226.59, abs=0.1)
    assert now["measured"]
    assert "C5-32" in now["rows"]
    # 32 sequences of 512 tokens: 32 × 512 / 577.45 = 28.37 s.
    assert now["latency_s"]["central"] == pytest.approx(28.37, abs=0.01)
    # 392.41 × 512,000 / 3.6e6 = 55.81 kWh; × 1.1 = 61.39; × 0.12 = 7.37; × 0.39 = 23.94.
    assert now["monthly"]["kwh"]["central"] == pytest.approx(61.39, abs=0.01)
    assert now["monthly"]["usd"]["central"] == pytest.approx(7.37, abs=0.01)
    assert now["monthly"]["kg_co2"]["central"] == pytest.approx(23.94, abs=0.01)
    # 7.2417 GB of weights and 131,072 B × 1,536 tokens × 32 sequences.
    assert now["memory_gb"] == pytest.approx(7.2417 + 131072 * 1536 * 32 / 1e9, abs=0.01)
    # A prompt of 1,024 and an answer of 512 tokens lie outside what was measured: one star, and both said.
    assert now["confidence"] == 1
    assert sum("measured" in text and ("1024" in text or "512" in text) for text in now["confidence_reasons"]) == 2


def test_int8_with_threshold_0_is_not_said_to_save_on_the_a800() -> None:
    found = column(told("compare", MISTRAL, **FULL), "int8_pure")
    # A5-03 over A5-01, one session at batch 1: 5781 / 4334 = 1.334; half-width 0.50 on ln r.
    assert found["overhead_percent"]["central"] == pytest.approx(33.4, abs=0.2)
    assert found["overhead_percent"]["high"] == pytest.approx((5781 / 4334 * exp(0.5) - 1) * 100, abs=1)
    assert found["verdict"] == "undetermined"
    for figure in ("327 ", "312 tok", "saves"):
        assert figure not in page("compare", MISTRAL, **FULL)


# --- 3: invalid -------------------------------------------------------------------------------------------------------


def test_invalid_parameters(ecolint: Shell) -> None:
    ecolint("optimize", "", "--gpu", "gtx1080", "--precision", "int4", "--batch-size", "128", "--prompt-tokens", "-1")
    assert (ecolint.code, ecolint.out) == (2, "")
    model, gpu, precision, batch, prompt, corrected = ecolint.err.splitlines()
    assert "a model is needed" in model
    assert MISTRAL in model
    assert "gtx1080" in gpu
    assert "A800, RTX 4090, RTX 4090D, RTX 5090, T4" in gpu
    assert "did you mean nf4?" in precision
    assert "1 to 64" in batch
    assert "batches continuously" in batch
    assert "128 to 4,096" in prompt
    words = shlex.split(corrected)
    assert words[:4] == ["try:", "ecolint", "optimize", MISTRAL]
    assert words[6:] == ["--precision", "nf4", "--batch-size", "64", "--prompt-tokens", "128"]
    assert ecolint(*words[2:]).code == 0


# --- 4: suboptimal (the sources: "wastes 29 %", 1,150 → 892 → 111 J/1k, $48 → $4.60) ----------------------------------

SMALL = {"gpu": "a800", "precision": "nf4", "batch_size": 1, "requests_per_month": 500_000}


def test_suboptimal_is_answered_with_warnings() -> None:
    found = told("optimize", "Qwen/Qwen2-1.5B", **{**SMALL, "context": None})
    assert [one["code"] for one in found["warnings"]] == ["ECO102", "ECO104"]
    # No A800 row lies below 7B. Five sessions of other GPUs hold the size: the RTX 5090 of January (A2-02, C1-04 and
    # D1-17q are one), the RTX 5090 of March (A1-08), the RTX 4090D (D1-03q), the RTX 4090 (D1-07q) and the T4 (D1-21q).
    ratios = (1.2949, 1.3511, 1.386, 1.1511, 1.0022)
    centre = sum(map(log, ratios)) / 5
    here = column(told("compare", "Qwen/Qwen2-1.5B", **SMALL), "nf4")
    overhead = here["overhead_percent"]
    assert overhead["central"] == pytest.approx((exp(centre) - 1) * 100, abs=0.2)
    assert overhead["low"] == pytest.approx((exp(centre - 0.35) - 1) * 100, abs=0.3)
    assert here["verdict"] == "undetermined"
    assert here["confidence"] == 1
    best = found["best"]
    assert (best["precision"], best["batch_size"]) == ("fp16", 64)
    assert set(found["avoids"]) >= {"ECO101", "ECO102", "ECO104"}


def test_suboptimal_costs_what_the_rows_say() -> None:
    found = told("estimate", "Qwen/Qwen2-1.5B", **SMALL)
    now, best = found["current"], found["best"]
    joules = now["energy_j_per_1k_tokens"]["central"]
    # 500,000 × 256 tokens: J/1k × 128,000 / 3.6e6 kWh, × 1.1, × $0.12.
    assert now["monthly"]["usd"]["central"] == pytest.approx(joules * 128_000 / 3.6e6 * 1.1 * 0.12)
    # FP16 from batch 1 to 8 as A5-07 over A5-01 (628 / 4334), from 8 to 64 as C5-64 over C5-08 (296.44 / 1108.35).
    apart = found["best_at_this_batch"]["energy_j_per_1k_tokens"]["central"] / best["energy_j_per_1k_tokens"]["central"]
    assert apart == pytest.approx(4334 / 628 * 1108.35 / 296.44, rel=0.001)
    text = page("estimate", "Qwen/Qwen2-1.5B", **SMALL)
    assert "which is not settled" in text
    assert (
        "spread evenly, 500,000 requests a month take 332 s to bring 64 together" in text
    )  # 64 × 2,592,000 s / 500,000
    for figure in ("$48", "4.60", "1,150", "95.7", "+29 %"):
        assert figure not in text
