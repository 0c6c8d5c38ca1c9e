"""The front of the command line: argv in, the command that it names, an exit code out."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

import click

from ecolint import __version__
from ecolint.terminal import Gone

if TYPE_CHECKING:
    from ecolint.speech import Voice


def run(argv: Sequence[str]) -> int:
    """Do what the arguments say and return the exit code: 0, 1 or 2 (130 where the user interrupts)."""
    from ecolint.ending import BROKEN, LastResort, complain, expected

    verbose = not {"-v", "--verbose"}.isdisjoint(argv)
    with LastResort("ecolint", verbose):
        try:
            code = ecolint.main(list(argv), prog_name="ecolint", standalone_mode=False)
            sys.stdout.flush()
            return int(code or 0)
        except (BrokenPipeError, Gone):
            # Python would complain once more while shutting down.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except click.ClickException as error:
            error.show()
            return BROKEN
        except (click.Abort, KeyboardInterrupt):
            complain(f"ecolint: {_voice(argv).say('interrupted')}")
            return 130
        except expected() as error:
            complain(f"ecolint: {' '.join(_voice(argv)(str(error)).split())}")
            return BROKEN
    return BROKEN


def _voice(argv: Sequence[str]) -> Voice:
    """The language to complain in where a run has not come far enough to know it: as asked for, else as it is set."""
    from ecolint.run import here
    from ecolint.settings import SettingsError
    from ecolint.speech import Voice

    asked = [after for word, after in zip(argv, [*argv[1:], ""], strict=True) if word == "--locale"]
    asked += [word.removeprefix("--locale=") for word in argv if word.startswith("--locale=")]
    try:
        return Voice(asked[-1] if asked else here({}).locale)
    except SettingsError:
        return Voice()


_COMMANDS: Mapping[str, tuple[str, str]] = {
    "cache": ("cleaning", "What ecolint keeps between runs."),
    "check": ("checking", "Lint files and folders (default: the current one)."),
    "compare": (
        "advice",
        "Precisions of a deployment side by side, with one winner for each dimension (--precision nf4,fp16).",
    ),
    "diagnose": ("advice", "Which known trap an observation looks like, why, what to do, and how to verify it."),
    "estimate": (
        "advice",
        "What a month of a deployment takes: energy, money, CO2, now and in its best configuration.",
    ),
    "evidence": ("consulting", "Print the measured rows that every figure rests on, with source, session and status."),
    "explain": ("advice", "Why a deployment is slow or hot: what bounds it, as the rows show."),
    "facts": (
        "checking",
        "Print the deployments that ecolint reads, each fact with its place and how it was resolved.",
    ),
    "optimize": ("advice", "The best precision and batch of a deployment under limits, and why."),
    "recommend": ("advice", "Options for a deployment under limits, ranked, with what each trades."),
    "rule": ("consulting", "Print a rule's documentation, or all rules as a table."),
}
"""Every command: the module that it is imported from when it is asked for, and what the list of commands says of it,
which is the first paragraph of its own help."""


class _Program(click.Group):
    """The program. It lists its commands as they are sketched, and imports one to do what it is told."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, sketch, rest = super().resolve_command(ctx, args)
        if name is None or name not in _COMMANDS:
            return name, sketch, rest
        return name, getattr(import_module(f"ecolint.{_COMMANDS[name][0]}"), name), rest


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ecolint")
def ecolint() -> None:
    """Find wasted energy in LLM inference before it is deployed."""


for _name, (_, _told) in _COMMANDS.items():
    ecolint.add_command(click.Command(_name, help=_told))
