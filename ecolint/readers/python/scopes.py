"""The scope table: which names each logical line binds or changes, found by line shapes and grouped by scope."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import field
from typing import Literal

from ecolint.readers.python.lines import Line, Script
from ecolint.shaped import dataclass

BindingKind = Literal["import", "assign", "aug", "for", "with", "except", "def", "class", "param", "del", "walrus"]
ChangeKind = Literal["item", "update", "attr", "remove", "default", "opaque"]

MODULE = -1

_DOTTED = re.compile(r"[^\W\d]\w*(?:\s*\.\s*[^\W\d]\w*)*")
_WORD = re.compile(r"[^\W\d]\w*")
_SUBSCRIPTED = re.compile(r"([^\W\d][\w.]*)\s*\[")
_ANNOTATED = re.compile(r"([^\W\d][\w.]*)\s*:")
_STATEMENT = re.compile(r"(import|from|global|nonlocal|del|return|assert|raise)\b")
_METHOD = re.compile(r"([^\W\d][\w.]*)\.(update|setdefault|pop|popitem|clear|append|extend|insert)\s*\(")
_SETATTR = re.compile(r"setattr\(\s*([^\W\d][\w.]*)\s*,\s*['\"](\w+)['\"]\s*,")
_WALRUS = re.compile(r"[(\[,{]\s*([^\W\d]\w*)\s*:=")
_FOR = re.compile(r"(?:async\s+)?for\b(.+?)\bin\b", re.DOTALL)
_AS = re.compile(r"\bas\s+(\([^()]*\)|[\w.]+)")
_NAMED = re.compile(r"(?:async\s+)?(?:def|class)\s+(\w+)")
_FROM = re.compile(r"from\b([\w. ]*?)\bimport\b(.*)", re.DOTALL)
_COMMENT = re.compile(r"#[^\r\n]*")
_CONTINUED = re.compile(r"\\\r?\n")
_OPERATOR = re.compile(r"(?<!\s)\s*(\*\*|//|>>|<<|[-+*/%@&|^])?\s*$")


@dataclass(frozen=True, slots=True)
class Binding:
    """A line that binds a name, or a dotted path such as `self.model`. Imports carry what they name.

    `origin` is the qualified name ("torch.float16"), with leading dots for relative imports. `module` and `member`
    split a `from` import.
    """

    line: int
    kind: BindingKind
    name: str
    origin: str = ""
    module: str = ""
    member: str = ""


@dataclass(frozen=True, slots=True)
class Mutation:
    """A line that changes an object under a name: an item or attribute set, an update, a removal, or anything else."""

    line: int
    kind: ChangeKind
    name: str
    attribute: str = ""


@dataclass(slots=True)
class Names:
    """The bindings and mutations of one scope, by name, in line order."""

    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    mutations: dict[str, list[Mutation]] = field(default_factory=dict)
    outer: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Scopes:
    """The whole table. `stars` are the modules of `from x import *`; `foreign` bindings come from `global` statements;
    `attributes` are the `self.x` bindings of each class; `paths` all bindings of dotted paths."""

    script: Script
    names: dict[int, Names] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    foreign: dict[str, list[Binding]] = field(default_factory=dict)
    attributes: dict[tuple[int, str], list[Binding]] = field(default_factory=dict)
    paths: dict[str, list[Binding]] = field(default_factory=dict)
    functions: dict[str, list[int]] = field(default_factory=dict)

    def of(self, scope: int) -> Names:
        """The names of a scope; empty where it binds none."""
        return self.names.get(scope) or Names()

    def before(self, scope: int, name: str, line: int) -> tuple[list[Binding], int]:
        """The bindings of a name in a scope, and how many of them stand before a line."""
        found = self.of(scope).bindings.get(name, [])
        return found, bisect_right(found, line - 1, key=lambda binding: binding.line)

    def changes(self, scope: int, name: str, after: int, before: int, most: int | None = None) -> list[Mutation]:
        """What changes the object under `name` strictly between two lines, in order; of many only the last."""
        found = self.of(scope).mutations.get(name, [])
        first = bisect_right(found, after, key=lambda item: item.line)
        last = bisect_right(found, before - 1, key=lambda item: item.line)
        return found[first if most is None else max(first, last - most) : last]


def build(script: Script) -> Scopes:
    """The scope table of a script, in one pass over its lines."""
    scopes = Scopes(script)
    for line in script.lines:
        names = scopes.names.get(line.scope)
        if names is None:
            names = scopes.names[line.scope] = Names()
        for found in _lines_bindings(line, script.body(line), scopes, names):
            if isinstance(found, Binding):
                names.bindings.setdefault(found.name, []).append(found)
                if "." in found.name:
                    _note_path(scopes, line, found)
            else:
                names.mutations.setdefault(found.name, []).append(found)
        if line.kind in ("def", "class") and (named := _NAMED.match(script.body(line))):
            scopes.functions.setdefault(named.group(1), []).append(line.index)
    for scope, names in scopes.names.items():
        if scope != MODULE:
            for name in names.outer:
                scopes.foreign.setdefault(name, []).extend(names.bindings.get(name, ()))
    return scopes


def _note_path(scopes: Scopes, line: Line, found: Binding) -> None:
    scopes.paths.setdefault(found.name, []).append(found)
    root, _, rest = found.name.partition(".")
    owner = line.scope
    if root in ("self", "cls") and "." not in rest:
        lines = scopes.script.lines
        while owner >= 0 and lines[owner].kind != "class":
            owner = lines[owner].scope
        if owner >= 0:
            scopes.attributes.setdefault((owner, rest), []).append(found)


def _lines_bindings(line: Line, text: str, scopes: Scopes, names: Names) -> list[Binding | Mutation]:
    index, kind = line.index, line.kind
    found: list[Binding | Mutation] = []
    if ":=" in text:
        found += [Binding(index, "walrus", match.group(1)) for match in _WALRUS.finditer(text)]
    if kind == "for":
        if match := _FOR.match(text):
            found += [Binding(index, "for", name) for name in _targets(match.group(1))]
    elif kind in ("with", "except"):
        bound: BindingKind = "with" if kind == "with" else "except"
        for match in _AS.finditer(text):
            found += [Binding(index, bound, name) for name in _targets(match.group(1))]
    elif kind in ("def", "class"):
        if match := _NAMED.match(text):
            found.append(Binding(index, "def" if kind == "def" else "class", match.group(1)))
    elif not kind:
        found += _simple(line, text, scopes, names)
    return found


def _targets(text: str) -> list[str]:
    """The names and dotted paths that a target list binds; subscripted targets bind nothing."""
    return [
        re.sub(r"\s", "", match.group())
        for match in _DOTTED.finditer(text)
        if not text[match.end() :].lstrip().startswith("[") and not _inside_subscript(text, match.start())
    ]


def _inside_subscript(text: str, at: int) -> bool:
    opened = text.rfind("[", 0, at)
    return opened > 0 and (text[opened - 1].isalnum() or text[opened - 1] in "_])") and "]" not in text[opened:at]


def _simple(line: Line, text: str, scopes: Scopes, names: Names) -> list[Binding | Mutation]:
    keyword = _STATEMENT.match(text)
    if keyword:
        return _keyword_statement(line, keyword.group(1), text, scopes, names)
    if line.equals:
        return _assignment(line, text)
    method = _METHOD.match(text)
    if method is None:
        told = _SETATTR.match(text)
        return [Mutation(line.index, "attr", told.group(1), told.group(2))] if told else []
    name, called = method.groups()
    kind: ChangeKind = "opaque"
    if called == "update":
        kind = "update"
    elif called == "pop":
        kind = "remove"
    elif called == "setdefault":
        kind = "default"
    return [Mutation(line.index, kind, name)]


def _keyword_statement(line: Line, word: str, text: str, scopes: Scopes, names: Names) -> list[Binding | Mutation]:
    found: list[Binding | Mutation] = []
    if word in ("import", "from"):
        for binding in imports(line.index, text):
            if binding.name == "*":
                scopes.stars.append(binding.module)
            else:
                found.append(binding)
    elif word in ("global", "nonlocal"):
        bound = _WORD.findall(text)[1:]
        if word == "global":
            names.outer.update(bound)
    elif word == "del":
        for target in text[3:].split(","):
            if match := _SUBSCRIPTED.match(target.strip()):
                found.append(Mutation(line.index, "remove", match.group(1)))
            elif match := _DOTTED.match(target.strip()):
                found.append(Binding(line.index, "del", match.group()))
    return found


def imports(index: int, text: str) -> list[Binding]:
    """The bindings of one import statement; a star import is named "*"."""
    text = " ".join(_CONTINUED.sub(" ", _COMMENT.sub("", text)).split())
    found = []
    if match := _FROM.match(text):
        module, listed = re.sub(r"\s", "", match.group(1)), match.group(2)
        for part in listed.replace("(", " ").replace(")", " ").split(","):
            words = part.split()
            if words:
                member, name = words[0], words[-1]
                join = "" if module.endswith(".") else "."
                found.append(Binding(index, "import", name, f"{module}{join}{member}", module, member))
    elif text.startswith("import"):
        for part in text[len("import") :].split(","):
            words = part.split()
            if len(words) == 3 and words[1] == "as":
                found.append(Binding(index, "import", words[2], words[0]))
            elif words:
                root = words[0].split(".")[0]
                found.append(Binding(index, "import", root, root))
    return found


def _assignment(line: Line, text: str) -> list[Binding | Mutation]:
    found: list[Binding | Mutation] = []
    begin = 0
    for at in line.equals:
        target = text[begin : at - line.start]
        begin = at - line.start + 1
        if annotated := _ANNOTATED.match(target):
            target = annotated.group(1)
        operator = _OPERATOR.search(target)
        sign = operator.group(1) if operator else None
        target = target[: operator.start()].strip() if operator else target.strip()
        if (match := _SUBSCRIPTED.match(target)) and target.endswith("]"):
            found.append(Mutation(line.index, "item" if sign is None else "opaque", match.group(1)))
            continue
        if sign is not None:
            name = re.sub(r"\s", "", target)
            if sign == "|":
                found.append(Mutation(line.index, "update", name))
            elif _DOTTED.fullmatch(name):
                found.append(Binding(line.index, "aug", name))
            continue
        for name in _targets(target):
            found.append(Binding(line.index, "assign", name))
            base, _, attribute = name.rpartition(".")
            if base:
                found.append(Mutation(line.index, "attr", base, attribute))
    return found
