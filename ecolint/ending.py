"""How a run ends: exit codes, complaints on standard error, and the last resort for errors that nobody expected."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ecolint.speech import Told

if TYPE_CHECKING:
    from types import TracebackType

OK, FINDINGS, BROKEN = 0, 1, 2

_MENDED = (
    *(("settings", "SettingsError"), ("discovery", "NoSuchPath"), ("files", "CannotWrite")),
    *(("ruleset", "RuleError"), ("ruleset", "SelectorError"), ("stacks", "StackError")),
)
"""Modules and their errors that say what the user can mend."""


class Usage(Told):
    """Something asked of ecolint that it cannot do; the message says so in one line. Exit code 2."""


class Stopped(Exception):
    """What the user has to mend first, met by a process that looked at files for this one; with its message."""


class LastResort:
    """Turns an error that nobody expected into one line on standard error, so that other files still have their say."""

    def __init__(self, where: str, verbose: bool) -> None:
        self.where, self.verbose = where, verbose
        self.caught = False

    def __enter__(self) -> LastResort:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception) or isinstance(error, expected()):
            return False
        self.caught = True
        if self.verbose:
            import traceback

            traceback.print_exception(kind, error, trace)
        said = " ".join(str(error).split())[:300]
        hint = "" if self.verbose else "; --verbose shows where"
        complain(f"{self.where}: internal error: {type(error).__name__}: {said}{hint}")
        return True


def expected() -> tuple[type[Exception], ...]:
    """The errors that say what the user can mend: settings, rules, vocabularies, paths, usage, a closed pipe."""
    found: list[type[Exception]] = [Usage, Stopped, BrokenPipeError]
    # A module that was never imported cannot have raised anything.
    for module, name in _MENDED:
        loaded = sys.modules.get(f"ecolint.{module}")
        if loaded is not None:
            found.append(getattr(loaded, name))
    return tuple(found)


def complain(line: str) -> None:
    """One line on standard error."""
    sys.stderr.write(line.encode("utf-8", "backslashreplace").decode() + "\n")
