"""The room where a row is held against its GPU: memory bandwidth, power and memory bound what can be measured."""

from __future__ import annotations

from collections.abc import Iterator

from ecolint import catalog
from ecolint.evidence.checks import GIB, LEAST_W, SENSOR, Check
from ecolint.evidence.measured import Measured
from ecolint.speech import say


def bounds(row: Measured) -> Iterator[Check]:
    """The checks that need nothing but the row and the catalogue."""
    for check in (_bandwidth, _power, _memory):
        found = check(row)
        if found is not None:
            yield found


def weights_gb(row: Measured) -> float | None:
    """What has to be read for one token: the active weights at the row's precision, in decimal gigabytes."""
    exact = catalog.weights_gb(row.size_b, row.precision)
    if exact is not None:
        return exact
    least = catalog.least_bytes(row.precision)
    return None if least is None else row.size_b * least


def _bandwidth(row: Measured) -> Check | None:
    """The roofline: every token of every sequence reads the active weights once, and a batch shares the reading."""
    known = [card.bandwidth_gbs for card in row.cards if card.bandwidth_gbs is not None]
    size = weights_gb(row)
    if row.tokens_s is None or size is None or not known:
        return None
    needed = row.tokens_s / row.batch * size
    told = {"size": size, "steps": row.tokens_s / row.batch, "needed": needed, "most": max(known)}
    share = needed / max(known)
    if share <= 1:
        said = say(
            "reads {size:.3g} GB of weights {steps:.3g} times a second: {share:.0%} of {most:,.0f} GB/s",
            share=share,
            **told,
        )
        return Check("bandwidth", "passed", "throughput_tok_s", needed, max(known), None, said)
    said = say(
        "reading {size:.3g} GB of weights {steps:.3g} times a second takes {needed:,.0f} GB/s, and the board has"
        " {most:,.0f}: throughput, batch size or model are wrong, or tokens were written several at a time",
        **told,
    )
    return Check("bandwidth", "failed", "throughput_tok_s", needed, max(known), None, said)


def _power(row: Measured) -> Check | None:
    """The power that the energy implies lies above what the board draws idle and below its limit."""
    energy, tokens_s = row.told, row.tokens_s
    implied = energy * tokens_s / 1000 if energy is not None and tokens_s is not None else None
    watts = implied if implied is not None else row.power_w
    if watts is None:
        return None
    column = "power_w" if implied is None else "throughput_tok_s"
    # What is net of idle power may be as little as it likes.
    net = row.net is True and row.gross is None
    least = 0.0 if net else row.idle_w or LEAST_W
    limits = [card.max_power_w or card.tdp_w for card in row.cards]
    most = max((each for each in limits if each is not None), default=None) if None not in limits else None
    what = say("power") if implied is None else say("energy × throughput")
    told = {"what": what, "watts": watts, "least": least, "most": most}
    if watts <= least and row.idle_w is None:
        said = say("{what} is {watts:.3g} W, and no board of the catalogue draws less than {least:g} W idle", **told)
        return Check("power", "failed", column, watts, least, None, said)
    if watts <= least:
        said = say("{what} is {watts:.3g} W, and the board draws {least:g} W when nothing runs", **told)
        return Check("power", "failed", column, watts, least, None, said)
    if most is None:
        said = say("{what} is {watts:.3g} W, above the {least:g} W of an idle board; its limit is not known", **told)
        return Check("power", "passed", column, watts, least, None, said)
    if watts > most * (1 + SENSOR):
        said = say("{what} is {watts:,.0f} W, and the board takes {most:g} W at most", **told)
        return Check("power", "failed", column, watts, most, SENSOR, said)
    said = say("{what} is {watts:.3g} W, between {least:g} W of an idle board and {most:g} W at most", **told)
    return Check("power", "passed", column, watts, most, SENSOR, said)


def _memory(row: Measured) -> Check | None:
    """What was seen in memory holds the weights."""
    size = weights_gb(row)
    if row.memory_gb is None or size is None:
        return None
    told = {"given": row.memory_gb, "size": size}
    if row.memory_gb >= GIB * size:
        said = say("{given:g} GB hold the {size:.3g} GB of the weights", **told)
        return Check("memory", "passed", "gpu_memory_gb", row.memory_gb, size, 1 - GIB, said)
    said = say("{given:g} GB are less than the {size:.3g} GB of the weights", **told)
    return Check("memory", "doubtful", "gpu_memory_gb", row.memory_gb, size, 1 - GIB, said)
