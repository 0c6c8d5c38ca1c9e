"""The room where workloads in words become requests a month: users a day, text, hours, Chinese characters."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import inf

from ecolint.shaped import dataclass
from ecolint.speech import Said, say

DAYS = 30
"""Days of a month, a convention."""
REQUESTS_A_USER = 5
TOKENS_A_GIGABYTE = 250e6
CHARACTERS_A_TOKEN = 2
"""Conversions as the EcoCompute skill v2.5.0 has them ("Natural Language Parameter Inference")."""

_NUMBER = r"(?P<number>\d[\d,]*(?:\.\d+)?)\s*(?P<scale>k|m|thousand|million|billion|千|万|亿)?"
_SCALES: Mapping[str, float] = {
    "k": 1e3,
    "thousand": 1e3,
    "m": 1e6,
    "million": 1e6,
    "billion": 1e9,
    "千": 1e3,
    "万": 1e4,
    "亿": 1e8,
}
_PERIODS: Mapping[str, float] = {
    "second": 86400.0 * DAYS,
    "秒": 86400.0 * DAYS,
    "minute": 1440.0 * DAYS,
    "分钟": 1440.0 * DAYS,
    "hour": 24.0 * DAYS,
    "小时": 24.0 * DAYS,
    "时": 24.0 * DAYS,
    "day": float(DAYS),
    "天": float(DAYS),
    "日": float(DAYS),
    "week": DAYS / 7,
    "周": DAYS / 7,
    "month": 1.0,
    "月": 1.0,
    "year": 1 / 12,
    "年": 1 / 12,
}
_NAMES = "|".join(_PERIODS)
_PERIOD = rf"(?:\s*(?:/|per|an?|each|every|每)\s*(?P<period>{_NAMES}))"
_OFTEN: Mapping[str, str] = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month", "yearly": "year"}


@dataclass(frozen=True, slots=True)
class Load:
    """What a workload in words comes to: requests a month, or generated tokens a month where no requests are named.

    `hours_a_day` is set where only how long it runs is known: what it does in that time, the throughput tells.
    """

    requests: float | None
    tokens: float | None
    hours_a_day: float | None
    shown: Said


class NoSuchWorkload(ValueError):
    """Words that say no workload."""


def load(words: str) -> Load:
    """The workload that the words say, with the conversion shown. Raises `NoSuchWorkload`."""
    text = _period_last(" ".join(words.strip().lower().split()))
    for pattern, read in _FORMS:
        match = re.fullmatch(pattern, text)
        found = read(match) if match is not None else None
        if found is not None and inf not in (found.requests, found.tokens):
            return found
    raise NoSuchWorkload(words)


def _period_last(text: str) -> str:
    """ "10,000 daily users" and "每天100万字" with their period behind: "10,000 users per day", "100万字每天"."""
    often = re.search(rf"\b({'|'.join(_OFTEN)})\b ?", text)
    if often is not None:
        return f"{(text[: often.start()] + text[often.end() :]).strip()} per {_OFTEN[often[1]]}"
    first = re.match(rf"每\s*(?P<period>{_NAMES})\s*(?P<what>.+)", text)
    return f"{first['what']}每{first['period']}" if first is not None else text


def _amount(match: re.Match[str]) -> float:
    return float(match["number"].replace(",", "")) * _SCALES.get(match["scale"] or "", 1.0)


def _times(match: re.Match[str]) -> float:
    """How often a month; what is named without a period happens once in it."""
    return _PERIODS[match["period"]] if match["period"] else 1.0


def _requests(match: re.Match[str]) -> Load | None:
    amount, times = _amount(match), _times(match)
    requests = amount * times
    shown = say(
        "{amount:,.0f} requests × {times:,} a month = {requests:,.0f}", **_shown(amount, times, requests=requests)
    )
    return Load(requests, None, None, shown) if requests >= 1 else None


def _users(match: re.Match[str]) -> Load | None:
    amount, times = _amount(match), _times(match)
    requests = amount * REQUESTS_A_USER * times
    shown = say(
        "{amount:,.0f} users × {each} requests × {times:,} a month = {requests:,.0f} requests",
        **_shown(amount, times, each=REQUESTS_A_USER, requests=requests),
    )
    return Load(requests, None, None, shown) if requests >= 1 else None


def _tokens(match: re.Match[str]) -> Load | None:
    amount, times = _amount(match), _times(match)
    tokens = amount * times
    shown = say("{amount:,.0f} tokens × {times:,} a month = {tokens:,.0f}", **_shown(amount, times, tokens=tokens))
    return Load(None, tokens, None, shown) if tokens >= 1 else None


_BYTES: Mapping[str, float] = {"kb": 1e-6, "mb": 1e-3, "gb": 1.0, "tb": 1e3}


def _bytes(match: re.Match[str]) -> Load | None:
    amount, times = float(match["number"].replace(",", "")), _times(match)
    tokens = amount * _BYTES[match["unit"]] * TOKENS_A_GIGABYTE * times
    shown = say(
        "{amount:g} {unit} of text × {times:,} a month ≈ {tokens:,.0f} tokens ({each:,.0f} a GB of English)",
        **_shown(amount, times, unit=match["unit"].upper(), tokens=tokens, each=TOKENS_A_GIGABYTE),
    )
    return Load(None, tokens, None, shown) if tokens >= 1 else None


def _characters(match: re.Match[str]) -> Load | None:
    amount, times = _amount(match), _times(match)
    tokens = amount / CHARACTERS_A_TOKEN * times
    shown = say(
        "{amount:,.0f} Chinese characters × {times:,} a month ≈ {tokens:,.0f} tokens ({each} characters a token)",
        **_shown(amount, times, tokens=tokens, each=CHARACTERS_A_TOKEN),
    )
    return Load(None, tokens, None, shown) if tokens >= 1 else None


def _hours(match: re.Match[str]) -> Load | None:
    hours = float((match["number"] or "24").replace(",", ""))
    if not 0 < hours <= 24:
        return None
    shown = say("{hours:g} hours a day × {days} days, at the throughput of the deployment", hours=hours, days=DAYS)
    return Load(None, None, hours, shown)


def _shown(amount: float, times: float, **more: object) -> dict[str, object]:
    return {"amount": amount, "times": int(times) if times.is_integer() else round(times, 3), **more}


_FORMS: tuple[tuple[str, Callable[[re.Match[str]], Load | None]], ...] = (
    (rf"{_NUMBER}\s*(?:requests?|calls?|queries|prompts?|个?请求|次请求|次){_PERIOD}?", _requests),
    (rf"{_NUMBER}\s*(?:(?:active )?users?|人|个?用户){_PERIOD}?", _users),
    (rf"{_NUMBER}\s*tokens?{_PERIOD}?", _tokens),
    (
        rf"(?:about |~|约)?(?P<number>\d[\d,]*(?:\.\d+)?)\s*(?P<unit>[kmgt]b)(?: of (?:english )?text)?{_PERIOD}?",
        _bytes,
    ),
    (rf"{_NUMBER}\s*(?:chinese characters?|个?字|个?汉字){_PERIOD}?", _characters),
    (
        r"(?:run for )?(?P<number>\d+(?:\.\d+)?)\s*(?:hours?|h|个?小时)\s*(?:/|per|a|each|every|每)\s*(?:day|天|日)",
        _hours,
    ),
    (r"(?P<number>24)\s*/\s*7|around the clock", _hours),
)
