"""The room where a question's deployment comes from: the command line describes it, or a file that the linter reads."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ecolint.advisor.asked import Setup, checked, nearest_gpu, wrong_size
from ecolint.advisor.considered import Situation, described, known
from ecolint.advisor.formats import precisions
from ecolint.advisor.parameters import MODEL_EXAMPLE, Asked, Refused, Trouble
from ecolint.derived import Circumstances, derive
from ecolint.evidence.subject import number, value
from ecolint.evidence.table import Table
from ecolint.model import Deployment, Scalar
from ecolint.ruleset import Rule
from ecolint.run import Request, Run, facts
from ecolint.settings import Settings
from ecolint.speech import Said, say
from ecolint.stacks import vocabularies


def is_file(model: str | None) -> bool:
    """Whether what was named as a model is a file or folder that is there."""
    return bool(model) and os.path.exists(str(model))


def situation(asked: Asked, settings: Settings, table: Table, rules: tuple[Rule, ...]) -> Situation:
    """The deployment that the command line describes. Raises `Refused`."""
    options = dict(asked.options)
    if settings.gpu is not None:
        options.setdefault("--gpu", settings.gpu)
    setup = checked(replace(asked, options=options), settings.workload, table)
    circumstances = Circumstances(context=settings.context)
    return Situation(setup, described(setup, circumstances), table, rules, circumstances)


def read(path: str, overrides: Mapping[str, object]) -> tuple[Run, tuple[Deployment, ...]]:
    """What the linter reads in a file or folder: every distinct deployment that serves, in file order."""
    found = facts(Request(paths=(path,), overrides=overrides))
    distinct: dict[object, Deployment] = {}
    for one in found.deployments:
        if not trains(one) and "model" in one.facts:
            distinct.setdefault(_told(one), one)
    return found, tuple(distinct.values())


def trains(deployment: Deployment) -> bool:
    """Whether a deployment trains: nothing is said about it."""
    return value(deployment, "workload") == "training"


def situation_of(
    deployment: Deployment,
    text: str,
    asked: Asked,
    settings: Settings,
    table: Table,
    rules: tuple[Rule, ...],
) -> Situation:
    """A deployment that was read, with what the command line says of it outranking the file. Raises `Refused`."""
    setup = checked(asked, settings.workload, table, described=False)
    where = place(deployment, text)
    circumstances = Circumstances(vocabularies(settings.stacks), context=settings.context)
    found = dict(deployment.facts)
    said: list[Said] = []
    model = value(deployment, "model")
    if model is None:
        wrong = say("{where} doesn't say which model; describe the deployment instead", where=where)
        raise Refused((Trouble("MODEL", asked.model or "", wrong, example=MODEL_EXAMPLE),))
    changes: dict[str, Scalar] = {}
    if setup.gpu is not None:
        changes["gpu"] = setup.gpu
    if "--gpu-count" in asked.options:
        changes["gpu_count"] = setup.gpu_count
    gpu = setup.gpu or value(deployment, "gpu") or settings.gpu
    missing = set(setup.missing)
    if gpu is None:
        missing.add("--gpu")
        size = number(deployment, "active_params_b")
        gpu = nearest_gpu(table, str(model), size)
        changes["gpu"] = gpu
        said.append(say("{where} names no GPU: {gpu} stands in, and every figure has one star", where=where, gpu=gpu))
    if setup.params_b is not None:
        trouble = wrong_size(str(model), setup.params_b, asked.options.get("--params", ""))
        if trouble is not None:
            raise Refused((trouble,))
        changes |= {"params_b": setup.params_b, "active_params_b": setup.params_b}
    found |= known(changes)
    first = replace(deployment, facts=derive(found, circumstances))
    told = replace(
        setup,
        model=str(model),
        gpu=str(gpu),
        gpu_count=int(number(first, "gpu_count") or 1),
        framework=setup.framework or str(value(deployment, "framework") or "transformers"),
        defaults=(*setup.defaults, *said),
        missing=frozenset(missing),
    )
    return _with_format(Situation(told, first, table, rules, circumstances, where), setup)


def _with_format(read_: Situation, setup: Setup) -> Situation:
    """With the precision and the batch that the command line says, and FP16 where nobody says one."""
    chosen = precisions()[setup.precision] if setup.precision is not None else None
    if chosen is None and read_.precision is None and value(read_.deployment, "quantization") in (None, "none"):
        chosen = precisions()["fp16"]
        text = say("{where} says no precision: fp16 is assumed, which costs no star", where=read_.where)
        read_ = replace(read_, setup=_filled(read_.setup, "--precision", text))
    batch = setup.batch
    if batch is None and _open_batch(read_.deployment):
        batch = 1
        text = say(
            "{where} doesn't say how many requests run together: figures are of one at a time", where=read_.where
        )
        read_ = replace(read_, setup=_filled(read_.setup, "--batch-size", text), open_batch=True)
    if chosen is None and batch is None:
        return read_
    return replace(read_, deployment=read_.varied(chosen, batch))


def _filled(setup: Setup, option: str, text: Said) -> Setup:
    return replace(setup, defaults=(*setup.defaults, text), missing=setup.missing | {option})


def _open_batch(deployment: Deployment) -> bool:
    """Whether an engine decides how many requests it takes at a time; code runs what it is handed."""
    told = any(value(deployment, name) is not None for name in ("batch_size", "max_concurrency"))
    return not (told or value(deployment, "looped")) and deployment.invocation.call is None


def place(deployment: Deployment, text: str) -> str:
    """Where a deployment is written: `app.py:12`."""
    from ecolint.lines import Lines

    line, _ = Lines(text).position(deployment.place.span.start)
    return f"{deployment.place.path}:{line}"


def listed(deployments: Sequence[Deployment], texts: Mapping[str, str]) -> list[str]:
    """The deployments of a file, numbered, for whoever has to choose."""
    return [
        f"{number}: {place(one, texts.get(one.place.path, ''))} {_named(one)}"
        for number, one in enumerate(deployments, 1)
    ]


def _named(deployment: Deployment) -> str:
    return f"{value(deployment, 'framework')} {value(deployment, 'model') or '?'}"


def _told(deployment: Deployment) -> tuple[tuple[str, str, Scalar], ...]:
    return tuple(sorted((name, fact.kind, fact.value) for name, fact in deployment.facts.items() if _matters(name)))


def _matters(name: str) -> bool:
    return name in ("model", "framework", "gpu", "gpu_count", "precision", "batch_size", "max_concurrency", "looped")
