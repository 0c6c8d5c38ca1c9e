"""Reads requirements and constraints files of pip: what they require, from which indexes, and which files they name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ecolint.model import CannotEdit, Change, Comment, Edit, Pin, Place, Reading, Source, Span, Table, Value, Wanted
from ecolint.shaped import dataclass

if TYPE_CHECKING:
    from ecolint.readers import Lookup

NAMES = (
    *("*requirements*.txt", "*requirements*.in", "*constraints*.txt", "*constraints*.in"),
    *("requirements/*.txt", "requirements/*.in", "requirements[-_]*/*.txt", "constraints/*.txt"),
)

MAX_LINE = 20_000
"""Characters of one requirement with all its continuation lines; longer ones are passed over."""

_COMMENT = re.compile(r"(?:^|(?<=\s))#.*")
_OPTION = re.compile(r"(--?[A-Za-z][A-Za-z-]*)(?:[ \t]*=[ \t]*|[ \t]+|(?<=\A-[rcifep])|\Z)")
_TRAILING = re.compile(r"\s--?[A-Za-z]")
_INDEXES = frozenset({"-i", "--index-url", "--pypi-url", "--extra-index-url", "-f", "--find-links"})
_FURTHER = frozenset({"--extra-index-url", "-f", "--find-links"})
_EARLY = re.compile(r"\d(?:a|b|rc|\.?dev)\d*")
_INCLUDES = {"-r": False, "--requirement": False, "-c": True, "--constraint": True}


@dataclass(frozen=True, slots=True)
class _Line:
    """One logical line: its text with every continuation blanked, and where that begins."""

    text: str
    start: int


def read(source: Source, wanted: Wanted, project: Lookup) -> Reading:
    """The comments of a file that holds one of the triggers: what it requires is told by `pins`."""
    if not any(trigger in source.text for trigger in wanted.triggers):
        return Reading()
    found: list[Comment] = []
    heading, at = True, 0
    for line in source.text.splitlines(keepends=True):
        match = _COMMENT.search(line.rstrip("\r\n"))
        alone = not line[: match.start()].strip() if match else False
        heading = heading and (alone or not line.strip())
        if match is not None:
            span = Span(at + match.start(), at + match.end())
            found.append(Comment(match[0][1:].strip(), span, alone, heading))
        at += len(line)
    return Reading(comments=tuple(found))


def pins(source: Source) -> tuple[Pin, ...]:
    """The libraries that a file requires, and indexes of nightly builds under the name "index"."""
    from ecolint.readers.requirement import NIGHTLY, addressed, requirement

    found: list[Pin] = []
    further: list[Pin] = []
    early = False
    for line in _lines(source.text):
        option = _OPTION.match(line.text)
        if option is not None:
            start, end = option.end(), len(line.text)
            address = line.text[start:end].strip("\"'")
            if option[1] in _INDEXES and NIGHTLY.search(address):
                index = Pin("index", address, _place(source, line, start, end), address)
                (further if option[1] in _FURTHER else found).append(index)
            early = early or option[1] == "--pre"
            if option[1] not in ("-e", "--editable"):
                continue
        else:
            start = 0
        trailing = _TRAILING.search(line.text, start)
        end = trailing.start() if trailing else len(line.text)
        text = line.text[start:end].rstrip()
        place = _place(source, line, start, start + len(text))
        pin = addressed(text, place) or requirement(text, place)
        if pin is not None:
            found.append(pin)
            early = early or (_EARLY.search(pin.specifier) is not None and ";" not in text)
    # Beside another index pip takes the newest release, unless it is told to take what comes before one.
    return tuple(sorted([*found, *further], key=lambda pin: pin.place.span)) if early else tuple(found)


def includes(source: Source) -> tuple[tuple[str, bool], ...]:
    """The files that a file names with `-r` and `-c`, as it writes them, and whether they only constrain."""
    found: list[tuple[str, bool]] = []
    for line in _lines(source.text):
        option = _OPTION.match(line.text)
        if option is not None and option[1] in _INCLUDES:
            found.append((line.text[option.end() :].strip("\"'"), _INCLUDES[option[1]]))
    return tuple(found)


def _lines(text: str) -> Iterator[_Line]:
    """The logical lines that are neither blank nor comments, stripped."""
    parts: list[str] = []
    begin = at = 0
    for raw in text.splitlines(keepends=True):
        line = raw.rstrip("\r\n")
        if not parts:
            begin = at
        at += len(raw)
        comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not comment:
            parts.append(line[:-1] + " " * (len(raw) - len(line) + 1))
            continue
        parts.append("" if comment else line)
        yield from _line("".join(parts), begin)
        parts = []
    yield from _line("".join(parts), begin)


def _line(whole: str, begin: int) -> Iterator[_Line]:
    if len(whole) <= MAX_LINE:
        whole = _COMMENT.sub("", whole).rstrip()
        bare = whole.lstrip()
        if bare:
            yield _Line(bare, begin + len(whole) - len(bare))


def _place(source: Source, line: _Line, start: int, end: int) -> Place:
    return Place(source.path, Span(line.start + start, line.start + end))


def rewrite(source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """Nothing: which release is meant only the owner knows."""
    raise CannotEdit("a requirement is never rewritten")


def constants(source: Source) -> Mapping[str, Value]:
    """Requirements files export no constants."""
    return {}
