"""The sharing room: who else reads a dictionary, or a list of words, that is to be edited."""

from __future__ import annotations

import libcst as cst

from ecolint.model import CannotEdit
from ecolint.readers.python.context import Context
from ecolint.readers.python.names import dotted
from ecolint.readers.python.parsing import Statement
from ecolint.shaped import dataclass
from ecolint.speech import say


@dataclass(frozen=True, slots=True)
class Readers:
    """Refuses edits of dictionaries and lists that more than one place of the file reads."""

    ctx: Context

    def check(self, statement: Statement, node: cst.CSTNode) -> None:
        """Raises `CannotEdit` where a variable holds the dictionary and is read twice: one reader is the call."""
        if isinstance(node, cst.Dict) or (isinstance(node, cst.Call) and dotted(node.func) == ("dict",)):
            self.alone(statement, node, say("dictionary"))

    def alone(self, statement: Statement, node: cst.CSTNode, what: str) -> None:
        """Raises `CannotEdit` where a variable holds what a node makes and is read twice."""
        for target in _targets(statement, node):
            if self._reads(statement, target) > 1:
                raise CannotEdit("other code reads this {what} too", what=what)

    def _reads(self, statement: Statement, target: tuple[str, ...]) -> int:
        """How often a variable, or an attribute under any object, is read apart from what is written into it."""
        ctx, name = self.ctx, target[-1]
        every = ctx.scopes.names
        if len(target) > 1:
            written = [
                one
                for names in every.values()
                for path in names.mutations
                if path.endswith("." + name)
                for one in names.mutations[path]
            ]
            bound = [one for path, held in ctx.scopes.paths.items() if path.endswith("." + name) for one in held]
            return len(ctx.words.attributes.get(name, ())) - len(bound) - len(written)
        lines = ctx.script.lines
        scope = statement.line.scope
        start, end = (0, len(ctx.source.text)) if scope < 0 else (lines[scope].start, lines[lines[scope].tail].end)
        inside = [
            one
            for names in every.values()
            for one in names.mutations.get(name, ())
            if start <= lines[one.line].start < end
        ]
        return ctx.words.count(name, start, end) - len(inside)


def _targets(statement: Statement, node: cst.CSTNode) -> list[tuple[str, ...]]:
    """The variables that an assignment gives a dictionary to, or a larger dictionary that holds it."""
    current: cst.CSTNode | None = statement.parents.get(node)
    while isinstance(current, cst.DictElement | cst.Dict | cst.IfExp | cst.BooleanOperation | cst.StarredDictElement):
        current = statement.parents.get(current)
    targets: list[cst.BaseExpression] = []
    if isinstance(current, cst.Assign):
        targets = [one.target for one in current.targets]
    elif isinstance(current, cst.AnnAssign):
        targets = [current.target]
    return [parts for parts in map(dotted, targets) if parts is not None]
