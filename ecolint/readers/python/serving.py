"""The serving room: how a call that answers a request of a service does so, one request at a time or otherwise."""

from __future__ import annotations

import re

import libcst as cst

from ecolint.model import Request
from ecolint.readers.python.context import Context
from ecolint.readers.python.handlers import MAX_HELPERS, Handlers, Role
from ecolint.readers.python.lines import Line
from ecolint.readers.python.parsing import Statement
from ecolint.readers.python.sites import call_sites
from ecolint.readers.python.tracing import MAX_BACK, identifiers, made_of_several, step
from ecolint.shaped import dataclass

_PLURAL = (
    r"(?:\w+_)?(?:prompts|texts|queries|questions|sentences|instances|samples|utterances|batch|batches|chunks|documents"
    r"|examples|articles|paragraphs|titles|codes|strings|list)"
)
_GIVEN_SEVERAL = re.compile(
    rf"(?<!join)\(\s*(?:\w+\s*=\s*)?(?:\w+(?:\.|\[\s*['\"]))*{_PLURAL}(?:['\"]\s*\])?\s*[,)]"
    r"|(?<!join)\(\s*\[\s*[^\[\]{}]*\bfor\b|\bbatch_encode|\bpad_sequence\b",
    re.IGNORECASE,
)
_FIRST = re.compile(r"\[\s*0\s*\]|\.pop\(\s*0?\s*\)|\bnext\(\s*iter\b")
_LIST_OF_TEXT = re.compile(r"(?:[Ll]ist|Sequence|Iterable)\[\s*(?:str|\"str\")\s*\]")
_STREAMS = re.compile(
    r"\bstreamer\b|\w*Streamer\b|\bStreamingResponse\b|\bEventSourceResponse\b|\bStreamingHttpResponse\b"
)
_YIELDS = re.compile(r"\byield\b")


@dataclass(frozen=True, slots=True)
class Serving:
    """Answers about the calls of one text."""

    ctx: Context
    handlers: Handlers

    def answers(self, call: cst.Call, statement: Statement) -> Request:
        """How a call answers requests; empty where it answers none, or where nobody can tell."""
        line = statement.line
        role = self.handlers.around(line)
        if role is None or role.service.job:
            return ""
        if role.service.person or self._watched(role, line):
            return "person"
        arguments = ", ".join(statement.code(one) for one in call.args)
        if self._streams(statement, arguments):
            return "streamed"
        if made_of_several(self.ctx.script, line, arguments):
            return "several"
        made = self._made_of(line, f"({arguments})", MAX_HELPERS)
        if any(map(_GIVEN_SEVERAL.search, made)):
            return "several"
        return "several" if role.several and not any(map(_FIRST.search, made)) else "single"

    def _watched(self, role: Role, line: Line) -> bool:
        """True where what the request gets is a page that somebody looks at."""
        text = self._body(line)
        return any(word in text for word in role.service.watched)

    def _streams(self, statement: Statement, arguments: str) -> bool:
        """True where what is generated goes out as it comes; another branch of the function may well do so alone."""
        lines, scope = self.ctx.script.lines, statement.line.scope
        around = self.ctx.source.text[lines[scope].start : lines[lines[scope].tail].end] if scope >= 0 else ""
        if _YIELDS.search(around) and lines[scope].kind == "def":
            return True
        return _STREAMS.search(arguments) is not None or _STREAMS.search(statement.text) is not None

    def _body(self, line: Line) -> str:
        """The text of the function around a line."""
        function = self.handlers.function(line)
        if function < 0:
            return ""
        lines = self.ctx.script.lines
        return self.ctx.source.text[lines[function].start : lines[lines[function].tail].end]

    def _made_of(self, line: Line, arguments: str, helpers: int) -> list[str]:
        """The texts that a call's arguments are made of, in its function and in those that call it."""
        texts, needed = [arguments], identifiers(arguments)
        script = self.ctx.script
        for earlier in reversed(script.lines[max(line.scope + 1, line.index - MAX_BACK, 0) : line.index]):
            one = step(script, earlier)
            if one is not None and earlier.scope == line.scope and one.bound & needed:
                needed |= identifiers(one.made)
                texts.append(one.made)
        function = self.handlers.function(line)
        if function < 0 or function != line.scope:
            return texts
        passed = {name: one for name, one in self.ctx.signature(function).items() if name in needed}
        texts += [
            f"({name})" if not _LIST_OF_TEXT.search(one.annotation) else "(texts)" for name, one in passed.items()
        ]
        if helpers and self.handlers.role(function) is None:
            for site in call_sites(self.ctx, function):
                given = [where.code(node) for name, (node, where) in site.arguments.items() if name in passed]
                texts += self._made_of(site.statement.line, f"({', '.join(given)})", helpers - 1)
        return texts
