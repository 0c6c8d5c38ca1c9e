"""Library versions: whether a requirement as pinned settles a condition such as `transformers<5`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

from ecolint.wildcards import fits_any

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

_TAG = re.compile(r"v?(\d+(?:\.\d+){1,3}(?:(?:a|b|rc|\.post|\.dev)\d+)?)(?=\Z|[-_+])")
_LIBRARY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


@lru_cache(maxsize=1024)
def parse(condition: str) -> tuple[str, SpecifierSet]:
    """Split "transformers<5" into its library and its specifier. Raises ValueError on anything else."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(condition)
    except InvalidRequirement as error:
        raise ValueError(f"{condition!r} is not a version condition such as 'transformers<5': {error}") from None
    if not requirement.specifier:
        raise ValueError(f"{condition!r} names no version; write for instance '{requirement.name}<5'")
    return requirement.name, requirement.specifier


def tagged(image: str, names: Iterable[str]) -> str | None:
    """The version that an image's tag says, where its name fits one of the patterns: `x/server:v1.2.3-cu12` is ==1.2.3.

    None where it says none.
    """
    name, _, tag = image.partition("@")[0].rpartition(":")
    if "/" in tag or not fits_any(name, names):
        return None
    version = _TAG.match(tag)
    return f"=={version[1]}" if version is not None else None


def holds(condition: str, versions: Mapping[str, str]) -> bool | None:
    """Whether every version that the pins allow satisfies the condition; None where some do and some do not."""
    named = _LIBRARY.match(condition)
    if named is not None and named[0] not in versions:
        return None  # as nearly always: nothing is imported to read the rest
    library, wanted = parse(condition)
    return _decide(versions[library], str(wanted)) if library in versions else None


@lru_cache(maxsize=1024)
def _decide(pinned: str, wanted: str) -> bool | None:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        allowed = SpecifierSet(pinned)
    except InvalidSpecifier:
        return None
    condition = SpecifierSet(wanted)
    points = [v for v in _points([*_mentioned(allowed), *_mentioned(condition)]) if allowed.contains(v, True)]
    answers = {condition.contains(v, True) for v in points}
    return answers.pop() if len(answers) == 1 else None


def _mentioned(specifiers: SpecifierSet) -> Iterable[Version]:
    from packaging.version import InvalidVersion, Version

    for specifier in specifiers:
        with suppress(InvalidVersion):
            yield Version(specifier.version.removesuffix(".*"))


def _points(versions: Iterable[Version]) -> Iterable[Version]:
    """Versions on, just above and just below every boundary: between two boundaries every version answers alike."""
    from packaging.version import Version

    yield Version("0")
    yield Version("99999")
    for version in versions:
        yield version
        yield Version(f"{version.base_version}.0.0.1")
        release = list(version.release)
        if version.is_prerelease:
            yield Version(version.base_version)
        while release and release[-1] == 0:
            release.pop()
        if release:
            release[-1] -= 1
            yield Version(".".join(map(str, [*release, 99999])))
