"""One library requirement as PEP 508 writes it, or as an address, and what it pins."""

from __future__ import annotations

import re

from ecolint.model import Pin, Place

NIGHTLY = re.compile(r"/nightly(?:/|$)")
"""In the address of a package index or a package: it serves nightly builds."""

NIGHTLY_CHANNEL = re.compile(r"(?:^|/)[\w.-]*nightly(?:/|\Z)")
"""A channel of conda that serves nightly builds."""
RELEASES = frozenset({"pytorch", "conda-forge", "defaults", "main", "anaconda"})
"""Channels that hold the releases of what is built nightly: the first channel that has a package gives it."""

_REPOSITORY = re.compile(r"git\+.*?/([\w.-]+?)(?:\.git)?(?:@[^#]*)?(?:#(?:.*&)?(?:egg=([\w.-]+))?.*)?\Z")
"""The address of a repository, with the library's name where it says one."""

_WHEEL = re.compile(r"/[^/]*?-(\d[^-/#?]*)-[^/]*\.whl")


def requirement(text: str, place: Place) -> Pin | None:
    """One PEP 508 requirement; a wheel's address gives its version, a nightly build's stands for itself. None where it
    is not one."""
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    try:
        parsed = Requirement(text)
    except InvalidRequirement:
        return None
    specifier = str(parsed.specifier)
    if parsed.url:
        specifier = of_url(parsed.url)
    return Pin(canonicalize_name(parsed.name), specifier, place, text)


def addressed(text: str, place: Place) -> Pin | None:
    """A bare address of a wheel or of a repository, as the library that it holds; None where it is no such address."""
    from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

    repository = _REPOSITORY.match(text)
    if repository is not None:
        return Pin(canonicalize_name(repository[2] or repository[1]), "", place, text)
    bare = text.split("#", 1)[0].split("?", 1)[0]
    if "://" not in bare or " " in bare or not bare.endswith(".whl"):
        return None
    try:
        name = parse_wheel_filename(bare.rsplit("/", 1)[-1].replace("%2B", "+").replace("%2b", "+"))[0]
    except InvalidWheelFilename:
        return None
    return Pin(name, of_url(bare), place, text)


def of_url(url: str) -> str:
    """What an address pins: itself where it is a nightly build's, else the version that a wheel's name states."""
    if NIGHTLY.search(url):
        return url
    wheel = _WHEEL.search(url.replace("%2B", "+").replace("%2b", "+"))
    return checked(f"=={wheel.group(1)}") if wheel else ""


def released(specifier: str) -> bool:
    """Whether a specifier names one version, and that is a release."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion, Version

    try:
        (one,) = SpecifierSet(specifier)
        return one.operator in ("==", "===") and not Version(one.version.removesuffix(".*")).is_prerelease
    except (InvalidSpecifier, InvalidVersion, ValueError):
        return False


def checked(specifier: str) -> str:
    """A PEP 440 specifier, or nothing where it is not one."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return str(SpecifierSet(specifier)) and specifier
    except InvalidSpecifier:
        return ""
