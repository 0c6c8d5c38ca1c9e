"""What a command installs: the libraries that `pip install` names, their versions, and indexes of nightly builds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from ecolint.model import ALWAYS, Branches, Pin, Place, Span
from ecolint.readers.requirement import NIGHTLY, NIGHTLY_CHANNEL, RELEASES, addressed, released, requirement
from ecolint.readers.shell.commands import Word

_PIP = re.compile(r"pip(?:\d(?:\.\d+)?)?\Z")
_NAMED = re.compile(r"[\"']?([A-Za-z][\w.-]*)(?:\[[^\]]*\])?[=<>~!]")
_INDEXES = frozenset({"-i", "--index-url", "--extra-index-url", "--index", "--default-index", "-f", "--find-links"})
_TAKING = _INDEXES | {
    *("-r", "--requirement", "-c", "--constraint", "-e", "--editable", "-t", "--target", "-p", "--python", "--prefix"),
    *("--root", "--src", "--platform", "--python-version", "--implementation", "--abi", "--timeout", "--retries"),
    *("--trusted-host", "--cache-dir", "--proxy", "--cert", "--log", "--progress-bar", "--upgrade-strategy"),
    *("--no-binary", "--only-binary", "-C", "--config-settings", "--global-option", "--report"),
}
_CONDA = frozenset({"conda", "mamba", "micromamba"})
_UPGRADES = frozenset({"-U", "--upgrade", "--force-reinstall"})


def installed(words: Sequence[Word], script: str, path: str, base: int, branches: Branches = ALWAYS) -> list[Pin]:
    """The requirements of `[python -m] pip install …` and `uv pip install …`, and channels of `conda install …`.

    None for any other command. An index of nightly builds says nothing where all that is asked for are releases.

    A library that is named without a version is a requirement only where the command upgrades it: else what the
    project has is kept. One whose version nobody can know is required in no version.
    """
    start = _behind_install(words)
    if start is None:
        found = _channels(words, path, base)
        return [replace(pin, branches=branches) for pin in found] if branches else found
    upgrades = any(word.text in _UPGRADES for word in words[start:])
    found = []
    releases: list[bool] = []
    option = ""
    for word in words[start:]:
        place = Place(path, Span(base + word.start, base + word.end))
        name, equals, inline = (word.text or "").partition("=")
        if option or (equals and name in _INDEXES):
            address = inline if equals and not option else word.text
            if (option or name) in _INDEXES and address is not None and NIGHTLY.search(address):
                found.append(Pin("index", address, place, address))
            option = ""
        elif word.text in _TAKING:
            option = word.text or ""
        elif word.text is None or not word.text.startswith("-"):
            pin = _pin(word, script, place)
            releases.append(pin is not None and released(pin.specifier))
            if pin is not None and (pin.specifier or upgrades or pin.text != pin.library):
                found.append(pin)
    if releases and all(releases):
        found = [pin for pin in found if pin.library != "index"]
    return [replace(pin, branches=branches) for pin in found] if branches else found


def listed(words: Sequence[Word]) -> list[str]:
    """The files of requirements that a command installs."""
    if _behind_install(words) is None:
        return []
    return [word.text for option, word in pairwise(words) if option.text in ("-r", "--requirement") and word.text]


def _channels(words: Sequence[Word], path: str, base: int) -> list[Pin]:
    """The channels of nightly builds of `conda install -c CHANNEL …`, as far as none of releases comes first."""
    if not words or (words[0].text or "").rsplit("/", 1)[-1] not in _CONDA:
        return []
    if not any(word.text in ("install", "create") for word in words[1:4]):
        return []
    found: list[Pin] = []
    for option, word in pairwise(words):
        if option.text in ("-c", "--channel") and word.text is not None:
            if word.text.rsplit("/", 1)[-1] in RELEASES:
                break
            if NIGHTLY_CHANNEL.search(word.text):
                place = Place(path, Span(base + word.start, base + word.end))
                found.append(Pin("index", word.text, place, word.text))
    return found


def _behind_install(words: Sequence[Word]) -> int | None:
    """The index of the first word behind `pip install`: an interpreter or `uv` may stand before, options between."""
    texts = [word.text or "" for word in words[:8]]
    for index, text in enumerate(texts):
        first = not index or texts[index - 1] in ("-m", "uv")
        if first and _PIP.match(text.rsplit("/", 1)[-1]):
            verb = next((at for at in range(index + 1, len(texts)) if not texts[at].startswith("-")), index)
            return verb + 1 if texts[verb] == "install" else None
    return None


def _pin(word: Word, script: str, place: Place) -> Pin | None:
    from packaging.utils import canonicalize_name

    if word.text is None:
        named = _NAMED.match(script, word.start, word.end)
        return Pin(canonicalize_name(named.group(1)), "", place, script[word.start : word.end]) if named else None
    pin = addressed(word.text, place)
    if pin is not None:
        return pin
    pin = requirement(word.text, place)
    if pin is not None and not pin.specifier and "@" not in word.text:
        return Pin(pin.library, "", place, pin.library)
    return pin
