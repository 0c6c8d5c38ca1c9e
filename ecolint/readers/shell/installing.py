"""What a command installs: the libraries that `pip install` names, their versions, and indexes of nightly builds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ecolint.model import ALWAYS, Branches, Pin, Place, Span
from ecolint.readers.requirement import NIGHTLY, addressed, requirement
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
_UPGRADES = frozenset({"-U", "--upgrade", "--force-reinstall"})


def installed(words: Sequence[Word], script: str, path: str, base: int, branches: Branches = ALWAYS) -> list[Pin]:
    """The requirements of `[python -m] pip install …` and `uv pip install …`; none for any other command.

    A library that is named without a version is a requirement only where the command upgrades it: else what the
    project has is kept. One whose version nobody can know is required in no version.
    """
    start = _behind_install(words)
    if start is None:
        return []
    upgrades = any(word.text in _UPGRADES for word in words[start:])
    found: list[Pin] = []
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
            if pin is not None and (pin.specifier or upgrades or pin.text != pin.library):
                found.append(pin)
    return [replace(pin, branches=branches) for pin in found] if branches else found


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
