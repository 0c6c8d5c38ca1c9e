"""The export room: the module-level constants of a file that others may import."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from ecolint import shortcuts
from ecolint.model import Alternative, Source, Value, Wanted
from ecolint.readers import Nowhere
from ecolint.readers.python.alternatives import bounded, under
from ecolint.readers.python.bindings import binding_value
from ecolint.readers.python.context import Context, prepare
from ecolint.readers.python.mentions import MAX_LINE
from ecolint.readers.python.passing import ends, opened
from ecolint.readers.python.scopes import MODULE, Binding
from ecolint.readers.python.tables import changed
from ecolint.readers.python.values import attach

_SIMPLE = re.compile(
    r"""\s*(?:[rRfFbBuU]{0,2}["']|-?[\d.]|[\[{(]|(?:True|False|None)\b|(?:dict|int|float|str|bool)\(|(?:os\.)?(?:environ|getenv)"""
    r"""|(?:\w+\.)*[A-Z]\w*(?:\.\w+)*\s*(?:$|[(+/])|[a-z_]\w*\.\w+\s*$)"""
)
_BEFORE = re.compile(r"[=\s\w,.()\[\]*'\"\\]*\Z")
_NO_TARGET = re.compile(
    r"\s*(?:from|import|return|del|global|nonlocal|assert|raise|yield|await|async|def|class|if|elif|while|for|with|in)\b"
)
_AFTER = re.compile(r"(?:[\s\\]|#[^\n]*\n)*(=(?!=)|[,:)\]]|)")
"""What follows a name that may be assigned to."""
OPEN = 4
"""Modules that stay cut up: each takes many times its text, and most are asked for a name or two."""


class Constants(Mapping[str, Value]):
    """The constants of a module, each worked out when it is asked for; the module is cut up for the first that it may
    have."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._found: dict[str, Value | None] = {}

    def __getitem__(self, name: str) -> Value:
        if name not in self._found:
            self._found[name] = self._value(name)
        found = self._found[name]
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return (name for name in self.names if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @property
    def names(self) -> Iterable[str]:
        """The names that may have a constant."""
        return _opened(self._source)[1]

    def _value(self, name: str) -> Value | None:
        if not _may_bind(self._source.text, name.rpartition(".")[2]):
            return None
        ctx, names = _opened(self._source)
        if name not in names:
            return None
        scope, own = names[name]
        value = _value(ctx, own, scope)
        return value if any(one.kind == "known" for one in value) else None


@lru_cache(maxsize=OPEN)
def _opened(source: Source) -> tuple[Context, Mapping[str, tuple[int, str]]]:
    """A module under reading, and where each name of it is bound that may be a constant."""
    ctx = attach(prepare(source, Wanted(), Nowhere()))
    names: dict[str, tuple[int, str]] = {}
    _gather(ctx, MODULE, "", names)
    for name, indices in ctx.scopes.functions.items():
        line = ctx.script.lines[indices[-1]]
        if line.kind == "class" and line.scope == MODULE:
            _gather(ctx, line.index, f"{name}.", names)
    return ctx, names


def module_constants(source: Source) -> Mapping[str, Value]:
    """Simple values by module-level name, and by `Class.name` for the attributes of top-level classes."""
    return {} if "\0" in source.text else Constants(source)


def owned(constants: Mapping[str, Value], owner: str) -> bool:
    """Whether a class of a module has constants."""
    names = constants.names if isinstance(constants, Constants) else constants
    return any(name in constants for name in names if name.startswith(f"{owner}."))


def _may_bind(text: str, name: str) -> bool:
    """Whether a text may assign to a name, by its words alone."""
    if not shortcuts.taken("constants"):
        return True
    return any(_is_target(text, end - len(name), end) for end in ends(text, name))


def _is_target(text: str, start: int, end: int) -> bool:
    """Whether a name may be assigned to where it stands."""
    line = text.rfind("\n", max(0, start - MAX_LINE), start) + 1
    if not line and start > MAX_LINE:
        return True  # too long a line to look at for each
    before = re.split("[;:]", text[line:start])[-1]
    if not _BEFORE.match(before) or _NO_TARGET.match(before):
        return False
    after = _AFTER.match(text, end)
    sign = after[1] if after is not None else ""
    if sign in ("=", ":"):
        return True
    if not sign:
        return False
    around = opened(text, start)
    # Behind a name or a keyword a parenthesis holds arguments, parameters or imported names.
    return around < 0 or not re.search(r"[\w)\]]\s*\Z", text[max(0, around - 40) : around])


def _gather(ctx: Context, scope: int, prefix: str, names: dict[str, tuple[int, str]]) -> None:
    for name, bindings in ctx.scopes.of(scope).bindings.items():
        if "." in name or name in ctx.scopes.foreign or not all(_simple(ctx, one) for one in bindings):
            continue
        names[prefix + name] = scope, name


def _simple(ctx: Context, binding: Binding) -> bool:
    if binding.kind != "assign":
        return False
    line = ctx.script.lines[binding.line]
    return bool(line.equals) and _SIMPLE.match(ctx.source.text[line.equals[-1] + 1 : line.end]) is not None


def _value(ctx: Context, name: str, scope: int) -> Value:
    alternatives: list[Alternative] = []
    end = ctx.flow.end(scope)
    for reach in ctx.flow.at_end(name, scope) or ():
        value = binding_value(ctx, reach.binding)
        value = changed(ctx, value, ctx.scopes.changes(scope, name, reach.binding.line, end.index), end, None)
        alternatives += under(value, ctx.flow.name(reach.arms))
    return bounded(alternatives)
