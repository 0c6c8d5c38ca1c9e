"""What the other commands of one script say, as dotted paths: `beside.ollama.pull` is what `ollama pull NAME` names."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import replace

from ecolint.model import Alternative, Entry, Invocation, Table

BESIDE = "beside"
"""What these paths begin with; the program and its verb follow."""


def companions(found: Sequence[Invocation], paths: Collection[str], whole: bool = False) -> list[Invocation]:
    """Invocations with what the commands beside them, of the same program, say: those of the same container or step,
    or of the `whole` script. Where they say several things nobody can tell which is meant."""
    if not paths:
        return list(found)
    said: dict[Hashable, dict[str, Entry]] = {}
    for one in found:
        for entry in _said(one, paths):
            before = said.setdefault(_group(one, whole), {})
            before[entry.name] = _either(before[entry.name], entry) if entry.name in before else entry
    return [_beside(one, said.get(_group(one, whole), {})) for one in found] if said else list(found)


def _group(one: Invocation, whole: bool) -> Hashable:
    return None if whole else one.place


def _program(one: Invocation) -> str:
    words = one.words.entries if one.words is not None else ()
    return posixpath.basename(_text(words[0]) or "") if words else ""


def _text(word: Entry) -> str | None:
    told = word.value[0] if len(word.value) == 1 else None
    return told.data if told is not None and told.kind == "known" and isinstance(told.data, str) else None


def _said(one: Invocation, paths: Collection[str]) -> Iterable[Entry]:
    """The word behind a program and its verb, where it is wanted; one that is a flag is none."""
    words = one.words.entries if one.words is not None else ()
    path = f"{BESIDE}.{_program(one)}.{_text(words[1])}" if len(words) > 2 else ""
    if path in paths and not (_text(words[2]) or "").startswith("-"):
        yield replace(words[2], name=path)


def _either(one: Entry, other: Entry) -> Entry:
    same = [a.data for a in one.value] == [a.data for a in other.value] and one.value[0].kind == "known"
    return one if same else replace(one, value=(Alternative("unknown", None, one.place),))


def _beside(one: Invocation, said: dict[str, Entry]) -> Invocation:
    entries = tuple(entry for path, entry in said.items() if path.split(".")[1] == _program(one))
    if not entries:
        return one
    around = one.surroundings or Table("words.options", one.place, (), writable=False)
    return replace(one, surroundings=replace(around, entries=(*around.entries, *entries)))
