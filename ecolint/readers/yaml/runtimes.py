"""KServe's services and the runtimes that they name: the container stands in the one, what it serves in the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING

from ecolint.model import Alternative, Entry, Invocation, Reading, Source, Table, Wanted
from ecolint.readers.yaml.runs import starts
from ecolint.shaped import dataclass

if TYPE_CHECKING:
    from ecolint.readers import Lookup

KINDS = ("ServingRuntime", "ClusterServingRuntime")
SERVING = (*KINDS, "InferenceService")
FORMAT, RUNTIME = "modelFormat", "runtime"
"""Keys of what a service serves: in which format, and with which runtime."""
SUFFIXES = (".yaml", ".yml")
MAX_FILES = 64
"""Files beside one that are read for runtimes and services."""


@dataclass(slots=True)
class _Seen:
    """The runtimes and the services of some files, by the runtime's name."""

    runtimes: dict[str, list[Invocation]] = field(default_factory=dict)
    services: dict[str, list[Invocation]] = field(default_factory=dict)

    def add(self, found: Iterable[Invocation]) -> None:
        for one in found:
            runtime, service = _runtime(one), _service(one)
            if runtime is not None:
                self.runtimes.setdefault(runtime, []).append(one)
            elif service is not None:
                self.services.setdefault(service, []).append(one)


def with_runtimes(reading: Reading, source: Source, wanted: Wanted, project: Lookup) -> Reading:
    """The reading of a file in which a service whose runtime stands in the same folder is the runtime's container."""
    here = _Seen()
    here.add(reading.invocations)
    if not here.runtimes and not here.services:
        return reading
    programs = frozenset(wanted.commands)
    others = _beside(source, wanted, project)
    made = _made(here, here, programs)
    for name, services in here.services.items():
        for one in services:
            if one not in made and (served := _serving(one, others.runtimes.get(name, ()), programs)):
                made[one] = served
    for name, runtimes in here.runtimes.items():
        told = {one: _users(one, others.services.get(name, ())) for one in _started(runtimes, programs)}
        for one in runtimes if any(told.values()) else ():
            made[one] = told.get(one, [])
    found = [new for one in reading.invocations for new in made.get(one, (one,))]
    return replace(reading, invocations=tuple(found))


def paired(found: Iterable[Invocation], wanted: Wanted) -> list[Invocation]:
    """What is built together, with every service that finds its runtime as the runtime's container."""
    listed = list(found)
    seen = _Seen()
    seen.add(listed)
    made = _made(seen, seen, frozenset(wanted.commands))
    return [new for one in listed for new in made.get(one, (one,))]


def _made(services: _Seen, runtimes: _Seen, programs: frozenset[str]) -> dict[Invocation, list[Invocation]]:
    """What services, and the runtimes that they use, are told as."""
    made: dict[Invocation, list[Invocation]] = {}
    for name, users in services.services.items():
        known = runtimes.runtimes.get(name, ())
        for service in users:
            served = _serving(service, known, programs)
            if served:
                made[service] = served
                made.update((one, []) for one in known)
    return made


def _serving(service: Invocation, runtimes: Iterable[Invocation], programs: frozenset[str]) -> list[Invocation]:
    """A service as the container of its runtime."""
    near = _near(runtimes, service)
    return [_served(one, service) for one in _started(near, programs) if _together(one, service)]


def _near(runtimes: Iterable[Invocation], service: Invocation) -> list[Invocation]:
    """Of the runtimes of a name those in the namespace of a service, else those of which none is written."""
    listed, own = list(runtimes), _namespace(service)
    if own is None:
        return listed
    same = [one for one in listed if _namespace(one) == own]
    return same or [one for one in listed if _namespace(one) is None]


def _namespace(one: Invocation) -> str | None:
    return _text(one.surroundings, "metadata.namespace") if one.surroundings is not None else None


def _users(runtime: Invocation, services: Iterable[Invocation]) -> list[Invocation]:
    """A runtime as the services of other files have it, told where it stands."""
    near = [one for one in services if _together(runtime, one) and _near([runtime], one)]
    return [replace(_served(runtime, one), place=runtime.place) for one in near]


def _together(runtime: Invocation, service: Invocation) -> bool:
    """Whether both are made of the same files beside their own, by a chart or a kustomization, or one by neither."""
    one, other = set(runtime.joined), set(service.joined)
    return not (one and other) or (len(one - other) < 2 and len(other - one) < 2)


def _beside(source: Source, wanted: Wanted, project: Lookup) -> _Seen:
    """What the files beside this one say."""
    folder = source.path.rpartition("/")[0]
    files: Mapping[str, tuple[Invocation, ...]] = project.kept(
        ("runtimes", folder), lambda: dict(_indexed(source.path, wanted, project))
    )
    seen = _Seen()
    for path, found in files.items():
        if path != source.path:
            own = {_runtime(one) for one in found} - {None}
            seen.add(one for one in found if _service(one) not in own)
    return seen


def _indexed(path: str, wanted: Wanted, project: Lookup) -> Iterable[tuple[str, tuple[Invocation, ...]]]:
    from ecolint.readers.yaml import invocations_of, open_document
    from ecolint.readers.yaml.nodes import Unreadable, documents

    left = MAX_FILES
    for each in sorted({*project.beside(path), path}):
        source = project.source(each) if each.endswith(SUFFIXES) and left else None
        if source is None or not any(word in source.text for word in (*KINDS, FORMAT)):
            continue
        left -= 1
        found: list[Invocation] = []
        for base, text in documents(source.text):
            triggers = [trigger for trigger in wanted.triggers if trigger in text]
            if not any(word in text for word in (*KINDS, FORMAT)):
                continue
            try:
                document, roots = open_document(source, base, text)
            except Unreadable:
                continue  # told where that file is read
            for root in roots:
                found += invocations_of(document, root, triggers, wanted)
        yield each, tuple(one for one in found if _runtime(one) is not None or _service(one) is not None)


def _started(found: Iterable[Invocation], programs: frozenset[str]) -> list[Invocation]:
    """What the container of the only runtime of a name starts: of the commands of a script, those of the programs."""
    listed = list(found)
    if len({one.place for one in listed}) > 1:
        return []
    return listed if len(listed) < 2 else [one for one in listed if one.words and starts(one.words, programs)]


def _runtime(one: Invocation) -> str | None:
    """The name of the runtime whose container this is."""
    if one.surroundings is None or one.mapping is not None or _text(one.surroundings, "kind") not in KINDS:
        return None
    return _text(one.surroundings, "metadata.name")


def _service(one: Invocation) -> str | None:
    """The name of the runtime that a service asks for."""
    if one.mapping is None or one.image or not any(entry.name == FORMAT for entry in one.mapping.entries):
        return None
    return _text(one.mapping, RUNTIME)


def _text(table: Table, name: str) -> str | None:
    found = [entry.value for entry in table.entries if entry.name == name]
    data = found[-1][0].data if found and len(found[-1]) == 1 and found[-1][0].kind == "known" else None
    return data if isinstance(data, str) and data else None


def _served(runtime: Invocation, service: Invocation) -> Invocation:
    """The container of a runtime as a service has it: with its words and variables, on its resources."""
    around = runtime.surroundings
    whole = around is not None and not any(entry.name == "words.open" for entry in around.entries)
    words = replace(runtime.words, open=False) if runtime.words is not None and whole else runtime.words
    files = {runtime.place.path, service.place.path, *runtime.joined, *service.joined}
    return replace(
        runtime,
        place=service.place,
        words=words if words is None or words.entries or words.open else None,
        env=_both(runtime.env, service.env),
        mapping=service.mapping,
        surroundings=_around(runtime.surroundings, service.surroundings),
        branches=runtime.branches | service.branches,
        joined=tuple(sorted(files)) if len(files) > 1 else (),
    )


def _both(runtime: Table | None, service: Table | None) -> Table | None:
    """The variables of both, the service's last."""
    given = [one for one in (runtime, service) if one is not None]
    if len(given) < 2:
        return given[0] if given else None
    parts = tuple(Entry("**", (Alternative("known", one, one.place),), one.place) for one in given)
    return Table("yaml.env", given[0].place, parts, writable=False)


def _around(runtime: Table | None, service: Table | None) -> Table | None:
    """What stands around the service; resources of the runtime where the service has none."""
    if runtime is None or service is None:
        return service or runtime
    entries = {entry.name: entry for entry in service.entries}
    reserved = any(name.startswith("resources.") for name in entries)
    for entry in runtime.entries:
        if not (reserved and entry.name.startswith("resources.")):
            entries.setdefault(entry.name, entry)
    return replace(service, entries=tuple(entries.values()))
