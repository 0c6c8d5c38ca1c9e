"""The commands that read files: `check` and `facts`, their options, and what goes to which stream."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from ecolint.speech import LOCALES
from ecolint.terminal import coloured, printed

if TYPE_CHECKING:
    from ecolint.run import Request, Run
    from ecolint.speech import Said

_HELP = {"help_option_names": ["-h", "--help"]}
_CONTEXTS = click.Choice(["production", "interactive", "offline", "test"])
_Command = Callable[..., Any]
_locale = click.option("--locale", type=click.Choice(LOCALES), help="The language of messages and reports.")


def _reading_options(command: _Command) -> _Command:
    """The options that say what is read and for what deployment."""
    for option in reversed(
        (
            click.argument("paths", nargs=-1, metavar="[PATH]…"),
            click.option("--include-tests", is_flag=True, help="Read tests/, test_*.py and conftest.py too."),
            click.option("--gpu", metavar="NAME", help="The GPU to assume where nothing says which."),
            click.option("--context", type=_CONTEXTS, help="What the code is for."),
            _locale,
            click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="How many processes look at files."),
            click.option("--no-cache", is_flag=True, help="Look at every file anew, and remember nothing."),
            click.option("-v", "--verbose", is_flag=True, help="More: suppressed findings, tracebacks."),
        )
    ):
        command = option(command)
    return command


def _lists(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one.strip() for value in values for one in value.split(",") if one.strip())


def _formats(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        _known_format(value)
    return value


def _known_format(name: str) -> str:
    from ecolint.report import names

    if name not in names():
        raise click.BadParameter(f"'{name}' is not one of {', '.join(names())}.", param_hint="'--format'")
    return name


def _outputs(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    found = []
    for value in values:
        name, equals, file = value.partition("=")
        if not equals or not file:
            raise click.BadParameter(f"'{value}' is not FORMAT=FILE.")
        found.append((_known_format(name), file))
    return tuple(found)


_CODES = "Codes, names or prefixes (ECO1), separated by commas."


@click.command(context_settings=_HELP)
@_reading_options
@click.option("--format", "form", metavar="F", callback=_formats, help="concise, github, json, markdown or text.")
@click.option(
    "--output",
    "outputs",
    metavar="F=FILE",
    multiple=True,
    callback=_outputs,
    help="Write a format to a file; - is standard output. May be repeated.",
)
@click.option("--select", metavar="CODES", multiple=True, callback=_lists, help=f"Only these rules. {_CODES}")
@click.option("--extend-select", metavar="CODES", multiple=True, callback=_lists, help="These rules too.")
@click.option("--ignore", metavar="CODES", multiple=True, callback=_lists, help="Not these rules.")
@click.option("--conventions", is_flag=True, help="Rules of engineering convention too, which nothing measured.")
@click.option("--fix", is_flag=True, help="Apply safe fixes.")
@click.option(
    "--unsafe-fixes", is_flag=True, help="With --fix or --diff: also fixes that change numerics, precision or memory."
)
@click.option("--diff", is_flag=True, help="Print what --fix would change, and change nothing.")
@click.option("--requests-per-month", type=click.IntRange(min=1), metavar="N", help="For the monthly figures.")
@click.option("--show-green", is_flag=True, help="Show good practice too.")
@click.option("--fail-on", type=click.Choice(["red", "yellow", "never"]), help="The level that exits 1 (default: red).")
@click.option("--fail-on-likely", is_flag=True, help="Likely findings exit 1 too.")
@click.option("--exit-zero", is_flag=True, help="Exit 0 whatever is found.")
@click.option("--strict", is_flag=True, help="Exit 2 where a file could not be read.")
@click.option("--lobster", is_flag=True, help="EcoLobster speaks first, in text and Markdown.")
@click.option("-q", "--quiet", is_flag=True, help="Findings only, no summary.")
def check(
    paths: tuple[str, ...],
    form: str | None,
    outputs: tuple[tuple[str, str], ...],
    exit_zero: bool,
    strict: bool,
    **options: Any,
) -> int:
    """Lint files and folders (default: the current one).

    Exit code 1: a certain finding at or above --fail-on, or with --diff a fix to apply. 2: wrong usage or settings.
    """
    if options["unsafe_fixes"] and not (options["fix"] or options["diff"]):
        raise click.UsageError("--unsafe-fixes goes with --fix or --diff.")
    if options["fix"] and options["diff"]:
        raise click.UsageError("--fix changes files and --diff does not: choose one.")
    on_stdout = [name for name, file in outputs if file == "-"]
    if len(on_stdout) + (form is not None) + options["diff"] * bool(on_stdout) > 1:
        raise click.UsageError("only one format can go to standard output.")
    from ecolint.ending import BROKEN, FINDINGS, OK
    from ecolint.run import check as lint

    request = _request(paths, options)
    found = lint(request)
    _tell(found, request)
    _write(found, request, form or (on_stdout[0] if on_stdout else "text"), outputs)
    unread = any(problem.whole_file and not problem.templated for problem in found.report.problems)
    if found.crashed or (strict and unread):
        return BROKEN
    return FINDINGS if (found.failing or found.diff) and not exit_zero else OK


_OVERRIDES = (
    *("select", "extend_select", "ignore", "conventions", "include_tests", "gpu", "context"),
    *("requests_per_month", "fail_on", "fail_on_likely", "locale"),
)


def _request(paths: tuple[str, ...], options: Mapping[str, Any]) -> Request:
    from ecolint.run import Request

    overrides = {name.replace("_", "-"): options[name] for name in _OVERRIDES if options.get(name)}
    return Request(
        paths=paths or (".",),
        overrides=overrides,
        fix=options.get("fix", False),
        unsafe=options.get("unsafe_fixes", False),
        diff=options.get("diff", False),
        show_green=options.get("show_green", False),
        quiet=options.get("quiet", False),
        verbose=options.get("verbose", False),
        lobster=options.get("lobster", False),
        no_cache=options["no_cache"],
        jobs=options["jobs"] or 0,
    )


def _tell(found: Run, request: Request) -> None:
    """Everything that is not the report, on standard error."""
    from ecolint.ending import complain
    from ecolint.run import problem_lines
    from ecolint.speech import Voice

    voice = Voice(found.locale)
    for line in problem_lines(found.report.problems, voice):
        complain(line)
    if request.quiet:
        return
    for path in found.left_out:
        complain(voice.say("{path}: left out because it is a test; --include-tests reads it", path=path))
    for finding, reason in found.refused:
        why = " ".join(voice(reason).split())
        complain(voice.say("{path}: {code} not fixed: {why}", path=finding.place.path, code=finding.code, why=why))
    if found.fixed:
        complain(voice(_fixed(len(found.fixed), len({finding.place.path for finding in found.fixed}))))


def _fixed(findings: int, files: int) -> Said:
    """What was fixed, in how many files."""
    from ecolint.speech import say

    what = say("{count} finding", count=findings) if findings == 1 else say("{count} findings", count=findings)
    where = say("{count} file", count=files) if files == 1 else say("{count} files", count=files)
    return say("fixed {what} in {where}", what=what, where=where)


def _write(found: Run, request: Request, form: str, outputs: tuple[tuple[str, str], ...]) -> None:
    """The report, or with --diff the diff, to standard output; further formats to their files."""
    from dataclasses import replace

    from ecolint.ending import Usage
    from ecolint.report import Look, render
    from ecolint.speech import Voice

    plain = Look(quiet=request.quiet, voice=Voice(found.locale), lobster=request.lobster)
    for name, file in outputs:
        if file == "-":
            continue
        data = render(name, found.report, plain).encode("utf-8", "backslashreplace")
        try:
            with open(file, "wb") as handle:
                handle.write(data)
        except OSError as error:
            raise Usage("{file}: cannot be written: {why}", file=file, why=error.strerror) from error
    look = replace(plain, colour=coloured(os.environ, sys.stdout.isatty()))
    printed(found.diff if request.diff else render(form, found.report, look))


@click.command(context_settings=_HELP)
@_reading_options
@click.option("--format", "form", type=click.Choice(["text", "json"]), help="Default: text.")
@click.option(
    "--table",
    is_flag=True,
    help="One line a deployment, as an inventory: - is not said, ? cannot be told, ~ is likely.",
)
def facts(paths: tuple[str, ...], form: str | None, table: bool, **options: Any) -> int:
    """Print the deployments that ecolint reads, each fact with its place and how it was resolved."""
    if table and form is not None:
        raise click.UsageError("--table is a format of its own: leave --format out.")
    from ecolint import factsheet, inventory
    from ecolint.ending import BROKEN, OK, complain
    from ecolint.run import facts as read
    from ecolint.speech import Voice

    request = _request(paths, options)
    found = read(request)
    _tell(found, request)
    voice = Voice(found.locale)
    training = sum(map(inventory.trains, found.deployments)) if table else 0
    if training and not request.quiet:
        complain(
            voice.say("1 training run left out of the table")
            if training == 1
            else voice.say("{count} training runs left out of the table", count=training)
        )
    if form == "json":
        printed(factsheet.as_json(found.deployments, found.texts))
    else:
        sheet = inventory.as_table if table else factsheet.as_text
        printed(sheet(found.deployments, found.texts, voice))
    return BROKEN if found.crashed else OK
