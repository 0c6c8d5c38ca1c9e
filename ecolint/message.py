"""Message templates: one sentence with the facts of a deployment in it."""

from __future__ import annotations

import re
from dataclasses import field, replace

from ecolint.model import ABSENT, FACTS, KNOWN, Deployment, Fact, Scalar
from ecolint.operands import nearest
from ecolint.shaped import dataclass
from ecolint.speech import ENGLISH, Voice, quote, say

_PARTS = re.compile(r"\{([^{}\[\]]*)\}|[{}\[\]]")
_NOT_THERE = Fact("absent")
_ABSOLUTE = re.compile(r"[/\\~]|[A-Za-z]:[/\\]")
_NAME = re.compile(r"(?=.*[A-Za-z])(?!(?:true|false|none)$)[^\s<>{}!?*\"']+", re.IGNORECASE)
"""What can be the name of a model: a word with an ASCII letter, and none of the marks of a text to be replaced."""


_IN_WORDS = frozenset({"conflict", "reason"})
"""Facts whose values are words of a vocabulary, not of the source."""


class MessageError(ValueError):
    """A template that cannot be read: what is wrong, and what to write instead."""

    def __init__(self, what: str, instead: str) -> None:
        super().__init__(f"{what}; {instead}")
        self.what = what
        self.instead = instead


@dataclass(frozen=True)
class _Segment:
    """Texts and fact names in turn; an optional one is dropped when one of its facts is not known."""

    texts: tuple[str, ...]
    facts: tuple[str, ...]
    optional: bool


@dataclass(frozen=True)
class Message:
    """A compiled template: `{fact}` stands for a fact's value, `[a part]` is dropped when a fact in it is not known."""

    text: str
    facts: frozenset[str] = field(compare=False)
    segments: tuple[_Segment, ...] = field(compare=False, repr=False)
    voice: Voice = field(default=ENGLISH, compare=False, repr=False)
    """The language that it is written in, in which values that are words are said too."""

    def known(self, deployment: Deployment) -> bool:
        """Whether every fact that must be named is known."""
        must = [name for segment in self.segments if not segment.optional for name in segment.facts]
        return all(_presentable(name, deployment.facts.get(name, _NOT_THERE)).kind == KNOWN for name in must)

    def render(self, deployment: Deployment) -> str:
        """The sentence for one deployment."""
        written = []
        for segment in self.segments:
            found = [_presentable(name, deployment.facts.get(name, _NOT_THERE)) for name in segment.facts]
            if segment.optional and any(fact.kind != KNOWN for fact in found):
                continue
            written.append(segment.texts[0])
            for name, fact, text in zip(segment.facts, found, segment.texts[1:], strict=True):
                written += [self.voice(_shown(name, fact)), text]
        return "".join(written)


def parse(text: str) -> Message:
    """Compile a template. Raises `MessageError`."""
    if not text.strip() or "\n" in text:
        raise MessageError("a message is one sentence on one line", "write it without line breaks")
    if text.rstrip().endswith("."):
        raise MessageError("a message ends without a full stop", "write it without one: reports join it to other text")
    segments: list[_Segment] = []
    texts, facts, optional, end = [""], list[str](), False, 0
    for part in _PARTS.finditer(text):
        texts[-1] += text[end : part.start()]
        end = part.end()
        if part.group(1) is not None:
            facts.append(_known_fact(part.group(1)))
            texts.append("")
            continue
        if part.group() != ("]" if optional else "["):
            raise MessageError(
                f"{part.group()!r} at column {part.start() + 1} of the message has no partner",
                "write facts as {fact} and optional parts as [part], not nested",
            )
        if optional and not facts:
            raise MessageError(f"'[{texts[0]}]' holds no fact", "write a {fact} in it, or take the brackets away")
        segments.append(_Segment(tuple(texts), tuple(facts), optional))
        texts, facts, optional = [""], [], not optional
    if optional:
        raise MessageError("'[' has no partner in the message", "write ']' where the optional part ends")
    texts[-1] += text[end:]
    segments.append(_Segment(tuple(texts), tuple(facts), False))
    names = frozenset(name for segment in segments for name in segment.facts)
    return Message(text, names, tuple(segments))


def _known_fact(name: str) -> str:
    if name in FACTS:
        return name
    like = nearest(name, FACTS)
    raise MessageError(
        f"unknown fact '{{{name}}}' in the message",
        f"write '{{{like}}}'" if like else f"write one of {', '.join(FACTS)}",
    )


def _presentable(name: str, fact: Fact) -> Fact:
    """A fact as a sentence can name it: of a long path its end, and no text that is not the name of a model."""
    if name != "model" or fact.kind != KNOWN:
        return fact
    text = str(fact.value)
    parts = [part for part in re.split(r"[/\\]", text) if part]
    if _ABSOLUTE.match(text) and len(parts) > 2:
        text = "/".join(parts[-2:])
    return replace(fact, value=text) if _NAME.fullmatch(text) else replace(fact, kind="unknown", value=None)


def _shown(name: str, fact: Fact) -> str:
    if fact.kind == ABSENT:
        return say("none")
    if fact.kind != KNOWN:
        return say("an unknown {fact}", fact=name.replace("_", " "))
    return quote(str(fact.value)) if name in _IN_WORDS else _value(fact.value)


def _value(value: Scalar) -> str:
    """A value as people write it: `6.0`, `0.02`, `7.62`, `true`, `none`."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        if abs(value) >= 10 and not value.is_integer():
            return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.1f}"
        return f"{value:.1f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.3g}"
    return str(value)
