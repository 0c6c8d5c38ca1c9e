"""What keys mean: the facts that a vocabulary reads from settings, and which settings have no effect."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from ecolint import catalog
from ecolint.ineffective import Parts, parts
from ecolint.model import FACTS, Fact, How, Scalar
from ecolint.slots import Setting, Slots, strangers
from ecolint.stacks.versions import holds
from ecolint.stacks.vocabulary import Choice, Ineffective, Test, Vocabulary
from ecolint.wildcards import fits_any

NOTHING = Fact("absent")
DOUBT = Fact("unknown")

_DIRECT: tuple[How, ...] = (
    "literal",
    "constant",
    "image",
    "name",
    "checkpoint",
    "catalog",
    "platform",
    "setting",
    "derived",
    "fallback",
    "default",
)
"""How facts are resolved, from what stands in the call itself to what others may still change."""


def evaluate(vocabulary: Vocabulary, settings: Mapping[str, Setting], versions: Mapping[str, str]) -> dict[str, Fact]:
    """The facts that a vocabulary reads from its keys."""
    facts: dict[str, Fact] = {}
    for name, (how, keys) in vocabulary.combined.items():
        facts[name] = _combined(how, {key: settings[key] for key in keys})
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

    written = strangers(slots.recognised, settings, slots.assignment)
    ignored = [one for one in written if one.object not in gone]
    return parts(slots.vocabulary.ineffective, settings, ignored, holding)


def _chosen(
    choices: tuple[Choice, ...], settings: Mapping[str, Setting], facts: Mapping[str, Fact], versions: Mapping[str, str]
) -> Fact:
    for choice in choices:
        held = _held(choice, settings, facts, versions)
        if held is False or (held is None and choice.sure):
            continue
        if choice.together and not _one_path([settings[test.name] for test in choice.when if test.name in settings]):
            continue
        if held is None or choice.unknown:
            return DOUBT
        rests_on = [part for test in choice.when for part in _parts(test.name, settings, facts)]
        places = tuple(dict.fromkeys(place for part in rests_on for place in part.sources))
        assured = choice.assured and all(part.assured for part in rests_on)
        if choice.combined is not None:
            fact = _combined(choice.combined[0], {key: settings[key] for key in choice.combined[1]})
            return replace(fact, assured=fact.assured and assured)
        if choice.source is None:
            return Fact("known", choice.value, places, _resolved(rests_on), assured)
        fact = fact_of(settings[choice.source]) if choice.source in settings else facts.get(choice.source, NOTHING)
        return replace(fact, sources=fact.sources or places, assured=fact.assured and assured)
    return NOTHING


def _held(
    choice: Choice, settings: Mapping[str, Setting], facts: Mapping[str, Fact], versions: Mapping[str, str]
) -> bool | None:
    """Whether all that a choice asks holds: the first test that fails ends it, most choices fail by their first."""
    found: bool | None = True
    for test in choice.when:
        verdict = tested(test, settings, facts)
        if verdict is False:
            return False
        found = found and verdict
    if choice.version is not None:
        verdict = holds(choice.version, versions)
        return False if verdict is False else found and verdict
    return found


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
        return value is not None and fits_any(str(value), test.like)
    return any(value == wanted and isinstance(value, bool) == isinstance(wanted, bool) for wanted in test.values)


def _parts(name: str, settings: Mapping[str, Setting], facts: Mapping[str, Fact]) -> Iterator[Fact]:
    if name in settings:
        setting = settings[name]
        sources = (setting.place,) if setting.place else ()
        yield Fact(setting.kind, setting.value, sources, setting.how, setting.assured)
    elif name in facts:
        yield facts[name]


def _resolved(rests_on: Sequence[Fact]) -> How:
    """How a conclusion was resolved: as the least direct of what is written, a default where nothing is."""
    written = [part.how for part in rests_on if part.kind == "known" and part.sources]
    return max(written, key=_DIRECT.index) if written else "literal" if any(p.sources for p in rests_on) else "default"


def fact_of(setting: Setting) -> Fact:
    """What a key says, as a fact."""
    return Fact(
        setting.kind,
        setting.value,
        (setting.place, *setting.also) if setting.place else (),
        setting.how,
        setting.assured,
    )


def _combined(how: str, keys: Mapping[str, Setting]) -> Fact:
    parts = list(keys.values())
    if how == "decoder":
        size = catalog.decoder_parameters({name: one.value for name, one in keys.items() if one.kind == "known"})
        places = tuple(one.place for one in parts if one.place)
        return NOTHING if size is None else Fact("known", size, places, "derived")
    known = [p for p in parts if p.kind == "known" and isinstance(p.value, (int, float))]
    sources = tuple(p.place for p in known if p.place)
    assured = all(p.assured for p in known)
    if how == "product":
        if parts and parts[0].kind == "absent":
            return NOTHING  # there is none of what the others multiply
        if any(p.kind == "unknown" for p in parts):
            return DOUBT
        value: Scalar = math.prod(p.value for p in known if isinstance(p.value, (int, float)))
        return (
            Fact("known", value, sources, "literal" if any(p.written for p in known) else "default", assured)
            if known
            else NOTHING
        )
    if not known:
        return DOUBT if any(p.kind == "unknown" for p in parts) else NOTHING
    least = min(known, key=lambda p: p.value)  # type: ignore[arg-type,return-value]
    fact = fact_of(least)
    if any(p.kind == "unknown" for p in parts) and not least.place:
        return DOUBT
    return fact


def _typed(name: str, fact: Fact) -> Fact:
    if fact.kind == "known" and fact.value is None:
        return NOTHING
    if fact.kind == "known" and FACTS[name] == "str" and not isinstance(fact.value, str):
        return replace(fact, value=str(fact.value))
    return fact
