"""A template filled in: what its values decide is written, what nobody can tell stays as the action that it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

from ecolint.readers.yaml.joining.helm.functions import Functions, items_of
from ecolint.readers.yaml.joining.helm.syntax import Action, Block, Operand, Part, Pipeline, Text
from ecolint.readers.yaml.joining.helm.values import (
    UNKNOWN,
    Printer,
    Str,
    Worth,
    field_of,
    joined,
    made,
    truth,
)
from ecolint.readers.yaml.nodes import Node, resolved
from ecolint.shaped import dataclass

MAX_STEPS = 200_000
"""Parts of templates that one chart's rendering takes, those of loops and named templates counted each time."""
MAX_RENDERED = 1_000_000
"""Characters that one template may become."""
RENDERED = "common.tplvalues.render"
"""A named template of a library that charts seldom bring along, because a package manager fetches it."""
MAX_INCLUDED = 24
"""How deep named templates may include one another."""


class TooMuch(Exception):
    """A template that becomes too large, or does not end."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template's text, at which offset it stands, and its parts."""

    base: int
    text: str
    parts: Sequence[Part]


@dataclass(slots=True)
class _Scope:
    """The dot, the variables, and whether what is written here depends on values that an installation may change."""

    dot: Worth
    variables: dict[str, Worth]
    decided: bool = False


@dataclass(slots=True)
class Renderer:
    """Fills in the templates of one chart with one set of values."""

    printer: Printer
    named: Mapping[str, tuple[Template, Action, Sequence[Part]]]
    root: Mapping[str, Worth]
    left: int = MAX_STEPS
    included: int = 0
    functions: Functions = field(init=False)

    def __post_init__(self) -> None:
        self.functions = Functions(self.printer)

    def render(self, template: Template) -> Str:
        """A file's text. Raises TooMuch."""
        return self._text(template, template.parts, _Scope(self.root, {"$": self.root}))

    def _text(self, template: Template, parts: Sequence[Part], scope: _Scope) -> Str:
        written: list[Str] = []
        size = 0
        for piece in self._parts(template, parts, scope):
            size += len(piece.text)
            if size > MAX_RENDERED:
                raise TooMuch
            written.append(piece)
        return joined(written)

    def _parts(self, template: Template, parts: Sequence[Part], scope: _Scope) -> Iterator[Str]:
        for part in parts:
            self.left -= 1
            if self.left < 0:
                raise TooMuch
            if isinstance(part, Text):
                yield _literal(template, part.start, part.end, scope.decided)
            elif isinstance(part, Action):
                yield from self._action(template, part, scope)
            else:
                yield from self._block(template, part, scope)

    def _action(self, template: Template, action: Action, scope: _Scope) -> Iterator[Str]:
        at = template.base + action.start
        if action.word == "comment":
            return
        if action.word == "template":
            given = self._value(action.pipeline, scope, at) if action.pipeline is not None else None
            found = self._included(action.name, given)
        else:
            found = self._value(action.pipeline, scope, at) if action.pipeline is not None else UNKNOWN
        if action.pipeline is not None and action.pipeline.variables:
            scope.variables[action.pipeline.variables[0]] = found
            return
        text = self.printer.printed(found, at)
        yield text if text is not None else _whole(template, action)

    # --- blocks -------------------------------------------------------------------------------------------------------

    def _block(self, template: Template, block: Block, scope: _Scope) -> Iterator[Str]:
        if block.word == "define":
            return
        if block.word == "block":
            yield _whole(template, block.arms[0][0])
            return
        if block.word == "range":
            yield from self._range(template, block, scope)
            return
        for number, (action, parts) in enumerate(block.arms):
            at = template.base + action.start
            last = number and not action.name
            found = True if last else self._value(action.pipeline, scope, at) if action.pipeline else UNKNOWN
            holds = truth(found)
            if holds is None:
                yield from self._undecided(template, block, number, scope)
                return
            if holds:
                inner = _Scope(scope.dot, scope.variables, True)
                if not last and "with" in (block.word if not number else "", action.name):
                    inner.dot = found
                if not last and action.pipeline is not None and action.pipeline.variables:
                    inner.variables = {**scope.variables, action.pipeline.variables[0]: found}
                yield from self._parts(template, parts, inner)
                return

    def _undecided(self, template: Template, block: Block, first: int, scope: _Scope) -> Iterator[Str]:
        """A block of which nobody can tell which arm is taken: it stays a block."""
        for number, (action, parts) in enumerate(block.arms[first:]):
            if not number and first:
                yield made("\n{{- if ecolint }}", template.base + action.start)
            else:
                yield from _kept(template, action)
            dot = UNKNOWN if block.word in ("with", "range") else scope.dot
            variables = dict(scope.variables)
            for name in action.pipeline.variables if action.pipeline is not None else ():
                variables[name] = UNKNOWN
            yield from self._parts(template, parts, _Scope(dot, variables, scope.decided))
        if block.close is not None:
            yield from _kept(template, block.close)

    def _range(self, template: Template, block: Block, scope: _Scope) -> Iterator[Str]:
        action, parts = block.arms[0]
        found = self._value(action.pipeline, scope, template.base + action.start) if action.pipeline else UNKNOWN
        pairs = _pairs(found)
        if pairs is None:
            yield from self._undecided(template, block, 0, scope)
            return
        names = action.pipeline.variables if action.pipeline is not None else ()
        for key, value in pairs:
            variables = dict(scope.variables)
            if len(names) == 1:
                variables[names[0]] = value
            elif names:
                variables.update(zip(names, (key, value), strict=False))
            yield from self._parts(template, parts, _Scope(value, variables, True))
        if not pairs and len(block.arms) > 1:
            yield from self._parts(template, block.arms[1][1], _Scope(scope.dot, scope.variables, True))

    # --- expressions --------------------------------------------------------------------------------------------------

    def _value(self, pipeline: Pipeline, scope: _Scope, at: int) -> Worth:
        value: Worth = None
        for number, command in enumerate(pipeline.commands):
            value = self._command(command, scope, at, [value] if number else [])
        return value

    def _command(self, command: Sequence[Operand], scope: _Scope, at: int, piped: list[Worth]) -> Worth:
        first, *rest = command
        if first.kind != "function":
            return UNKNOWN if rest or piped else self._operand(first, scope, at)
        given = [*(self._operand(one, scope, at) for one in rest), *piped]
        name = str(first.value)
        if name in ("include", "tpl"):
            if name == "tpl":
                text = self.printer.printed(given[0], at) if given else None
                return UNKNOWN if text is None or "{{" in text.text else text
            called = given[0] if given else UNKNOWN
            return self._included(called.text if isinstance(called, Str) else "", given[1] if len(given) > 1 else None)
        if name == "printf":
            return self.functions.printf(given, at)
        return self.functions.call(name, given, at)

    def _operand(self, operand: Operand, scope: _Scope, at: int) -> Worth:
        value: Worth
        if operand.kind == "text":
            return made(str(operand.value), at)
        if operand.kind in ("number", "constant"):
            return operand.value  # type: ignore[return-value]
        if operand.kind == "function":
            return self.functions.call(str(operand.value), [], at)
        if operand.kind == "pipeline":
            assert isinstance(operand.value, Pipeline)
            value = self._value(operand.value, scope, at)
        elif operand.kind == "variable":
            value = scope.variables.get(str(operand.value), UNKNOWN)
        else:
            value = scope.dot
        for name in operand.fields:
            value = field_of(value, name)
        return value

    def _included(self, name: str, given: Worth) -> Worth:
        found = self.named.get(name)
        if found is None and name == RENDERED:
            return self._rendered(field_of(given, "value"))
        if found is None or self.included >= MAX_INCLUDED:
            return UNKNOWN
        template, _, parts = found
        self.included += 1
        try:
            return self._text(template, parts, _Scope(given, {"$": given}))
        finally:
            self.included -= 1

    def _rendered(self, value: Worth) -> Worth:
        """What the common library makes of a value that may hold templates: the value, where it holds none."""
        text = self.printer.printed(value, 0) if not isinstance(value, Node) or value.kind == "scalar" else None
        text = text or self.printer.yaml(value, 0)
        return UNKNOWN if text is None or "{{" in text.text else text


def _literal(template: Template, start: int, end: int, decided: bool) -> Str:
    places = range(template.base + start, template.base + end)
    return Str(template.text[start:end], [~one for one in places] if decided else places)


def _whole(template: Template, action: Action) -> Str:
    """An action as it is written, with the space around it."""
    return _literal(template, action.lead[0], action.trail[1], False)


def _kept(template: Template, action: Action) -> Iterator[Str]:
    """What opens or closes a block that stays one, on a line of its own where it has one in the template."""
    before = template.text[: action.start].rstrip(" \t") if action.lead[0] == action.lead[1] else "x"
    if not before or before.endswith(("}}", "\n")):
        yield made("\n", template.base + action.start)
    yield _whole(template, action)


def _pairs(value: Worth) -> list[tuple[Worth, Worth]] | None:
    """What a loop goes through; None where nobody can tell."""
    if value is None:
        return []
    items = items_of(value)
    if items is not None:
        return list(enumerate(items))
    if isinstance(value, Node) and value.kind == "mapping" and all(key.value != "<<" for key, _ in value.pairs()):
        return [(key, resolved(one)[0]) for key, one in sorted(value.pairs(), key=_key_of)]
    if isinstance(value, Mapping):
        return [(made(name, 0), one) for name, one in sorted(value.items())]
    return None


def _key_of(pair: tuple[Node, Node]) -> str:
    return pair[0].value


def defined(template: Template) -> Iterator[tuple[str, tuple[Template, Action, Sequence[Part]]]]:
    """The named templates of a file."""
    stack: list[Part] = list(template.parts)
    while stack:
        part = stack.pop()
        if isinstance(part, Block):
            action, parts = part.arms[0]
            if part.word == "define":
                yield action.name, (template, action, parts)
            stack.extend(one for _, arm in part.arms for one in arm)
