"""The commands that look things up: `evidence` and `rule`."""

from __future__ import annotations

from typing import Literal

import click

from ecolint.speech import LOCALES
from ecolint.terminal import printed

_HELP = {"help_option_names": ["-h", "--help"]}
_locale = click.option("--locale", type=click.Choice(LOCALES), help="The language of messages and reports.")

SHIPPED = "\0"
"""What `--check` holds where no file is named: no path can."""


@click.command(context_settings=_HELP)
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


@click.command(context_settings=_HELP)
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
    from ecolint.decisions import known_rules
    from ecolint.ending import OK
    from ecolint.rulebook import render, render_all
    from ecolint.ruleset import find
    from ecolint.run import here
    from ecolint.speech import Voice

    settings = here({"locale": locale} if locale else {})
    rules = known_rules(settings)
    voice = Voice(settings.locale)
    printed(render_all(rules, form, voice) if key is None else render(find(rules, key), form, voice))
    return OK
