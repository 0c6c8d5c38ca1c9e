"""Patterns of ignore files: what git takes a line of one for, and whether an entry of a folder matches it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import count

_WILD = "*?[\\"
_STAR, _DEEP, _ALL = "[^/]*", "(?:.*/)?", ".*"
_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": r"\x21-\x7e",
    "lower": "a-z",
    "print": r"\x20-\x7e",
    "punct": r"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e",
    "space": r" \t\n\v\f\r",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}


class _Group:
    """Neighbouring patterns that all say the same of what they match. Names and paths of folders end in `/`.

    Most patterns are names (`build/`), ends of names (`*.pyc`) or paths (`/docs/_build/`): those need no regular
    expression. `odd_names` and `odd_paths` match the others, on the name or on the path from the ignore file on.
    """

    __slots__ = ("endings", "ignores", "names", "odd_names", "odd_paths", "paths")

    def __init__(self, patterns: Sequence[_Pattern]) -> None:
        names: set[str] = set()
        endings: set[str] = set()
        paths: set[str] = set()
        odd: dict[bool, list[str]] = {False: [], True: []}
        numbers = {False: count(1), True: count(1)}
        for text, _, folders, anchored in patterns:
            wild = next((at for at, sign in enumerate(text) if sign in _WILD), len(text))
            # Folders end in a slash where they are matched: the pattern itself matches up to it.
            ends = ("/",) if folders else ("", "/")
            if wild == len(text):
                (paths if anchored else names).update(text + end for end in ends)
            elif not anchored and text[0] == "*" and not any(sign in _WILD for sign in text[1:]):
                endings.update(text[1:] + end for end in ends)
            else:
                start = wild if anchored else 0
                try:
                    regex = "".join(_regex(_tokens(text[start:], anchored), numbers[anchored]))
                except ValueError:
                    continue
                odd[anchored].append(re.escape(text[:start]) + regex + ("(?<!/)/" if folders else "(?<!/)/?"))
        self.ignores = patterns[0][1]
        self.names, self.endings, self.paths = frozenset(names), tuple(endings), frozenset(paths)
        self.odd_names, self.odd_paths = (
            re.compile("|".join(odd[kind]), re.DOTALL) if odd[kind] else None for kind in (False, True)
        )


class Rules:
    """The patterns of one ignore file, last first. `anchored` where any of them looks at more than a name."""

    __slots__ = ("anchored", "groups")

    def __init__(self, groups: tuple[_Group, ...]) -> None:
        self.groups = groups
        self.anchored = any(group.paths or group.odd_paths is not None for group in groups)

    def says(self, name: str, path: str) -> bool | None:
        """Whether an entry is ignored (True) or kept; None where no pattern matches it.

        `path` is relative to the ignore file and `/`-separated; nobody looks at it unless the rules are `anchored`. The
        name and the path of a folder end in `/`. What is said of the folders above an entry is for the walk to know.
        """
        for group in self.groups:
            if (
                name in group.names
                or name.endswith(group.endings)
                or (group.odd_names is not None and group.odd_names.fullmatch(name) is not None)
                or path in group.paths
                or (group.odd_paths is not None and group.odd_paths.fullmatch(path) is not None)
            ):
                return group.ignores
        return None


def rules(lines: Iterable[str]) -> Rules:
    """The patterns of these lines; one that git cannot read says nothing."""
    parsed = [one for line in lines if (one := _parsed(line)) is not None]
    runs: list[list[_Pattern]] = []
    for pattern in reversed(parsed):
        if runs and runs[-1][0][1] == pattern[1]:
            runs[-1].append(pattern)
        else:
            runs.append([pattern])
    return Rules(tuple(map(_Group, runs)))


def covers(pattern: str, path: str) -> bool:
    """Whether one pattern ignores a file, or a folder that holds it. `path` is relative and `/`-separated."""
    parts = path.split("/")
    said = _one(pattern)
    return any(
        said.says(f"{name}{slash}", f"{'/'.join(parts[: depth + 1])}{slash}")
        for depth, name in enumerate(parts)
        for slash in ("/" * (depth < len(parts) - 1),)
    )


@lru_cache(maxsize=256)
def _one(pattern: str) -> Rules:
    return rules([pattern])


# --- reading ----------------------------------------------------------------------------------------------------------


_Pattern = tuple[str, bool, bool, bool]
"""A line without its marks; whether it ignores (has no `!`), means folders alone (a `/` at its end), or has a `/`."""


def _parsed(line: str) -> _Pattern | None:
    """What git's dir.c makes of a line; None for comments and empty lines."""
    if line.startswith("#"):
        return None
    text = _trimmed(line.removesuffix("\r"))
    ignores = not text.startswith("!")
    text = text if ignores else text[1:]
    folders = text.endswith("/")
    text = text[:-1] if folders else text
    if not text:
        return None
    anchored = "/" in text
    return text.removeprefix("/"), ignores, folders, anchored


def _trimmed(line: str) -> str:
    """A line without the spaces at its end, but for one that a backslash keeps."""
    bare = line.rstrip(" ")
    slashes = len(bare) - len(bare.rstrip("\\"))
    return bare + " " if slashes % 2 and len(bare) < len(line) else bare


def _tokens(glob: str, anchored: bool) -> list[str]:
    """A glob as regular expressions of its parts, as git's wildmatch.c reads it. Raises ValueError.

    Git compares what stands before the first wildcard by itself, so that `glob` begins with one; two stars there are
    taken for those between two slashes, whatever comes before.
    """
    found: list[str] = []
    at = 0
    while at < len(glob):
        sign = glob[at]
        if sign == "*":
            end = at
            while glob[end : end + 1] == "*":
                end += 1
            alone = anchored and end - at > 1 and (at == 0 or glob[at - 1] == "/")
            if alone and glob[end : end + 1] == "/":
                found.append(_DEEP)
                end += 1
            elif alone and (end == len(glob) or glob.startswith("\\/", end)):
                found.append(_ALL)
            else:
                found.append(_STAR)
            at = end
        elif sign == "?":
            found.append("[^/]")
            at += 1
        elif sign == "[":
            regex, at = _bracket(glob, at + 1)
            found.append(regex)
        else:
            if sign == "\\":
                at += 1
            if at == len(glob):
                raise ValueError(glob)
            found.append(re.escape(glob[at]))
            at += 1
    return found


def _bracket(glob: str, at: int) -> tuple[str, int]:
    """The class whose bracket opens before `at`, and where it ends. Raises ValueError where it does not."""
    negated = glob[at : at + 1] in ("!", "^")
    at += negated
    first, before, members = True, "", ""
    while first or glob[at : at + 1] != "]":
        first = False
        sign = glob[at : at + 1]
        if sign == "-" and before and glob[at + 1 : at + 2] not in ("", "]"):
            at += 1 + (glob[at + 1] == "\\")
            last = glob[at : at + 1]
            if last and before <= last:
                members += f"{re.escape(before)}-{re.escape(last)}"
            before = ""
        elif sign == "[" and glob[at + 1 : at + 2] == ":" and (end := glob.find("]", at + 2)) >= 0:
            if end > at + 2 and glob[end - 1] == ":":
                named = glob[at + 2 : end - 1]
                if named not in _CLASSES:
                    raise ValueError(glob)
                members += _CLASSES[named]
                before, at = "", end
            else:
                members += r"\["
                before = sign
        else:
            at += sign == "\\"
            before = glob[at : at + 1]
            members += re.escape(before)
        if at >= len(glob):
            raise ValueError(glob)
        at += 1
    return (f"[^/{members}]" if negated else f"(?!/)[{members}]"), at + 1


def _regex(tokens: Iterable[str], numbers: Iterator[int]) -> Iterator[str]:
    """The tokens put together so that no pattern takes long.

    What stands between two stars of one name is looked for once, at the first place where it fits: by a group inside a
    look-ahead, which is never gone back into.
    """
    chunks = [""]
    for token in (*tokens, ""):
        if token == _STAR:
            chunks.append("")
        elif token in ("", "/", _DEEP, _ALL):
            yield chunks[0]
            for chunk in chunks[1:-1]:
                name = f"s{next(numbers)}"
                yield f"(?=(?P<{name}>{_STAR}?{chunk}))(?P={name})"
            yield from (_STAR + chunk for chunk in chunks[-1:] if len(chunks) > 1)
            yield token
            chunks = [""]
        else:
            chunks[-1] += token
