"""The later life: what the code does to each object after the call that made it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from itertools import islice

import libcst as cst

from ecolint.model import Branches, Entry, Request, Table, Use
from ecolint.readers.python import patterns
from ecolint.readers.python.concurrency import concurrent
from ecolint.readers.python.context import Context
from ecolint.readers.python.decisions import Arm
from ecolint.readers.python.lines import Line
from ecolint.readers.python.loops import Loops
from ecolint.readers.python.names import dotted, find
from ecolint.readers.python.objects import INNER, SAME_OBJECT, Identities, Origin, agreeing, function_name, wrapper_name
from ecolint.readers.python.parsing import Statement
from ecolint.readers.python.serving import Serving
from ecolint.readers.python.starts import Start, candidate_lines, is_called
from ecolint.readers.python.tables import call_table
from ecolint.shaped import dataclass

_ALIAS = re.compile(r"\s*(?:await\s+)?([\w.]+)\s*(?:$|\.(\w+)\s*\(|(\())")
_INDEX = re.compile(r"\[[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*\]")
_ANNOTATION = re.compile(r":.*", re.DOTALL)
_WORDS = re.compile(r"\w+")
_CALL = re.compile(r"\b(\w+)\s*\(")
_KEYWORD = re.compile(r"\s*(\w+)\s*=(?!=)")
_BRACKET = re.compile(r"[(\[{)\]},]")
CALLED = "__call__"
MAX_SETTINGS = 32
"""Assignments to one dotted path that are looked at."""
WORK = frozenset({"forward", "generate", "model", "transformer", "language_model", "backbone", "decoder", "encoder"})
"""Methods and parts of a model that stand for it where a function takes them."""

PARTS = frozenset({"parameters", "named_parameters"})
"""Methods that list the parts of a model, for a function that takes those."""


_SAME = SAME_OBJECT | INNER | PARTS | WORK
"""Attributes that stand for the object itself."""


@dataclass(slots=True)
class Collector:
    """Gathers the uses of every start of one text."""

    ctx: Context
    identities: Identities
    loops: Loops
    serving: Serving
    functions: dict[str, None] = field(default_factory=dict)
    """The wanted functions that the text calls, whatever they are given."""

    @property
    def takers(self) -> tuple[str, ...]:
        """Whatever takes an object that may be of ours."""
        return (*self.ctx.wanted.functions, *self.ctx.wanted.wrappers)

    def collect(self, starts: Sequence[Start]) -> dict[cst.CSTNode, list[Use]]:
        """The uses by starting call, in the order of the text."""
        found: dict[cst.CSTNode, list[Use]] = {start.call: [] for start in starts}
        for line in self._lines(starts):
            statement = self.ctx.parser.parse(line)
            for node in statement.nodes if statement is not None else ():
                if isinstance(node, cst.Call) and statement is not None:
                    self._use(node, statement, found)
        if self.ctx.wanted.parts:
            self._settings(found)
        return found

    def _settings(self, found: dict[cst.CSTNode, list[Use]]) -> None:
        """Attributes that are set on a part of an object: `model.config.use_cache = False`."""
        ctx = self.ctx
        for path, bindings in ctx.scopes.paths.items():
            owner, _, attribute = path.rpartition(".")
            if owner.rpartition(".")[2] not in ctx.wanted.parts:
                continue
            for binding in bindings[-MAX_SETTINGS:]:
                statement = ctx.statement(binding.line) if binding.kind == "assign" else None
                if statement is not None:
                    self._setting(statement, path, attribute, found)

    def _setting(self, statement: Statement, path: str, attribute: str, found: dict[cst.CSTNode, list[Use]]) -> None:
        ctx, root = self.ctx, statement.root
        if not isinstance(root, cst.Assign) or not isinstance(target := root.targets[0].target, cst.Attribute):
            return
        if ".".join(dotted(target) or ()) != path or not isinstance(target.value, cst.Attribute):
            return
        arms = ctx.flow.path(statement.line)
        for origin in self.identities.of(target.value.value, statement) if arms is not None else ():
            branches = self._branches(arms or (), origin)
            if branches is None:
                continue
            place = ctx.line_place(statement.line)
            written = Entry(attribute, ctx.evaluate(root.value, statement), place)
            name = f"{{}}.{target.value.attr.value}="
            table = Table("python.attribute", place, (written,), name)
            found[origin.start.call].append(Use(name, place, table, False, branches, origin.likely))

    def _lines(self, starts: Sequence[Start]) -> list[Line]:
        ctx = self.ctx
        taking = patterns.candidates(ctx.words, ctx.scopes, self.takers)
        lines = {line.index: line for line in candidate_lines(ctx, taking)}
        offsets = [
            one
            for name in ctx.wanted.methods
            for one in ctx.words.attributes.get(name, ())
            if is_called(ctx.source.text, one + len(name))
        ]
        if CALLED in ctx.wanted.methods:
            for name in self._holders(starts):
                offsets += [one for one in ctx.words.anywhere(name) if _is_called_or_indexed(ctx, one + len(name))]
            for start in starts:
                lines[start.statement.line.index] = start.statement.line
        for offset in offsets:
            line = ctx.script.at(offset)
            if line is not None:
                lines[line.index] = line
        return [lines[index] for index in sorted(lines)]

    def _holders(self, starts: Sequence[Start]) -> set[str]:
        """Every plain word under which an object of a start may be held, found by the shape of lines alone."""
        ctx = self.ctx
        names: set[str] = set()
        queue: list[str] = []

        def add(words: Sequence[str]) -> None:
            for word in words:
                if word not in names and word not in ("self", "cls"):
                    names.add(word)
                    queue.append(word)

        for start in starts:
            add(self._carried(start.statement.line))
        while queue:
            name = queue.pop()
            for offset in ctx.words.anywhere(name):
                line = ctx.script.at(offset)
                if line is not None:
                    add(self._passed_on(line, name))
        return names

    def _carried(self, line: Line) -> list[str]:
        """The names that hold what a line makes: its targets, or the function that returns it."""
        ctx = self.ctx
        text = ctx.script.body(line)
        if text.startswith(("return", "yield")) and line.scope >= 0:
            match = re.match(r"(?:async\s+)?def\s+(\w+)", ctx.script.body(ctx.script.lines[line.scope]))
            return [match.group(1)] if match else []
        if line.equals:
            return _targets(text[: line.equals[-1] - line.start])
        return re.findall(r"\bas\s+(\w+)" if line.kind == "with" else r"\b(\w+)\s*:=", text)

    def _passed_on(self, line: Line, name: str) -> list[str]:
        """The further names under which a line passes an object on."""
        ctx = self.ctx
        text = ctx.script.body(line)
        if text.startswith("return"):
            return self._carried(line) if self._stands_whole(name, text) else []
        if line.kind in ("def", "class"):
            return []
        found: list[str] = []
        if line.equals:
            right = text[line.equals[-1] - line.start + 1 :]
            targets = _targets(text[: line.equals[-1] - line.start])
            match = _ALIAS.match(right)
            if (
                name in targets
                or (match and match[1].rpartition(".")[2] == name and self._passes(name, match))
                or (match and patterns.tails(self.takers).fits(match.group(1).rpartition(".")[2]))
            ):
                found += targets
        for match in _CALL.finditer(text):
            for index in ctx.scopes.functions.get(match[1], ())[:2]:
                target = index
                if ctx.script.lines[index].kind == "class":
                    made = ctx.scopes.of(index).bindings.get("__init__")
                    target = made[-1].line if made else -1
                if target >= 0 and ctx.script.lines[target].kind == "def" and line.index != target:
                    found += self._given(ctx.named(target), text, match.end(), name)
        return found

    def _given(self, parameters: Mapping[str, str], text: str, start: int, name: str) -> list[str]:
        """The parameters that a call may give what a name holds; `start` is where its arguments begin."""
        found: set[str] = set()
        for position, argument in enumerate(_arguments(text, start)):
            if name not in argument or not self._stands_whole(name, argument):
                continue
            keyword = _KEYWORD.match(argument)
            if keyword is not None and keyword[1] in parameters:
                found.add(keyword[1])
            elif keyword is not None or "*" in argument or "*" in parameters.values():
                return list(parameters)
            else:
                found.update(islice(parameters, position, position + 2))  # a method's own first one is not among them
        return [one for one in parameters if one in found]

    def _passes(self, name: str, alias: re.Match[str]) -> bool:
        """Whether what stands right of an `=` gives what a name holds: itself, by one of some methods, by a call."""
        return self._makes(name) if alias[3] else alias[2] is None or alias[2] in SAME_OBJECT

    def _makes(self, name: str) -> bool:
        """Whether a call of a name may give an object, and not only what the object works out."""
        return name in self.ctx.scopes.functions or "partial" in self.ctx.words.names

    def _stands_whole(self, name: str, text: str) -> bool:
        """Whether a text may mean what a name holds: not only one of its attributes, nor what a call of it gives."""
        makes = self._makes(name)
        for match in re.finditer(rf"\b{name}\b\s*(?:\.\s*(\w+)|(\())?", text):
            if match[1] in _SAME or (match[2] and makes) or not (match[1] or match[2]):
                return True
        return False

    def _use(self, call: cst.Call, statement: Statement, found: dict[cst.CSTNode, list[Use]]) -> None:
        ctx, callee = self.ctx, call.func
        methods = ctx.wanted.methods
        is_method = isinstance(callee, cst.Attribute) and callee.attr.value in methods
        # `torch.compile(model)` has the shape of a method of `torch`: only an object of ours has methods.
        if isinstance(callee, cst.Attribute) and is_method and self.identities.of(callee.value, statement):
            self._note("{}." + callee.attr.value, False, callee.value, call, statement, found)
            return
        if (wrapper := wrapper_name(ctx, call, statement)) is not None:
            for argument in call.args:
                self._note(wrapper, False, argument.value, call, statement, found)
            return
        if (named := function_name(ctx, call, statement)) is not None:
            # A start may be a function that takes another start's object: it is both.
            self.functions[named[0]] = None
            for argument in call.args:
                self._note(named[0], named[1], self._whole(argument.value, statement), call, statement, found)
            for holder, written in self._listed(call, statement):
                self._note(named[0], named[1], holder, call, statement, found, written)
            return
        if CALLED in methods and isinstance(callee, cst.Name | cst.Attribute | cst.Call | cst.Subscript):
            self._note("{}." + CALLED, False, callee, call, statement, found)

    def _whole(self, node: cst.BaseExpression, statement: Statement) -> cst.BaseExpression:
        """The object of which a method, or the part that does the work, is given: `torch.compile(m.forward)`."""
        if isinstance(node, cst.Attribute) and (node.attr.value in WORK or node.attr.value in self.ctx.wanted.methods):
            return node if self.identities.of(node, statement) else node.value
        return node

    def _listed(self, call: cst.Call, statement: Statement) -> list[tuple[cst.CSTNode, Statement]]:
        """The objects whose parts are among the arguments (`AdamW(model.parameters())`), or in a list made before."""
        found: list[tuple[cst.CSTNode, Statement]] = []
        for argument in call.args:
            home = statement
            node: cst.CSTNode = argument.value
            if isinstance(node, cst.Name):
                reaches = find(self.ctx, node.value, statement.line).reaches
                written = self.ctx.statement(reaches[0].binding.line) if reaches else None
                if written is None or reaches[0].binding.kind != "assign":
                    continue
                home, node = written, written.root
            found += [(holder, home) for holder in _wholes(home) if home.within(holder, node)]
        return found

    def _note(
        self,
        name: str,
        likely: bool,
        holder: cst.CSTNode,
        call: cst.Call,
        statement: Statement,
        found: dict[cst.CSTNode, list[Use]],
        written: Statement | None = None,
    ) -> None:
        ctx = self.ctx
        # How often a model is moved, cast or compiled is nobody's question.
        passing = patterns.matcher(ctx.wanted.passing).match(name)
        for origin in self.identities.of(holder, written or statement):
            start = origin.start
            if name.endswith(CALLED) and callable_is_function(start):
                continue
            uses = found[start.call]
            place = ctx.place(statement, call)
            if any(one.place == place and one.name == name for one in uses[-4:]):
                continue
            path = ctx.flow.path(statement.line)
            if path is None:
                continue
            branches = self._branches(path, origin)
            if branches is None:
                continue
            repeated: bool | None = False
            guessed = False
            request: Request = ""
            if not passing:
                repeated, guessed = self.loops.per_item(call, statement, (start.call, start.statement))
                request = self.serving.answers(call, statement)
            if not repeated and request:
                repeated = None
            beside = bool(repeated) and concurrent(ctx, call, statement)
            table = call_table(ctx, statement, call, name)
            likely_use = likely or origin.likely or guessed
            uses.append(Use(name, place, table, repeated, branches, likely_use, request, origin.through, beside))

    def _branches(self, path: tuple[Arm, ...], origin: Origin) -> Branches | None:
        """The arms of a use, and of the way to it, that its start does not already stand under; None: they exclude
        each other."""
        own = self.ctx.flow.path(origin.start.statement.line) or ()
        if not (agreeing(path, own) and agreeing(path, origin.arms) and agreeing(origin.arms, own)):
            return None
        return self.ctx.flow.name(arm for arm in dict.fromkeys((*path, *origin.arms)) if arm not in own)


def _targets(text: str) -> list[str]:
    """The last names of what an assignment binds, as written left of its last `=`: of `a.b: C, d["e"]` `b` and `d`."""
    found: dict[str, None] = {}
    for part in text.split("="):
        plain = _INDEX.sub("", part)
        for target in _ANNOTATION.sub("", plain).split(","):
            if words := _WORDS.findall(target):
                found[words[-1]] = None
    return list(found)


def _arguments(text: str, start: int) -> list[str]:
    """The arguments of a call as written, from the first; brackets in strings may split too much or too little."""
    found: list[str] = []
    depth, begun = 0, start
    for piece in _BRACKET.finditer(text, start):
        char = piece.group()
        if char in "([{":
            depth += 1
        elif char != ",":
            depth -= 1
            if depth < 0:
                return [*found, text[begun : piece.start()]]
        elif depth == 0:
            found.append(text[begun : piece.start()])
            begun = piece.end()
    return [*found, text[begun:]]


def callable_is_function(start: Start) -> bool:
    """True where the start is a partial: calling what it made is the start itself."""
    func = start.call.func
    return getattr(func, "value", None) == "partial" or (
        isinstance(func, cst.Attribute) and func.attr.value == "partial"
    )


def _is_called_or_indexed(ctx: Context, end: int) -> bool:
    text = ctx.source.text
    while end < len(text) and text[end] in " \t":
        end += 1
    return end < len(text) and text[end] in "(["


def _wholes(statement: Statement) -> list[cst.CSTNode]:
    """What a statement lists the parts of."""
    calls = [node.func for node in statement.nodes if isinstance(node, cst.Call)]
    return [func.value for func in calls if isinstance(func, cst.Attribute) and func.attr.value in PARTS]
