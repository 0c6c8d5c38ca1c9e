"""The service room: which functions answer requests, by what the vocabularies say of frameworks and platforms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import field
from fnmatch import fnmatchcase

import libcst as cst

from ecolint.model import Service
from ecolint.readers.python.context import Context
from ecolint.readers.python.lines import Line
from ecolint.readers.python.names import class_member, dotted, known_name
from ecolint.readers.python.parsing import Statement
from ecolint.readers.python.patterns import said
from ecolint.readers.python.sites import call_sites
from ecolint.shaped import dataclass

MAX_HELPERS = 2
"""Calls between a handler and what it does that are followed."""
MAX_MENTIONS = 16
"""Mentions of a function that are looked at for a framework that takes it."""

_NAMED = re.compile(r"(?:async\s+)?(?:def|class)\s+(\w+)")
_PATH = re.compile(r"""@[^(]*\(\s*(?:\w+\s*=\s*)?[rf]?['"]/""")


@dataclass(frozen=True, slots=True)
class Role:
    """What a function does for a service. `several`: it is given the requests that arrived together."""

    service: Service
    several: bool


@dataclass(slots=True)
class Handlers:
    """Answers which functions of one text answer requests, remembering what was asked before."""

    ctx: Context
    roles: dict[int, Role | None] = field(default_factory=dict)
    packages: set[str] | None = None

    def around(self, line: Line, helpers: int = MAX_HELPERS) -> Role | None:
        """The role of the function that a line runs in, itself or through the helpers that it is called by."""
        function = self.function(line)
        if function < 0:
            return None
        found = self.role(function)
        if found is not None or helpers == 0:
            return found
        roles = [self.around(site.statement.line, helpers - 1) for site in call_sites(self.ctx, function)]
        known = [one for one in roles if one is not None]
        # Programs that send requests wait for each other; one person does not.
        return next((one for one in known if not one.service.person), known[0] if known else None)

    def function(self, line: Line) -> int:
        """The innermost `def` around a line, or the nearest outside it that answers requests; -1 at module level."""
        lines = self.ctx.script.lines
        scope = line.scope
        while scope >= 0 and lines[scope].kind != "def":
            scope = lines[scope].scope
        outer = scope
        while outer >= 0:
            if lines[outer].kind == "def" and self.role(outer) is not None:
                return outer
            outer = lines[outer].scope
        return scope

    def role(self, function: int) -> Role | None:
        """What the `def` at a line index is to a service; None where it answers no requests."""
        if function not in self.roles:
            self.roles[function] = self._role(function)
        return self.roles[function]

    def _role(self, function: int) -> Role | None:
        lines = self.ctx.script.lines
        header = lines[function]
        if not self.ctx.wanted.services or (named := _NAMED.match(self.ctx.script.body(header))) is None:
            return None
        name = named.group(1)
        owner = header.scope if header.scope >= 0 and lines[header.scope].kind == "class" else -1
        decorated = list(self.decorators(function))
        for service in self._services():
            if (
                self._decorated(service, decorated)
                or (owner >= 0 and self._is_method(service, name, owner))
                or (owner < 0 and header.scope < 0 and self._is_function(service, name, function))
                or self._is_callback(service, name, owner)
            ):
                return Role(service, service.several or self._batched(service, decorated))
        return None

    def _services(self) -> Iterator[Service]:
        for service in self.ctx.wanted.services:
            if not service.imports or self.imported() & {*service.imports}:
                yield service

    def imported(self) -> set[str]:
        """The top-level packages that the text imports anywhere."""
        if self.packages is None:
            self.packages = {
                one.origin.partition(".")[0]
                for names in self.ctx.scopes.names.values()
                for bindings in names.bindings.values()
                for one in bindings
                if one.kind == "import" and one.origin and not one.origin.startswith(".")
            } | {module.partition(".")[0] for module in self.ctx.scopes.stars}
        return self.packages

    # --- the ways to be called ---------------------------------------------------------------------------------------

    def decorators(self, index: int) -> Iterator[tuple[str, str]]:
        """The qualified name and the text of each decorator right above a `def` or `class`."""
        lines = self.ctx.script.lines
        parent = lines[index].parent
        index -= 1
        while index >= 0 and lines[index].kind == "@" and lines[index].parent == parent:
            statement = self.ctx.statement(index)
            if statement is not None and isinstance(statement.root, cst.Expr):
                name = self._qualified(statement.root.value, statement)
                if name is not None:
                    yield name, self.ctx.script.body(lines[index])
            index -= 1

    def _qualified(self, node: cst.BaseExpression, statement: Statement) -> str | None:
        """The name of what is called or named, through imports where they tell it."""
        while isinstance(node, cst.Call):
            node = node.func
        parts = dotted(node)
        if parts is None:
            return None
        return known_name(self.ctx, parts, statement, node) or ".".join(parts)

    def _decorated(self, service: Service, decorated: Sequence[tuple[str, str]]) -> bool:
        return any(
            fits(name, service.decorators) and (not service.path or _PATH.match(text) is not None)
            for name, text in decorated
        )

    def _batched(self, service: Service, decorated: Sequence[tuple[str, str]]) -> bool:
        if any(fits(name, service.batched) for name, _ in decorated):
            return True
        return any(said(self.ctx.source.text, word) for word in service.batching)

    def _is_method(self, service: Service, name: str, owner: int) -> bool:
        if name not in service.methods:
            return False
        header = _NAMED.match(self.ctx.script.body(self.ctx.script.lines[owner]))
        if header is not None and header.group(1) in service.class_names:
            return all(class_member(self.ctx, owner, one) for one in service.beside)
        return bool(service.classes) and any(fits(one, service.classes) for one in self._class(owner))

    def _class(self, owner: int) -> Iterator[str]:
        """The qualified names of a class's bases and decorators."""
        statement = self.ctx.statement(owner)
        if statement is not None and isinstance(statement.root, cst.ClassDef):
            for base in statement.root.bases:
                name = self._qualified(base.value, statement)
                if name is not None:
                    yield name
        for name, _ in self.decorators(owner):
            yield name

    def _is_function(self, service: Service, name: str, function: int) -> bool:
        if name not in service.functions:
            return False
        bindings = self.ctx.scopes.of(-1).bindings
        if not all(any(one.kind == "def" for one in bindings.get(other, ())) for other in service.beside):
            return False
        return not service.parameters or any(self.ctx.takes(function, one) for one in service.parameters)

    def _is_callback(self, service: Service, name: str, owner: int) -> bool:
        """True for a function that is given to a framework as what answers (`gr.Interface(fn=f)`)."""
        ctx = self.ctx
        tails = {pattern.rpartition(".")[2] for pattern in service.callbacks}
        mentions = (ctx.words.names if owner < 0 else ctx.words.attributes).get(name, ()) if tails else ()
        for offset in mentions[:MAX_MENTIONS]:
            line = ctx.script.at(offset)
            if line is None or not any(tail in ctx.script.body(line) for tail in tails):
                continue
            statement = ctx.parser.parse(line)
            for node in statement.nodes if statement is not None else ():
                if isinstance(node, cst.Call) and statement is not None and self._takes(service, node, name, statement):
                    return True
        return False

    def _takes(self, service: Service, call: cst.Call, name: str, statement: Statement) -> bool:
        callee = call.func
        tail = callee.attr.value if isinstance(callee, cst.Attribute) else getattr(callee, "value", None)
        if not any(pattern.rpartition(".")[2] == tail for pattern in service.callbacks):
            return False
        qualified = self._qualified(call, statement) or f"?.{tail}"
        if not fits(qualified, service.callbacks):
            return False
        given: list[cst.BaseExpression] = [one.value for one in call.args]
        given += [element.value for one in given if isinstance(one, cst.Dict) for element in one.elements]
        return any((dotted(one) or ("",))[-1] == name for one in given)


def fits(name: str, patterns: Sequence[str]) -> bool:
    """Whether a qualified name fits one of the patterns."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)
