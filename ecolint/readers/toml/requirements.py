"""Library requirements of a pyproject.toml or Pipfile as PEP 440 specifiers, with the places of their text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ecolint.model import Items, Pin, Place, Table, Value
from ecolint.readers.requirement import NIGHTLY, checked, of_url, requirement
from ecolint.readers.toml.tree import File

_TABLES = (
    ("tool", "poetry", "dependencies"),
    ("tool", "poetry", "dev-dependencies"),
    ("packages",),  # of a Pipfile, as is the next
    ("dev-packages",),
)
_SOURCES = (("tool", "uv", "index"), ("tool", "poetry", "source"), ("tool", "pdm", "source"), ("source",))
_CARET = re.compile(r"\s*([\^~]=?|==?|[<>]=?|!=)?\s*([^\s,]+)\s*\Z")


def file_pins(file: File) -> tuple[Pin, ...]:
    """All requirements in a parsed file, in order. Build requirements are left out: they do not run the model."""
    if file.root is None:
        return ()
    root = file.table(file.root)
    found = [*_standard(root), *_poetry(root, file.text), *_indexes(root)]
    return tuple(sorted(found, key=lambda pin: pin.place.span))


def _get(table: Table | None, *path: str) -> object:
    """The data under a path of keys, or None."""
    at: object = table
    for name in path:
        if not isinstance(at, Table):
            return None
        at = next((_data(entry.value) for entry in at.entries if entry.name == name), None)
    return at


def _data(value: Value) -> object:
    return value[0].data if value else None


def _texts(items: object) -> Iterator[tuple[str, Place]]:
    """The strings of a list with their places."""
    for value in items.items if isinstance(items, Items) else ():
        text, place = value[0].data, value[0].place
        if isinstance(text, str) and place is not None:
            yield text, place


def _tables(items: object) -> Iterator[Table]:
    """The tables of a list, or the one table that stands there alone."""
    if isinstance(items, Table):
        yield items
    for value in items.items if isinstance(items, Items) else ():
        if isinstance(value[0].data, Table):
            yield value[0].data


def _standard(root: Table) -> Iterator[Pin]:
    lists = [_get(root, "project", "dependencies")]
    for groups in (_get(root, "project", "optional-dependencies"), _get(root, "dependency-groups")):
        lists += [_data(entry.value) for entry in groups.entries] if isinstance(groups, Table) else []
    for listed in lists:
        for text, place in _texts(listed):
            pin = requirement(text, place)
            if pin is not None:
                yield pin


def _poetry(root: Table, text: str) -> Iterator[Pin]:
    from packaging.utils import canonicalize_name

    tables = [_get(root, *path) for path in _TABLES]
    groups = _get(root, "tool", "poetry", "group")
    if isinstance(groups, Table):
        tables += [_get(group, "dependencies") for entry in groups.entries for group in _as_table(entry.value)]
    for table in tables:
        for entry in table.entries if isinstance(table, Table) else ():
            if entry.name == "python":
                continue
            data, place = _data(entry.value), entry.value[0].place or entry.place
            url = None
            if isinstance(data, Table):
                named = {one.name: one for one in data.entries}
                inner = next((named[name] for name in ("version", "url") if name in named), None)
                version, url = _get(data, "version"), _get(data, "url")
                data = version if isinstance(version, str) else ""
                place = (inner.value[0].place if inner else None) or place
            if isinstance(data, str):
                specifier = of_url(url) if isinstance(url, str) and not data else poetry_specifier(data)
                written = text[entry.place.span.start : entry.place.span.end]
                written = data if "\n" in written else written
                yield Pin(canonicalize_name(entry.name), specifier, place, written)


def _as_table(value: Value) -> list[Table]:
    data = _data(value)
    return [data] if isinstance(data, Table) else []


def poetry_specifier(text: str) -> str:
    """A Poetry constraint as PEP 440: `^1.2` is >=1.2,<2. Alternatives (`||`) and what is not understood give "" ."""
    if "|" in text:
        return ""
    parts: list[str] = []
    for part in text.split(","):
        if part.strip() in ("*", ""):
            continue
        match = _CARET.match(part)
        if not match:
            return ""
        operator, version = match.group(1) or "==", match.group(2)
        made = (
            _ranged(operator, version)
            if operator in ("^", "~")
            else f"{'==' if operator == '=' else operator}{version}"
        )
        if not made:
            return ""
        parts.append(made)
    return checked(",".join(parts))


def _ranged(operator: str, version: str) -> str:
    from packaging.version import InvalidVersion, Version

    try:
        release = Version(version).release
    except InvalidVersion:
        return ""
    if operator == "~":
        kept = 2 if len(release) > 1 else 1
    else:
        kept = next((index + 1 for index, number in enumerate(release) if number), len(release))
    upper = [*release[: kept - 1], release[kept - 1] + 1]
    return f">={version},<{'.'.join(map(str, upper))}"


def _indexes(root: Table) -> Iterator[Pin]:
    """Package indexes that serve nightly builds, as uv, Poetry, PDM and Pipenv write them."""
    for path in _SOURCES:
        for table in _tables(_get(root, *path)):
            yield from _nightly(table, ("url",))
    for uv in (_get(root, "tool", "uv"), _get(root, "tool", "uv", "pip")):
        if isinstance(uv, Table):
            yield from _nightly(uv, ("index-url", "extra-index-url"))


def _nightly(table: Table, names: tuple[str, ...]) -> Iterator[Pin]:
    """The addresses of nightly builds under keys of a table, each alone or in a list."""
    for entry in table.entries:
        if entry.name not in names:
            continue
        data = _data(entry.value)
        values = data.items if isinstance(data, Items) else (entry.value,)
        for url, place in _texts(Items(values)):
            if NIGHTLY.search(url):
                yield Pin("index", url, place, url)
