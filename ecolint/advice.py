"""The advisor's part of the command line: options as they are written, answers to standard output, exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from ecolint.speech import LOCALES, say
from ecolint.terminal import coloured, printed

if TYPE_CHECKING:
    from ecolint.advisor.answer import Answer
    from ecolint.advisor.considered import Situation
    from ecolint.advisor.parameters import Asked, Refused
    from ecolint.evidence import Table
    from ecolint.ruleset import Rule
    from ecolint.settings import Settings
    from ecolint.speech import Voice

_HELP = {"help_option_names": ["-h", "--help"]}
_Command = Callable[..., Any]

_DESCRIBING: tuple[tuple[str, str, str], ...] = (
    ("--gpu", "NAME", "The GPU, by any name that the catalogue knows."),
    ("--gpu-count", "N", "GPUs that one copy of the model runs on."),
    ("--precision", "KEY", "fp16, bf16, fp32, nf4, int8_default, int8_pure or fp8."),
    ("--dtype", "KEY", "The number format: fp32, bf16, fp16 or tf32."),
    ("--batch-size", "N", "Sequences that are generated together, 1 to 64."),
    ("--prompt-tokens", "N", "Tokens of a prompt, 128 to 4096."),
    ("--generated-tokens", "N", "Tokens of an answer, 1 to 2048."),
    ("--params", "N", "Billions of parameters, for a model that the catalogue lacks."),
    ("--framework", "NAME", "transformers, vllm, tgi, sglang, ollama, llama.cpp or tensorrt-llm: for the snippet."),
    ("--requests-per-month", "N", "Requests a month."),
    ("--workload", "WORDS", 'The same in words: "10,000 users/day", "1 GB of text", "8 hours a day", "100万字".'),
    ("--region", "NAME", "The grid: its price and its carbon intensity."),
    ("--price-per-kwh", "USD", "Dollars a kWh."),
    ("--carbon-intensity", "G", "Grams of CO2 a kWh."),
    ("--pue", "X", "Power usage effectiveness: 1.1 in a cloud, 1.0 at home."),
)
_LIMITS: tuple[tuple[str, str, str], ...] = (
    ("--max-vram", "GB", "At most this memory."),
    ("--max-latency", "S", "At most these seconds a request."),
    ("--min-throughput", "TOK/S", "At least these tokens a second."),
    ("--price-per-hour", "USD", "What the GPU is rented for, for the objective cost."),
    ("--objective", "NAME", "energy (the default), cost or throughput."),
)
_OBSERVED: tuple[tuple[str, str, str], ...] = (
    ("--observed-throughput", "TOK/S", "Generated tokens a second, of all sequences together."),
    ("--observed-power", "W", "The board's power while it generates."),
)


def _options(described: tuple[tuple[str, str, str], ...]) -> Callable[[_Command], _Command]:
    """Options that are taken as they are written: what is wrong with them is told together, not one at a time."""

    def add(command: _Command) -> _Command:
        for name, metavar, text in reversed(described):
            command = click.option(name, metavar=metavar, help=text)(command)
        return command

    return add


def _asking(command: _Command) -> _Command:
    """The argument and the options that every question has."""
    command = click.option("-v", "--verbose", is_flag=True, help="Tracebacks of internal errors.")(command)
    command = click.option("--lobster", is_flag=True, help="EcoLobster speaks first.")(command)
    command = click.option("--locale", type=click.Choice(LOCALES), help="The language of the answer.")(command)
    command = click.option(
        "--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text", help="Default: text."
    )(command)
    command = click.option(
        "--context",
        type=click.Choice(["production", "interactive", "offline", "test"]),
        help="What the deployment is for.",
    )(command)
    command = click.option(
        "--deployment", "number", type=click.IntRange(min=1), metavar="N", help="Which one of a file, from 1."
    )(command)
    command = _options(_DESCRIBING)(command)
    return click.argument("model", required=False, metavar="MODEL|FILE")(command)


@click.command(context_settings=_HELP)
@_asking
def estimate(**options: Any) -> int:
    """What a month of a deployment takes: energy, money, CO2, now and in its best configuration."""
    from ecolint.advisor.costing import estimate as answer

    return _ask("estimate", options, answer)


@click.command(context_settings=_HELP)
@_asking
def compare(**options: Any) -> int:
    """Precisions of a deployment side by side, with one winner for each dimension (--precision nf4,fp16)."""
    from ecolint.advisor.comparing import compare as answer

    return _ask("compare", options, answer, several=True)


@click.command(context_settings=_HELP)
@_asking
@_options(_LIMITS)
def optimize(**options: Any) -> int:
    """The best precision and batch of a deployment under limits, and why."""
    from ecolint.advisor.optimizing import optimize as answer

    return _ask("optimize", options, answer)


@click.command(context_settings=_HELP)
@_asking
@_options(_LIMITS)
def recommend(**options: Any) -> int:
    """Options for a deployment under limits, ranked, with what each trades."""
    from ecolint.advisor.recommending import recommend as answer

    return _ask("recommend", options, answer)


@click.command(context_settings=_HELP)
@_asking
@_options(_OBSERVED)
def diagnose(**options: Any) -> int:
    """Which known trap an observation looks like, why, what to do, and how to verify it."""
    from ecolint.advisor.diagnosing import diagnose as answer

    return _ask("diagnose", options, answer)


@click.command(context_settings=_HELP)
@_asking
def explain(**options: Any) -> int:
    """Why a deployment is slow or hot: what bounds it, as the rows show."""
    from ecolint.advisor.explaining import explain as answer

    return _ask("explain", options, answer)


# --- from options to an answer ----------------------------------------------------------------------------------------

_ASIDE = ("model", "form", "locale", "lobster", "context", "number", "verbose")
"""Options that no answer depends on, or that are right by themselves."""


def _ask(
    protocol: str, options: Mapping[str, Any], answered: Callable[[Situation], Answer], several: bool = False
) -> int:
    from ecolint.advisor.parameters import Asked, Refused
    from ecolint.ending import BROKEN, OK
    from ecolint.run import here
    from ecolint.speech import Voice

    written = {f"--{name.replace('_', '-')}": value for name, value in options.items() if name not in _ASIDE}
    told = {name: one for name, one in written.items() if one is not None}
    asked = Asked(protocol, options["model"], told, several, _rest(options))
    overrides = {name: options[name] for name in ("locale", "context") if options[name]}
    voice = Voice(here(overrides).locale)
    try:
        situation = _situation(asked, overrides, options["number"], voice)
        answer = answered(_timed(situation, asked))
    except Refused as refused:
        _complain(refused, voice)
        return BROKEN
    _print(answer, options, voice)
    return OK


def _rest(options: Mapping[str, Any]) -> tuple[str, ...]:
    """The options that are right by themselves, as they were written."""
    named = (("--deployment", "number"), ("--context", "context"), ("--format", "form"), ("--locale", "locale"))
    found = [(option, str(options[name])) for option, name in named if options[name] is not None]
    return tuple(word for option, value in found if (option, value) != ("--format", "text") for word in (option, value))


def _timed(situation: Situation, asked: Asked) -> Situation:
    """Hours a day as requests; only an estimate needs them. Raises `Refused` where it cannot have them."""
    from ecolint.advisor.hours import NoThroughput, timed, untimed
    from ecolint.advisor.parameters import Refused, Trouble

    try:
        return timed(situation)
    except NoThroughput:
        if asked.command != "estimate":
            return untimed(situation)
        wrong = say("nobody measured what this deployment does in an hour: name requests instead")
        words = asked.options.get("--workload", "")
        raise Refused((Trouble("--workload", words, wrong, example="--requests-per-month 1000000"),)) from None


def _situation(asked: Asked, overrides: Mapping[str, object], number: int | None, voice: Voice) -> Situation:
    from ecolint.advisor import reading
    from ecolint.decisions import check_gpu
    from ecolint.ending import Usage, complain
    from ecolint.run import here, problem_lines, settings_for

    if not reading.is_file(asked.model):
        if number is not None:
            raise Usage("--deployment goes with a file")
        settings = here(overrides)
        check_gpu(settings)
        return reading.situation(asked, settings, _table(settings, voice), _rules(settings))
    file = str(asked.model)
    found, deployments = reading.read(file, overrides)
    for line in problem_lines(found.report.problems, voice):
        complain(line)
    if not deployments and any(map(reading.trains, found.deployments)):
        raise Usage("{file}: what it describes trains: energy of inference was measured", file=file)
    if not deployments:
        raise Usage("{file}: no deployment of a model was read; `ecolint facts {file}` shows what was", file=file)
    if number is not None and number > len(deployments):
        count = len(deployments)
        raise Usage("--deployment {number}: {file} describes {count}", number=number, file=file, count=count)
    first = next((one for one in deployments if one.facts["model"].kind == "known"), deployments[0])
    if number is None and len(deployments) > 1:
        complain(
            voice.say(
                "{file} describes {count} deployments; this is {this}, --deployment N names another:",
                file=file,
                count=len(deployments),
                this=deployments.index(first) + 1,
            )
        )
        for line in reading.listed(deployments, found.texts):
            complain(f"  {line}")
    chosen = deployments[number - 1] if number is not None else first
    settings = settings_for(chosen.place.path, overrides)
    text = found.texts.get(chosen.place.path, "")
    return reading.situation_of(chosen, text, asked, settings, _table(settings, voice), _rules(settings))


def _rules(settings: Settings) -> tuple[Rule, ...]:
    """The rules that warn of what is allowed and wasteful: those of the settings, and those that advise."""
    from dataclasses import replace

    from ecolint.decisions import known_rules, rules_of

    advising = (rule.code for rule in known_rules(settings) if rule.advised)
    return rules_of(replace(settings, extend_select=(*settings.extend_select, *advising)))


def _table(settings: Settings, voice: Voice) -> Table:
    """The rows that answers rest on, the user's own among them; each of those that cannot be used is told."""
    from ecolint import measurements
    from ecolint.ending import complain
    from ecolint.evidence import shipped

    own = measurements.own(settings)
    for one in own.complaints if own is not None else ():
        complain(f"{one.file}:{one.line}: {voice(one.reason)}")
    return own.table if own is not None else shipped()


def _complain(refused: Refused, voice: Voice) -> None:
    """Every error in a line, then the command as it might be meant."""
    from ecolint.ending import complain

    for one in refused.troubles:
        value = f" {one.value}" if one.value else ""
        parts = [f"{one.option}{value}: {voice(one.wrong)}"]
        if one.nearest is not None:
            parts.append(voice.say("did you mean {nearest}?", nearest=one.nearest))
        if one.valid:
            parts.append(voice.say("valid: {valid}", valid=voice(one.valid)))
        if one.example:
            parts.append(voice.say("example: {example}", example=one.example))
        complain(f"ecolint: {voice.say('; ').join(parts)}")
    if refused.corrected:
        complain(voice.say("try: {command}", command=refused.corrected))


def _print(answer: Answer, options: Mapping[str, Any], voice: Voice) -> None:
    import shutil

    from ecolint.advisor.pages import FORMS, WIDTH, Paper

    terminal = sys.stdout.isatty()
    width = min(WIDTH, shutil.get_terminal_size((WIDTH, 40)).columns) if terminal else WIDTH
    colour = coloured(os.environ, terminal) and options["form"] == "text"
    printed(FORMS[options["form"]](answer, Paper(voice, width, colour, options["lobster"])))
