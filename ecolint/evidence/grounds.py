"""The room for what the rows of a figure were measured under, and what it costs where that is not what is asked."""

from __future__ import annotations

from collections.abc import Sequence

from ecolint.evidence.drift import Drift, drift
from ecolint.evidence.points import Target
from ecolint.evidence.rows import Row
from ecolint.evidence.subject import Subject, value
from ecolint.evidence.table import BASE, Table
from ecolint.model import Deployment, Workload
from ecolint.shaped import dataclass
from ecolint.speech import Said, say


@dataclass(frozen=True, slots=True)
class Grounds:
    """The rows of a figure. Without any it rests on the shipped ones, as far as anybody knows."""

    table: Table
    own: tuple[Row, ...]
    shipped: bool
    """Whether shipped rows are among them."""

    @property
    def remark(self) -> tuple[Said, ...]:
        """That a figure rests on the user's own rows, and on which file's."""
        files = ", ".join(dict.fromkeys(row.file or "" for row in self.own))
        return (say("rests on your own measurements ({files})", files=files),) if self.own else ()

    def framework(self, name: str) -> Said | None:
        """That the rows were measured under another framework; a user's row that names no software says nothing."""
        if self.shipped and name.lower() not in self.table.software:
            return say("measured under transformers, not under {framework}", framework=name)
        lines = [row.record["software"] for row in self.own]
        if all(lines) and lines and not any(name.lower() in line.lower() for line in lines):
            return say(
                "your own rows were measured under {software}, not under {framework}", software=lines[0], framework=name
            )
        return None

    def outside(self, workload: Workload) -> tuple[Said, ...]:
        """Why the workload is not one that was measured; empty where it is."""
        prompts, generated = self._workload()
        found = []
        if prompts and workload.prompt_tokens > max(prompts):
            found.append(
                say("prompts of {asked} tokens: measured up to {most}", asked=workload.prompt_tokens, most=max(prompts))
            )
        if generated and not min(generated) <= workload.generated_tokens <= max(generated):
            found.append(
                say(
                    "{tokens} generated tokens: measured from {fewest} to {most}",
                    tokens=workload.generated_tokens,
                    fewest=min(generated),
                    most=max(generated),
                )
            )
        return tuple(found)

    def knows(self, model: str | None) -> bool:
        """Whether the user measured this very model."""
        return any(row.model == model for row in self.own)

    def _workload(self) -> tuple[list[int], list[int]]:
        if self.shipped:
            prompt, fewest, most = self.table.workload
            return [prompt], [fewest, most]
        return _numbers(self.own, "prompt_tokens"), _numbers(self.own, "new_tokens")


def grounds(table: Table, rows: Sequence[str]) -> Grounds:
    """What these rows were measured under."""
    used = [table.by_id[row] for row in rows if row in table.by_id]
    own = tuple(row for row in used if row.file is not None)
    return Grounds(table, own, shipped=len(own) < len(used) or not used)


def measured_there(table: Table, target: Target, precisions: Sequence[str | None]) -> bool:
    """Whether the user measured this model on this GPU in all of these precisions: what other makers' cards need."""
    if target.gpu not in table.own_gpus or target.model is None:
        return False
    here = (target.gpu, target.model)
    wanted = {each for each in precisions if each is not None and each != BASE}
    found = {each for each in wanted for point in table.points(each) if (point.gpu, point.model) == here}
    return found == wanted


@dataclass(frozen=True, slots=True)
class Penalty:
    """Why a star is taken off. A newer stack costs one, however many of its libraries are newer."""

    text: str
    stack: bool = False


def penalties_of(under: Grounds, current: Deployment, one: Subject) -> tuple[Penalty, ...]:
    """What costs stars, beyond what the rows themselves lack."""
    found: list[str] = []
    if one.gpus > 1:
        found.append(say("measured on one GPU, not on {count}", count=one.gpus))
    if one.weights != "catalog" and not (one.weights == "name" and under.knows(one.target.model)):
        found.append(_WEIGHTS.get(one.weights or "", say("the model is not known")))
    if one.mixture:
        found.append(say("a mixture of experts is read by its active parameters"))
    if one.batch is None:
        found.append(say("the batch size is not known: batch 1 is assumed"))
    framework = value(current, "framework")
    if isinstance(framework, str) and (elsewhere := under.framework(framework)) is not None:
        found.append(elsewhere)
    newer = [Penalty(text, stack=True) for text in drifted(under, current, one).newer]
    return (*newer, *map(Penalty, found))


_WEIGHTS = {
    "alias": say("fine-tuned or custom weights"),
    "name": say("the weights are not in the catalogue"),
}


def drifted(under: Grounds, current: Deployment, one: Subject) -> Drift:
    """How the stack stands to that of the shipped rows; users know what their own rows were measured under."""
    if not under.shipped:
        return Drift((), ())
    return drift(current.versions, frozenset({one.precision or BASE}))


def stars_off(penalties: Sequence[Penalty]) -> int:
    """How many stars the penalties cost together."""
    return sum(not one.stack for one in penalties) + any(one.stack for one in penalties)


def _numbers(rows: Sequence[Row], column: str) -> list[int]:
    return [int(float(row.record[column])) for row in rows if row.record[column]]
