"""A scalar as a container gets it: always a string, with the references of its syntax resolved."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ecolint.model import Alternative, How, Place, Value
from ecolint.readers.yaml.nodes import Node, resolved
from ecolint.readers.yaml.scalars import offsets
from ecolint.readers.yaml.tables import SUBSTITUTED, Document
from ecolint.shaped import dataclass

_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_][\w.-]*)\)")
_COMPOSE_REFERENCE = re.compile(r"\$\$|\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?-)([^${}]*))?([^{}]*)\})")

MAX_TEXT = 100_000
"""Characters of a text that references are put into; a longer one is unknown."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string with references resolved: None where unknown, and `lead`, what is known of it from the start."""

    value: str | None
    lead: str
    place: Place
    how: How = "literal"
    shared: bool = False

    def as_value(self) -> Value:
        """The text as a value."""
        if self.value is None:
            return (Alternative("unknown", None, self.place),)
        return (Alternative("known", self.value, self.place, self.how, shared=self.shared),)


def text_of(document: Document, node: Node, texts: Mapping[str, Text], compose: bool = False) -> Text:
    """A scalar as the container gets it: always a string, with `$(VAR)` (compose: `${VAR:-default}`) resolved."""
    bare, shared = resolved(node)
    place = document.at(bare)
    if bare.kind != "scalar":
        return Text(None, "", place)
    if not document.readable(bare):
        return Text(None, _known_start(document, bare), place)
    if "$" not in bare.value:
        return Text(bare.value, bare.value, place, document.how(bare.start, bare.end), shared)
    if compose:
        return _resolve_compose(bare.value, document.variables, place, shared)
    return _resolve(bare.value, texts, place, shared, document.how(bare.start, bare.end))


def plain_text(document: Document, node: Node) -> Text:
    """A scalar in which nobody resolves references; unknown where something must fill it in before it is used."""
    bare, shared = resolved(node)
    place = document.at(bare)
    filled = SUBSTITUTED.search(bare.value) if "\n" not in bare.value else None
    if bare.kind != "scalar" or not document.readable(bare) or filled:
        return Text(None, "", place)
    return Text(bare.value, bare.value, place, document.how(bare.start, bare.end), shared)


def _known_start(document: Document, node: Node) -> str:
    """The text of a partly templated scalar up to its first template."""
    where = offsets(document.templates.masked, node, document.base)
    if where is None:
        return ""
    for index, at in enumerate(where):
        if document.touched(at, at + 1):
            return node.value[:index]
    return ""


def _resolve(raw: str, texts: Mapping[str, Text], place: Place, shared: bool, literal: How) -> Text:
    """`$(VAR)` as Kubernetes replaces it; `$$` escapes; a variable that nobody defines is unknown."""
    whole = _REFERENCE.fullmatch(raw)
    if whole and whole.group(1) in texts:
        source = texts[whole.group(1)]
        if source.value is None:
            return Text(None, "", place)
        return Text(source.value, source.value, source.place, _referred("literal", source), shared or source.shared)
    parts: list[str] = []
    at, how = 0, literal
    for match in _REFERENCE.finditer(raw):
        parts.append(raw[at : match.start()])
        at = match.end()
        name = match.group(1)
        if name is None:
            parts.append("$")
            continue
        known = texts.get(name)
        if known is None or known.value is None:
            return Text(None, "".join(parts), place)
        parts.append(known.value)
        how = _referred(how, known)
    if sum(map(len, parts)) > MAX_TEXT:
        return Text(None, "", place)
    text = "".join([*parts, raw[at:]])
    filled = SUBSTITUTED.search(text)
    if filled and "\n" not in text:
        return Text(None, text[: filled.start()], place)
    return Text(text, text, place, how, shared)


def _referred(how: How, source: Text) -> How:
    """How a text is known that refers to another one, which somebody may override."""
    doubts = (one for one in (how, source.how) if one in ("default", "fallback"))
    return next(doubts, "constant")


def _resolve_compose(raw: str, texts: Mapping[str, Text], place: Place, shared: bool) -> Text:
    """`${VAR:-default}` as compose replaces it: what the `.env` beside says, else the default, else unknown."""
    parts: list[str] = []
    at = 0
    how: How = "literal"
    for match in _COMPOSE_REFERENCE.finditer(raw):
        parts.append(raw[at : match.start()])
        at = match.end()
        if match.group() == "$$":
            parts.append("$")
        elif (put := _put_for(match, texts)) is not None:
            parts.append(put[0])
            how = "fallback" if "fallback" in (how, put[1]) else put[1]
        else:
            return Text(None, "".join(parts), place)
    text = "".join([*parts, raw[at:]])
    return Text(text, text, place, how, shared)


def _put_for(match: re.Match[str], texts: Mapping[str, Text]) -> tuple[str, How] | None:
    """What a reference becomes: what the file of variables gives, else its own default; None where neither."""
    name, dash, default, further = match.group(1) or match.group(2), match.group(3), match.group(4), match.group(5)
    known = texts.get(name)
    if further or (known is not None and known.value is None):
        return None
    if known is not None and known.value is not None and (known.value or dash != ":-"):
        return known.value, "fallback"
    return (default, "default") if dash else None
