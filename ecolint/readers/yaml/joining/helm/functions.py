"""The functions of Helm's templates that are followed; what any other gives back is unknown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from ecolint.readers.yaml.joining.helm.values import (
    UNKNOWN,
    Printer,
    Str,
    Worth,
    field_of,
    indented,
    joined,
    made,
    plain,
    truth,
)
from ecolint.readers.yaml.joining.patching import merged
from ecolint.readers.yaml.joining.walking import members
from ecolint.readers.yaml.nodes import Node

MAX_WIDTH = 200
"""Spaces that a line is indented by."""


class Functions:
    """Calls by name. Arguments are values; `at` is where the action stands."""

    def __init__(self, printer: Printer) -> None:
        self.printer = printer

    def call(self, name: str, given: Sequence[Worth], at: int) -> Worth:
        """What a function gives back."""
        if name in _LAZY:
            return _LAZY[name](list(given))
        if any(one is UNKNOWN for one in given):
            return UNKNOWN
        if name in _ON_TEXT:
            return self._on_text(name, given, at)
        if name in _ON_DATA:
            try:
                return _ON_DATA[name]([plain(one) for one in given])
            except (TypeError, ValueError, IndexError, ZeroDivisionError):
                return UNKNOWN
        if name in ("toYaml", "toYamlPretty") and len(given) == 1:
            return self.printer.yaml(given[0], at) or UNKNOWN
        if name in ("indent", "nindent") and len(given) == 2:
            width, text = plain(given[0]), self.printer.printed(given[1], at)
            if not isinstance(width, int) or not 0 <= width <= MAX_WIDTH or text is None:
                return UNKNOWN
            return indented(text, width, at, name == "nindent")
        if name == "dict" and len(given) % 2 == 0:
            return {str(plain(key)): value for key, value in zip(given[::2], given[1::2], strict=True)}
        if name in ("list", "tuple"):
            return list(given)
        if name in ("get", "index", "dig") and len(given) > 1:
            return _reached(given[0], given[1:]) if name != "dig" else UNKNOWN
        if name in ("first", "last") and len(given) == 1:
            items = items_of(given[0])
            return UNKNOWN if items is None else items[0 if name == "first" else -1] if items else None
        if name == "join" and len(given) == 2:
            return self._join(given, at)
        if name in ("splitList", "split") and len(given) == 2:
            return self._split(name, given, at)
        if name == "regexSplit" and len(given) == 3 and plain(given[2]) == -1:
            pattern = plain(given[0])
            literal = isinstance(pattern, str) and re.fullmatch(r"[\w:/,;@= -]+", pattern)
            return self._split("splitList", given[:2], at) if literal else UNKNOWN
        if name == "deepCopy" and len(given) == 1:
            return given[0]
        if name in ("merge", "mustMerge", "mergeOverwrite", "mustMergeOverwrite"):
            return _merged(given, overwrite="Overwrite" in name)
        if name in ("append", "concat", "rest", "initial", "set"):
            return _changed(name, given)
        return UNKNOWN

    def _on_text(self, name: str, given: Sequence[Worth], at: int) -> Worth:
        """Functions of one text, the last argument, that keep where its characters come from."""
        text = self.printer.printed(given[-1], at) if given else None
        settings = [plain(one) for one in given[:-1]]
        if text is None:
            return made('""', at) if name == "quote" and given and given[-1] == "" else UNKNOWN
        if name in ("quote", "squote"):
            mark = '"' if name == "quote" else "'"
            if mark in text.text or "\n" in text.text or "\\" in text.text:
                return UNKNOWN
            return made(mark, at) + text + made(mark, at)
        if name in ("toString", "print"):
            return text
        if name in ("trim", "trimAll"):
            start = len(text.text) - len(text.text.lstrip())
            return text.cut(start, max(start, len(text.text.rstrip())))
        if name == "trunc" and isinstance(settings[0], int) and settings[0] >= 0:
            return text.cut(0, settings[0])
        if name == "trimSuffix" and isinstance(settings[0], str):
            ends = bool(settings[0]) and text.text.endswith(settings[0])
            return text.cut(0, len(text.text) - len(settings[0])) if ends else text
        if name == "trimPrefix" and isinstance(settings[0], str):
            return text.cut(len(settings[0]), len(text.text)) if text.text.startswith(settings[0]) else text
        if name in ("lower", "upper"):
            changed = text.text.lower() if name == "lower" else text.text.upper()
            return Str(changed, text.where) if len(changed) == len(text.text) else UNKNOWN
        if name == "replace" and all(isinstance(one, str) and one for one in settings[:1]) and "{{" not in text.text:
            parts, old = [], str(settings[0])
            pieces, start = text.text.split(old), 0
            for number, piece in enumerate(pieces):
                parts += [made(str(settings[1]), at)] if number else []
                parts.append(text.cut(start, start + len(piece)))
                start += len(piece) + len(old)
            return joined(parts)
        return UNKNOWN

    def printf(self, given: Sequence[Worth], at: int) -> Worth:
        """`printf` with `%s`, `%d`, `%v` and `%%`."""
        form = plain(given[0]) if given else UNKNOWN
        if not isinstance(form, str):
            return UNKNOWN
        parts: list[Str] = []
        rest = list(given[1:])
        pieces = form.split("%")
        parts.append(made(pieces[0], at))
        escaped = False
        for piece in pieces[1:]:
            if escaped:
                escaped = False
                parts.append(made(piece, at))
                continue
            if not piece:
                parts.append(made("%", at))
                escaped = True
                continue
            text = self.printer.printed(rest.pop(0), at) if piece[0] in "sdv" and rest else None
            if text is None:
                return UNKNOWN
            parts += [text, made(piece[1:], at)]
        return joined(parts)

    def _split(self, name: str, given: Sequence[Worth], at: int) -> Worth:
        between, text = plain(given[0]), self.printer.printed(given[1], at)
        if not isinstance(between, str) or not between or text is None or "{{" in text.text:
            return UNKNOWN
        found: list[Worth] = []
        start = 0
        for piece in text.text.split(between):
            found.append(text.cut(start, start + len(piece)))
            start += len(piece) + len(between)
        return found if name == "splitList" else {f"_{number}": one for number, one in enumerate(found)}

    def _join(self, given: Sequence[Worth], at: int) -> Worth:
        between, items = plain(given[0]), items_of(given[1])
        texts = [self.printer.printed(one, at) for one in items or ()]
        if not isinstance(between, str) or items is None or None in texts:
            return UNKNOWN
        parts = [part for text in texts if text is not None for part in (made(between, at), text)]
        return joined(parts[1:]) if parts else made("", at)


def _merged(given: Sequence[Worth], overwrite: bool) -> Worth:
    """Mappings put together: the first one wins, or the last one where they overwrite."""
    maps = [one for one in given if not (one is None or one == {})]
    nodes = [one for one in maps if isinstance(one, Node) and one.kind == "mapping"]
    if len(nodes) < len(maps) or not nodes:
        return UNKNOWN if maps else {}
    whole: Node | None = None
    for node in nodes if overwrite else reversed(nodes):
        whole = node if whole is None else merged(whole, node, False)
    return whole if whole is not None else UNKNOWN


def _changed(name: str, given: Sequence[Worth]) -> Worth:
    """Lists with more or fewer items; a dictionary with one more key."""
    if name == "set":
        return (
            {**given[0], str(plain(given[1])): given[2]} if isinstance(given[0], dict) and len(given) == 3 else UNKNOWN
        )
    lists = [items_of(one) for one in (given if name == "concat" else given[:1])]
    if not lists or any(one is None for one in lists):
        return UNKNOWN
    whole = [item for one in lists for item in one or ()]
    if name == "append":
        return [*whole, *given[1:]]
    return whole[1:] if name == "rest" else whole[:-1] if name == "initial" else whole


def items_of(value: Worth) -> list[Worth] | None:
    """The items of a list; None where it is none."""
    if isinstance(value, Node):
        return list(members(value)) if value.kind == "sequence" else None
    return list(value) if isinstance(value, (list, tuple)) else None


def _reached(value: Worth, path: Sequence[Worth]) -> Worth:
    for step in path:
        bare = plain(step)
        if isinstance(bare, str):
            value = field_of(value, bare)
        elif isinstance(bare, int):
            items = items_of(value)
            if items is None or not 0 <= bare < len(items):
                return UNKNOWN
            value = items[bare]
        else:
            return UNKNOWN
    return value


def _default(given: list[Worth]) -> Worth:
    if len(given) != 2:
        return given[0] if len(given) == 1 else UNKNOWN
    holds = truth(given[1])
    return UNKNOWN if holds is None else given[1] if holds else given[0]


def _coalesce(given: list[Worth]) -> Worth:
    for one in given:
        holds = truth(one)
        if holds is None:
            return UNKNOWN
        if holds:
            return one
    return None


def _and(given: list[Worth]) -> Worth:
    for one in given:
        holds = truth(one)
        if holds is False:
            return one
        if holds is None:
            # a false one further on decides all the same, and what is unknown stays so
            return False if any(truth(each) is False for each in given) else UNKNOWN
    return given[-1] if given else UNKNOWN


def _or(given: list[Worth]) -> Worth:
    for one in given:
        holds = truth(one)
        if holds:
            return one
        if holds is None:
            return UNKNOWN
    return given[-1] if given else UNKNOWN


def _not(given: list[Worth]) -> Worth:
    holds = truth(given[0]) if len(given) == 1 else None
    return UNKNOWN if holds is None else not holds


def _ternary(given: list[Worth]) -> Worth:
    holds = truth(given[2]) if len(given) == 3 else None
    return UNKNOWN if holds is None else given[0] if holds else given[1]


def _required(given: list[Worth]) -> Worth:
    return given[-1] if given and truth(given[-1]) else UNKNOWN


_LAZY: Mapping[str, Callable[[list[Worth]], Worth]] = {
    "default": _default,
    "coalesce": _coalesce,
    "and": _and,
    "or": _or,
    "not": _not,
    "empty": _not,
    "ternary": _ternary,
    "required": _required,
}
_ON_TEXT = frozenset(
    {"quote", "squote", "toString", "print", "trim", "trunc", "trimSuffix", "trimPrefix", "lower", "upper", "replace"}
)


def _whole(value: Worth) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeError
    return int(value)


def _same(one: Worth, other: Worth) -> bool:
    if isinstance(one, (Node, Mapping)) or isinstance(other, (Node, Mapping)):
        raise TypeError
    return type(one) is type(other) and one == other


def _less(given: Sequence[Worth], equal: bool) -> bool:
    first, second = given
    if isinstance(first, bool) or isinstance(second, bool):
        raise TypeError
    if isinstance(first, (int, float)) and isinstance(second, (int, float)):
        return first <= second if equal else first < second
    if isinstance(first, str) and isinstance(second, str):
        return first <= second if equal else first < second
    raise TypeError


def _kind(value: Worth) -> str:
    kinds = {bool: "bool", str: "string", int: "int", float: "float64", list: "slice"}
    if isinstance(value, Node):
        return "map" if value.kind == "mapping" else "slice"
    return "map" if isinstance(value, Mapping) else "invalid" if value is None else kinds[type(value)]


def _is_kind(given: Sequence[Worth]) -> bool:
    wanted, kind = str(given[0]), _kind(given[1])
    return wanted == kind or {wanted, kind} <= {"int", "int64", "float64"}


def _size(value: Worth) -> int:
    if isinstance(value, Node):
        return len(value.children) // (2 if value.kind == "mapping" else 1)
    if isinstance(value, (str, list, dict)):
        return len(value)
    raise TypeError


def _compared(given: Sequence[Worth], test: Callable[[str, str], bool]) -> bool:
    first, second = given
    if not isinstance(first, str) or not isinstance(second, str):
        raise TypeError
    return test(second, first)


def _has(given: Sequence[Worth]) -> bool:
    items = items_of(given[1])
    if items is None:
        raise TypeError
    return any(_same(plain(one), given[0]) for one in items)


_ON_DATA: Mapping[str, Callable[[list[Worth]], Worth]] = {
    "eq": lambda given: any(_same(given[0], one) for one in given[1:]),
    "ne": lambda given: not _same(given[0], given[1]),
    "lt": lambda given: _less(given, False),
    "le": lambda given: _less(given, True),
    "gt": lambda given: not _less(given, True),
    "ge": lambda given: not _less(given, False),
    "int": lambda given: _whole(given[0]),
    "int64": lambda given: _whole(given[0]),
    "float64": lambda given: float(str(given[0])),
    "add": lambda given: sum(_whole(one) for one in given),
    "add1": lambda given: _whole(given[0]) + 1,
    "sub": lambda given: _whole(given[0]) - _whole(given[1]),
    "mul": lambda given: _whole(given[0]) * _whole(given[1]),
    "div": lambda given: _whole(given[0]) // _whole(given[1]),
    "contains": lambda given: _compared(given, str.__contains__),
    "hasPrefix": lambda given: _compared(given, str.startswith),
    "hasSuffix": lambda given: _compared(given, str.endswith),
    "hasKey": lambda given: field_of(given[0], str(given[1])) is not None,
    "has": _has,
    "kindIs": _is_kind,
    "kindOf": lambda given: _kind(given[0]),
    "len": lambda given: _size(given[0]),
}
