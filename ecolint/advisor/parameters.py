"""The room where options are read as they were written: each in its range, and everything that is wrong gathered."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from difflib import get_close_matches
from math import inf

from ecolint.shaped import dataclass
from ecolint.speech import Said, say

MODEL_EXAMPLE = "mistralai/Mistral-7B-Instruct-v0.2"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One parameter that cannot be used: what is wrong with the value, what would do, and an example."""

    option: str
    value: str
    wrong: Said
    valid: str = ""
    nearest: str | None = None
    example: str = ""
    instead: str | None = None
    """What the corrected command says in its place; None leaves the option out."""
    also: tuple[tuple[str, str], ...] = ()
    """Options that the corrected command has beside it, each with its value."""


class Refused(Exception):
    """Parameters that cannot be used, all of them, and the command as it might be meant ("" where nobody can tell)."""

    def __init__(self, troubles: tuple[Trouble, ...], corrected: str = "") -> None:
        super().__init__("; ".join(f"{one.option}: {one.wrong}" for one in troubles))
        self.troubles, self.corrected = troubles, corrected


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters as they were written, by option; what was not written is not there."""

    command: str
    model: str | None
    options: Mapping[str, str] = field(default_factory=dict)
    several: bool = False
    """Whether several precisions may be named, as columns."""
    rest: tuple[str, ...] = ()
    """Words of the command that are right by themselves: they stand in the corrected one again."""

    def __str__(self) -> str:
        """The command as a shell takes it."""
        options = [word for option, value in self.options.items() for word in (option, value)]
        return shlex.join(["ecolint", self.command, self.model or "", *options, *self.rest])


class Parameters:
    """The options of one question, and what was found wrong with them."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.troubles: list[Trouble] = []

    def written(self, option: str) -> str | None:
        """The option as it was written, None where it was not."""
        return self.asked.options.get(option)

    def trouble(self, trouble: Trouble) -> None:
        """Take note of something that cannot be used."""
        self.troubles.append(trouble)

    def whole(
        self, option: str, low: int, high: int, example: str, hint: Callable[[int], Said] | None = None
    ) -> int | None:
        """A whole number in its range; `hint` says what to do about one that is too large."""
        written = self.written(option)
        if written is None:
            return None
        near: str | None = None
        try:
            number = int(written.replace(",", "").replace("_", ""))
        except ValueError:
            wrong = say("a whole number is needed")
        else:
            if low <= number <= high:
                return number
            near = str(low if number < low else high)
            wrong = say("out of range")
            if hint is not None and number > high:
                wrong = say("out of range; {hint}", hint=hint(number))
        valid = say("{low:,} to {high:,}", low=low, high=high)
        self.trouble(Trouble(option, written, wrong, valid, near, f"{option} {example}", near or example))
        return None

    def number(
        self, option: str, low: float, high: float, example: str, scales: Mapping[str, float] | None = None
    ) -> float | None:
        """A number in its range, with one of the letters of `scales` behind it where there are some: 7.6B, 494M."""
        written = self.written(option)
        if written is None:
            return None
        text, factor = written.strip().lower(), 1.0
        for letter, times in (scales or {}).items():
            if text.endswith(letter):
                text, factor = text.removesuffix(letter), times
        try:
            found = float(text) * factor
        except ValueError:
            found = float("nan")
        if low <= found <= high:
            return found
        valid = say("{low:g} to {high:g}", low=low, high=high)
        wrong = say("a number in this range is needed")
        self.trouble(Trouble(option, written, wrong, valid, example=f"{option} {example}", instead=example))
        return None

    def positive(self, option: str, example: str) -> float | None:
        """A number above 0."""
        written = self.written(option)
        if written is None:
            return None
        try:
            found = float(written)
        except ValueError:
            found = 0.0
        if 0 < found < inf:
            return found
        wrong, line = say("a number above 0 is needed"), f"{option} {example}"
        self.trouble(Trouble(option, written, wrong, example=line, instead=example))
        return None

    def corrected(self) -> Asked:
        """What may be meant: each wrong parameter as its trouble says, or left out."""
        instead = {one.option: one.instead for one in self.troubles}
        told = {option: instead.get(option, value) for option, value in self.asked.options.items()}
        told |= {option: value for option, value in instead.items() if option != "MODEL" and option not in told}
        told |= {option: value for one in self.troubles for option, value in one.also}
        options = {option: value for option, value in told.items() if value is not None}
        return replace(self.asked, model=instead.get("MODEL") or self.asked.model or MODEL_EXAMPLE, options=options)


def nearest(word: str, known: Iterable[str], least: float = 0.75) -> str | None:
    """The known name that is most like the word, case, spaces and dashes apart; None where none is much like it."""
    by_key: dict[str, str] = {}
    for one in known:
        by_key.setdefault(_key(one), one)
    found = get_close_matches(_key(word), list(by_key), n=1, cutoff=least)
    return by_key[found[0]] if found else None


def _key(word: str) -> str:
    return re.sub(r"[\s_.-]", "", word.lower())


def listed(names: Sequence[str]) -> str:
    """Names in a row."""
    return ", ".join(names)
