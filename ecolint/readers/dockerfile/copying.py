"""The scripts that an image holds: written by a here-document, or copied from the project that it is built of."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Sequence

from ecolint.model import Source
from ecolint.readers.dockerfile.instructions import Instruction, words
from ecolint.shaped import dataclass

MAX_ABOVE = 6
"""How many folders above a Dockerfile may be the one that it is built in."""
MAX_COPIES = 200
"""Files and folders that one stage copies of which the places are told."""
MAX_SCRIPT = 200_000
"""Characters of a script; a longer one is not read."""

_STARTERS = frozenset({"sh", "bash", "dash", "ash", "zsh", "tini", "dumb-init", "exec", "env", "--", "-g", "-s"})


@dataclass(frozen=True, slots=True)
class Copy:
    """`source` of the project, or a range of the Dockerfile's own text, as `target` in the image."""

    target: str
    source: str = ""
    span: tuple[int, int] | None = None
    folder: bool = False
    """Said to be put into the folder `target`."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script's text, the file it is a part of, and where in that it begins."""

    path: str
    text: str
    start: int


def copies(one: Instruction, escape: str, workdir: str) -> Iterator[Copy]:
    """What a COPY or ADD puts where; nothing of another stage's."""
    found = [one.joined[start:end].strip("\"'") for start, end in words(one.joined, escape)]
    if any(text.startswith("--from") for text in found) or one.joined.startswith("["):
        return
    named = [text for text in found if not text.startswith("--")]
    if len(named) < 2 or any("$" in text or "*" in text for text in named[-1:]):
        return
    *sources, target = named
    place = posixpath.normpath(posixpath.join(workdir, target))
    folder = target.endswith("/") or target in (".", "..") or len(sources) > 1
    bodies = {body.name: (body.start, body.end) for body in one.heredocs}
    for source in sources:
        if source.startswith("<<"):
            span = bodies.get(source.lstrip("<-").strip("\"'"))
            name = source.lstrip("<-").strip("\"'")
            if span is not None:
                yield Copy(posixpath.join(place, name) if folder else place, span=span)
        elif "$" not in source:
            yield Copy(place, posixpath.normpath(source.lstrip("/") or "."), folder=folder)


def named_script(texts: Sequence[str | None]) -> str | None:
    """The file that a command line carries out as a script, behind a shell or a program that starts others."""
    for text in texts[:5]:
        if text is None:
            return None
        if posixpath.basename(text) in _STARTERS:
            continue
        return text if "/" in text or text.endswith(".sh") else None
    return None


def found_script(
    name: str, workdir: str, made: Sequence[Copy], source: Source, look: Callable[[str], Source | None]
) -> Script | None:
    """The script that a file of the image is, wherever its text stands; the last copy counts."""
    place = posixpath.normpath(posixpath.join(workdir, name))
    for copy in reversed(made):
        by_path = "/" not in name and posixpath.basename(copy.target) == name
        if copy.span is not None:
            if copy.target == place or by_path:
                return Script(source.path, source.text[slice(*copy.span)], copy.span[0])
            continue
        for inside in _candidates(place, copy, by_path, name):
            found = _beside(source.path, inside, look)
            if found is not None:
                return Script(found.path, found.text, 0) if len(found.text) <= MAX_SCRIPT else None
    return None


def _candidates(place: str, copy: Copy, by_path: bool, name: str) -> Iterator[str]:
    """The paths in the folder that an image is built in which a file of the image may have been copied from."""
    own = posixpath.basename(copy.source)
    if (copy.target == place or by_path) and not copy.folder:
        yield copy.source
    if own == posixpath.basename(name) and ("/" not in name or posixpath.join(copy.target, own) == place):
        yield copy.source
    if copy.target != place and place.startswith(copy.target.rstrip("/") + "/"):
        yield posixpath.normpath(posixpath.join(copy.source, place[len(copy.target.rstrip("/")) + 1 :]))


def _beside(path: str, inside: str, look: Callable[[str], Source | None]) -> Source | None:
    """A file by its path in the folder that an image is built in: that of the Dockerfile, or one above it."""
    if inside.startswith(".."):
        return None
    folder = posixpath.dirname(path)
    for above in range(MAX_ABOVE):
        found = look(posixpath.normpath(posixpath.join(folder, *[".."] * above, inside)))
        if found is not None:
            return found
    return None
