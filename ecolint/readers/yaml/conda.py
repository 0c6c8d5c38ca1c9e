"""Conda environments: the libraries that one requires, those of its `pip` list, and channels of nightly builds."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ecolint.model import Pin, Place, Source, Span
from ecolint.readers.requirement import NIGHTLY_CHANNEL, RELEASES, addressed, checked, requirement
from ecolint.readers.yaml.nodes import Node, Unreadable, compose, resolved
from ecolint.readers.yaml.spoken import ENVIRONMENT

MAX_LENGTH = 200_000
"""Characters of an environment; a longer file is none."""

_SPEC = re.compile(r"(?:([\w./:-]+)::)?([A-Za-z0-9_][\w.-]*)(?:\[[^\]]*\])?[ \t]*([=<>!~][^#]*)?\Z")
_EXACT = re.compile(r"(==?)[ \t]*([^=\s,]+)(?:=\S*)?\Z")
_OPTION = re.compile(r"--(?:extra-)?(?:index-url|find-links)[ \t=]+(\S+)")
_NAMES = {"pytorch": "torch", "pytorch-gpu": "torch"}
"""What conda calls a library that has another name elsewhere."""


def environment_pins(source: Source) -> tuple[Pin, ...]:
    """What a conda environment requires; nothing where a file is something else, or cannot be read."""
    if len(source.text) > MAX_LENGTH or not ENVIRONMENT.search(source.text):
        return ()
    try:
        roots = compose(source.text)
    except Unreadable:
        return ()
    found: list[Pin] = []
    for root in roots:
        listed = _list(root, "dependencies")
        if any(resolved(item)[0].kind == "scalar" for item in listed):
            found += [*_channels(source, root), *_dependencies(source, listed)]
    return tuple(found)


def _list(node: Node, name: str) -> list[Node]:
    """The items of a list under a key of a mapping."""
    if node.kind != "mapping":
        return []
    values = (resolved(value)[0] for key, value in node.pairs() if key.value == name)
    return next((value.children for value in values if value.kind == "sequence"), [])


def _place(source: Source, node: Node) -> Place:
    return Place(source.path, Span(node.start, node.end))


def _channels(source: Source, root: Node) -> Iterator[Pin]:
    """Channels of nightly builds, as far as none of releases comes before them."""
    for item in _list(root, "channels"):
        if item.kind == "scalar" and item.value.rsplit("/", 1)[-1] in RELEASES:
            return
        if item.kind == "scalar" and NIGHTLY_CHANNEL.search(item.value):
            yield Pin("index", item.value, _place(source, item), item.value)


def _dependencies(source: Source, listed: list[Node]) -> Iterator[Pin]:
    for item in listed:
        node = resolved(item)[0]
        if node.kind == "scalar":
            yield from _spec(node.value, _place(source, node))
        for each in _list(node, "pip"):
            if each.kind == "scalar":
                yield from _pip(each.value, _place(source, each))


def _spec(text: str, place: Place) -> Iterator[Pin]:
    """`channel::name=version=build`, or a name with comparisons."""
    from packaging.utils import canonicalize_name

    match = _SPEC.match(text.strip())
    if match is None:
        return
    channel, name, said = match.groups()
    if channel and NIGHTLY_CHANNEL.search(channel):
        yield Pin("index", channel, place, text)
    name = canonicalize_name(name)
    yield Pin(_NAMES.get(name, name), specifier((said or "").strip()), place, text)


def specifier(said: str) -> str:
    """What conda says of a version, as PEP 440: `=1.2` is ==1.2.*, `=1.2=build` and `==1.2` are ==1.2."""
    exact = _EXACT.match(said)
    if exact is None:
        return checked(said.replace(" ", ""))
    version = exact[2]
    whole = exact[1] == "==" or version.endswith("*") or "=" in said[1:]
    return checked(f"=={version}" if whole else f"=={version}.*")


def _pip(text: str, place: Place) -> Iterator[Pin]:
    from ecolint.readers.requirement import NIGHTLY

    option = _OPTION.match(text)
    if option is not None:
        if NIGHTLY.search(option[1]):
            yield Pin("index", option[1], place, option[1])
        return
    pin = addressed(text, place) or requirement(text.split(" --", 1)[0].strip(), place)
    if pin is not None:
        yield pin
