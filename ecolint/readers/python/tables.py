"""The table room: dictionaries and call arguments as tables, and what later lines change in them."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from ecolint.model import Alternative, Entry, Items, Place, Table, Value
from ecolint.readers.python.alternatives import OPEN, bounded, known, under, unknown
from ecolint.readers.python.context import Context, Frame
from ecolint.readers.python.decisions import Arm
from ecolint.readers.python.guards import own_guard
from ecolint.readers.python.lines import Line
from ecolint.readers.python.parsing import Statement
from ecolint.readers.python.scopes import Mutation
from ecolint.shaped import dataclass

MAX_CHANGES = 200


def call_table(
    ctx: Context, statement: Statement, call: cst.Call, name: str, frame: Frame | None = None, skip: int = 0
) -> Table:
    """The arguments of a call as a table; `skip` leaves out leading positional ones (`partial(f, …)`)."""
    entries: list[Entry] = []
    position, hidden = -skip, False
    for argument in call.args:
        place = ctx.place(statement, argument)
        if argument.star == "**":
            value = ctx.evaluate(argument.value, statement, frame)
            hidden = hidden or unseen(value)
            entries.append(Entry("**", value, place))
        elif argument.star == "*":
            hidden = True
        elif argument.keyword is not None:
            entries.append(Entry(argument.keyword.value, _value(ctx, statement, argument, frame), place))
        else:
            if position >= 0:
                entries.append(Entry(str(position), ctx.evaluate(argument.value, statement, frame), place))
            position += 1
    return Table("python.call", ctx.place(statement, call), tuple(entries), name, hidden)


def _value(ctx: Context, statement: Statement, argument: cst.Arg, frame: Frame | None) -> Value:
    value = ctx.evaluate(argument.value, statement, frame)
    name = argument.keyword.value if argument.keyword is not None else ""
    return own_guard(ctx, statement, argument.value, name, value)


def dict_value(ctx: Context, node: cst.CSTNode, statement: Statement, frame: Frame | None) -> Value:
    """A dictionary display as a table; it is open where a key or a splatted part is unknown."""
    assert isinstance(node, cst.Dict)
    entries: list[Entry] = []
    hidden = False
    for element in node.elements:
        place = ctx.place(statement, element)
        if isinstance(element, cst.StarredDictElement):
            value = ctx.evaluate(element.value, statement, frame)
            hidden = hidden or unseen(value)
            entries.append(Entry("**", value, place))
            continue
        assert isinstance(element, cst.DictElement)
        key = ctx.evaluate(element.key, statement, frame)
        if len(key) == 1 and isinstance(key[0].data, str):
            value = ctx.evaluate(element.value, statement, frame)
            value = own_guard(ctx, statement, element.value, key[0].data, value)
            entries = [one for one in entries if one.name != key[0].data]
            entries.append(Entry(key[0].data, value, place))
        elif not (len(key) == 1 and key[0].kind == "known"):
            hidden = True
    table = Table("python.dict", ctx.place(statement, node), tuple(entries), open=hidden)
    return known(table, table.place)


def dict_call(ctx: Context, statement: Statement, call: cst.Call, frame: Frame | None) -> Value:
    """`dict(a, b=1, **c)` as a table, written like a call."""
    table = call_table(ctx, statement, call, "dict", frame)
    entries, hidden = [], table.open
    for one in table.entries:
        if one.name == "0":
            hidden = hidden or unseen(one.value)
            one = replace(one, name="**")
        entries.append(one)
    return known(replace(table, entries=tuple(entries), open=hidden), table.place)


def merged(ctx: Context, statement: Statement, node: cst.BinaryOperation, left: Value, right: Value) -> Value:
    """`a | b` of two dictionaries."""
    place = ctx.place(statement, node)
    if not any(isinstance(one.data, Table) for one in (*left, *right)):
        return unknown(place)
    entries = (Entry("**", left, ctx.place(statement, node.left)), Entry("**", right, ctx.place(statement, node.right)))
    hidden = unseen((*left, *right))
    return known(Table("python.dict", place, entries, open=hidden, writable=False), place)


def unseen(value: Value) -> bool:
    """True where a splatted value may hold entries that nobody can see."""
    return any(not isinstance(one.data, Table) or one.data.open for one in value)


def entry(table: Table, name: str) -> Value | None:
    """The value under a key, the last one written where there are several; None where there is none to be seen."""
    found: list[Alternative] = []
    for one in table.entries:
        if one.name == name:
            found = [*(found if one.branches else []), *under(one.value, one.branches)]
        elif one.name == "**":
            for each in one.value:
                if isinstance(each.data, Table) and (inner := entry(each.data, name)):
                    found = [*under(inner, each.branches | one.branches)]
    return bounded(found) if found else None


# --- what later lines change ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Part:
    """An entry while a table is being put together, with the arms under which it was written."""

    entry: Entry
    arms: tuple[Arm, ...] = ()


def changed(ctx: Context, value: Value, mutations: list[Mutation], use: Line, frame: Frame | None) -> Value:
    """A value after the mutations that reach `use`. What nobody saw built becomes an open table with what was set."""
    relevant = []
    for mutation in mutations[-MAX_CHANGES:]:
        arms = ctx.flow.between(ctx.script.lines[mutation.line], use)
        if arms is not None:
            relevant.append((mutation, arms))
    if not relevant or not value:
        return value
    found: list[Alternative] = []
    for one in value:
        fitting = _fitting(ctx, one, relevant)
        if fitting:
            found.append(_apply(ctx, one, fitting, frame, len(mutations) > MAX_CHANGES))
        else:
            found.append(one)
    return tuple(found)


def _fitting(
    ctx: Context, one: Alternative, relevant: list[tuple[Mutation, tuple[Arm, ...]]]
) -> list[tuple[Mutation, tuple[Arm, ...]]]:
    """The mutations that can happen to this alternative, their arms without those it already implies."""
    if one.kind == "known" and not isinstance(one.data, Table | Items):
        return []
    syntax = one.data.syntax if isinstance(one.data, Table) else "python.dict"
    wanted = (
        ("attr",)
        if syntax == "python.call" and not _is_dict(one)
        else ("item", "update", "remove", "default", "opaque")
    )
    taken = dict(one.branches)
    found = []
    for mutation, arms in relevant:
        named = dict(ctx.flow.name(arms))
        if mutation.kind in wanted and all(taken.get(decision, arm) == arm for decision, arm in named.items()):
            found.append((mutation, tuple(arm for arm in arms if not ctx.flow.name([arm]) <= one.branches)))
    return found


def _is_dict(one: Alternative) -> bool:
    return isinstance(one.data, Table) and one.data.name == "dict"


def _apply(
    ctx: Context,
    one: Alternative,
    mutations: list[tuple[Mutation, tuple[Arm, ...]]],
    frame: Frame | None,
    hidden: bool,
) -> Alternative:
    if isinstance(one.data, Items):
        if any(mutation.kind != "opaque" for mutation, _ in mutations):
            return replace(one, kind="unknown", data=None)
        return replace(one, data=replace(one.data, open=True))
    if isinstance(one.data, Table):
        table = one.data
    else:
        where = ctx.line_place(ctx.script.lines[mutations[0][0].line])
        table = Table("python.dict", where, (), open=True, writable=False)
    parts = [_Part(each) for each in table.entries]
    hidden = hidden or table.open
    for mutation, arms in mutations:
        made, more = _entries(ctx, mutation, frame)
        hidden = hidden or more
        for name, each in made:
            if mutation.kind == "default" and each is not None:
                parts = [*_missing(ctx, _Part(each, arms), parts), *parts]
                continue
            parts = _override(ctx, parts, name, arms)
            if each is not None:
                parts.append(_Part(each, arms))
    entries = tuple(replace(part.entry, branches=part.entry.branches | ctx.flow.name(part.arms)) for part in parts)
    return replace(one, kind="known", data=replace(table, entries=entries, open=hidden))


def _override(ctx: Context, parts: list[_Part], name: str, arms: tuple[Arm, ...]) -> list[_Part]:
    """The parts once `name` was written again under `arms`: the older ones hold only where those are not taken."""
    kept: list[_Part] = []
    for part in parts:
        if part.entry.name != name or name == "**":
            kept.append(part)
        elif all(dict(part.arms).get(decision, arm) == arm for decision, arm in arms):
            worlds = ctx.flow.without(dict(part.arms), arms)
            kept += [replace(part, arms=tuple({**dict(part.arms), **world}.items())) for world in worlds]
        else:
            kept.append(part)
    return kept


def _missing(ctx: Context, part: _Part, parts: list[_Part]) -> list[_Part]:
    """What is left of an entry that counts only where none of its name was written: `d.setdefault(k, v)`."""
    left = [part]
    for one in parts:
        if one.entry.name == part.entry.name:
            left = _override(ctx, left, part.entry.name, one.arms)
    return left


def _entries(ctx: Context, mutation: Mutation, frame: Frame | None) -> tuple[list[tuple[str, Entry | None]], bool]:
    """What a mutating line writes, by name (None: removes it), and whether it may write more that nobody can see."""
    statement = ctx.statement(mutation.line)
    if statement is None or mutation.kind == "opaque":
        return [], True
    root, place = statement.root, ctx.line_place(statement.line)
    if isinstance(root, cst.Assign | cst.AnnAssign) and root.value is not None:
        targets = [each.target for each in root.targets] if isinstance(root, cst.Assign) else [root.target]
        return _assigned(ctx, mutation, statement, targets, root.value, place, frame)
    if isinstance(root, cst.AugAssign):
        return _splatted(ctx, statement, root.value, root.value, frame)
    if isinstance(root, cst.Expr) and isinstance(root.value, cst.Call):
        if mutation.kind == "remove":
            return _removed(ctx, statement, root.value.args[0].value if root.value.args else None, frame)
        if mutation.kind == "attr":  # setattr(config, "attribute", value)
            written = root.value.args[2].value
            value = ctx.evaluate(written, statement, frame)
            value = own_guard(ctx, statement, written, mutation.attribute, value)
            return [(mutation.attribute, Entry(mutation.attribute, value, ctx.line_place(statement.line)))], False
        if mutation.kind == "default":
            return _ensured(ctx, statement, root.value, frame)
        return _updated(ctx, statement, root.value, frame)
    if isinstance(root, cst.Del) and isinstance(root.target, cst.Subscript):
        index = root.target.slice[0].slice
        return _removed(ctx, statement, index.value if isinstance(index, cst.Index) else None, frame)
    return [], True


def _assigned(
    ctx: Context,
    mutation: Mutation,
    statement: Statement,
    targets: list[cst.BaseAssignTargetExpression],
    written: cst.BaseExpression,
    place: Place,
    frame: Frame | None,
) -> tuple[list[tuple[str, Entry | None]], bool]:
    for target in targets:
        name = None
        if mutation.kind == "attr" and isinstance(target, cst.Attribute) and target.attr.value == mutation.attribute:
            name = mutation.attribute
        elif mutation.kind == "item" and isinstance(target, cst.Subscript):
            if not isinstance(target.value, cst.Name | cst.Attribute):
                return [], False  # an item of an item: nothing is added at this level
            index = target.slice[0].slice
            key = ctx.evaluate(index.value, statement, frame) if isinstance(index, cst.Index) else OPEN
            if len(key) == 1 and isinstance(key[0].data, str):
                name = key[0].data
        if name is not None:
            value = own_guard(ctx, statement, written, name, ctx.evaluate(written, statement, frame))
            return [(name, Entry(name, value, place))], False
    return [], True


def _splatted(
    ctx: Context, statement: Statement, node: cst.BaseExpression, whole: cst.CSTNode, frame: Frame | None
) -> tuple[list[tuple[str, Entry | None]], bool]:
    value = ctx.evaluate(node, statement, frame)
    if len(value) == 1 and isinstance(value[0].data, Table) and not value[0].branches:
        table = value[0].data
        names: list[tuple[str, Entry | None]] = [(one.name, one) for one in table.entries]
        if not table.writable or value[0].shared:
            return [("**", Entry("**", value, ctx.place(statement, whole)))], table.open
        return names, table.open
    hidden = unseen(value)
    return [("**", Entry("**", value, ctx.place(statement, whole)))], hidden


def _updated(
    ctx: Context, statement: Statement, call: cst.Call, frame: Frame | None
) -> tuple[list[tuple[str, Entry | None]], bool]:
    found: list[tuple[str, Entry | None]] = []
    hidden = False
    for argument in call.args:
        if argument.keyword is not None:
            name = argument.keyword.value
            found.append((name, Entry(name, _value(ctx, statement, argument, frame), ctx.place(statement, argument))))
        else:
            more, open_ = _splatted(ctx, statement, argument.value, argument, frame)
            found += more
            hidden = hidden or open_ or argument.star == "*"
    return found, hidden


def _ensured(
    ctx: Context, statement: Statement, call: cst.Call, frame: Frame | None
) -> tuple[list[tuple[str, Entry | None]], bool]:
    """`d.setdefault(key, value)`."""
    if len(call.args) != 2 or any(one.star or one.keyword is not None for one in call.args):
        return [], True
    key, written = call.args[0].value, call.args[1]
    name = ctx.evaluate(key, statement, frame)
    if len(name) != 1 or not isinstance(name[0].data, str):
        return [], True
    value = own_guard(ctx, statement, written.value, name[0].data, ctx.evaluate(written.value, statement, frame))
    return [(name[0].data, Entry(name[0].data, value, ctx.line_place(statement.line)))], False


def _removed(
    ctx: Context, statement: Statement, key: cst.BaseExpression | None, frame: Frame | None
) -> tuple[list[tuple[str, Entry | None]], bool]:
    if key is None:
        return [], True
    value = ctx.evaluate(key, statement, frame)
    if len(value) == 1 and isinstance(value[0].data, str):
        return [(value[0].data, None)], False
    return [], True
