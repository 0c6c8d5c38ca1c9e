"""Workloads in words: what each comes to in a month, the conversion shown, and nothing guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecolint.advisor.words import NoSuchWorkload, load


@pytest.mark.parametrize(
    ("words", "requests"),
    [
        ("10,000 users/day", 1_500_000),  # × 5 requests × 30 days
        ("10,000 daily users", 1_500_000),
        ("10k users per day", 1_500_000),
        ("1万用户每天", 1_500_000),
        ("500 requests an hour", 360_000),  # × 24 × 30
        ("5 requests per second", 12_960_000),
        ("2 requests a minute", 86_400),
        ("3 million requests", 3_000_000),
        ("1.5M requests/month", 1_500_000),
        ("1200 calls a year", 100),
        ("每天1万次请求", 300_000),
    ],
)
def test_requests(words: str, requests: float) -> None:
    found = load(words)
    assert found.requests == pytest.approx(requests)
    assert found.tokens is None
    assert f"{requests:,}" in found.shown


@pytest.mark.parametrize(
    ("words", "tokens"),
    [
        ("1 GB of text", 250e6),
        ("about 1 GB of text", 250e6),
        ("500 MB", 125e6),
        ("2 GB of text a day", 15e9),
        ("100万字", 500_000),  # two characters a token
        ("1 million Chinese characters", 500_000),
        ("每天100万字", 15e6),
        ("2 million tokens", 2e6),
        ("2 million tokens per week", 2e6 * 30 / 7),
    ],
)
def test_text_becomes_tokens(words: str, tokens: float) -> None:
    found = load(words)
    assert found.tokens == pytest.approx(tokens)
    assert found.requests is None
    assert f"{tokens:,.0f}" in found.shown


@pytest.mark.parametrize(
    ("words", "hours"),
    [("8 hours a day", 8), ("run for 8 hours a day", 8), ("7.5 h/day", 7.5), ("每天8小时", 8), ("24/7", 24)],
)
def test_hours_wait_for_a_throughput(words: str, hours: float) -> None:
    found = load(words)
    assert (found.hours_a_day, found.requests, found.tokens) == (hours, None, None)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "many",
        "10000",
        "users",
        "25 hours a day",
        "0 users/day",
        "-5 requests",
        "1e3 requests",
        "9" * 400 + " calls",
    ],
)
def test_what_says_no_workload_is_refused(words: str) -> None:
    with pytest.raises(NoSuchWorkload):
        load(words)


@given(number=st.integers(2, 10**7), unit=st.sampled_from(("requests", "users", "tokens", "GB", "字")))
def test_longer_periods_hold_less(number: int, unit: str) -> None:
    def a_month(period: str) -> float:
        found = load(f"{number} {unit}{period}")
        return found.requests or found.tokens or 0.0

    told = [a_month(f" per {period}") for period in ("second", "minute", "hour", "day", "week", "month")]
    assert told == sorted(told, reverse=True)
    assert a_month("") == told[-1]


@given(st.text(max_size=40))
def test_any_words_are_understood_or_refused(words: str) -> None:
    try:
        found = load(words)
    except NoSuchWorkload:
        return
    assert (found.requests or found.tokens or found.hours_a_day or 0) > 0
