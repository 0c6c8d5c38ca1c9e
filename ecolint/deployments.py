"""Invocations become deployments: what the written settings mean, once for every consistent choice of branches."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from ecolint import catalog
from ecolint.ineffective import Parts, kinds, parts, together
from ecolint.model import (
    FACTS,
    Branches,
    Condition,
    Deployment,
    Fact,
    Invocation,
    Place,
    Scalar,
    Table,
    Use,
    Value,
)
from ecolint.recognise import Recognised, matches, recognise
from ecolint.slots import Assignment, Setting, Slots
from ecolint.stacks import Vocabulary
from ecolint.stacks.versions import holds
from ecolint.stacks.vocabulary import Choice, Ineffective, Key, Test

MAX_VARIANTS = 16
NOTHING = Fact("absent")
DOUBT = Fact("unknown")

SIXTEEN_BIT = {"float16": "fp16", "bfloat16": "bf16", "float32": "fp32"}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the user's settings and the project say about every deployment of a file."""

    vocabularies: tuple[Vocabulary, ...] = ()
    gpu: str | None = None
    context: str | None = None
    versions: Mapping[str, str] | None = None


def deployments(invocation: Invocation, circumstances: Circumstances) -> tuple[Deployment, ...]:
    """The deployments one invocation describes, one for each variant of its branches; none when no stack knows it."""
    vocabularies = circumstances.vocabularies
    recognised = recognise(invocation, vocabularies)
    if recognised is None:
        return ()
    platforms = tuple(v for v in vocabularies if v.platform)
    in_container = invocation.call is None and invocation.mapping is None
    # A container brings its own libraries: what the project pins says nothing about them.
    versions = {} if in_container else circumstances.versions or {}
    found = []
    for assignment in assignments(recognised):
        slots = Slots(recognised, assignment, versions)
        settings = slots.settings()
        facts = evaluate(recognised.vocabulary, settings, versions)
        without_effect = idle(slots, settings, facts)
        facts |= together(without_effect, kinds(recognised.vocabulary) if invocation.call is not None else ())
        facts["framework"] = Fact("known", recognised.vocabulary.name, how="name", assured=not recognised.likely)
        facts["reloaded"] = reloaded(recognised)
        for platform in platforms:
            around = Slots(replace(recognised, vocabulary=platform), assignment, versions).settings()
            facts = _joined(facts, evaluate(platform, around, versions), platform.overrules)
        found.append(
            Deployment(
                stack=recognised.vocabulary.name,
                place=invocation.place,
                facts=derive(facts, circumstances),
                invocation=invocation,
                variant=frozenset(assignment.items()),
                settings={name: _raw(setting) for name, setting in settings.items()},
                versions=versions,
                parts=without_effect,
                entries=frozenset(entry.place for setting in settings.values() for entry in setting.entries),
            )
        )
    return tuple(found)


def reloaded(recognised: Recognised) -> Fact:
    """Why a model is loaded again and again; absent where it is loaded once, or is only configured."""
    invocation = recognised.invocation
    if invocation.call is None or recognised.bare_object is not None:
        return NOTHING
    why = "handler" if invocation.in_handler else "loop" if invocation.in_loop else None
    return Fact("known", why, how="derived", assured=False) if why is not None else NOTHING


def recognised_as(deployment: Deployment, vocabularies: tuple[Vocabulary, ...]) -> Recognised:
    """The recognition a deployment was made from."""
    found = recognise(deployment.invocation, vocabularies)
    assert found is not None, "a deployment comes from a recognised invocation"
    return found


# --- variants ---------------------------------------------------------------------------------------------------------


def assignments(recognised: Recognised) -> Iterator[Assignment]:
    """Every consistent choice of the arms that matter, at most 16; decisions beyond that stay open, hence unknown."""
    fixed = dict(recognised.invocation.branches)
    conditions = recognised.invocation.conditions
    arms: dict[str, set[int]] = {}
    for branches, optional in _branches(recognised):
        for decision, arm in branches:
            if decision not in fixed:
                arms.setdefault(decision, set()).add(arm)
                if optional:
                    arms[decision].add(-1)
    found: list[dict[str, int]] = [fixed]
    for decision, options in arms.items():
        if len(options) > 2:
            options.discard(-1)
        elif len(options) == 1 or -1 in options:
            options.discard(-1)
            (arm,) = options
            # Where a decision has two arms the other one is known by its number, and so by what it says.
            two = (decision, 0) in conditions and (decision, 2) not in conditions
            options.add(1 - arm if two else -1)
        further = [{**one, decision: arm} for one in found for arm in sorted(options, reverse=True)]
        possible = [one for one in further if _possible(one, conditions)] or further
        if len(possible) <= MAX_VARIANTS:
            found = possible
    yield from found


def _possible(assignment: Assignment, conditions: Mapping[tuple[str, int], tuple[Condition, ...]]) -> bool:
    """Whether the arms can be taken together: a subject has one value, and not one that another test denies."""
    values: dict[str, Scalar] = {}
    denied: set[tuple[str, Scalar]] = set()
    for arm in assignment.items():
        for told in conditions.get(arm, ()):
            if told.holds:
                if values.setdefault(told.subject, told.value) != told.value and told.value is not True:
                    return False
            else:
                denied.add((told.subject, told.value))
    return not any((subject, value) in denied for subject, value in values.items())


def _branches(recognised: Recognised) -> Iterator[tuple[Branches, bool]]:
    """The branches that the vocabulary's keys depend on, and whether what stands there is simply missing in other arms.

    What carries configuration comes first: where there are too many decisions, the last ones stay open.
    """
    invocation, vocabulary = recognised.invocation, recognised.vocabulary
    carriers = {"**", *vocabulary.nested}
    for spec in vocabulary.objects.values():
        carriers |= {*spec.arguments, *spec.nested}
    named = {name for key in vocabulary.keys.values() for name in _names(key)} | carriers
    tables = [t for t in (invocation.call, invocation.words, invocation.env, invocation.mapping) if t is not None]
    for table in tables:
        yield from _in_table(table, carriers, named)
    for table in tables:
        yield from _in_table(table, named, named)
    yield from _in_value(invocation.image, named)
    for use in sorted(invocation.uses, key=lambda use: not _works(use, vocabulary)):
        if any(matches(use.name, spec.calls) for spec in vocabulary.uses):
            yield use.branches, True
            if use.table is not None:
                yield from _in_table(use.table, named, named)


def _works(use: Use, vocabulary: Vocabulary) -> bool:
    """Whether a use is what the object is there for, such as generating: its branches come before those of the rest."""
    return any(spec.per_item and matches(use.name, spec.calls) for spec in vocabulary.uses)


def _names(key: Key) -> Iterator[str]:
    """Every name under which an entry may be this key; words of a command line are told by their position."""
    yield from (*key.keyword, *key.mapping, *key.env)
    if key.positional is not None:
        yield str(key.positional)


def _in_table(table: Table, wanted: set[str], inside: set[str]) -> Iterator[tuple[Branches, bool]]:
    """The branches of a table's own entries first, then of what they hold: the outer choice is the one that matters."""
    every = table.syntax.endswith("words")
    entries = [entry for entry in table.entries if every or entry.name in wanted]
    for entry in entries:
        yield entry.branches, True
        for alternative in entry.value:
            yield alternative.branches, False
    for entry in entries:
        yield from _inside(entry.value, inside)


def _in_value(value: Value, named: set[str]) -> Iterator[tuple[Branches, bool]]:
    for alternative in value:
        yield alternative.branches, False
    yield from _inside(value, named)


def _inside(value: Value, named: set[str]) -> Iterator[tuple[Branches, bool]]:
    for alternative in value:
        if isinstance(alternative.data, Table):
            yield from _in_table(alternative.data, named, named)


# --- facts ------------------------------------------------------------------------------------------------------------


def evaluate(vocabulary: Vocabulary, settings: Mapping[str, Setting], versions: Mapping[str, str]) -> dict[str, Fact]:
    """The facts that a vocabulary reads from its keys."""
    facts: dict[str, Fact] = {}
    for name, (how, keys) in vocabulary.combined.items():
        facts[name] = _combined(how, [settings[key] for key in keys])
    for name, choices in vocabulary.facts.items():
        facts[name] = _typed(name, _chosen(choices, settings, facts, versions))
    return facts


def idle(slots: Slots, settings: Mapping[str, Setting], facts: Mapping[str, Fact], gone: Collection[str] = ()) -> Parts:
    """What is written in a call and has no effect; `gone` are objects that are no longer there.

    Who reads a settings file is not known, so nothing is said of one.
    """
    if slots.invocation.call is None:
        return ()

    def holding(spec: Ineffective) -> bool | None:
        verdicts = [tested(test, settings, facts) for test in spec.when]
        # A switch that the command line or a caller may set is not known to be off.
        verdicts += [None for test in spec.when if test.name in settings and not settings[test.name].assured]
        if spec.version is not None:
            verdicts.append(holds(spec.version, slots.versions))
        return False if False in verdicts else None if None in verdicts else True

    strangers = [one for one in slots.strangers(settings) if one.object not in gone]
    return parts(slots.vocabulary.ineffective, settings, strangers, holding)


def _chosen(
    choices: tuple[Choice, ...], settings: Mapping[str, Setting], facts: Mapping[str, Fact], versions: Mapping[str, str]
) -> Fact:
    for choice in choices:
        verdicts = [tested(test, settings, facts) for test in choice.when]
        if choice.version is not None:
            verdicts.append(holds(choice.version, versions))
        if False in verdicts or (choice.sure and None in verdicts):
            continue
        if choice.together and not _one_path([settings[test.name] for test in choice.when if test.name in settings]):
            continue
        if None in verdicts:
            return DOUBT
        if choice.unknown:
            return DOUBT
        rests_on = [part for test in choice.when for part in _parts(test.name, settings, facts)]
        places = tuple(dict.fromkeys(place for places, _ in rests_on for place in places))
        assured = choice.assured and all(sure for _, sure in rests_on)
        if choice.source is None:
            return Fact("known", choice.value, places, "literal" if places else "default", assured)
        fact = _raw(settings[choice.source]) if choice.source in settings else facts.get(choice.source, NOTHING)
        return replace(fact, sources=fact.sources or places, assured=fact.assured and assured)
    return NOTHING


def _one_path(parts: Sequence[Setting]) -> bool:
    """Whether settings are written on one path: of any two, the one needs all the arms that the other needs.

    Two flags that each switch one thing on can be given together, but nothing shows that they ever are.
    """
    arms = sorted((part.branches for part in parts), key=len)
    return all(one <= other for one, other in itertools.pairwise(arms))


def tested(test: Test, settings: Mapping[str, Setting], facts: Mapping[str, Fact]) -> bool | None:
    """Whether one condition on a key (or else a fact) holds; None where that is unknown."""
    setting = settings.get(test.name)
    state: Setting | Fact = setting if setting is not None else facts.get(test.name, NOTHING)
    if test.written is not None:
        written = setting.written if setting is not None else state.kind != "absent"
        return None if written is None else written is test.written
    if test.where is not None:
        return setting is not None and setting.where == test.where
    if state.kind == "unknown":
        return None
    value = state.value if state.kind == "known" else None
    if test.like:
        return value is not None and any(fnmatchcase(str(value), pattern) for pattern in test.like)
    return any(value == wanted and isinstance(value, bool) == isinstance(wanted, bool) for wanted in test.values)


def _parts(
    name: str, settings: Mapping[str, Setting], facts: Mapping[str, Fact]
) -> Iterator[tuple[tuple[Place, ...], bool]]:
    if name in settings:
        setting = settings[name]
        yield ((setting.place,) if setting.place else ()), setting.assured
    elif name in facts:
        yield facts[name].sources, facts[name].assured


def _raw(setting: Setting) -> Fact:
    return Fact(
        setting.kind,
        setting.value,
        (setting.place, *setting.also) if setting.place else (),
        setting.how,  # type: ignore[arg-type]
        setting.assured,
    )


def _combined(how: str, parts: Iterable[Setting]) -> Fact:
    parts = list(parts)
    known = [p for p in parts if p.kind == "known" and isinstance(p.value, (int, float))]
    sources = tuple(p.place for p in known if p.place)
    assured = all(p.assured for p in known)
    if how == "product":
        if any(p.kind == "unknown" for p in parts):
            return DOUBT
        value: Scalar = math.prod(p.value for p in known if isinstance(p.value, (int, float)))
        return Fact("known", value, sources, "literal" if sources else "default", assured) if known else NOTHING
    if not known:
        return DOUBT if any(p.kind == "unknown" for p in parts) else NOTHING
    least = min(known, key=lambda p: p.value)  # type: ignore[arg-type,return-value]
    fact = _raw(least)
    if any(p.kind == "unknown" for p in parts) and not least.place:
        return DOUBT
    return fact


def _typed(name: str, fact: Fact) -> Fact:
    if fact.kind == "known" and fact.value is None:
        return NOTHING
    if fact.kind == "known" and FACTS[name] == "str" and not isinstance(fact.value, str):
        return replace(fact, value=str(fact.value))
    return fact


def _joined(facts: Mapping[str, Fact], around: Mapping[str, Fact], overrules: tuple[str, ...]) -> dict[str, Fact]:
    """A stack's facts with its platform's: what the platform reserves outranks what the stack assumes by default."""
    joined = dict(facts)
    for name, fact in around.items():
        present = joined.get(name, NOTHING)
        if fact.kind != "absent" and (name in overrules or present.kind == "absent" or not present.sources):
            joined[name] = replace(fact, how="platform")
    return joined


# --- derived facts ----------------------------------------------------------------------------------------------------


def derive(facts: Mapping[str, Fact], circumstances: Circumstances) -> dict[str, Fact]:
    """Add what follows from the catalogue and the user's settings: size, GPU memory, precision, context."""
    found = dict(facts)
    if circumstances.gpu is not None and found.get("gpu", NOTHING).kind != "known":
        found["gpu"] = Fact("known", circumstances.gpu, how="setting")
    if circumstances.context is not None:
        found["context"] = Fact("known", circumstances.context, how="setting")
    _derive_size(found)
    _derive_gpu(found)
    found["precision"] = precision(found)
    return found


def _derive_size(facts: dict[str, Fact]) -> None:
    model = facts.get("model", NOTHING)
    if model.kind != "known":
        facts["params_b"] = facts["active_params_b"] = replace(model, value=None)
        return
    entry = catalog.model(str(model.value))
    for name, size in (
        ("params_b", entry.total_b if entry else None),
        ("active_params_b", entry.active_b if entry else None),
    ):
        if size is None or entry is None:
            facts[name] = replace(DOUBT, sources=model.sources)
        else:
            sure = model.assured and entry.how == "catalog"
            facts[name] = Fact("known", size, model.sources, "catalog" if entry.how == "catalog" else "name", sure)


def _derive_gpu(facts: dict[str, Fact]) -> None:
    gpu = facts.get("gpu", NOTHING)
    if gpu.kind != "known":
        return
    entry = catalog.gpu(str(gpu.value))
    if entry is None:
        return
    facts["gpu"] = replace(gpu, value=entry.name)
    facts["gpu_memory_gb"] = replace(gpu, value=entry.vram_gb, how="catalog")
    facts["architecture"] = replace(gpu, value=entry.architecture, how="catalog")


def precision(facts: Mapping[str, Fact]) -> Fact:
    """The evidence key of a deployment's number formats."""
    quantization = facts.get("quantization", NOTHING)
    if quantization.kind == "unknown":
        return DOUBT
    kind = quantization.value if quantization.kind == "known" else "none"
    parts = [quantization]
    if kind == "int8" and facts.get("backend", NOTHING).value == "bitsandbytes":
        threshold = facts.get("int8_threshold", NOTHING)
        if threshold.kind != "known":
            return DOUBT
        parts.append(threshold)
        key: Scalar = "int8_pure" if threshold.value == 0 else "int8_default"
    elif kind == "fp8" and facts.get("backend", NOTHING).value == "torchao":
        parts.append(facts.get("execution", NOTHING))
        if parts[-1].kind == "unknown":
            return DOUBT
        key = "fp8_eager" if parts[-1].value == "eager" else "fp8"
    elif kind == "none":
        dtype = facts.get("dtype", NOTHING)
        parts.append(dtype)
        if dtype.kind != "known" or dtype.value not in SIXTEEN_BIT:
            # "auto" and an unset dtype take what the checkpoint holds, which is not in the linted file.
            return DOUBT
        key = SIXTEEN_BIT[str(dtype.value)]
    else:
        key = kind
    sources = tuple(dict.fromkeys(p for part in parts for p in part.sources))
    return Fact("known", key, sources, "derived", all(part.assured for part in parts))
