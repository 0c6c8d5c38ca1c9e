"""The maker room: functions of a project's modules that give back a model they load, and calls of them elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import libcst as cst

from ecolint import shortcuts
from ecolint.model import Made, Source, Table, Wanted
from ecolint.readers import Lookup
from ecolint.readers.python.calls import returns
from ecolint.readers.python.context import Context, prepare
from ecolint.readers.python.gates import gate
from ecolint.readers.python.names import dotted, imported
from ecolint.readers.python.names import find as found_name
from ecolint.readers.python.objects import Identities
from ecolint.readers.python.passing import may_call_maker
from ecolint.readers.python.scopes import MODULE, Binding
from ecolint.readers.python.starts import Start, find_starts
from ecolint.readers.python.values import attach

MAX_CALLS = 32
"""Calls of imported makers that are looked at in one file."""

_LEADS_ON = re.compile(r"[ \t]*\.|[ \t]+import\b")
"""What follows a name that is only a part of a longer one."""
_MEMBER = re.compile(r"\s*\.\s*([^\W\d]\w*)\s*\(")


def module_makers(source: Source, wanted: Wanted, project: Lookup) -> Mapping[str, Made]:
    """The functions of a module that give back what a wanted call made, by name, and those it imports and passes on."""
    if "\0" in source.text:
        return {}
    loads = not shortcuts.taken("gates") or _may_start(source, wanted)
    passes_on = source.path.endswith("__init__.py")
    if not (loads or passes_on):
        return {}
    ctx = attach(prepare(source, wanted, project))
    found = _own(ctx) if loads else {}
    for name, bindings in ctx.scopes.of(MODULE).bindings.items() if passes_on else ():
        made = _of_import(ctx, bindings[-1]) if name not in found else None
        if made is not None:
            found[name] = made
    return found


def _may_start(source: Source, wanted: Wanted) -> bool:
    told = gate(wanted).told(source.text.encode("utf-8", "surrogatepass"))
    return told is not None and told.starts


def _own(ctx: Context) -> dict[str, Made]:
    starts, _ = find_starts(ctx)
    identities = Identities(ctx, {start.call: start for start in starts if not start.item})
    found: dict[str, Made] = {}
    if not identities.starts:
        return found
    for name, indices in ctx.scopes.functions.items():
        line = ctx.script.lines[indices[-1]]
        if line.kind == "def" and line.scope == MODULE and len(indices) == 1:
            parts = tuple(dict.fromkeys(_returned(ctx, identities, line.index)))
            if parts:
                found[name] = parts
    return found


def _returned(ctx: Context, identities: Identities, function: int) -> Iterator[tuple[tuple[int, ...], str]]:
    """Where in what a function gives back a model stands, and the call that made it."""
    for statement in returns(ctx, function):
        value = statement.root.value if isinstance(statement.root, cst.Return) else None
        if value is None:
            continue
        listed = value.elements if isinstance(value, cst.Tuple) else ()
        for path, node in ((), value), *(((index,), one.value) for index, one in enumerate(listed)):
            for origin in identities.of(node, statement)[:1]:
                yield path, origin.start.name


def imported_starts(ctx: Context, taken: set[cst.CSTNode]) -> list[Start]:
    """Calls of functions of other modules of the project that give back a model, as the starts of what they give.

    What they were given there cannot be seen from here: the table is open, and nobody can write to it.
    """
    if not any(_is_done(ctx, name) for name in ctx.wanted.works):
        return []
    if shortcuts.taken("makers") and not may_call_maker(ctx.source, ctx.wanted, ctx.project):
        return []
    found: list[Start] = []
    for offset, parts, made in _mentions(ctx):
        line = ctx.script.at(offset)
        statement = ctx.parser.parse(line) if line is not None else None
        for node in statement.nodes if statement is not None else ():
            if not isinstance(node, cst.Call) or node in taken or dotted(node.func) != parts or statement is None:
                continue
            if imported(found_name(ctx, parts[0], statement.line)) is None:
                continue
            taken.add(node)
            table = Table("python.call", ctx.place(statement, node), (), made[0][1], open=True, writable=False)
            found.append(Start(node, statement, made[0][1], table, True, False, tuple(path for path, _ in made), True))
        if len(found) >= MAX_CALLS:
            break
    return found


def _is_done(ctx: Context, work: str) -> bool:
    """Whether an object's work is called or handed on, by its name."""
    ends = (offset + len(work) for offset in ctx.words.attributes.get(work, ()))
    return any(_LEADS_ON.match(ctx.source.text, end) is None for end in ends)


def _mentions(ctx: Context) -> Iterator[tuple[int, tuple[str, ...], Made]]:
    """Where the makers of other modules can be called, under the names that imports give them."""
    for names in ctx.scopes.names.values():
        for name, bindings in names.bindings.items():
            if bindings[-1].kind != "import":
                continue
            made = _of_import(ctx, bindings[-1])
            if made is not None:
                yield from ((offset, (name,), made) for offset in ctx.words.names.get(name, ())[:MAX_CALLS])
                continue
            held = ctx.project.makers(bindings[-1].origin, ctx.source.path, ctx.wanted)
            for offset in ctx.words.names.get(name, ())[:MAX_CALLS] if held else ():
                match = _MEMBER.match(ctx.source.text, offset + len(name))
                if match and match[1] in held:
                    yield offset, (name, match[1]), held[match[1]]


def _of_import(ctx: Context, binding: Binding) -> Made | None:
    if binding.kind != "import" or not binding.module:
        return None
    return ctx.project.makers(binding.module, ctx.source.path, ctx.wanted).get(binding.member)
