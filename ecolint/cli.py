"""The command line: argv in, reports and exit codes out."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import click

from ecolint import __version__
from ecolint.advice import add_to
from ecolint.speech import LOCALES
from ecolint.terminal import coloured, printed

if TYPE_CHECKING:
    from ecolint.run import Request, Run
    from ecolint.speech import Said, Voice

_HELP = {"help_option_names": ["-h", "--help"]}
_CONTEXTS = click.Choice(["production", "interactive", "offline", "test"])


def run(argv: Sequence[str]) -> int:
    """Do what the arguments say and return the exit code: 0, 1 or 2 (130 where the user interrupts)."""
    from ecolint.ending import BROKEN, LastResort, complain, expected

    verbose = not {"-v", "--verbose"}.isdisjoint(argv)
    with LastResort("ecolint", verbose):
        try:
            code = ecolint.main(list(argv), prog_name="ecolint", standalone_mode=False)
            sys.stdout.flush()
            return int(code or 0)
        except BrokenPipeError:
            # Whoever read the output has had enough; Python would complain once more while shutting down.
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


@click.group(context_settings=_HELP)
@click.version_option(__version__, prog_name="ecolint")
def ecolint() -> None:
    """Find wasted energy in LLM inference before it is deployed."""


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


SHIPPED = "\0"
"""What `--check` holds where no file is named: no path can."""
_CODES = "Codes, names or prefixes (ECO1), separated by commas."


@ecolint.command(context_settings=_HELP)
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


@ecolint.command(context_settings=_HELP)
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


@ecolint.command(context_settings=_HELP)
@click.option("--gpu", metavar="NAME", default="", help="Rows of this GPU.")
@click.option("--model", metavar="NAME", default="", help="Rows of this model.")
@click.option("--precision", metavar="KEY", default="", help="Rows of this precision: fp16, nf4, int8_default, …")
@click.option("--all", "rejected", is_flag=True, help="Rejected rows too, with the reason; they are never used.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "csv", "markdown"]),
    default="text",
    help="Default: text.",
)
@click.option(
    "--check",
    "checked",
    is_flag=False,
    flag_value=SHIPPED,
    metavar="[FILE]",
    help="Recompute what can be recomputed of a file of measurements (default: the shipped one). 1: rows are wrong.",
)
@_locale
def evidence(
    gpu: str, model: str, precision: str, rejected: bool, form: str, checked: str | None, locale: str | None
) -> int:
    """Print the measured rows that every figure rests on, with source, session and status.

    The user's own rows, from the files that the setting `evidence` names, come after the shipped ones.
    """
    if checked is not None and form not in ("text", "json"):
        raise click.UsageError("--check prints text or JSON.")
    from ecolint import rowsheet
    from ecolint.ending import FINDINGS, OK, Usage, complain
    from ecolint.run import here
    from ecolint.speech import Voice

    settings = here({"locale": locale} if locale else {})
    voice = Voice(settings.locale)
    filters = rowsheet.Filters(gpu, model, precision, rejected)
    try:
        if checked is not None:
            from ecolint import doctorsheet

            examination = doctorsheet.asked(filters, None if checked == SHIPPED else checked)
            printed(doctorsheet.FORMS[form](examination, voice))
            return OK if doctorsheet.healthy(examination) else FINDINGS
        from ecolint import measurements

        own = measurements.own(settings)
        for one in own.complaints if own is not None else ():
            complain(f"{one.file}:{one.line}: {voice(one.reason)}")
        every = (*rowsheet.shipped_rows(), *(own.rows if own is not None else ()))
        printed(rowsheet.FORMS[form](rowsheet.asked(filters, every), voice))
    except rowsheet.NoSuchRows as error:
        raise Usage(str(error)) from error
    return OK


@ecolint.command(context_settings=_HELP)
@click.argument("key", metavar="[CODE|NAME]", required=False)
@click.option("--all", "every", is_flag=True, help="All rules as a table.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", help="Default: text."
)
@_locale
def rule(key: str | None, every: bool, form: Literal["text", "json", "markdown"], locale: str | None) -> int:
    """Print a rule's documentation, or all rules as a table."""
    if (key is None) == (not every):
        raise click.UsageError("name one rule, or use --all.")
    from ecolint.ending import OK
    from ecolint.rulebook import render, render_all
    from ecolint.ruleset import find
    from ecolint.run import here, known_rules
    from ecolint.speech import Voice

    settings = here({"locale": locale} if locale else {})
    rules = known_rules(settings)
    voice = Voice(settings.locale)
    printed(render_all(rules, form, voice) if key is None else render(find(rules, key), form, voice))
    return OK


@ecolint.group(context_settings=_HELP)
def cache() -> None:
    """What ecolint keeps between runs."""


@cache.command(context_settings=_HELP)
def clean() -> int:
    """Empty the cache."""
    from ecolint.cache.filing import clean as empty
    from ecolint.cachefolder import folder
    from ecolint.ending import OK
    from ecolint.run import here
    from ecolint.speech import Voice

    count, size = empty(folder())
    voice = Voice(here({}).locale)
    told: dict[str, object] = {"size": size / 1e6, "folder": folder()}
    if count == 1:
        printed(voice.say("removed 1 file, {size:.1f} MB from {folder}", **told) + "\n")
    else:
        printed(voice.say("removed {count} files, {size:.1f} MB from {folder}", count=count, **told) + "\n")
    return OK


add_to(ecolint)
