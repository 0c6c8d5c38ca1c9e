"""The instance room: objects of classes of fields that a parser or an annotation brings, with their defaults."""

from __future__ import annotations

import re

import libcst as cst

from ecolint.model import Items, Place, Table, Value
from ecolint.readers.python.alternatives import known, unknown
from ecolint.readers.python.context import Context
from ecolint.readers.python.defaults import declarative
from ecolint.readers.python.lines import Line
from ecolint.readers.python.names import dotted, find, imported
from ecolint.readers.python.parsing import Statement

PARSES = frozenset({"tyro.cli", "simple_parsing.parse", "pyrallis.parse", "draccus.parse"})
"""Functions that fill one class of fields from the command line."""

PARSE_METHODS = frozenset(
    {"parse_args_into_dataclasses", "parse_args_and_config", "parse_json_file", "parse_yaml_file", "parse_dict"}
)
"""Methods of parsers that were made from classes of fields; they give one object for each."""

_PARSER = re.compile(r"(?:ArgumentParser|TrlParser|Parser)$")
_CLASS = re.compile(r"[\"']?((?:\w+\.)*[A-Z]\w*)[\"']?(?:\s*\|\s*None)?|Optional\[[\"']?((?:\w+\.)*[A-Z]\w*)[\"']?\]")


def annotated(ctx: Context, text: str, line: Line, place: Place) -> Value | None:
    """An object of the class that an annotation names; None where that is no class of fields that can be seen."""
    match = _CLASS.fullmatch(text)
    if match is None:
        return None
    name = _class(ctx, tuple((match.group(1) or match.group(2)).split(".")), line)
    return _instance(name, place) if name is not None else None


def parsed(ctx: Context, call: cst.Call, statement: Statement) -> Value:
    """What `tyro.cli(Config)` and its like give."""
    place = ctx.place(statement, call)
    for argument in call.args:
        if argument.star or (argument.keyword is not None and argument.keyword.value != "config_class"):
            continue
        parts = dotted(argument.value)
        name = _class(ctx, parts, statement.line) if parts is not None else None
        return _instance(name, place) if name is not None else unknown(place)
    return unknown(place)


def parsed_by(ctx: Context, call: cst.Call, statement: Statement) -> Value:
    """What `HfArgumentParser((A, B)).parse_args_into_dataclasses()` gives: an object of each class, in order."""
    place = ctx.place(statement, call)
    assert isinstance(call.func, cst.Attribute)
    made = ctx.evaluate(call.func.value, statement)
    if len(made) != 1 or not isinstance(made[0].data, Table) or not _PARSER.search(made[0].data.name):
        return unknown(place)
    written = ctx.origin(made[0].data.place)
    if written is None or not written[0].args:
        return unknown(place)
    first = next((one.value for one in written[0].args if not one.star and _is_classes(one)), None)
    if isinstance(first, cst.Tuple | cst.List):
        nodes: list[cst.BaseExpression] = [element.value for element in first.elements]
    else:
        nodes = [first] if first is not None else []
    items = []
    for node in nodes:
        parts = dotted(node)
        name = _class(ctx, parts, written[1].line) if parts is not None else None
        items.append(_instance(name, place) if name is not None else unknown(place))
    return known(Items(tuple(items)), place)


def _is_classes(argument: cst.Arg) -> bool:
    return argument.keyword is None or argument.keyword.value == "dataclass_types"


def _instance(name: str, place: Place) -> Value:
    return known(Table("python.call", place, (), name, writable=False), place, "derived")


def _class(ctx: Context, parts: tuple[str, ...], line: Line) -> str | None:
    """The table name of an object of a class of fields: `.Name` for one of this file, qualified for an imported one."""
    found = find(ctx, parts[0], line)
    binding = imported(found)
    if binding is not None:
        module, _, owner = ".".join((binding.origin, *parts[1:])).rpartition(".")
        module = binding.module if len(parts) == 1 and binding.module else module
        from ecolint.readers.python.exports import owned  # which evaluates, and so imports this room

        inside = owned(ctx.exports(module), owner) if module else False
        return ".".join((binding.origin, *parts[1:])) if inside else None
    lines = [reach.binding.line for reach in found.reaches if reach.binding.kind == "class"]
    return f".{parts[0]}" if len(lines) == len(parts) == 1 and declarative(ctx, lines[0]) else None
