"""The room where joules become a month's kilowatt-hours, money and CO2 for the configured workload."""

from __future__ import annotations

from ecolint.catalog import equivalents
from ecolint.evidence.spread import Spread, difference
from ecolint.model import Interval, Monthly, Workload
from ecolint.speech import say

JOULES_PER_KWH = 3.6e6
BY_THE_KILOMETRE = 1.0
"""kg of CO2 from which a difference is told in kilometres, below it in phone charges."""


def monthly(better: Spread, ratio: Spread, workload: Workload) -> Monthly:
    """What the written deployment costs more than the better one in a month; negative where it costs less.

    `better` is ln joules per 1,000 generated tokens, `ratio` ln of the written one's energy over it. The data centre's
    PUE is part of it; prompt tokens are part of the joules as measured.
    """
    joules = difference(better, ratio)
    kilo_tokens = workload.requests_per_month * workload.generated_tokens / 1000
    kwh = _scaled(joules, kilo_tokens * workload.pue / JOULES_PER_KWH)
    kg_co2 = _scaled(kwh, workload.carbon_intensity / 1000)
    return Monthly(
        kwh=kwh,
        usd=_scaled(kwh, workload.price_per_kwh),
        kg_co2=kg_co2,
        equivalent=_equivalent(kwh.central, kg_co2.central),
    )


def month(joules: Spread, workload: Workload) -> Monthly:
    """What a deployment takes in a month; `joules` is ln joules per 1,000 generated tokens."""
    kilo_tokens = workload.requests_per_month * workload.generated_tokens / 1000
    kwh = _scaled(joules.interval(), kilo_tokens * workload.pue / JOULES_PER_KWH)
    kg_co2 = _scaled(kwh, workload.carbon_intensity / 1000)
    usd = _scaled(kwh, workload.price_per_kwh)
    return Monthly(kwh, usd, kg_co2, _equivalent(kwh.central, kg_co2.central))


def _scaled(interval: Interval, factor: float) -> Interval:
    return Interval(interval.central * factor, interval.low * factor, interval.high * factor)


def _equivalent(kwh: float, kg_co2: float) -> str:
    """The difference in everyday terms: a car's kilometres from its CO2, or phone charges from its energy."""
    known = equivalents()
    if abs(kg_co2) >= BY_THE_KILOMETRE:
        told = say("{km:,.0f} km in an average US car", km=abs(kg_co2) * 1000 / known["g_co2_per_car_km"])
    else:
        told = say("{charges:,.0f} phone charges", charges=abs(kwh) / known["kwh_per_phone_charge"])
    return say("minus {amount}", amount=told) if kwh < 0 else told
