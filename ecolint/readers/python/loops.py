"""The loop room: whether a call runs once per single item, and whether a load sits in a loop or a request handler."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import libcst as cst

from ecolint.readers.python.context import Context, Site
from ecolint.readers.python.defaults import decorators
from ecolint.readers.python.lines import Line
from ecolint.readers.python.names import dotted
from ecolint.readers.python.parsing import Statement
from ecolint.readers.python.sites import call_sites
from ecolint.readers.python.words import index

_BATCH = re.compile(r"batch|loader|chunk|shard|^bs$", re.IGNORECASE)
_SWEEP = re.compile(
    r"(^|_)(models?|configs?|cfgs?|temps?|temperatures?|seeds?|epochs?|trials?|runs?|attempts?|retry|retries|devices?|gpus?|"
    r"ranks?|layers?|folds?|steps?|iters?|iterations?|repeats?|rounds?|checkpoints?|ckpts?|variants?|precisions?|dtypes?|"
    r"backends?|thresholds?)(_|$|name|path|id)",
    re.IGNORECASE,
)
_SLICE = re.compile(r"(?<=[\w)\]])\[[^\[\]{}'\"]*:[^\[\]{}'\"]*\]")
_WRAPPERS = frozenset(
    {"tqdm", "enumerate", "zip", "list", "sorted", "reversed", "track", "trange", "iter", "tuple", "set"}
)
_INDEX_LOOP = re.compile(r"while\s+(\w+)\s*<\s*len\(")
_BREAK = re.compile(r"break\b")
_MAPPERS = frozenset({"apply", "map", "applymap", "progress_apply", "parallel_apply", "imap"})

Verdict = bool | None


@dataclass(slots=True)
class Loops:
    """Answers about loops, remembering what follows from each loop variable."""

    ctx: Context
    followed: dict[int, list[tuple[int, str, bool]]] = field(default_factory=dict)

    def per_item(self, call: cst.Call, statement: Statement, start: tuple[cst.Call, Statement] | None = None) -> bool:
        """True where a call runs once per single item of something that could be batched."""
        told = self._here(call, statement, start)
        if told is not None:
            return told
        return self._in_helper(call, statement)

    def _here(self, call: cst.Call, statement: Statement, start: tuple[cst.Call, Statement] | None) -> bool | None:
        """What the comprehensions and loops of the call's own function say; None where they say nothing."""
        used = self._mentioned(call, statement)
        node: cst.CSTNode = call
        while (parent := statement.parents.get(node)) is not None:
            if isinstance(parent, cst.BaseComp) and node is not parent.for_in:
                targets = _identifiers(statement.code(parent.for_in.target))
                if targets & used:
                    return self._items(parent.for_in.iter, statement, targets)
            node = parent
        if any(_BATCH.search(name) for name in used) or self._takes_list(call, statement):
            return False if self.ctx.flow.loop(statement.line) >= 0 else None
        return self._in_loops(used, statement, start)

    def _in_loops(self, used: set[str], statement: Statement, start: tuple[cst.Call, Statement] | None) -> bool | None:
        header = self.ctx.flow.loop(statement.line)
        while header >= 0:
            line = self.ctx.script.lines[header]
            if line.kind == "while":
                match = _INDEX_LOOP.match(self.ctx.script.body(line))
                if match and self._reached(line, {match.group(1)}, used, statement.line):
                    return True
            else:
                told = self._in_loop(line, used, statement.line, start)
                if told is not None:
                    return told
            header = self.ctx.flow.loop(line)
        return None

    def _in_loop(
        self, header: Line, used: set[str], line: Line, start: tuple[cst.Call, Statement] | None
    ) -> bool | None:
        parsed = self.ctx.parser.parse(header)
        if parsed is None or not isinstance(parsed.root, cst.For):
            return None
        targets = _identifiers(parsed.code(parsed.root.target))
        reached = self._reached(header, targets, used, line)
        if reached is None:
            return None
        if start is not None and header.index < start[1].line.index <= header.tail:
            load = self._mentioned(*start)
            if self._reached(header, targets, load, start[1].line) is not None:
                return None  # a loop over models
        return reached and self._items(parsed.root.iter, parsed, targets)

    def _items(self, node: cst.BaseExpression, statement: Statement, targets: set[str]) -> bool | None:
        """What a loop goes over: single items (True), batches (False), or something that is no input (None)."""
        if any(_BATCH.search(name) for name in targets | _identifiers(statement.code(node))):
            return False
        while isinstance(node, cst.Call) and node.args:
            parts = dotted(node.func)
            if parts is None or parts[-1] not in _WRAPPERS:
                break
            node = node.args[0].value
        if isinstance(node, cst.Call) and dotted(node.func) == ("range",) and len(node.args) == 3:
            value = self.ctx.evaluate(node.args[2].value, statement)
            return len(value) == 1 and value[0].data == 1
        if any(_SWEEP.search(name) for name in targets):
            return None
        if isinstance(node, cst.List | cst.Tuple) and all(_is_number(one.value) for one in node.elements):
            return None
        return True

    def _reached(self, header: Line, targets: set[str], used: set[str], line: Line) -> bool | None:
        """True where a loop's variable, or what was made from it, is used; False where that is a slice or batch."""
        if targets & used:
            return True
        found = None
        for index_, name, sliced in self._follow(header, targets):
            if index_ >= line.index:
                break
            if name in used:
                found = not sliced
                if sliced:
                    return False
        return found

    def _follow(self, header: Line, targets: set[str]) -> list[tuple[int, str, bool]]:
        """What simple statements of a block derive from its variables: (line, name, made by slicing)."""
        if header.index in self.followed:
            return self.followed[header.index]
        script = self.ctx.script
        derived = dict.fromkeys(targets, False)
        found: list[tuple[int, str, bool]] = []
        for line in script.lines[header.index + 1 : header.tail + 1]:
            text = script.body(line)
            if line.kind in ("for", "with"):
                bound, made = _split_header(line, text)
            elif not line.kind:
                bound, made = _split(line, text)
            else:
                continue
            sources = _identifiers(made) & derived.keys()
            if not sources:
                continue
            sliced = any(derived[name] for name in sources) or _SLICE.search(made) is not None
            for name in bound - derived.keys():
                derived[name] = sliced or _BATCH.search(name) is not None
                found.append((line.index, name, derived[name]))
        self.followed[header.index] = found
        return found

    def _mentioned(self, call: cst.Call, statement: Statement) -> set[str]:
        names: set[str] = set()
        for argument in call.args:
            names |= _identifiers(statement.code(argument.value))
        return names

    def _takes_list(self, call: cst.Call, statement: Statement) -> bool:
        """True where the call already receives a list of inputs."""
        for argument in call.args[:1]:
            node = argument.value
            if isinstance(node, cst.Name):
                scope = statement.line.scope
                found, count = self.ctx.scopes.before(scope, node.value, statement.line.index)
                if count and found[count - 1].kind == "assign":
                    written = self.ctx.statement(found[count - 1].line)
                    if written is not None and isinstance(written.root, cst.Assign):
                        node = written.root.value
            if isinstance(node, cst.ListComp):
                return True
            if isinstance(node, cst.List):
                return len(node.elements) > 1 and not any(isinstance(one.value, cst.Dict) for one in node.elements)
        return False

    def _in_helper(self, call: cst.Call, statement: Statement) -> bool:
        """True where the function that makes the call is itself called, or mapped, once per item."""
        scope = statement.line.scope
        lines = self.ctx.script.lines
        if scope < 0 or lines[scope].kind != "def":
            return False
        signature = self.ctx.signature(scope)
        parameters = set(signature) - {"self", "cls"}
        if any(_BATCH.search(name) for name in parameters):
            return False
        if not self._reached(lines[scope], parameters, self._mentioned(call, statement), statement.line):
            return False
        sites: list[Site] = call_sites(self.ctx, scope)
        if any(self._here(site.call, site.statement, None) for site in sites):
            return True
        return self._mapped(scope)

    def _mapped(self, function: int) -> bool:
        """True for `frame["text"].apply(f)` and `map(f, texts)`."""
        statement = self.ctx.statement(function)
        if statement is None or not isinstance(statement.root, cst.FunctionDef):
            return False
        for offset in self.ctx.words.names.get(statement.root.name.value, ())[:8]:
            line = self.ctx.script.at(offset)
            used = self.ctx.parser.parse(line) if line is not None and not line.kind else None
            for node in used.nodes if used is not None else ():
                if isinstance(node, cst.Call) and used is not None and _maps(node, used, statement.root.name.value):
                    return True
        return False

    # --- loads -------------------------------------------------------------------------------------------------------

    def load_in_loop(self, call: cst.Call, statement: Statement) -> bool:
        """True where a load is repeated for every item of a loop that does not choose what is loaded."""
        if self._repeats(call, statement):
            return True
        scope = statement.line.scope
        if scope < 0 or self.ctx.script.lines[scope].kind != "def" or guarded(self.ctx, statement.line):
            return False
        return any(self._repeats(site.call, site.statement) for site in call_sites(self.ctx, scope))

    def _repeats(self, call: cst.Call, statement: Statement) -> bool:
        header = self.ctx.flow.loop(statement.line)
        if header < 0 or guarded(self.ctx, statement.line):
            return False
        lines = self.ctx.script.lines
        line = lines[header]
        parsed = self.ctx.parser.parse(line)
        if parsed is None or not isinstance(parsed.root, cst.For):
            return False
        targets = _identifiers(parsed.code(parsed.root.target))
        if self._reached(line, targets, self._mentioned(call, statement), statement.line) is not None:
            return False
        if any(_SWEEP.search(name) for name in targets) or _counts(parsed.root.iter):
            return False
        body = lines[header + 1 : line.tail + 1]
        return not any(not one.kind and _BREAK.match(self.ctx.script.body(one)) for one in body)


def guarded(ctx: Context, line: Line) -> bool:
    """True for a lazy load that happens once: behind a None check, or in a cached or start-up function."""
    lines = ctx.script.lines
    current = line
    while current.parent >= 0:
        current = lines[current.parent]
        if current.kind == "def" and any(_ONCE.search(text) for text in decorators(ctx, current.index)):
            return True
        if current.kind == "if" and current.arm == 0 and ctx.flow.arm(current) is None and current.scope >= 0:
            return True
        if current.kind in ("if", "elif") and _MISSING.search(ctx.flow.test(current)):
            return True
    siblings = ctx.script.children[line.parent]
    for index_ in (
        siblings[max(0, siblings.index(line.index) - 8) : siblings.index(line.index)] if line.scope >= 0 else ()
    ):
        if lines[index_].kind == "if" and _PRESENT.search(ctx.flow.test(lines[index_])):
            children = ctx.script.children.get(index_, [])
            if children and ctx.script.body(lines[children[-1]]).startswith("return"):
                return True
    return False


_ONCE = re.compile(
    r"@\s*[\w.]*(?:cache|cached|lru_cache|cache_resource|cache_data|experimental_singleton|on_event|on_startup|startup|"
    r"lifespan|asynccontextmanager|enter|build|cached_property|singleton|before_first_request|fixture)\b"
)
_MISSING = re.compile(r"\bis None\b|^not \w|\bnot in\b|\bnot hasattr\b")
_PRESENT = re.compile(r"\bis not None\b|^[\w.]+$|\bin \w|\bhasattr\b")


def _identifiers(text: str) -> set[str]:
    words = index(text)
    return set(words.names)


def _split(line: Line, text: str) -> tuple[set[str], str]:
    """What a simple statement binds or fills, and the text that it makes it from."""
    if line.equals:
        at = line.equals[-1] - line.start
        return _identifiers(text[: line.equals[0] - line.start].split(":")[0]), text[at + 1 :]
    match = re.match(r"([\w.]+)\.(?:append|extend|insert|update|add)\(", text)
    if match:
        return {match.group(1).split(".")[0]}, text[match.end() - 1 :]
    return set(), ""


def _split_header(line: Line, text: str) -> tuple[set[str], str]:
    if line.kind == "for":
        match = re.match(r"(?:async\s+)?for\s+(.+?)\s*\bin\b(.*)", text, re.DOTALL)
        return (_identifiers(match.group(1)), match.group(2)) if match else (set(), "")
    before, _, after = text.partition(" as ")
    return _identifiers(after), before


def _is_number(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Integer | cst.Float | cst.UnaryOperation) or (
        isinstance(node, cst.Name) and node.value in ("True", "False", "None")
    )


def _counts(node: cst.BaseExpression) -> bool:
    """True for a loop that only counts: `range(3)`."""
    if not isinstance(node, cst.Call) or dotted(node.func) not in (("range",), ("trange",)):
        return False
    inner = node.args[-1].value if node.args else None
    return not (isinstance(inner, cst.Call) and dotted(inner.func) == ("len",))


def _maps(call: cst.Call, statement: Statement, name: str) -> bool:
    callee = call.func
    tail = callee.attr.value if isinstance(callee, cst.Attribute) else getattr(callee, "value", "")
    if tail not in _MAPPERS or not call.args or dotted(call.args[0].value) != (name,):
        return False
    return not any(one.keyword is not None and one.keyword.value == "batched" for one in call.args)
