"""Invocations become deployments: what the written settings mean, once for every consistent choice of branches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ecolint.derived import Circumstances, derive
from ecolint.ineffective import kinds, together
from ecolint.meaning import NOTHING, evaluate, fact_of, idle
from ecolint.model import Deployment, Fact, Invocation
from ecolint.recognise import Recognised, recognise, trains
from ecolint.slots import Slots, speaking
from ecolint.stacks.versions import tagged
from ecolint.stacks.vocabulary import Vocabulary
from ecolint.variants import assignments


def deployments(invocation: Invocation, circumstances: Circumstances) -> tuple[Deployment, ...]:
    """The deployments one invocation describes, one for each variant of its branches; none when no stack knows it."""
    vocabularies = circumstances.vocabularies
    recognised = _recognised(invocation, circumstances)
    if recognised is None:
        return ()
    platforms = speaking((one for one in vocabularies if one.platform), recognised)
    versions = libraries(recognised, circumstances)
    found = []
    for assignment in assignments(recognised):
        slots = Slots(recognised, assignment, versions)
        settings = slots.settings()
        facts = evaluate(recognised.vocabulary, settings, versions)
        without_effect = idle(slots, settings, facts)
        facts |= together(without_effect, kinds(recognised.vocabulary) if invocation.call is not None else ())
        named = recognised.vocabulary.framework or recognised.vocabulary.name
        if facts.get("framework", NOTHING).kind == "absent":
            facts["framework"] = Fact("known", named, how="name", assured=not recognised.likely)
        facts["reloaded"] = reloaded(recognised)
        for platform in platforms:
            around = Slots(replace(recognised, vocabulary=platform), assignment, versions).settings()
            facts = _joined(facts, evaluate(platform, around, versions), platform)
        if trains(invocation, vocabularies):
            facts["workload"] = Fact("known", "training", how="name", assured=False)
        found.append(
            Deployment(
                stack=recognised.vocabulary.name,
                place=invocation.place,
                facts=derive(facts, circumstances),
                invocation=invocation,
                variant=frozenset(assignment.items()),
                settings={name: fact_of(setting) for name, setting in settings.items()},
                versions=versions,
                parts=without_effect,
                entries=frozenset(entry.place for setting in settings.values() for entry in setting.entries),
            )
        )
    return tuple(found)


def libraries(recognised: Recognised, circumstances: Circumstances) -> Mapping[str, str]:
    """Library → specifier where an invocation happens: what the project pins, or what a container brings with it.

    The project says nothing about a container: its image's tag may, and what its Dockerfile installs.
    """
    invocation, vocabulary = recognised.invocation, recognised.vocabulary
    if not invocation.image and (invocation.surroundings is None or invocation.syntax == "shell"):
        return circumstances.versions or {}
    stated: dict[str, set[str]] = {}
    for pin in invocation.installs:
        if pin.specifier and not pin.branches:
            stated.setdefault(pin.library, set()).add(pin.specifier)
    found = {library: next(iter(said)) for library, said in stated.items() if len(said) == 1}
    image = invocation.image[0].data if len(invocation.image) == 1 else None
    version = tagged(image, vocabulary.version_tag) if isinstance(image, str) else None
    return found if version is None else {vocabulary.library: version, **found}


def reloaded(recognised: Recognised) -> Fact:
    """Why a model is loaded again and again; absent where it is loaded once, or is only configured."""
    invocation = recognised.invocation
    if invocation.call is None or recognised.bare_object is not None:
        return NOTHING
    why = "handler" if invocation.in_handler else "loop" if invocation.in_loop else None
    return Fact("known", why, how="derived", assured=False) if why is not None else NOTHING


def _recognised(invocation: Invocation, circumstances: Circumstances) -> Recognised | None:
    return circumstances.once(invocation, "recognised", lambda: recognise(invocation, circumstances.vocabularies))


def recognised_as(deployment: Deployment, circumstances: Circumstances) -> Recognised:
    """The recognition a deployment was made from."""
    found = _recognised(deployment.invocation, circumstances)
    assert found is not None, "a deployment comes from a recognised invocation"
    return found


def _joined(facts: Mapping[str, Fact], around: Mapping[str, Fact], platform: Vocabulary) -> dict[str, Fact]:
    """A stack's facts with its platform's: what the platform reserves outranks what the stack assumes by default."""
    joined = dict(facts)
    for name, fact in around.items():
        present = joined.get(name, NOTHING)
        if fact.kind == "absent":
            continue
        ruled = name in platform.overrules or (name in platform.at_least and _no_less(fact, present))
        if name in platform.at_most:
            if present.kind != "known" or (fact.kind == "known" and _no_less(present, fact)):
                joined[name] = replace(fact, how="platform")
        elif name in platform.at_least and fact.kind == "unknown" and present.kind == "known":
            # however many are reserved, the stack takes what it is told to, or does by default
            joined[name] = present if present.sources else replace(present, assured=False)
        elif ruled or present.kind == "absent" or not present.sources:
            joined[name] = replace(fact, how="platform")
    return joined


def _no_less(fact: Fact, present: Fact) -> bool:
    """Whether what a platform reserves is known, and not less than what the stack is told to use."""
    reserved, used = fact.value, present.value
    if fact.kind != "known" or not isinstance(reserved, (int, float)):
        return False
    return not isinstance(used, (int, float)) or reserved >= used
