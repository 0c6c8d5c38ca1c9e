"""What is written and does nothing: settings without effect, and keywords that an object does not know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ecolint.model import Deployment, Fact
from ecolint.slots import Setting, Stranger
from ecolint.stacks.vocabulary import Ineffective, Vocabulary

UNKNOWN_SETTING = "unknown_setting"
NONE = "none"

Parts = tuple[Mapping[str, Fact], ...]


def parts(
    specs: Sequence[Ineffective],
    settings: Mapping[str, Setting],
    strangers: Sequence[Stranger],
    holds: Callable[[Ineffective], bool | None],
) -> Parts:
    """Each written setting without effect and each unknown keyword, with what belongs to it.

    Where a setting's switch is not known, nothing is said. Places are those of whole entries, as the value may come
    from elsewhere and be of use there.
    """
    found: dict[str, Mapping[str, Fact]] = {}
    for spec in specs:
        if holds(spec) is True:
            for name in spec.keys:
                setting = settings[name]
                if setting.written and setting.entries and name not in found:
                    place, sure = (setting.entries[-1].place,), spec.assured
                    found[name] = {
                        spec.fact: Fact("known", name, place, assured=sure),
                        "reason": Fact("known", spec.reason, place, "derived", sure),
                    }
    return (*found.values(), *map(_unknown, strangers))


def _unknown(one: Stranger) -> Mapping[str, Fact]:
    told = {UNKNOWN_SETTING: Fact("known", one.name, (one.place,))}
    return told if one.meant is None else {**told, "meant_setting": Fact("known", one.meant, (one.place,), "derived")}


def kinds(vocabulary: Vocabulary) -> frozenset[str]:
    """The facts by which a vocabulary speaks of what has no effect; each may hold several times."""
    ignoring = any(spec.ignores for spec in vocabulary.objects.values())
    return frozenset(spec.fact for spec in vocabulary.ineffective) | ({UNKNOWN_SETTING} if ignoring else frozenset())


def together(found: Parts, names: Iterable[str]) -> dict[str, Fact]:
    """The facts of all parts in one: the names one after the other, or that there is none."""
    facts: dict[str, Fact] = {}
    for name in names:
        every = [part[name] for part in found if name in part]
        value = ", ".join(str(fact.value) for fact in every) or NONE
        sources = tuple(place for fact in every for place in fact.sources)
        facts[name] = Fact("known", value, sources, "derived", all(fact.assured for fact in every))
    return facts


def readings(deployment: Deployment, read: frozenset[str]) -> Iterator[Deployment]:
    """The deployment once for each part that is read, with its facts alone; as it is where none is."""
    mine = [part for part in deployment.parts if read & set(part)]
    if not mine:
        yield deployment
    several = {name for part in deployment.parts for name in part}
    for part in mine:
        facts = {name: fact for name, fact in deployment.facts.items() if name not in several}
        yield replace(deployment, facts={**facts, **part})
