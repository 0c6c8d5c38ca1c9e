"""The room where a row is held against others: the baseline that it names, and what other sessions measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ecolint.evidence.checks import DELTA_POINTS, PEERS, RATIO, Check, Result, near
from ecolint.evidence.measured import Measured
from ecolint.evidence.points import SAME_SIZE
from ecolint.speech import Said, say


def against_baseline(row: Measured, base: Measured | None) -> Iterator[Check]:
    """The baseline that is named, the ratio to it and the printed difference; `base` is None where there is none."""
    if row.base:
        return
    if base is None:
        if row.baseline:
            said = say("there is no row {baseline} in this file, or it cannot be read", baseline=row.baseline)
            yield Check("baseline", "failed", "baseline_row_id", 0, 0, None, said)
        elif row.ratio is not None:
            said = say("a ratio needs the FP16 row that it is taken against: name it in baseline_row_id")
            yield Check("baseline", "failed", "baseline_row_id", 0, 0, None, said)
        return
    if row.baseline:
        yield _baseline(row, base)
    if row.ratio is not None and row.gross is not None and base.gross is not None:
        yield _ratio(row, row.ratio, row.gross / base.gross)
    if row.delta is not None:
        yield from _delta(row, row.delta, base)


def _baseline(row: Measured, base: Measured) -> Check:
    def check(result: Result, said: Said) -> Check:
        return Check("baseline", result, "baseline_row_id", 0, 0, None, said)

    unlike = [
        (name, mine, theirs)
        for name, mine, theirs in (
            ("gpu", row.gpu, base.gpu),
            ("model", row.model, base.model),
            ("batch_size", str(row.batch), str(base.batch)),
        )
        if mine != theirs
    ]
    if not base.base:
        said = say("{base} is {precision}: a ratio is to FP16 or BF16", base=base.row_id, precision=base.precision)
        return check("failed", said)
    if unlike:
        name, mine, theirs = unlike[0]
        said = say(
            "{base} has {name} {theirs}, not {mine}: what is compared differs in precision alone",
            base=base.row_id,
            name=name,
            mine=mine,
            theirs=theirs,
        )
        return check("failed", said)
    if base.session != row.session:
        said = say("{base} is of another session: its ratio may differ by what sessions differ", base=base.row_id)
        return check("doubtful", said)
    return check("passed", say("{base} is FP16 of the same session, GPU, model and batch", base=base.row_id))


def _ratio(row: Measured, ratio: float, against: float) -> Check:
    told = {"given": ratio, "against": against}
    if near(ratio, against, RATIO):
        said = say("{given:.4g} is the quotient of the two energies", **told)
        return Check("ratio", "passed", "ratio_vs_fp16", ratio, against, RATIO, said)
    said = say("{given:.4g} is not {against:.4g}, the quotient of the two energies", **told)
    return Check("ratio", "failed", "ratio_vs_fp16", ratio, against, RATIO, said)


def _delta(row: Measured, delta: float, base: Measured) -> Iterator[Check]:
    """Differences are printed of printed energies: where those are net of idle power, so is the difference."""
    pairs = [(row.printed, base.printed), (row.gross, base.gross), (row.by_request, base.by_request)]
    found = [(one / other - 1) * 100 for one, other in pairs if one is not None and other is not None]
    if not found and row.ratio is not None:
        found = [(row.ratio - 1) * 100]
    if not found:
        return
    fits = next((each for each in found if abs(each - delta) <= DELTA_POINTS), None)
    told = {"given": delta, "against": found[0] if fits is None else fits}
    column = "published_delta_vs_fp16_pct"
    if fits is None:
        said = say("{given:+.1f} % is printed, and the energies give {against:+.1f} %", **told)
        yield Check("delta", "failed", column, delta, found[0], DELTA_POINTS, said)
    elif row.net and row.gross is not None and base.gross is not None:
        gross = (row.gross / base.gross - 1) * 100
        said = say(
            "{given:+.1f} % is that of the energies without idle power; gross it is {gross:+.1f} %", gross=gross, **told
        )
        yield Check("delta", "passed", column, delta, fits, DELTA_POINTS, said)
    else:
        said = say("{given:+.1f} % is that of the energies, {against:+.1f} %", **told)
        yield Check("delta", "passed", column, delta, fits, DELTA_POINTS, said)


def among(row: Measured, peers: Sequence[Measured]) -> Iterator[Check]:
    """Other sessions of the same GPU, precision, batch and size: a row far from all of them is doubtful."""
    sides: tuple[tuple[str, Callable[[Measured], float | None], Said], ...] = (
        ("energy_j_per_1k_tokens", lambda one: one.told, say("J/1k tokens")),
        ("throughput_tok_s", lambda one: one.tokens_s, say("tokens/s")),
    )
    for column, value, unit in sides:
        mine = value(row)
        theirs = [other for one in peers if (other := value(one)) is not None]
        if mine is None or not theirs:
            continue
        low, high = min(theirs), max(theirs)
        end = low if mine < low else high
        span = say("{low:.4g}", low=low) if low == high else say("{low:.4g} to {high:.4g}", low=low, high=high)
        told: dict[str, object] = {"given": mine, "unit": unit, "span": span}
        if low / PEERS <= mine <= high * PEERS:
            said = say("{given:.4g} {unit}, and other sessions have {span} at such a size", **told)
            yield Check("peers", "passed", column, mine, end, PEERS, said)
        else:
            times = max(mine / end, end / mine)
            said = say(
                "{given:.4g} {unit} is {times:.3g} times away from what other sessions have at such a size, {span}",
                times=times,
                **told,
            )
            yield Check("peers", "doubtful", column, mine, end, PEERS, said)


def alike(one: Measured, other: Measured) -> bool:
    """Whether two rows measured the same thing in different sessions, sizes within 8 % counting as the same."""
    size = max(one.size_b / other.size_b, other.size_b / one.size_b)
    return size <= SAME_SIZE and one.session != other.session
