"""The import desk: how a qualified name is spelled at a line, and which import must be added for it."""

from __future__ import annotations

from dataclasses import dataclass, field

import libcst as cst

from ecolint.model import CannotEdit, Span
from ecolint.readers.python.context import Context
from ecolint.readers.python.layout import Listing, Patch, line_end, rearrange
from ecolint.readers.python.lines import Line
from ecolint.readers.python.names import find
from ecolint.readers.python.scopes import MODULE, Binding


@dataclass(slots=True)
class Imports:
    """Spells names for one place of use and collects the imports that this takes."""

    ctx: Context
    use: Line
    newline: str
    patches: list[Patch] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    extended: dict[int, list[str]] = field(default_factory=dict)
    spelled: dict[str, str] = field(default_factory=dict)

    def name(self, qualified: str, construct: bool) -> str:
        """The name as it must be written. Raises `CannotEdit` where its first part means something else there."""
        if qualified not in self.spelled:
            self.spelled[qualified] = self._find(qualified, construct)
        return self.spelled[qualified]

    def _find(self, qualified: str, construct: bool) -> str:
        module, _, member = qualified.rpartition(".")
        for binding in self._visible():
            if binding.origin == qualified:
                return binding.name
        if not module:
            raise CannotEdit(f"{qualified} has no module to import it from")
        if construct:
            extensible = self._extensible(module)
            if extensible is not None and self._free(member):
                self.extended.setdefault(extensible.index, []).append(member)
                return member
        for binding in self._visible():
            if module == binding.origin or module.startswith(binding.origin + "."):
                if not binding.member and not self._imports(module, binding):
                    continue
                return ".".join((binding.name, *qualified[len(binding.origin) + 1 :].split(".")))
        if construct and self._free(member):
            self.lines.append(f"from {module} import {member}")
            return member
        root = module.partition(".")[0]
        if self._free(root):
            self.lines.append(f"import {module}")
            return qualified
        raise CannotEdit(f"{member if construct else root} means something else here")

    def _imports(self, module: str, binding: Binding) -> bool:
        """True where a plain `import a` or `import a.b` really loads the module that is asked for."""
        return module == binding.origin or module in self.ctx.script.body(self.ctx.script.lines[binding.line])

    def _visible(self) -> list[Binding]:
        """The imports whose names mean exactly that import at the place of use."""
        ctx, found = self.ctx, []
        scope = self.use.scope
        while True:
            for name, bindings in ctx.scopes.of(scope).bindings.items():
                if any(one.kind == "import" and not one.origin.startswith(".") for one in bindings):
                    reaches = find(ctx, name, self.use).reaches
                    if len(reaches) == 1 and reaches[0].binding.kind == "import" and not reaches[0].arms:
                        found.append(reaches[0].binding)
            if scope == MODULE:
                return sorted(found, key=lambda one: one.line)
            scope = ctx.script.lines[scope].scope

    def _free(self, name: str) -> bool:
        """True where nothing in this file gives the name another meaning."""
        ctx = self.ctx
        if name in ctx.scopes.foreign or name in ctx.scopes.of(MODULE).bindings:
            return False
        scope = self.use.scope
        while scope != MODULE:
            if name in ctx.scopes.of(scope).bindings:
                return False
            if ctx.script.lines[scope].kind == "def" and name in ctx.signature(scope):
                return False
            scope = ctx.script.lines[scope].scope
        return True

    def _extensible(self, module: str) -> Line | None:
        """An import `from module import …` that surely runs before the place of use."""
        ctx = self.ctx
        found: Line | None = None
        scope = self.use.scope
        scopes = [MODULE] if scope == MODULE else [scope, MODULE]
        for each in scopes:
            for bindings in ctx.scopes.of(each).bindings.values():
                for binding in bindings:
                    line = ctx.script.lines[binding.line]
                    runs = each == MODULE and scope != MODULE and line.parent == MODULE
                    runs = runs or (line.index < self.use.index and ctx.flow.between(line, self.use) == ())
                    if (
                        binding.kind == "import"
                        and binding.module == module
                        and runs
                        and (found is None or line.index < found.index)
                    ):
                        found = line
            if found is not None:
                return found
        return None

    def finish(self) -> list[Patch]:
        """The patches for all imports that were asked for."""
        patches: list[Patch] = []
        for index, members in self.extended.items():
            patches += self._extend(self.ctx.script.lines[index], members)
        if self.lines:
            patches.append(self._new_lines())
        return patches

    def _extend(self, line: Line, members: list[str]) -> list[Patch]:
        statement = self.ctx.parser.parse(line)
        root = statement.root if statement is not None else None
        if statement is None or not isinstance(root, cst.ImportFrom) or isinstance(root.names, cst.ImportStar):
            raise CannotEdit("the import cannot be extended")
        items = tuple(statement.span(alias) for alias in root.names)
        written = [alias.evaluated_name for alias in root.names]
        text = self.ctx.source.text
        opened = text.index("(", line.start) + 1 if root.lpar is not None else items[0].start
        listing = Listing(text, self.newline, opened, line.end - 1, items)
        if written == sorted(written) and "#" not in text[items[0].start : line.end]:
            for index, name in enumerate(written):
                if name > members[0]:
                    separator = ", " if root.lpar is None else "," + listing.separator(index)
                    return [(Span(items[index].start, items[index].start), separator.join([*members, ""]))]
        if root.lpar is None:
            return [(Span(items[-1].end, items[-1].end), ", " + ", ".join(members))]
        return rearrange(listing, {}, (), members)

    def _new_lines(self) -> Patch:
        ctx, text = self.ctx, self.ctx.source.text
        lines = list(dict.fromkeys(self.lines))
        joined = self.newline.join(lines)
        last: Line | None = None
        top = [ctx.script.lines[index] for index in ctx.script.children.get(MODULE, [])]
        use = self.use
        while use.parent != MODULE:
            use = ctx.script.lines[use.parent]
        limit = use.index if self.use.scope == MODULE else len(ctx.script.lines)
        for line in top:
            if line.index < limit and not line.kind and text.startswith(("import ", "from "), line.start):
                last = line
        if last is None and top and text[top[0].start] in "\"'rR" and not top[0].kind and not top[0].equals:
            last = top[0]
        if last is not None:
            at = line_end(text, last.end)
            return (Span(at, at), self.newline + joined)
        at = top[0].start if top else 0
        return (Span(at, at), joined + self.newline)
