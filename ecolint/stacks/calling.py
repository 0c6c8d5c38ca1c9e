"""Calls that start a container: what its image, its environment and its words are, and what it runs on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ecolint.model import ALWAYS, Alternative, Entry, Invocation, Items, Symbol, Table, Value
from ecolint.stacks.named import apart
from ecolint.stacks.vocabulary import LaunchSpec


def of_call(invocation: Invocation, call: Table, spec: LaunchSpec) -> Invocation:
    """A call that starts a container, as that container."""
    around = [replace(entry, name=path) for name, path in spec.options.items() for entry in _named(call, name)]
    outer = invocation.surroundings
    if around:
        entries = (*(outer.entries if outer is not None else ()), *around)
        outer = Table("words.options", call.place, entries, writable=False)
    image, env = _image(call, spec), _environment(call, spec)
    return replace(invocation, call=None, image=image, env=env, words=_words(call, spec), surroundings=outer)


def _named(call: Table, path: str) -> Iterator[Entry]:
    """The argument of a name, or what is under a key of one: `image.url`."""
    name, _, key = path.partition(".")
    for entry in _arguments(call):
        if entry.name != name:
            continue
        if not key:
            yield entry
            continue
        data = entry.value[0].data if len(entry.value) == 1 else None
        yield from (one for one in data.entries if one.name == key) if isinstance(data, Table) else ()


def _image(call: Table, spec: LaunchSpec) -> Value:
    for entry in _named(call, spec.image) if spec.image else ():
        return tuple(_described(one) for one in entry.value)
    return (Alternative("known", spec.without_image, call.place, "default"),) if spec.without_image else ()


def _described(one: Alternative) -> Alternative:
    """An image as text: what is called to find its address is written with the texts that it is given."""
    if isinstance(one.data, Table) and one.data.name:
        given = [a.data for e in one.data.entries for a in e.value if len(e.value) == 1 and isinstance(a.data, str)]
        return replace(one, data=f"{one.data.name}({', '.join(map(str, given))})")
    return replace(one, data=one.data.name) if isinstance(one.data, Symbol) else one


def _environment(call: Table, spec: LaunchSpec) -> Table | None:
    """The environment of the container, with the arguments that stand for variables."""
    found: Table | None = None
    for entry in (entry for path in spec.env for entry in _named(call, path)):
        data = entry.value[0].data if len(entry.value) == 1 else None
        hidden = replace(call, syntax="python.dict", name="", entries=(), open=True, writable=False)
        more = data if isinstance(data, Table) else hidden
        if found is not None:
            more = replace(hidden, entries=(*found.entries, *more.entries), open=found.open or more.open)
        found = more
    named = [replace(e, name=spec.variables[e.name]) for e in _arguments(call) if e.name in spec.variables]
    if not named:
        return found
    if found is None:
        found = replace(call, syntax="python.dict", name="", entries=(), open=False, writable=False)
    return replace(found, entries=(*named, *found.entries))


def _words(call: Table, spec: LaunchSpec) -> Table | None:
    """The words that the container is handed, of all arguments that hold some."""
    entries: list[Entry] = []
    opened = False
    for entry in (entry for path in spec.words for entry in _named(call, path)):
        one = entry.value[0] if len(entry.value) == 1 else Alternative("unknown")
        if isinstance(one.data, Items):
            opened = opened or one.data.open
            for each in (each for value in one.data.items for each in value):
                for word in apart((replace(each, branches=ALWAYS),)):
                    entries.append(Entry(str(len(entries)), word, each.place or entry.place, each.branches))
        elif one.kind == "unknown" or one.data is not None:
            opened = True
    if not entries and not opened:
        return None
    # a word that differs between branches may be another deployment's as well
    writable = not opened and not any(entry.branches for entry in entries)
    return Table("python.words", call.place, tuple(entries), call.name, opened, writable)


def _arguments(call: Table) -> Iterator[Entry]:
    """The arguments of a call, those of splatted dictionaries too."""
    for entry in call.entries:
        data = entry.value[0].data if len(entry.value) == 1 else None
        if entry.name == "**" and isinstance(data, Table):
            yield from data.entries
        else:
            yield entry
