"""The import desk: how a qualified name is spelled at a line, and which import must be added for it."""

from __future__ import annotations

import re
import sys
from dataclasses import field

import libcst as cst

from ecolint.model import CannotEdit, Span
from ecolint.readers.python.context import Context
from ecolint.readers.python.layout import Listing, Patch, line_end, line_start, rearrange
from ecolint.readers.python.lines import Line
from ecolint.readers.python.names import find
from ecolint.readers.python.scopes import MODULE, Binding
from ecolint.shaped import dataclass

_FAILED = re.compile(r"except\s*(?::|.*\b(?:ImportError|ModuleNotFoundError|Exception|BaseException)\b)", re.DOTALL)
_REMARK = re.compile(r"#[^\r\n]*")


@dataclass(slots=True)
class Imports:
    """Spells names for one place of use and collects the imports that this takes."""

    ctx: Context
    use: Line
    newline: str
    library: str = ""
    """The first part of the name of what is edited: where it is imported, other imports for it may go."""
    lines: dict[int, list[str]] = field(default_factory=dict)
    """New imports by the import that they follow, -1 for the top of the file."""
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
            raise CannotEdit("{qualified} has no module to import it from", qualified=qualified)
        if construct:
            extensible = self._extensible(module)
            if extensible is not None and self._free(member, qualified):
                self.extended.setdefault(extensible.index, []).append(member)
                return member
        for binding in self._visible():
            if module == binding.origin or module.startswith(binding.origin + "."):
                if not binding.member and not self._imports(module, binding):
                    continue
                return ".".join((binding.name, *qualified[len(binding.origin) + 1 :].split(".")))
        root = module.partition(".")[0]
        if construct and self._free(member, qualified):
            self.lines.setdefault(self._anchor(root), []).append(f"from {module} import {member}")
            return member
        if self._free(root, root):
            self.lines.setdefault(self._anchor(root), []).append(f"import {module}")
            return qualified
        raise CannotEdit("{name} means something else here", name=member if construct else root)

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
                    real = [one for one in reaches if not self._fallback(one.binding)]
                    if len(real) != 1 or real[0].binding.kind != "import":
                        continue
                    if not real[0].arms or self._guard(ctx.script.lines[real[0].binding.line]) is not None:
                        found.append(real[0].binding)
            if scope == MODULE:
                return sorted(found, key=lambda one: one.line)
            scope = ctx.script.lines[scope].scope

    def _free(self, name: str, origin: str) -> bool:
        """True where nothing in this file gives the name another meaning than `origin`, for type checkers at most."""
        ctx = self.ctx
        if name in ctx.scopes.foreign:
            return False
        for one in ctx.scopes.of(MODULE).bindings.get(name, ()):
            if ctx.flow.path(ctx.script.lines[one.line]) is not None or one.origin != origin:
                return False
        scope = self.use.scope
        while scope != MODULE:
            if name in ctx.scopes.of(scope).bindings:
                return False
            if ctx.script.lines[scope].kind == "def" and ctx.takes(scope, name):
                return False
            scope = ctx.script.lines[scope].scope
        return True

    # --- optional and lazy dependencies ------------------------------------------------------------------------------

    def _guard(self, line: Line) -> Line | None:
        """The `try:` at the top of the file whose handlers catch that an import in it fails."""
        ctx = self.ctx
        if line.parent < 0 or ctx.script.lines[line.parent].kind != "try":
            return None
        header = ctx.script.lines[line.parent]
        handled = any(_FAILED.match(ctx.script.body(one)) for one in ctx.flow.chain(header.index))
        return header if handled else None

    def _fallback(self, binding: Binding) -> bool:
        """True for what a handler of a failed import binds instead."""
        line = self.ctx.script.lines[binding.line]
        header = self.ctx.script.lines[line.parent] if line.parent >= 0 else None
        return (
            header is not None and header.kind == "except" and _FAILED.match(self.ctx.script.body(header)) is not None
        )

    def _runs(self, line: Line, scope: int) -> bool:
        """True where an import of a scope has run, or what guards it has, once the place of use is reached."""
        ctx = self.ctx
        if ctx.flow.path(line) is None:
            return False  # for type checkers only
        guard = self._guard(line)
        outermost = guard if guard is not None else line
        if scope == MODULE and self.use.scope != MODULE:
            return outermost.parent == MODULE
        return line.index < self.use.index and ctx.flow.between(outermost, self.use) == ()

    def _imports_of(self, scope: int, roots: set[str]) -> list[tuple[Line, Binding]]:
        """The imports in a scope of modules below some packages that have run at the place of use, in order."""
        found = []
        for bindings in self.ctx.scopes.of(scope).bindings.values():
            for one in bindings:
                line = self.ctx.script.lines[one.line]
                if one.kind == "import" and one.origin.partition(".")[0] in roots and self._runs(line, scope):
                    found.append((line, one))
        return sorted(found, key=lambda pair: pair[0].index)

    def _anchor(self, root: str) -> int:
        """The import that a new one of a package must follow, because it is lazy or optional; -1 for the top.

        A package that is imported nowhere comes as surely as the library that is edited.
        """
        for roots in ({root}, {self.library}):
            top = [line for line, _ in self._imports_of(MODULE, roots)]
            if any(line.parent == MODULE for line in top):
                return -1
            scope = self.use.scope
            lazy = [line for line, _ in self._imports_of(scope, roots)] if scope != MODULE else []
            found = [*top, *lazy]
            if found:
                return found[-1].index
        return -1

    def _extensible(self, module: str) -> Line | None:
        """An import `from module import …` that surely runs before the place of use, or is optional as a whole."""
        scope = self.use.scope
        for each in [MODULE] if scope == MODULE else [scope, MODULE]:
            for line, binding in self._imports_of(each, {module.partition(".")[0]}):
                if binding.module == module:
                    return line
        return None

    def finish(self) -> list[Patch]:
        """The patches for all imports that were asked for."""
        patches: list[Patch] = []
        for index, members in self.extended.items():
            patches += self._extend(self.ctx.script.lines[index], members)
        for anchor, written in self.lines.items():
            lines = list(dict.fromkeys(written))
            patches.append(self._at_top(lines) if anchor < 0 else self._after(self.ctx.script.lines[anchor], lines))
        return patches

    def _after(self, anchor: Line, lines: list[str]) -> Patch:
        """New imports right after another one, in its block."""
        text = self.ctx.source.text
        before = text[line_start(text, anchor.start) : anchor.start]
        if before.strip():
            return (Span(anchor.end, anchor.end), "; " + "; ".join(lines))
        at = line_end(text, anchor.end)
        return (Span(at, at), "".join(self.newline + before + line for line in lines))

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

    def _at_top(self, lines: list[str]) -> Patch:
        ctx, text = self.ctx, self.ctx.source.text
        joined = self.newline.join(lines)
        top = [ctx.script.lines[index] for index in ctx.script.children.get(MODULE, [])]
        use = self.use
        while use.parent != MODULE:
            use = ctx.script.lines[use.parent]
        limit = use.index if self.use.scope == MODULE else len(ctx.script.lines)
        imports = [line for line in top if line.index < limit and self._is_import(line)]
        follower = self._follower(imports, lines)
        if follower is not None:
            return (Span(follower.start, follower.start), joined + self.newline)
        last = imports[-1] if imports else None
        if last is None and top and text[top[0].start] in "\"'rR" and not top[0].kind and not top[0].equals:
            last = top[0]
        if last is not None:
            at = line_end(text, last.end)
            return (Span(at, at), self.newline + joined)
        at = top[0].start if top else 0
        return (Span(at, at), joined + self.newline)

    def _is_import(self, line: Line) -> bool:
        return not line.kind and self.ctx.source.text.startswith(("import ", "from "), line.start)

    def _follower(self, imports: list[Line], lines: list[str]) -> Line | None:
        """The first `from` import of a third-party block, before which import sorters want a plain `import`."""
        if not all(line.startswith("import ") for line in lines):
            return None
        text = self.ctx.source.text
        blocks: list[list[Line]] = []
        for line in imports:
            between = text[blocks[-1][-1].end : line.start] if blocks else "x"
            if (
                line_start(text, line.start) != line.start
                or _REMARK.sub("", between).strip()
                or between.count("\n") > 1
            ):
                blocks.append([])
            blocks[-1].append(line)
        roots = [[_root(text[line.start : line.end]) for line in block] for block in blocks]
        for block, names in reversed(list(zip(blocks, roots, strict=True))):
            if self.library in names or not any(self.library in one for one in roots):
                if any(name in ("", *sys.stdlib_module_names) for name in names):
                    return None
                return next((line for line in block if text.startswith("from ", line.start)), None)
        return None


def _root(text: str) -> str:
    """The package that an import statement names first; empty for a relative one."""
    match = re.match(r"(?:import|from)\s+(\w+)", text)
    return match.group(1) if match else ""
