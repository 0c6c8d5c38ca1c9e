"""The desk: everything that is known about one Python text while it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Protocol

import libcst as cst

from ecolint.model import Place, Source, Span, Value, Wanted
from ecolint.readers import Lookup
from ecolint.readers.python.extent import Extents
from ecolint.readers.python.flow import Flow
from ecolint.readers.python.headers import parameters
from ecolint.readers.python.lines import Line, Script, scan
from ecolint.readers.python.parsing import Parser, Statement, Stats
from ecolint.readers.python.places import LatePlace
from ecolint.readers.python.scopes import Scopes, build
from ecolint.readers.python.words import Words, index
from ecolint.shaped import dataclass


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a function. `position` is None for keyword-only and starred ones."""

    name: str
    position: int | None
    default: cst.BaseExpression | None
    typed: tuple[Statement, cst.BaseExpression] | None = None
    """Where its type is written."""
    star: str = ""

    @property
    def annotation(self) -> str:
        """Its type as written; empty where there is none."""
        if self.typed is None:
            return ""
        statement, written = self.typed
        return written.value if isinstance(written, cst.Name) else statement.code(written)


@dataclass(frozen=True, slots=True)
class Frame:
    """A call that is being looked through: which expressions, in which statement, its parameters stand for."""

    function: int
    arguments: Mapping[str, tuple[cst.BaseExpression, Statement]]


@dataclass(frozen=True, slots=True)
class Site:
    """One call of a function of this file. `hidden`: it may pass more than can be seen."""

    call: cst.Call
    statement: Statement
    arguments: Mapping[str, tuple[cst.BaseExpression, Statement]]
    hidden: bool
    likely: bool = False


class Evaluate(Protocol):
    """What an expression can be at its statement."""

    def __call__(self, node: cst.CSTNode, statement: Statement, frame: Frame | None = None) -> Value: ...


@dataclass(slots=True)
class Context:
    """One text under reading, with its tables and what was worked out so far."""

    source: Source
    wanted: Wanted
    project: Lookup
    stats: Stats
    script: Script
    scopes: Scopes
    flow: Flow
    parser: Parser
    words: Words
    evaluate: Evaluate = lambda node, statement, frame=None: ()
    values: dict[cst.CSTNode, Value] = field(default_factory=dict)
    extents: Extents = field(default_factory=Extents)
    active: set[cst.CSTNode] = field(default_factory=set)
    depth: int = 0
    parameters: dict[int, dict[str, Parameter]] = field(default_factory=dict)
    names: dict[int, dict[str, str]] = field(default_factory=dict)
    sites: dict[int, list[Site]] = field(default_factory=dict)
    returned: dict[int, list[int]] = field(default_factory=dict)
    arguments: dict[str, int] | None = None
    siblings: dict[str, Mapping[str, Value]] = field(default_factory=dict)
    held: dict[cst.CSTNode, list[tuple[str, bool]]] = field(default_factory=dict)
    """What callees can mean."""
    noted: list[tuple[cst.Call, Statement]] = field(default_factory=list)
    """The calls that tables came from, as far as their places were not asked for yet."""
    _origins: dict[Place, tuple[cst.Call, Statement]] = field(default_factory=dict)

    def place(self, statement: Statement, node: cst.CSTNode) -> Place:
        """Where a node stands in the file."""
        return LatePlace(self.source.path, statement, node)

    def origin(self, place: Place) -> tuple[cst.Call, Statement] | None:
        """The call that a table at a place came from."""
        while self.noted:
            call, statement = self.noted.pop()
            self._origins[self.place(statement, call)] = call, statement
        return self._origins.get(place)

    def line_place(self, line: Line) -> Place:
        """Where a whole logical line stands in the file."""
        return Place(self.source.path, Span(line.start, line.end))

    def statement(self, index: int) -> Statement | None:
        """The parsed logical line of an index."""
        return self.parser.parse(self.script.lines[index])

    def exports(self, module: str) -> Mapping[str, Value]:
        """The constants of another module of the project."""
        if module not in self.siblings:
            self.siblings[module] = self.project.constants(module, self.source.path)
        return self.siblings[module]

    def takes(self, function: int, name: str) -> bool:
        """Whether the `def` at a line index has a parameter."""
        return name in self.named(function)

    def named(self, function: int) -> dict[str, str]:
        """The names of the parameters of the `def` at a line index in order, each with its stars; nothing is parsed."""
        if function not in self.names:
            self.names[function] = parameters(self.script.body(self.script.lines[function]))
        return self.names[function]

    def signature(self, function: int) -> dict[str, Parameter]:
        """The parameters of the `def` at a line index, by name in order."""
        if function not in self.parameters:
            statement = self.statement(function)
            found: dict[str, Parameter] = {}
            if statement is not None and isinstance(statement.root, cst.FunctionDef):
                listed = statement.root.params
                plain = [*listed.posonly_params, *listed.params]
                for position, param in enumerate(plain):
                    found[param.name.value] = Parameter(
                        param.name.value, position, param.default, _typed(statement, param)
                    )
                for param in listed.kwonly_params:
                    found[param.name.value] = Parameter(param.name.value, None, param.default, _typed(statement, param))
                for star, one in (("*", listed.star_arg), ("**", listed.star_kwarg)):
                    if isinstance(one, cst.Param):
                        found[one.name.value] = Parameter(one.name.value, None, None, star=star)
            self.parameters[function] = found
        return self.parameters[function]


def _typed(statement: Statement, param: cst.Param) -> tuple[Statement, cst.BaseExpression] | None:
    return (statement, param.annotation.annotation) if param.annotation is not None else None


def prepare(
    source: Source, wanted: Wanted, project: Lookup, stats: Stats | None = None, words: Words | None = None
) -> Context:
    """Scan a text and set up its tables; nothing is parsed yet."""
    stats = stats if stats is not None else Stats()
    script = scan(source.text)
    scopes = build(script)
    flow = Flow(script, scopes, stats)
    words = words if words is not None else index(source.text)
    return Context(source, wanted, project, stats, script, scopes, flow, Parser(script, stats), words)
