"""What can be wrong with a vocabulary file: unknown names and versions, with file, line and what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any

import tomli

from ecolint.stacks import StackError, versions


class File:
    """The text of one vocabulary file. What it says is checked by methods that raise StackError."""

    def __init__(self, text: str, path: str) -> None:
        self.text, self.path = text, path

    def contents(self) -> Mapping[str, Any]:
        """The file's tables."""
        try:
            return tomli.loads(self.text)
        except tomli.TOMLDecodeError as error:
            raise StackError(self.path, getattr(error, "lineno", 1), f"not TOML: {error}") from None

    def error(self, needle: str, message: str) -> StackError:
        """The error at the first line that holds the needle."""
        line = next((n for n, row in enumerate(self.text.splitlines(), 1) if needle in row), 1)
        return StackError(self.path, line, message)

    def check(self, where: str, table: Mapping[str, Any], allowed: Collection[str]) -> None:
        """Every key of a table is one of those it may have."""
        for key in table:
            if key not in allowed:
                hint = meant(key, allowed) or f"known keys: {', '.join(sorted(allowed))}"
                raise self.error(key, f"unknown key {key!r} in {where}; {hint}")

    def known(self, name: str, names: Collection[str], where: str) -> None:
        """A name that the file refers to is one of those there are."""
        if name not in names:
            hint = meant(name, names)
            told = f"{where} names {name!r}, which is no key of this vocabulary"
            raise self.error(name, f"{told}; {hint}" if hint else told)

    def version(self, where: str, condition: str) -> str:
        """A version condition that can be read."""
        try:
            versions.parse(condition)
        except ValueError as error:
            raise self.error(condition, f"{where}: {error}") from None
        return condition


def meant(name: str, names: Collection[str]) -> str | None:
    """The question whether the name most like this one was meant."""
    near = difflib.get_close_matches(name, names, 1)
    return f"did you mean {near[0]!r}?" if near else None
