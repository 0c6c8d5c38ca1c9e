"""The room where hours a day become requests: what the deployment does in that time, its throughput tells."""

from __future__ import annotations

from dataclasses import replace

from ecolint.advisor.considered import Situation
from ecolint.advisor.figures import amount
from ecolint.advisor.words import DAYS
from ecolint.speech import say


class NoThroughput(ValueError):
    """Hours a day were named, and nobody measured what the deployment does in an hour."""


def timed(situation: Situation) -> Situation:
    """The situation with the requests that it answers in the hours that it runs. Raises `NoThroughput`."""
    hours = situation.setup.hours_a_day
    if hours is None:
        return situation
    speed = situation.now.outlook.throughput
    if speed is None:
        raise NoThroughput
    requests = max(1, round(speed.central * hours * 3600 * DAYS / situation.workload.generated_tokens))
    shown = say(
        "{hours:g} h × 3600 s × {days} days × {speed} tok/s / {generated} tokens = {requests:,} requests",
        hours=hours,
        days=DAYS,
        speed=amount(speed.central),
        generated=situation.workload.generated_tokens,
        requests=requests,
    )
    workload = replace(situation.workload, requests_per_month=requests)
    setup = replace(situation.setup, workload=workload, hours_a_day=None, shown=(*situation.setup.shown, shown))
    return replace(situation, setup=setup)


def untimed(situation: Situation) -> Situation:
    """The situation without the hours, which no figure of its answer depends on."""
    told = say("the hours are not converted: nobody measured what this deployment does in one")
    setup = replace(situation.setup, hours_a_day=None, shown=(*situation.setup.shown, told))
    return replace(situation, setup=setup)
