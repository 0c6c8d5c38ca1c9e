"""Figures in words: overheads, stars, what a comparison is with, kilowatt-hours, money and CO2."""

from __future__ import annotations

from collections.abc import Mapping

from ecolint.model import Estimate, Interval, Monthly, Scalar, Workload
from ecolint.speech import SEMICOLON, joined, quote, say

_PRECISIONS: Mapping[str, str] = {
    "fp32": "FP32",
    "bf16": "BF16",
    "fp16": "FP16",
    "int8_default": "INT8",
    "int8_pure": say("INT8 with threshold 0"),
    "nf4": "NF4",
    "fp4": "FP4",
    "fp8": "FP8",
    "fp8_eager": say("FP8 eager"),
    "float16": "FP16",
    "bfloat16": "BF16",
    "float32": "FP32",
}


def percent(value: float) -> str:
    """`+34 %`, `−2 %`: signed, whole unless it is small."""
    rounded = round(value)
    digits = 1 if abs(value) < 9.5 and abs(value - rounded) >= 0.05 else 0
    text = f"{abs(value):,.{digits}f}"
    sign = "±" if float(text.replace(",", "")) == 0 else "+" if value > 0 else "−"
    return f"{sign}{text} %"


def percent_interval(interval: Interval) -> str:
    """`+34 % (−2 % … +180 %)`."""
    return f"{percent(interval.central)} ({percent(interval.low)} … {percent(interval.high)})"


def stars(confidence: int | None) -> str:
    """Three stars at best; none where nothing was measured."""
    return "★" * confidence + "☆" * (3 - confidence) if confidence else "☆☆☆"


_FACTS: Mapping[str, str] = {
    "batch_size": say("batch size"),
    "max_concurrency": say("max concurrency"),
    "int8_threshold": say("int8 threshold"),
    "compute_dtype": say("compute dtype"),
}


def against(compared_with: Mapping[str, Scalar]) -> str:
    """What an overhead is against, in a word where there is one: `FP16`, else the facts that differ."""
    if not compared_with:
        return say("the better deployment")
    precision = compared_with.get("precision")
    if precision is None and compared_with.get("quantization") in (None, "none"):
        precision = compared_with.get("dtype")
    rest = {
        name: value
        for name, value in compared_with.items()
        if precision is None or name not in ("precision", "quantization", "dtype")
    }
    said = [_PRECISIONS.get(str(precision), str(precision))] if precision is not None else []
    said += [
        say("{fact} {value}", fact=_FACTS.get(name, name.replace("_", " ")), value=_value(value))
        for name, value in rest.items()
    ]
    return joined(said)


def _value(value: Scalar) -> str:
    if isinstance(value, bool):
        return say("on") if value else say("off")
    return say("not set") if value is None else str(value)


def rests_on(estimate: Estimate) -> str:
    """The rows below a figure: all of a few, some of many."""
    rows = estimate.rows
    if not rows:
        return say("no measured row")
    named = ", ".join(rows[:4])
    if len(rows) > 4:
        return say("rows {rows} and {more} more", rows=named, more=len(rows) - 4)
    return say("row {rows}", rows=named) if len(rows) == 1 else say("rows {rows}", rows=named)


def money(value: float) -> str:
    """US dollars, with cents below a hundred, and two figures of less than a cent."""
    sign = "−" if value < 0 else ""
    if 1e-6 < abs(value) < 0.01:
        return f"{sign}${_two_figures(abs(value))}"
    return f"{sign}${abs(value):,.2f}" if abs(value) < 100 else f"{sign}${abs(value):,.0f}"


def _two_figures(size: float) -> str:
    """A size above a millionth to two figures: `0.0057`."""
    return f"{float(f'{size:.2g}'):.7f}".rstrip("0")


def amount(value: float) -> str:
    """A quantity to three figures at most, thousands separated; to two below a tenth."""
    size = abs(value)
    if 1e-6 < size < 0.1:
        return ("−" if value < 0 else "") + _two_figures(size)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2
    text = f"{size:,.{digits}f}"
    if digits:
        text = text.rstrip("0").rstrip(".")
    return ("−" if value < 0 and text != "0" else "") + text


def monthly(figures: Monthly) -> str:
    """What the difference comes to in a month, each with its interval."""
    parts: list[str] = [
        f"{amount(figures.kwh.central)} kWh ({amount(figures.kwh.low)} … {amount(figures.kwh.high)})",
        f"{money(figures.usd.central)} ({money(figures.usd.low)} … {money(figures.usd.high)})",
        f"{amount(figures.kg_co2.central)} kg CO2 ({amount(figures.kg_co2.low)} … {amount(figures.kg_co2.high)})",
    ]
    told = joined(parts)
    return joined([told, figures.equivalent], SEMICOLON) if figures.equivalent else told


def assumption(workload: Workload) -> str:
    """What the monthly figures assume."""
    return say(
        "{requests:,} requests a month of {prompt:,} prompt and {generated:,} generated tokens, ${price:g} and"
        " {carbon:g} g CO2 a kWh ({region}), PUE {pue:g}",
        requests=workload.requests_per_month,
        prompt=workload.prompt_tokens,
        generated=workload.generated_tokens,
        price=workload.price_per_kwh,
        carbon=workload.carbon_intensity,
        region=quote(workload.region),
        pue=workload.pue,
    )
