"""The room where the energies of a row are recomputed: from power and throughput, with idle power and without."""

from __future__ import annotations

from collections.abc import Iterator

from ecolint.evidence.checks import ENERGY, LARGEST_IDLE, REQUEST, Check, Result, near
from ecolint.evidence.measured import Measured
from ecolint.speech import Said, say


def energies(row: Measured) -> Iterator[Check]:
    """The printed energy, the gross one that is computed with, and that of a request."""
    for check in (_printed, _gross, _request):
        found = check(row)
        if found is not None:
            yield found


def _printed(row: Measured) -> Check | None:
    """The printed energy on the convention that `idle_subtracted` names, or on whichever fits where it names none."""
    if row.printed is None or row.by_power is None:
        return None
    gross, net = row.by_power, row.by_power - row.idle_energy if row.idle_energy is not None else None
    told = {"given": row.printed, "gross": gross, "power": row.power_w, "speed": row.tokens_s, "idle": row.idle_w}
    as_gross, as_net = near(row.printed, gross, ENERGY), net is not None and near(row.printed, net, ENERGY)

    def check(result: Result, said: Said, against: float) -> Check:
        column = "published_energy_j_per_1k_tokens"
        return Check("energy", result, column, row.printed or 0.0, against, ENERGY, said)

    if as_gross and row.net is not True:
        return check("passed", say("{given:,.0f} J is power over throughput, {gross:,.0f} J: gross", **told), gross)
    if net is not None and as_net and row.net is not False:
        said = say(
            "{given:,.0f} J is power over throughput without {idle:g} W of idle power, {net:,.0f} J", net=net, **told
        )
        return check("passed", said, net)
    if as_gross:
        said = say("{given:,.0f} J is power over throughput, idle power included: idle_subtracted should be no", **told)
        return check("failed", said, gross)
    if net is not None and as_net:
        said = say(
            "{given:,.0f} J fits power over throughput only without {idle:g} W of idle power ({net:,.0f} J):"
            " idle_subtracted should be yes",
            net=net,
            **told,
        )
        return check("failed", said, net)
    if net is None and row.net and (1 - LARGEST_IDLE) * gross <= row.printed < gross:
        apart = (gross - row.printed) * (row.tokens_s or 0.0) / 1000
        said = say(
            "{given:,.0f} J lies {apart:.0f} W below power over throughput, which is taken for the idle power:"
            " nothing says what this board draws idle",
            apart=apart,
            **told,
        )
        return check("passed", said, gross)
    wrong = net if row.net and net is not None else gross
    if net is not None and row.net is not False:
        said = say(
            "{given:,.0f} J is neither {gross:,.0f} J, which {power:g} W at {speed:g} tokens/s come to, nor the"
            " {net:,.0f} J that are left without {idle:g} W of idle power",
            net=net,
            **told,
        )
    else:
        said = say("{given:,.0f} J is not {gross:,.0f} J, which {power:g} W at {speed:g} tokens/s come to", **told)
    return check("failed", said, wrong)


def _gross(row: Measured) -> Check | None:
    """The energy that is computed with: power over throughput, else what is printed with idle power added back."""
    if row.energy is None or (row.energy == row.printed and row.by_power is not None and row.net is not True):
        return None
    told = {"given": row.energy, "idle": row.idle_w}

    def check(result: Result, said: Said, against: float) -> Check:
        return Check("energy", result, "energy_j_per_1k_tokens", row.energy or 0.0, against, ENERGY, said)

    if row.by_power is not None:
        told |= {"power": row.power_w, "speed": row.tokens_s, "gross": row.by_power}
        if near(row.energy, row.by_power, ENERGY):
            said = say("{given:,.0f} J is power over throughput, {gross:,.0f} J: gross", **told)
            return check("passed", said, row.by_power)
        if row.idle_energy is not None and near(row.energy, row.by_power - row.idle_energy, ENERGY):
            said = say(
                "{given:,.0f} J fits power over throughput only without {idle:g} W of idle power: this column is gross"
                " ({gross:,.0f} J); what is net of idle belongs into published_energy_j_per_1k_tokens",
                **told,
            )
            return check("failed", said, row.by_power)
        said = say("{given:,.0f} J is not {gross:,.0f} J, which {power:g} W at {speed:g} tokens/s come to", **told)
        return check("failed", said, row.by_power)
    if row.printed is None:
        return None
    if row.net and row.idle_energy is not None:
        against = row.printed + row.idle_energy
        told |= {"printed": row.printed, "gross": against}
        if near(row.energy, against, ENERGY):
            said = say(
                "{given:,.0f} J is the printed {printed:,.0f} J with {idle:g} W of idle power added back", **told
            )
            return check("passed", said, against)
        said = say(
            "{given:,.0f} J is not {gross:,.0f} J, the printed {printed:,.0f} J with {idle:g} W of idle power",
            **told,
        )
        return check("failed", said, against)
    if row.net is False:
        told |= {"printed": row.printed}
        if near(row.energy, row.printed, ENERGY):
            return check("passed", say("{given:,.0f} J is what is printed, which is gross", **told), row.printed)
        said = say("{given:,.0f} J is not the {printed:,.0f} J that are printed as gross", **told)
        return check("failed", said, row.printed)
    return None


def _request(row: Measured) -> Check | None:
    """Joules of a request are those of its tokens, whatever the batch."""
    whole = row.printed if row.printed is not None else row.energy
    if row.per_request is None or whole is None or row.new_tokens is None:
        return None
    against = whole * row.new_tokens / 1000
    told = {"given": row.per_request, "against": against, "tokens": row.new_tokens}
    column = "published_energy_j_per_request"
    if near(row.per_request, against, REQUEST):
        said = say("{given:.4g} J a request is J/1k tokens × {tokens} tokens, {against:.4g} J", **told)
        return Check("request", "passed", column, row.per_request, against, REQUEST, said)
    more = max(against / row.per_request, row.per_request / against)
    said = say(
        "{given:.4g} J a request is {more:.3g} times away from J/1k tokens × {tokens} tokens, {against:.4g} J",
        more=more,
        **told,
    )
    return Check("request", "failed", column, row.per_request, against, REQUEST, said)
