"""What a vocabulary file says under conditions: choices with their tests, and the facts that are made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ecolint.model import FACTS
from ecolint.stacks.complaints import File, meant
from ecolint.stacks.vocabulary import Choice, Key, Test

COMBINATIONS = ("lower", "product", "decoder")


def texts(value: str | Sequence[str] | None) -> tuple[str, ...]:
    """What may be written as one text or as a list of them."""
    return () if value is None else (value,) if isinstance(value, str) else tuple(value)


def choices(file: File, where: str, spec: Any, names: Mapping[str, Any]) -> tuple[Choice, ...]:
    """A scalar, `[["transformers<5", "float32"], "auto"]`, or a list of `{ is = …, when = { … } }`."""
    if not isinstance(spec, list):
        return (Choice(value=spec),)
    found = []
    for item in spec:
        if isinstance(item, list) and len(item) == 2:
            found.append(Choice(value=item[1], version=file.version(where, item[0])))
        elif isinstance(item, dict):
            found.append(_choice(file, where, item, names))
        else:
            found.append(Choice(value=item))
    return tuple(found)


def _choice(file: File, where: str, item: Mapping[str, Any], names: Mapping[str, Any]) -> Choice:
    file.check(where, item, ("is", "from", "when", "version", "assured", "unknown", "sure", "together", *COMBINATIONS))
    if "from" in item:
        file.known(item["from"], names, where)
    combined = next(((how, texts(item[how])) for how in COMBINATIONS if how in item), None)
    for key in combined[1] if combined is not None else ():
        file.known(key, names, where)
    return Choice(
        value=item.get("is"),
        combined=combined,
        source=item.get("from"),
        when=tests(file, where, item.get("when", {}), names),
        version=file.version(where, item["version"]) if "version" in item else None,
        assured=item.get("assured", True),
        unknown=item.get("unknown", False),
        sure=item.get("sure", False),
        together=item.get("together", False),
    )


def tests(file: File, where: str, spec: Mapping[str, Any], names: Mapping[str, Any]) -> tuple[Test, ...]:
    """The tests of a table `when`."""
    return tuple(_test(file, where, name, one, names) for name, one in spec.items())


def _test(file: File, where: str, name: str, spec: Any, names: Mapping[str, Any]) -> Test:
    file.known(name, names, where)
    if isinstance(spec, dict):
        file.check(f"{where}.when.{name}", spec, ("like", "written", "where"))
        return Test(name, (), texts(spec.get("like")), spec.get("written"), spec.get("where"))
    return Test(name, tuple(spec) if isinstance(spec, list) else (spec,))


def facts(
    file: File, specs: Mapping[str, Any], keys: Mapping[str, Key]
) -> tuple[dict[str, tuple[Choice, ...]], dict[str, tuple[str, tuple[str, ...]]]]:
    """The facts that are chosen, and those that several keys are combined to."""
    chosen: dict[str, tuple[Choice, ...]] = {}
    combined: dict[str, tuple[str, tuple[str, ...]]] = {}
    for name, spec in specs.items():
        if name not in FACTS:
            raise file.error(name, f"unknown fact {name!r}; {meant(name, FACTS) or 'facts: ' + ', '.join(FACTS)}")
        if isinstance(spec, str):
            file.known(spec, keys, f"facts.{name}")
            chosen[name] = (Choice(source=spec),)
        elif isinstance(spec, dict):
            file.check(f"facts.{name}", spec, COMBINATIONS)
            combined[name] = next((how, texts(parts)) for how, parts in spec.items())
            for key in combined[name][1]:
                file.known(key, keys, f"facts.{name}")
        else:
            chosen[name] = choices(file, f"facts.{name}", spec, {**keys, **FACTS})
    return chosen, combined
