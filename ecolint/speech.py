"""The room for sentences that can be said in another language: a template with its values, English by itself."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import lru_cache

from ecolint.shaped import dataclass

LOCALES = ("en", "zh")
"""The languages there are; the first one is what templates are written in."""

_FOLDER = os.path.join(os.path.dirname(__file__), "locales")


class Said(str):
    """An English sentence that remembers its template and the values in it, so that a `Voice` can say it otherwise."""

    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, values: Mapping[str, object]) -> Said:
        said = super().__new__(cls, template.format(**values))
        said.template, said.values = template, values
        return said

    def __str__(self) -> Said:
        """Itself: an error that is raised with a sentence gives it back whole."""
        return self

    def __reduce__(self) -> tuple[type[Said], tuple[str, Mapping[str, object]]]:
        return Said, (self.template, self.values)


def say(template: str, /, **values: object) -> Said:
    """A sentence. `template` is a literal of `str.format` in English and the key of its translations.

    A value that was itself said is translated with the sentence around it; numbers keep their format.
    """
    return Said(template, values)


COMMA, SEMICOLON = say(", "), say("; ")
"""What stands between sentences in a row."""


def quote(text: str) -> Said:
    """A sentence as a file of data has it: its own template, without values. The rest of it is the data's."""
    return text if isinstance(text, Said) else Said(text.replace("{", "{{").replace("}", "}}"), {})


def joined(parts: Iterable[str], joint: Said = COMMA) -> Said:
    """Sentences in a row, each with the values in it; the joint is the language's own."""
    values = {f"part{number}": part for number, part in enumerate(parts)}
    return Said("{joint}".join(f"{{{name}}}" for name in values), {**values, "joint": joint})


class Told(Exception):
    """An error that says a sentence: `raise CannotEdit("it goes into {name}", name=name)`."""

    def __init__(self, template: str = "", /, **values: object) -> None:
        super().__init__(template if isinstance(template, Said) else say(template, **values))


@dataclass(frozen=True)
class Voice:
    """One language to speak in."""

    locale: str = "en"

    def __call__(self, text: str) -> str:
        """A text in this language. What was not said with a template is the same in all: names, codes, source."""
        if self.locale == LOCALES[0] or not isinstance(text, Said):
            return str(text)
        template = catalogue(self.locale).get(text.template, text.template)
        values = {name: self(value) if isinstance(value, str) else value for name, value in text.values.items()}
        return template.format(**values)

    def say(self, template: str, /, **values: object) -> str:
        """`say`, in this language at once."""
        return self(say(template, **values))


ENGLISH = Voice()


@lru_cache(maxsize=4)
def catalogue(locale: str) -> Mapping[str, str]:
    """The translations of a language, English template → template; empty for English."""
    if locale == LOCALES[0]:
        return {}
    import tomli

    with open(os.path.join(_FOLDER, f"{locale}.toml"), "rb") as file:
        found: Mapping[str, str] = tomli.load(file)["messages"]
    return found
