"""Files of `NAME=value` lines that compose services and kustomizations take variables from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from ecolint.model import Place, Source, Span
from ecolint.readers.yaml.texts import Text

if TYPE_CHECKING:
    from ecolint.readers import Lookup

MAX_LINES = 5_000
"""Lines of one file that are read."""


def assigned(source: Source) -> Iterator[tuple[str, str | None, Place]]:
    """The variables of a file in order, with their values where no other variable goes into them."""
    at = 0
    for line in source.text.splitlines(keepends=True)[:MAX_LINES]:
        name, equals, value = line.partition("=")
        bare = name.strip().removeprefix("export ").strip()
        if equals and bare.isidentifier() and not line.lstrip().startswith("#"):
            start = at + len(name) + 1 + len(value) - len(value.lstrip(" \t"))
            text = value.strip()
            if text[:1] in ("'", '"'):
                end = text.find(text[0], 1)
                known = text[1:end] if end > 0 else None
                literal = text[0] == "'"
            else:
                known, literal = text.partition(" #")[0].rstrip(), False
            if known is not None and "$" in known and not literal:
                known = None
            yield bare, known, Place(source.path, Span(start, start + len(text)))
        at += len(line)


def beside(source: Source, project: Lookup) -> Callable[[str], Source | None]:
    """What a reference in a file leads to."""
    return lambda reference: project.source(project.path(reference, source.path)) if "://" not in reference else None


def variables_of(source: Source, given: Callable[[str], Source | None]) -> Mapping[str, Text]:
    """What the `.env` beside a compose file says; whoever starts it may say otherwise."""
    if "services:" not in source.text or "$" not in source.text:
        return {}
    found = given(".env")
    return {name: Text(value, value or "", place) for name, value, place in assigned(found)} if found else {}
