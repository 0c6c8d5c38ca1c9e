"""What `ecolint facts` prints: every deployment, each fact with its place and how it was resolved."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ecolint.model import FACTS, Deployment, Fact
from ecolint.report._places import Sources
from ecolint.report._printable import one_line
from ecolint.report.json import fact_value, range_object
from ecolint.speech import ENGLISH, Voice, joined, say

_HOW: Mapping[str, str] = {
    "literal": say("written"),
    "constant": say("a constant"),
    "fallback": say("written, to be overridden"),
    "default": say("a default"),
    "setting": say("a setting"),
    "name": say("read from a name"),
    "image": say("read from the image"),
    "catalog": say("the catalogue"),
    "derived": say("derived from other facts"),
    "platform": say("the platform"),
    "checkpoint": say("the weights' own folder"),
}


def as_json(deployments: Sequence[Deployment], texts: Mapping[str, str]) -> str:
    """One object: `{deployments: [{path, range, stack, facts: {name: {value, path, line, column, resolved_by}}}]}`."""
    sources = Sources(texts)
    objects = [_deployment(one, sources) for one in deployments]
    return json.dumps({"deployments": objects}, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _deployment(deployment: Deployment, sources: Sources) -> dict[str, Any]:
    place = sources.range(deployment.place)
    return {
        "path": deployment.place.path,
        "cell": place.cell,
        "range": range_object(place),
        "stack": deployment.stack,
        "facts": {name: _fact(fact, sources) for name, fact in _ordered(deployment)},
    }


def as_text(deployments: Sequence[Deployment], texts: Mapping[str, str], voice: Voice = ENGLISH) -> str:
    """A block for each deployment; facts that are absent are left out."""
    sources = Sources(texts)
    blocks = []
    for deployment in deployments:
        place = sources.range(deployment.place)
        rows = [f"{one_line(deployment.place.path)}:{place}: {deployment.stack}"]
        facts = [(name, fact) for name, fact in _ordered(deployment) if fact.kind != "absent"]
        name_width = max((len(name) for name, _ in facts), default=0)
        values = {name: one_line(_said(fact)) for name, fact in facts}
        value_width = min(40, max(map(len, values.values()), default=0))
        for name, fact in facts:
            doubt = [] if fact.assured else [say("likely")]
            told = voice(joined([_how(fact), *doubt, *_where(fact, sources)]))
            rows.append(f"  {name.ljust(name_width)}  {values[name].ljust(value_width)}  {told}")
        blocks.append("".join(row.rstrip() + "\n" for row in rows))
    return "\n".join(blocks) or voice.say("No deployment was read.") + "\n"


def _ordered(deployment: Deployment) -> list[tuple[str, Fact]]:
    names = [name for name in FACTS if name in deployment.facts]
    names += [name for name in deployment.facts if name not in FACTS]
    return [(name, deployment.facts[name]) for name in names]


def _fact(fact: Fact, sources: Sources) -> dict[str, Any]:
    place = fact.sources[0] if fact.sources else None
    where = sources.range(place) if place is not None else None
    return {
        "value": fact_value(fact),
        "path": place.path if place is not None else None,
        "cell": where.cell if where is not None else None,
        "line": where.line if where is not None else None,
        "column": where.column if where is not None else None,
        "resolved_by": fact.how if fact.kind == "known" else None,
    }


def _said(fact: Fact) -> str:
    value = fact_value(fact)
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _how(fact: Fact) -> str:
    return say("cannot be told") if fact.kind == "unknown" else _HOW.get(fact.how, fact.how)


def _where(fact: Fact, sources: Sources) -> list[str]:
    if not fact.sources:
        return []
    place = sources.range(fact.sources[0])
    return [f"{one_line(fact.sources[0].path)}:{place}"]
