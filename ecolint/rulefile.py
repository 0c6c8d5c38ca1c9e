"""One rule file: its shape, and the checks that stop the program with file, line and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field, replace
from functools import cached_property
from typing import Any, get_args

from ecolint import condition, message
from ecolint.condition import Condition
from ecolint.message import Message
from ecolint.model import FACTS, Applicability, Level, Scalar
from ecolint.ruletable import File, RuleError, Table, Wanted
from ecolint.ruletexts import translated
from ecolint.shaped import dataclass

BASES = ("measured", "derived", "convention")
WORKLOADS = ("inference", "training", "conversion")
CONTEXTS = ("production", "interactive", "offline", "test")


@dataclass(frozen=True)
class Case:
    """One way for the rule to fire; the first case that holds is the finding's.

    `quantify` is False where no figure may stand beside the finding, `likely` True where the case is itself a
    heuristic. `compare` overrides the rule's. `every` is True where each place of the fact that is underlined first is
    a culprit of its own.
    """

    when: Condition
    level: Level
    message: Message
    underline: tuple[str, ...]
    quantify: bool = True
    likely: bool = False
    compare: Mapping[str, Scalar] | None = None
    every: bool = False


@dataclass(frozen=True)
class Better:
    """A better deployment. A tuple in `set` means that any of its values will do, the first being written; a computed
    value is asked of the deployment as it is, and without one the offer is not made.

    `when` is asked of the deployment as it is, `needs` of the better one; both must be true for the offer.
    `advice` is what to do by hand where a stack cannot write it.
    """

    set: Mapping[str, Wanted]
    needs: Condition | None
    applicability: Applicability
    title: str | None
    caveat: str | None
    advice: str | None
    when: Condition | None = None


@dataclass(frozen=True)
class Example:
    """Code that draws the rule and code that draws nothing; where the rule praises, the good code draws it.

    The suffix of `file` tells the syntax. `gpu` and `context` are the settings (`--gpu`, `--context`) under which that
    is so.
    """

    file: str
    bad: str
    good: str
    gpu: str | None = None
    context: str | None = None


@dataclass(frozen=True)
class Docs:
    """A rule's documentation, in Markdown."""

    what: str
    why: str
    example: tuple[Example, ...]
    references: tuple[str, ...]
    fix_safety: str | None = None


@dataclass(frozen=True)
class Rule:
    """A condition on a deployment and a better deployment. `compare` None: the first better one that is offered."""

    code: str
    name: str
    basis: str
    summary: str
    claim: str | None
    compare: Mapping[str, Scalar] | None
    rises: bool
    unanimous: bool
    """Fires only where it does so in every variant, and in every deployment of the file, that reads the culprit."""
    settled: bool
    """Fires only where it does so whatever branch is taken: one may be there to avoid the waste."""
    advised: bool
    """The advisor warns of it also where conventions are off: who describes a deployment asks for advice."""
    defers_to: tuple[str, ...]
    workloads: tuple[str, ...]
    cases: tuple[Case, ...]
    betters: tuple[Better, ...]
    detail: tuple[tuple[Message, Message], ...]
    """Rows of a small table beside the finding, label and value; a row of which a fact is not known is left out."""
    docs: Docs
    path: str
    zh: Rule | None = field(default=None, compare=False, repr=False)
    """The same rule with its texts in Chinese, where its file has them."""

    @cached_property
    def reads(self) -> frozenset[str]:
        """The facts that its conditions read."""
        return frozenset[str]().union(*(case.when.facts for case in self.cases))

    @property
    def praises(self) -> bool:
        """Whether it recognises good practice: its example fires on the good code and is silent about the bad."""
        return all(case.level == "green" for case in self.cases)

    @property
    def slug(self) -> str:
        """The name of its file, its fixture folder and its page: code and name, joined by underscores."""
        return f"{self.code}_{self.name.replace('-', '_')}"


def read(path: str, text: str) -> Rule:
    """The rule that one file describes. Raises `RuleError`; `path` may be relative, its last part is checked."""
    import tomli

    try:
        data = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found.group(1)) if found else max(1, len(text.splitlines()))
        what = re.sub(r" \(at [^)]*\)$", "", str(error))
        raise RuleError(path, line, f"not TOML: {what[:1].lower()}{what[1:]}", "see https://toml.io") from None
    top = Table(File(path, text), data, (), "")
    code, name = _identity(top, path)
    cases = tuple(_case(table) for table in top.tables("case"))
    if not cases:
        raise top.error("case", "the rule has no case", "write [[case]] with when, level, message and underline")
    betters = tuple(_better(table) for table in top.tables("better"))
    rule = Rule(
        code=code,
        name=name,
        basis=top.text("basis", BASES),
        summary=top.text("summary"),
        claim=top.maybe_text("claim"),
        compare=top.scalars("compare"),
        rises=top.flag("rises", True),
        unanimous=top.flag("unanimous", False),
        settled=top.flag("settled", False),
        advised=top.flag("advised", False),
        defers_to=top.texts("defers_to", ()),
        workloads=top.words("workloads", WORKLOADS, "workload", ("inference",)),
        cases=cases,
        betters=betters,
        detail=tuple(_detail(table) for table in top.tables("detail")),
        docs=_docs(top, bool(betters)),
        path=path,
    )
    chinese = top.table("zh")
    return rule if chinese is None else replace(rule, zh=translated(rule, chinese))


def _identity(top: Table, path: str) -> tuple[str, str]:
    code, name = top.text("code"), top.text("name")
    if not re.fullmatch(r"[A-Z]{2,8}[0-9]{3}", code):
        raise top.error("code", f"'{code}' is not a code", "write ECO and three digits, in capitals")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise top.error("name", f"'{name}' is not a name", 'write small letters and dashes: name = "small-batch"')
    wanted = f"{code}_{name.replace('-', '_')}.toml"
    if path.rpartition("/")[2] != wanted:
        raise top.error("code", f"code and name do not match the file '{path.rpartition('/')[2]}'", f"call it {wanted}")
    return code, name


def _case(table: Table) -> Case:
    when = table.compiled("when", table.text("when"), condition.parse)
    level: Any = table.text("level", get_args(Level))
    return Case(
        when=when,
        level=level,
        message=table.compiled("message", table.text("message"), message.parse),
        underline=table.words("underline", tuple(FACTS), "fact", None),
        quantify=table.flag("quantify", True),
        likely=table.flag("likely", False),
        compare=table.scalars("compare"),
        every=table.flag("every", False),
    )


def _detail(table: Table) -> tuple[Message, Message]:
    label, value = (table.compiled(key, table.text(key), message.parse) for key in ("label", "value"))
    return label, value


def _better(table: Table) -> Better:
    applicability: Any = table.text("applicability", get_args(Applicability))
    advice = table.maybe_text("advice")
    if applicability == "manual" and advice is None:
        raise table.error("applicability", "a manual fix has no 'advice'", 'write advice = "what to do by hand"')
    return Better(
        set=table.facts("set"),
        needs=table.condition("needs"),
        applicability=applicability,
        title=table.maybe_text("title"),
        caveat=table.maybe_text("caveat"),
        advice=advice,
        when=table.condition("when"),
    )


def _docs(top: Table, fixable: bool) -> Docs:
    data = top.data.get("docs")
    if not isinstance(data, dict):
        raise top.error("docs", "the rule has no [docs]", "write [docs] with what, why, example and references")
    table = Table(top.file, data, ("docs",), "docs")
    what, why = table.text("what"), table.text("why")
    examples = tuple(_example(one) for one in table.tables("example"))
    if not examples:
        raise table.error("example", "[docs] has no example", "write [[docs.example]] with file, bad and good")
    fix_safety = table.text("fix_safety") if fixable else table.maybe_text("fix_safety")
    return Docs(what, why, examples, table.texts("references"), fix_safety)


def _example(table: Table) -> Example:
    file = table.text("file")
    if not re.fullmatch(r"[\w.-]+\.\w+", file):
        raise table.error("file", f"'{file}' is not a file name with a suffix", 'write file = "serve.py"')
    bad, good = table.text("bad"), table.text("good")
    # Prose loses its outer line ends; code keeps its last one.
    return Example(file, f"{bad}\n", f"{good}\n", table.maybe_text("gpu"), table.maybe_text("context", CONTEXTS))
