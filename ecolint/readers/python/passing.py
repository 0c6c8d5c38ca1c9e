"""The passing room: which functions of a module may give back a model, and which a text may call, by words alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from ecolint.readers.python.gates import Gate, gate
from ecolint.readers.python.mentions import MAX_IMPORTS

if TYPE_CHECKING:
    from ecolint.model import Source, Wanted
    from ecolint.readers import Lookup

_FROM = re.compile(r"\bfrom[ \t\\\n]+([\w.]+)[ \t\\\n]*\Z")
_NAMES = re.compile(r"(?:[ \t]|\\\r?\n)*(?:\(((?:[^)#]|#[^\n]*\n)*)\)|((?:\\\r?\n|[^\n])*))")
_ONE = re.compile(r"([\w.]+)(?:\s+as\s+(\w+))?")
_REMARK = re.compile(r"#[^\n]*")
_WORD = re.compile(rb"\w+")
_DEF = re.compile(rb"^([ \t]*)(?:async[ \t]+)?def[ \t]+(\w+)", re.MULTILINE)
GAP = r"(?:[\s)\\]|#[^\r\n]*[\r\n])*"
"""What may stand between a name and what is done with it, as an expression."""
_CALLED = re.compile(rf"{GAP}(?:\.\s*([^\W\d]\w*){GAP})?\(")
"""What makes of a name a call, or a call of a member of it."""
_BEFORE = 200
"""Characters before `import` in which the module stands that it imports from."""


_NEAR = 2_000
"""Characters in which an open parenthesis is looked for."""


class Import(NamedTuple):
    """A module or a member of one, and the name that it is bound to here. `member` is empty for a module."""

    module: str
    member: str
    bound: str


def imports(text: str) -> Iterator[Import]:
    """What the imports of a text bring, and what only looks like one."""
    at = text.find("import")
    while at >= 0:
        end = at + len("import")
        if not (_word(text[at - 1 : at]) or _word(text[end : end + 1])):
            origin = _FROM.search(text, max(0, at - _BEFORE), at)
            listed = _NAMES.match(text, end)
            names = _REMARK.sub("", (listed[1] or listed[2] or "").replace("\\", " ")) if listed else ""
            for one in _ONE.finditer(names):
                if origin is not None:
                    yield Import(origin[1], one[1], one[2] or one[1])
                elif one[1][0] != ".":
                    yield Import(one[1], "", one[2] or one[1].partition(".")[0])
        at = text.find("import", end)


def called(text: str, name: str) -> tuple[bool, set[str]]:
    """Whether a text calls a function by a plain name, and the members of the name that it calls."""
    plain, members = False, set()
    for end in ends(text, name):
        if (match := _CALLED.match(text, end)) is not None:
            if match[1]:
                members.add(match[1])
            else:
                plain = True
    return plain, members


def ends(text: str, name: str) -> Iterator[int]:
    """Where a word ends, each time that it stands in a text.

    Looked for by its letters first: an expression that begins with a border is slow."""
    at = text.find(name)
    while at >= 0:
        end = at + len(name)
        if not (_word(text[at - 1 : at]) or _word(text[end : end + 1])):
            yield end
        at = text.find(name, end)


def opened(text: str, at: int) -> int:
    """Where the parenthesis is that is open at a place; -1 where there is none near."""
    depth, low = 0, max(0, at - _NEAR)
    while True:
        opens, closes = text.rfind("(", low, at), text.rfind(")", low, at)
        if opens < 0:
            return -1
        if closes > opens:
            depth, at = depth + 1, closes
        elif depth:
            depth, at = depth - 1, opens
        else:
            return opens


def _word(char: str) -> bool:
    return char.isalnum() or char == "_"


def may_call_maker(source: Source, wanted: Wanted, project: Lookup) -> bool:
    """Whether a text may call a function of another module of the project that gives back a model it loads."""
    text, path = source.text, source.path
    idle: set[str] = project.kept(("idle", ""), set)
    """The modules of which it is known that they give nothing and pass nothing on."""
    brought = list(islice(imports(text), MAX_IMPORTS))
    if len(brought) == MAX_IMPORTS:
        return True  # to look for each in the text costs as much as the text is long
    for one in dict.fromkeys(brought):
        ways = [
            (module, found)
            for module in _modules(one)
            if (found := project.module(module, path)) is not None
            and not (found in idle and _passes(found, wanted, project) == _NOTHING)  # asked, so that it is remembered
        ]
        if not ways:
            continue
        plain, members = called(text, one.bound)
        for module, found in ways:
            names = {one.member} if plain else set()
            if module != one.module or not one.member:
                names = members
            if names and _passes(found, wanted, project) == _NOTHING:
                idle.add(found)
            elif any(_gives(found, name, wanted, project) for name in names) and not names.isdisjoint(
                project.makers(module, path, wanted)
            ):
                return True
    return False


def _modules(one: Import) -> Iterable[str]:
    """The modules that an imported name may be of, and those that it may be."""
    if one.member:
        return one.module, f"{one.module}{'' if one.module.endswith('.') else '.'}{one.member}"
    return dict.fromkeys((one.module, one.module.partition(".")[0]))


def _gives(location: str, name: str, wanted: Wanted, project: Lookup) -> bool:
    """Whether a function of a module may give back a model: one of its own, or one that it passes on."""

    def make() -> bool:
        queue = [(location, name)]
        seen = set(queue)
        while queue:  # in circles too
            where, asked = queue.pop()
            passes = _passes(where, wanted, project)
            if asked in passes.own:
                return True
            for module, member in passes.ways.get(asked, ()):
                found = project.module(module, where)
                if found is not None and (found, member) not in seen:
                    seen.add((found, member))
                    queue.append((found, member))
        return False

    return project.kept(("gives", location, name), make)


class _Passes(NamedTuple):
    """The functions of a module's own that may give back a model, and by name what it imports to pass it on."""

    own: frozenset[str]
    ways: Mapping[str, list[tuple[str, str]]]


_NOTHING = _Passes(frozenset(), {})


def _passes(location: str, wanted: Wanted, project: Lookup) -> _Passes:
    def make() -> _Passes:
        data = project.data(location)
        ways: dict[str, list[tuple[str, str]]] = {}
        if location.endswith("__init__.py"):
            for one in imports(data.decode("utf-8", "replace")):
                if one.member:
                    ways.setdefault(one.bound, []).append((one.module, one.member))
        return _Passes(_own(data, gate(wanted)), ways)

    return project.kept(("passes", location), make)


def _own(data: bytes, gate: Gate) -> frozenset[str]:
    """The functions of a module that may give back a model which a wanted call of it makes.

    A function that holds such a call may, and whatever mentions one that may; every one, where a call stands outside
    all functions, or where that cannot be told.
    """
    told = gate.told(data)
    if told is None or not told.starts:
        return frozenset()
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data
    functions = _functions(data)
    found: set[bytes] = set()
    for at in gate.starting(data):
        around = [one for one in functions if one.start <= at < one.sure]
        if not around:
            return frozenset(one.name.decode("utf-8", "replace") for one in functions)
        found.update(one.name for one in around)
    names = {one.name for one in functions}
    mentioned_in: dict[bytes, set[bytes]] = {}
    for one in functions:
        for word in names.intersection(_WORD.findall(data, one.start, one.end)):
            mentioned_in.setdefault(word, set()).add(one.name)
    queue = list(found)
    while queue:
        more = mentioned_in.get(queue.pop(), set()) - found
        found |= more
        queue += more
    return frozenset(name.decode("utf-8", "replace") for name in found)


class _Function(NamedTuple):
    """A function as far as lines tell: it surely goes on to `sure`, and at most to `end`."""

    name: bytes
    start: int
    sure: int
    end: int


def _functions(data: bytes) -> list[_Function]:
    """The functions of a module. What is indented no further than a header may end its function, a header does."""
    headers = list(_DEF.finditer(data))
    found = []
    for number, header in enumerate(headers):
        indent = header.end(1) - header.start(1)
        following = (one.start() for one in headers[number + 1 :] if one.end(1) - one.start(1) <= indent)
        end = next(following, len(data))
        outside = re.compile(rb"^[ \t]{0,%d}[^\s#)\]}]" % indent, re.MULTILINE).search(data, header.end())
        found.append(_Function(header[2], header.start(), min(end, outside.start() if outside else len(data)), end))
    return found
