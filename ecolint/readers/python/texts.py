"""The text room: what methods and operators make of known strings and paths: `.lower()`, `.format()`, `%`, `/`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import libcst as cst

from ecolint.model import Alternative, Data, How, Items, Place, Scalar, Symbol, Table, Template, Value
from ecolint.readers.python.alternatives import change, combine, unknown
from ecolint.readers.python.context import Context, Frame
from ecolint.readers.python.parsing import Statement

MAX_TEXT = 4096

PATHS = frozenset({"pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "pathlib.PurePosixPath"})

_SAME: Mapping[str, Callable[[str], str]] = {
    "lower": str.lower,
    "upper": str.upper,
    "casefold": str.casefold,
    "strip": str.strip,
    "rstrip": str.rstrip,
    "lstrip": str.lstrip,
}
_PATH_SAME = frozenset({"as_posix", "resolve", "expanduser", "absolute"})
METHODS = frozenset({*_SAME, *_PATH_SAME, "format", "join"})
"""The methods of strings and paths that are worked out."""


def method(
    ctx: Context, call: cst.Call, statement: Statement, frame: Frame | None, receiver: cst.BaseExpression, name: str
) -> Value:
    """What a method of a known string or path gives; unknown where the receiver is something else."""
    place = ctx.place(statement, call)
    value = ctx.evaluate(receiver, statement, frame)
    if not any(isinstance(one.data, str) for one in value):
        return unknown(place)
    if name in _SAME and not call.args:
        return change(value, lambda data: _SAME[name](data) if isinstance(data, str) else None, place)
    if name in _PATH_SAME and not call.args:
        return value
    if any(one.star for one in call.args):
        return unknown(place)
    if name == "join" and len(call.args) == 1:
        return _each(value, [ctx.evaluate(call.args[0].value, statement, frame)], _joined, place)
    if name == "format":
        keywords = [one.keyword.value if one.keyword is not None else "" for one in call.args]
        given = [ctx.evaluate(one.value, statement, frame) for one in call.args]
        return _each(value, given, lambda text, parts: _formatted(text, keywords, parts), place)
    return unknown(place)


def percent(left: Value, right: Value, place: Place | None) -> Value:
    """`"%s-%s" % (a, b)` of a known text."""
    return _each(left, [right], lambda text, parts: _percent(text, parts[0]), place)


def path(parts: Sequence[Value], place: Place | None) -> Value:
    """Path components joined with `/`."""
    value = parts[0]
    for part in parts[1:]:
        value = combine(value, part, join_paths, place)
    return value


def join_paths(one: Data, other: Data) -> str | None:
    """Two parts of a path as one."""
    if not isinstance(one, str) or not isinstance(other, str) or len(one) + len(other) > MAX_TEXT:
        return None
    if other.startswith("/") or not one:
        return other
    return one + other if one.endswith("/") else f"{one}/{other}"


def _each(
    value: Value, given: Sequence[Value], make: Callable[[str, Sequence[Data]], str | None], place: Place | None
) -> Value:
    """What `make` gives for a text and parts of which each is one thing; unknown for parts that may be several."""
    parts = [one[0] for one in given if len(one) == 1 and one[0].kind == "known" and not one[0].branches]
    if len(parts) != len(given):
        return unknown(place)
    soft = any(_soft(one) for one in parts)
    found = change(
        value, lambda data: make(data, [one.data for one in parts]) if isinstance(data, str) else None, place
    )
    how: How = "default" if soft else "constant"
    return tuple(
        Alternative(one.kind, one.data, one.place, one.how if one.how in ("default", "derived") else how, one.branches)
        for one in found
    )


def _soft(one: Alternative) -> bool:
    """True for what somebody may override, whole or in part."""
    if isinstance(one.data, Items):
        return any(_soft(each) for item in one.data.items for each in item)
    return one.how in ("default", "derived")


def _scalars(items: Items) -> list[Scalar] | None:
    """The plain values of a list of which each item is one."""
    found: list[Scalar] = []
    for item in items.items:
        if len(item) != 1 or item[0].kind != "known" or isinstance(item[0].data, Table | Items | Symbol | Template):
            return None
        found.append(item[0].data)
    return None if items.open else found


def _joined(text: str, parts: Sequence[Data]) -> str | None:
    listed = _scalars(parts[0]) if isinstance(parts[0], Items) else None
    if listed is None or not all(isinstance(one, str) for one in listed):
        return None
    return _short(text.join(str(one) for one in listed))


def _formatted(text: str, keywords: Sequence[str], parts: Sequence[Data]) -> str | None:
    """`"{}/{size}".format(a, size=b)` for plain fields alone: a format specification may ask for any width."""
    out: list[str] = []
    rest, count = text, 0
    while rest:
        before, brace, rest = rest.partition("{")
        out.append(before)
        if not brace:
            break
        name, closing, rest = rest.partition("}")
        if not closing or not (name == "" or name.isidentifier() or name.isdigit()):
            return None
        place = count if name == "" else int(name) if name.isdigit() and len(name) < 3 else None
        count += name == ""
        index = keywords.index(name) if place is None and name in keywords else place
        if index is None or index >= len(parts) or (place is not None and keywords[index]):
            return None
        data = parts[index]
        if not isinstance(data, str | int | float):
            return None
        out.append(str(data))
    joined = "".join(out)
    return None if "}" in joined else _short(joined)


def _percent(text: str, data: Data) -> str | None:
    listed = _scalars(data) if isinstance(data, Items) else [data] if isinstance(data, str | int | float) else None
    pieces = text.replace("%d", "%s").split("%s")
    if listed is None or len(pieces) != len(listed) + 1 or any("%" in piece for piece in pieces):
        return None
    words = [*(str(one) for one in listed), ""]
    return _short("".join(piece + word for piece, word in zip(pieces, words, strict=True)))


def _short(text: str) -> str | None:
    return text if len(text) <= MAX_TEXT else None
