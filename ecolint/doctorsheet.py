"""What `ecolint evidence --check` prints: what is wrong first, then what explains each status, then how much held."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from ecolint import catalog
from ecolint.columns import aligned
from ecolint.dataset import dataset_line
from ecolint.evidence.checks import CHECKS, Check
from ecolint.evidence.doctor import Diagnosis, Examination, examine, shipped_sheet
from ecolint.evidence.measured import Measured
from ecolint.evidence.own import BadFile, examined
from ecolint.rowsheet import Filters, NoSuchRows
from ecolint.speech import Said, Voice, joined, say

RESULTS = ("passed", "failed", "doubtful")


def asked(filters: Filters, path: str | None) -> Examination:
    """A file with the rows that the filters let through, or the shipped ones; every row that cannot be read is in it.

    Raises `NoSuchRows` for a filter that fits no row, and Usage's kin for a file that cannot be used.
    """
    if path is None:
        found = examine(shipped_sheet())
    else:
        try:
            found = examined(path)
        except BadFile as error:
            raise NoSuchRows(str(error)) from error
    every = found.diagnoses
    tests: list[tuple[str, str, Callable[[Measured], bool]]] = []
    if filters.gpu:
        keys = {card.evidence_key for card in catalog.gpus(filters.gpu)}
        tests.append(("gpu", filters.gpu, lambda row: row.gpu in keys))
    if filters.model:
        known = catalog.model(filters.model)
        model = known.name if known is not None else filters.model
        tests.append(("model", filters.model, lambda row: row.model == model))
    if filters.precision:
        tests.append(("precision", filters.precision, lambda row: row.precision == filters.precision.lower()))
    for option, value, test in tests:
        if not any(test(each.row) for each in every):
            raise NoSuchRows("--{option} {value}: no row of {file} fits", option=option, value=value, file=found.name)
    return replace(found, diagnoses=tuple(each for each in every if all(test(each.row) for _, _, test in tests)))


def healthy(examination: Examination) -> bool:
    """Whether nothing is wrong with the file: every row can be read, and no row that passes for usable fails."""
    return not any(one.row_id for one in examination.bad)


def as_text(examination: Examination, voice: Voice) -> str:
    """Rows that are wrong, rows that give cause for doubt, rejected rows with what shows it, counts, the source."""
    rows = examination.diagnoses
    wrong = [one for one in rows if one.wrong]
    rejected = [one for one in rows if one.status == "rejected" and not one.wrong]
    doubtful = [one for one in rows if one.status != "rejected" and not one.wrong and one.doubtful]
    lines: list[str] = []
    if examination.complaints or wrong:
        lines.append(voice.say("Wrong:"))
        lines += (f"  {examination.name}:{one.line}: {voice(one.reason)}" for one in examination.complaints)
        for each in wrong:
            lines += _row(each, [*each.failed, *each.doubtful], voice)
        lines.append("")
    half = [one for one in rows if one.status == "ratio-only" and not (one.wrong or one.doubtful)]
    sections = (
        (say("Cause for doubt:"), doubtful),
        (say("Rejected, and never used:"), rejected),
        (say("Only the ratio is used:"), half),
    )
    for title, some in sections:
        if some:
            lines.append(voice(title))
            for each in some:
                lines += _row(each, [*each.failed, *each.doubtful], voice)
            lines.append("")
    lines += _counts(examination, voice)
    return "\n".join([*lines, "", voice(dataset_line())]) + "\n"


def as_json(examination: Examination, voice: Voice) -> str:
    """One object: `{file, healthy, rows, unreadable, counts}`; a row has its status, what explains it, its checks."""
    told = {
        "file": examination.name,
        "healthy": healthy(examination),
        "rows": [_object(each, voice) for each in examination.diagnoses],
        "unreadable": [
            {"line": one.line, "row_id": one.row_id or None, "column": one.column, "message": voice(one.reason)}
            for one in examination.complaints
        ],
        "counts": {"status": _statuses(examination), "checks": _results(examination)},
    }
    return json.dumps(told, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


FORMS: Mapping[str, Callable[[Examination, Voice], str]] = {"text": as_text, "json": as_json}


def _row(each: Diagnosis, checks: Sequence[Check], voice: Voice) -> Iterator[str]:
    row = each.row
    batch = voice.say("batch {batch}", batch=row.batch)
    place = voice.say("line {line}", line=row.line)
    yield f"  {row.row_id} ({place}: {row.cells['gpu']}, {row.cells['model']}, {row.precision}, {batch})"
    yield f"    {voice(each.explained)}"
    for check in checks:
        yield f"    {voice(_RESULTS[check.result])} {check.name} ({check.column}): {voice(check.said)}"


_RESULTS: Mapping[str, Said] = {"passed": say("passed"), "failed": say("failed"), "doubtful": say("doubtful")}


def _counts(examination: Examination, voice: Voice) -> Iterator[str]:
    total = len(examination.diagnoses)
    statuses = _statuses(examination)
    said = joined(f"{count} {status}" for status, count in statuses.items()) if statuses else "-"
    unreadable = sum(bool(one.row_id) for one in examination.complaints)
    yield voice.say(
        "{file}: {total} rows ({statuses}), {unreadable} that cannot be read",
        file=examination.name,
        total=total,
        statuses=said,
        unreadable=unreadable,
    )
    results = _results(examination)
    heads = (*RESULTS, "not possible")
    shown = (voice.say("check"), *(voice(_RESULTS[each]) for each in RESULTS), voice.say("not possible"))
    table = [shown, *((name, *(str(found[each]) for each in heads)) for name, found in results.items())]
    yield ""
    yield from aligned(table)


def _statuses(examination: Examination) -> Mapping[str, int]:
    return dict(sorted(Counter(each.status for each in examination.diagnoses).items()))


def _results(examination: Examination) -> Mapping[str, Mapping[str, int]]:
    """By check, how many rows have each result: the worst, where a row has several of one check."""
    found = {name: Counter[str]() for name in CHECKS}
    for each in examination.diagnoses:
        for name in CHECKS:
            results = {check.result for check in each.checks if check.name == name}
            worst = next((one for one in ("failed", "doubtful", "passed") if one in results), "not possible")
            found[name][worst] += 1
    return {name: {each: counter[each] for each in (*RESULTS, "not possible")} for name, counter in found.items()}


def _object(each: Diagnosis, voice: Voice) -> dict[str, object]:
    row = each.row
    return {
        "row_id": row.row_id,
        "line": row.line,
        "gpu": row.cells["gpu"],
        "model": row.cells["model"],
        "precision": row.precision,
        "batch_size": row.batch,
        "status": each.status,
        "explanation": voice(each.explained),
        "wrong": each.wrong,
        "checks": [
            {
                "check": check.name,
                "result": check.result,
                "column": check.column,
                "given": check.given,
                "recomputed": check.recomputed,
                "tolerance": check.tolerance,
                "message": voice(check.said),
            }
            for check in each.checks
        ],
    }
