"""The documentation of rules: as a terminal page, as JSON and as the generated pages under docs/rules."""

from __future__ import annotations

import argparse
import inspect
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from ecolint.columns import aligned
from ecolint.computed import Computed
from ecolint.model import FACTS
from ecolint.operands import type_name
from ecolint.predicates import PREDICATES, Predicate
from ecolint.rulefile import Better, Example, Rule, read
from ecolint.ruleset import find, load, packaged
from ecolint.ruletable import RuleError, Wanted
from ecolint.skeleton import skeleton
from ecolint.speech import ENGLISH, SEMICOLON, Said, Voice, joined, say

Format = Literal["text", "json", "markdown"]

MEND = "python -m ecolint.rulebook --write-docs"
"""The command that brings the generated pages up to date."""


def render(rule: Rule, format: Format = "text", voice: Voice = ENGLISH) -> str:
    """One rule's documentation, ending with a line end; headings in a language, the rule's texts as they are."""
    if format == "json":
        return json.dumps(as_json(rule, voice), indent=2, ensure_ascii=False) + "\n"
    return _page(rule, voice) if format == "markdown" else _terminal_page(rule, voice)


def render_all(rules: Sequence[Rule], format: Format = "text", voice: Voice = ENGLISH) -> str:
    """All rules: a table as text or Markdown, a list of whole rules as JSON."""
    if format == "json":
        return json.dumps([as_json(rule, voice) for rule in rules], indent=2, ensure_ascii=False) + "\n"
    if format == "markdown":
        return "\n".join(_index(rules, voice)) + "\n"
    rows: list[tuple[str, ...]] = [
        (rule.code, rule.name, voice(levels(rule)), rule.basis, voice(_fixable(rule)), rule.summary) for rule in rules
    ]
    rows.insert(0, tuple(map(voice, _HEADINGS)))
    return "".join(f"{line}\n" for line in aligned(rows))


_HEADINGS = (say("code"), say("name"), say("level"), say("basis"), say("fix"), say("fires on"))


def levels(rule: Rule) -> str:
    """The levels of its cases in their order: "red", "red or yellow"."""
    return joined(dict.fromkeys(case.level for case in rule.cases), say(" or "))


def _fixable(rule: Rule) -> str:
    """The mildest applicability that one of its fixes has, or "no"."""
    offered = {better.applicability for better in rule.betters}
    return next((kind for kind in ("safe", "unsafe", "manual") if kind in offered), say("no"))


def as_json(rule: Rule, voice: Voice = ENGLISH) -> dict[str, object]:
    """A rule as plain data, with the names that its file uses."""
    return {
        "code": rule.code,
        "name": rule.name,
        "levels": list(dict.fromkeys(case.level for case in rule.cases)),
        "basis": rule.basis,
        "summary": rule.summary,
        "claim": rule.claim,
        "compare": rule.compare,
        "rises": rule.rises,
        "unanimous": rule.unanimous,
        "settled": rule.settled,
        "advised": rule.advised,
        "defers_to": list(rule.defers_to),
        "workloads": list(rule.workloads),
        "cases": [
            {
                "when": case.when.text,
                "level": case.level,
                "message": case.message.text,
                "underline": list(case.underline),
                "quantify": case.quantify,
                "likely": case.likely,
                "compare": case.compare,
                "every": case.every,
            }
            for case in rule.cases
        ],
        "detail": [{"label": label.text, "value": value.text} for label, value in rule.detail],
        "better": [
            {
                "title": voice(title(better)),
                "set": {fact: _wanted(value) for fact, value in better.set.items()},
                "when": better.when.text if better.when else None,
                "needs": better.needs.text if better.needs else None,
                "applicability": better.applicability,
                "caveat": better.caveat,
                "advice": better.advice,
            }
            for better in rule.betters
        ],
        "docs": {
            "what": rule.docs.what,
            "why": rule.docs.why,
            "example": [
                {"file": one.file, "gpu": one.gpu, "context": one.context, "bad": one.bad, "good": one.good}
                for one in rule.docs.example
            ],
            "references": list(rule.docs.references),
            "fix_safety": rule.docs.fix_safety,
        },
    }


def _wanted(value: Wanted) -> object:
    return list(value) if isinstance(value, tuple) else {"value": value.text} if isinstance(value, Computed) else value


def title(better: Better) -> str:
    """The offer in words; where the rule gives none, the facts to set."""
    return better.title if better.title is not None else say("set {facts}", facts=_facts(better))


def _facts(better: Better) -> Said:
    facts = ((fact, value[0] if isinstance(value, tuple) else value) for fact, value in better.set.items())
    return joined(say("{fact} to {value}", fact=fact.replace("_", " "), value=value) for fact, value in facts)


# --- pages ------------------------------------------------------------------------------------------------------------


def _page(rule: Rule, voice: Voice = ENGLISH) -> str:
    """The Markdown page of one rule."""
    facts = [
        say("level {levels}", levels=levels(rule)),
        say("basis {basis}", basis=rule.basis),
        say("fix: {fix}", fix=_fixable(rule)),
    ]
    if rule.defers_to:
        facts.append(say("defers to {codes}", codes=", ".join(rule.defers_to)))
    summary = say("{summary} ({facts})", summary=_sentence(rule.summary, voice), facts=joined(facts, SEMICOLON))
    lines = [f"# {rule.code} {rule.name}", "", voice(summary), ""]
    lines += [f"## {voice.say('What it finds')}", "", rule.docs.what, ""]
    for case in rule.cases:
        lines += [voice.say("* **{level}** when `{condition}`", level=case.level, condition=case.when.text)]
    lines += ["", f"## {voice.say('Why it matters')}", "", rule.docs.why, "", f"## {voice.say('Example')}", ""]
    for example in rule.docs.example:
        lines += [*_example(example, rule, voice)]
    if rule.praises:
        lines += [voice.say("Shown with `--show-green`."), ""]
    if rule.betters:
        lines += [f"## {voice.say('Better deployments')}", "", voice.say("Best first:"), ""]
        lines += [line for number, better in enumerate(rule.betters, 1) for line in _offer(number, better, voice)]
        lines += [""]
    if rule.docs.fix_safety:
        lines += [f"## {voice.say('Fix safety')}", "", rule.docs.fix_safety, ""]
    references = (f"* {_linked(reference)}" for reference in rule.docs.references)
    lines += [f"## {voice.say('References')}", "", *references, ""]
    lines += [
        f"## {voice.say('Switching it off')}",
        "",
        voice.say("`# ecolint: ignore[{code}] reason` on its line or alone on the line above.", code=rule.code),
    ]
    return "\n".join(lines) + "\n"


def _sentence(text: str, voice: Voice) -> Said:
    """A text of a rule as a whole sentence; Chinese has no capitals to begin with."""
    return say("{sentence}.", sentence=f"{text[:1].upper()}{text[1:]}" if voice == ENGLISH else text)


def _linked(reference: str) -> str:
    return re.sub(r"https?://\S+", lambda url: f"<{url.group()}>", reference)


def _example(example: Example, rule: Rule, voice: Voice) -> list[str]:
    options = [f"`--{key} {value}`" for key, value in (("gpu", example.gpu), ("context", example.context)) if value]
    draws_it = say("`{file}` draws {code}:", file=example.file, code=rule.code)
    if options:
        under = " ".join(options)
        draws_it = say("`{file}`, with {options} draws {code}:", file=example.file, options=under, code=rule.code)
    fence = f"```{example.file.rpartition('.')[2]}"
    draws, other = (example.good, example.bad) if rule.praises else (example.bad, example.good)
    silent = say("This does not:") if rule.praises else say("This draws nothing:")
    return [
        *(voice(draws_it), "", fence, draws.rstrip("\n"), "```", ""),
        *(voice(silent), "", fence, other.rstrip("\n"), "```", ""),
    ]


def _offer(number: int, better: Better, voice: Voice) -> list[str]:
    conditions = [
        *([say("where `{condition}`", condition=better.when.text)] if better.when else []),
        *([say("needs `{condition}`", condition=better.needs.text)] if better.needs else []),
    ]
    facts = joined([better.applicability, *conditions], SEMICOLON)
    offered = say("Set {facts}.", facts=_facts(better)) if better.title is None else _sentence(better.title, voice)
    offer = say("{summary} ({facts})", summary=offered, facts=facts)
    lines = [f"{number}. {voice(offer)}"]
    if better.caveat:
        lines.append(f"   {voice(_sentence(better.caveat, voice))}")
    if better.advice:
        lines.append("   " + voice.say("By hand: {advice}.", advice=better.advice))
    return lines


def _index(rules: Sequence[Rule], voice: Voice = ENGLISH) -> list[str]:
    lines = [f"| {' | '.join(map(voice, _HEADINGS))} |", "|---|---|---|---|---|---|"]
    for rule in rules:
        link = f"[{rule.code}]({rule.slug}.md)"
        level, fix = voice(levels(rule)), voice(_fixable(rule))
        lines.append(f"| {link} | {rule.name} | {level} | {rule.basis} | {fix} | {rule.summary} |")
    return lines


def _terminal_page(rule: Rule, voice: Voice) -> str:
    """The page for a terminal: the Markdown without its marks, code indented."""
    lines: list[str] = []
    in_code = False
    for line in _page(rule, voice).splitlines():
        if line.startswith("```"):
            in_code = not in_code
        elif in_code:
            lines.append(f"    {line}".rstrip())
        elif line.startswith("## "):
            lines.append(line[3:].upper())
        else:
            lines.append(re.sub(r"\*\*(.+?)\*\*|<(https?://\S+)>", r"\1\2", line.removeprefix("# ")))
    return "\n".join(lines) + "\n"


def pages(rules: Sequence[Rule]) -> Mapping[str, str]:
    """The generated files of docs/rules by name."""
    note = f"<!-- Generated from rules/*.toml by `{MEND}`. -->\n\n"
    found = {f"{rule.slug}.md": note + _page(rule) for rule in rules}
    return {**found, "README.md": note + _readme(rules), "conditions.md": note + _conditions()}


_README = """# Rules

{index}

`measured` and `derived` rules are on by default; `convention` rules only with `--conventions` or when selected.

## Writing a rule

`python -m ecolint.rulebook --new CODE some-name` writes the skeleton `rules/CODE_some_name.toml`. Fill it in, add
samples under `fixtures/CODE_some_name/`, and run `{mend}`. A malformed rule stops the
program with its file, its line and what to write instead. `when` and `needs` are written in
[the condition language](conditions.md). Your own rules are files of the same shape,
in a folder that the setting `rules` names.
"""

_CONDITIONS = """# The condition language

A condition compares facts of a deployment with constants or with each other: `==`, `!=`, `<`, `<=`, `>`, `>=`,
`in [...]`, `not in [...]`, joined by `and`, `or`, `not` and parentheses. Texts stand in quotes. A fact that is true
or false may stand alone. Named predicates answer what comparisons cannot say.

Every condition is true, false or unknown, and only true counts. A fact that was not written is absent: it equals
`'none'` and nothing else, and its order against a number is unknown. Whatever compares a fact that is made at run time
is unknown. `unknown and false` is false, `unknown or true` is true; otherwise unknown spreads.

## Facts

| fact | type |
|---|---|
{facts}

## Predicates

{predicates}
"""


def _readme(rules: Sequence[Rule]) -> str:
    return _README.format(index="\n".join(_index(rules)), mend=MEND)


def _conditions() -> str:
    facts = "\n".join(f"| `{name}` | {type_name(kind)} |" for name, kind in FACTS.items())
    predicates = "\n\n".join(_predicate(PREDICATES[name]) for name in sorted(PREDICATES))
    return _CONDITIONS.format(facts=facts, predicates=predicates)


def _predicate(found: Predicate) -> str:
    arguments = ["fact" if found.reads_arguments else " | ".join(map(repr, words)) for words in found.arguments]
    reads = ", ".join(f"`{fact}`" for fact in found.reads) or "the fact that it names"
    return f"### `{found.name}({', '.join(arguments)})`\n\n{inspect.cleandoc(found.doc)}\n\nReads {reads}."


# --- tasks for developers ---------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """The developer's tasks: write a new rule's skeleton, regenerate docs/rules, or show a rule."""
    parser = argparse.ArgumentParser(prog="python -m ecolint.rulebook", description=main.__doc__)
    parser.add_argument("rule", nargs="?", help="show the rule with this code or name")
    parser.add_argument("--new", nargs=2, metavar=("CODE", "NAME"), help="write the skeleton of a new rule")
    parser.add_argument("--write-docs", action="store_true", help="regenerate the pages of the rules")
    parser.add_argument("--rules", type=Path, default=packaged(), help="folder of the rules")
    parser.add_argument("--docs", type=Path, help="folder of the pages (default: docs/rules beside the rules)")
    given = parser.parse_args(arguments)
    docs: Path = given.docs or given.rules.parent / "docs" / "rules"
    try:
        if given.new:
            return _write_new(given.rules, *given.new)
        rules = load([given.rules])
        if given.write_docs:
            return _write_docs(docs, rules)
        sys.stdout.write(render(find(rules, given.rule)) if given.rule else render_all(rules))
    except (RuleError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _write_new(folder: Path, code: str, name: str) -> int:
    file, text = skeleton(code, name)
    read(file, text)  # refuses a code or name that no rule may have, before anything is written
    with (folder / file).open("x", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
    print(f"{folder / file}: fill it in, add samples under fixtures/{file.removesuffix('.toml')}/, then run `{MEND}`")
    return 0


def _write_docs(folder: Path, rules: Sequence[Rule]) -> int:
    wanted = pages(rules)
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("*.md"):
        if stale.name not in wanted:
            stale.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    print(f"{folder}: {len(wanted)} pages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
