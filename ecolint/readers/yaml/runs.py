"""Commands that files of workflows and other settings run: strings and lists under keys such as `run` and `script`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import field

from ecolint.model import HOLE, Entry, Invocation, Table, Template
from ecolint.readers.programs import programs
from ecolint.readers.yaml.environments import Environment, pairs_environment
from ecolint.readers.yaml.fallbacks import fallback
from ecolint.readers.yaml.nodes import MAX_DEPTH, Node, resolved
from ecolint.readers.yaml.scripts import Line, script_lines
from ecolint.readers.yaml.surroundings import Surroundings
from ecolint.readers.yaml.tables import Document
from ecolint.readers.yaml.words import lines
from ecolint.shaped import dataclass

KEYS = re.compile(
    r"(?:run|scripts?|commands?|cmds?|source|exec|entrypoint|start|launch|\w*_(?:script|commands?|cmd)|\w*(?:Script|Commands?|Cmd))\Z"
)
ONE_BY_ONE = ("bootcmd", "runcmd")
"""Keys of cloud-init: every item of their lists is a command of its own, a line or a list of words."""
RUNNER = "runs-on"
ENVIRONMENTS = ("env", "envs", "environment", "environment_variables", "secrets", "variables")
PROGRAM_WORDS = 11
"""Words of a command among which the program that it starts is looked for."""
_ROOTS = ("/", "./", "~/", HOLE)
"""How the path of a program begins."""
MAX_RUNS = 2_000
"""Scripts of one document that are read for commands."""


@dataclass(frozen=True, slots=True)
class Run:
    """What stands under a key that names something to run, and the environments around it, outermost first."""

    key: str
    node: Node
    holder: Node
    environments: tuple[Node, ...] = ()
    runner: Node | None = None
    """What the nearest job says that it runs on."""


@dataclass(slots=True)
class _Seen:
    nodes: set[Node] = field(default_factory=set)
    runs: int = 0


def find_runs(document: Document, root: Node, closed: Collection[Node], passed: Collection[Node]) -> Iterator[Run]:
    """Everything to run under a node: outside of `closed` mappings, and not under keys of those that are `passed`."""
    seen = _Seen()
    stack: list[tuple[Node, tuple[Node, ...], Node | None, int]] = [(root, (), None, 0)]
    while stack:
        node, environments, runner, depth = stack.pop()
        node = resolved(node)[0]
        if node in seen.nodes or node in closed or depth > MAX_DEPTH:
            continue
        seen.nodes.add(node)
        if node.kind == "sequence":
            stack.extend((child, environments, runner, depth + 1) for child in reversed(node.children))
        if node.kind != "mapping":
            continue
        fields = document.fields(node).by_name
        around = [resolved(fields[name].value)[0] for name in ENVIRONMENTS if name in fields]
        environments = (*environments, *(one for one in around if _pairs(one)))
        runner = fields[RUNNER].value if RUNNER in fields else runner
        for name, one in fields.items() if node not in passed else ():
            if not (KEYS.match(name) or name in ONE_BY_ONE):
                continue
            value = resolved(one.value)[0]
            each = (
                [resolved(child)[0] for child in value.children]
                if name in ONE_BY_ONE and value.kind == "sequence"
                else [value]
            )
            for command in each[: MAX_RUNS - seen.runs]:
                seen.runs += 1
                yield Run(name, command, node, environments, runner)
        inner = [one.value for one in fields.values() if resolved(one.value)[0].kind != "scalar"]
        stack.extend((child, environments, runner, depth + 1) for child in reversed(inner))


def _pairs(node: Node) -> bool:
    """Whether a node holds variables as a mapping, or as a list of `NAME=value`."""
    listed = node.kind == "sequence" and all(resolved(one)[0].kind == "scalar" for one in node.children)
    return node.kind == "mapping" or listed


def run_invocations(document: Document, run: Run, names: tuple[str, ...]) -> list[Invocation]:
    """One invocation for every command that starts one of the programs of these names."""
    looked_for = programs(names)
    scripts = [node for node in _texts(run.node) if looked_for.may_be_run_by(node.value)]
    if not scripts:
        return []
    env = _environment(document, run)
    outer = document.branches(run.holder.start)
    found: list[Line] = []
    if run.node.kind == "sequence" and any(node.value in names for node in scripts):
        fields = document.fields(run.holder).by_name
        listed = [run.node] + [fields["args"].value for _ in (1,) if run.key == "command" and "args" in fields]
        found = lines(document, listed, env, outer)
    else:
        for node in scripts:
            found += script_lines(document, node, env, outer, node.shared)
    around = Surroundings(document, outer)
    if run.runner is not None:
        around.everything(RUNNER, run.runner)
    table = around.table(document.at(run.holder))
    made = [
        Invocation(
            "yaml",
            document.at(run.holder),
            f"command {run.key}",
            words=line.words,
            env=line.env,
            surroundings=table,
            branches=line.branches,
        )
        for line in found
        if line.words is not None and starts(line.words, names)
    ]
    return [fallback(one) for one in made] if document.overridable else made


def _texts(node: Node) -> list[Node]:
    """The scalars of a string or of a list of strings."""
    listed = node.children if node.kind == "sequence" else [node]
    return [one for one in (resolved(each)[0] for each in listed) if one.kind == "scalar" and one.value]


def starts(words: Table, names: Collection[str]) -> bool:
    """Whether one of the first words is one of the programs of these names."""
    for index, entry in enumerate(words.entries[:PROGRAM_WORDS]):
        data = entry.value[0].data if len(entry.value) == 1 else None
        word = data.text if isinstance(data, Template) else data
        if not isinstance(word, str):
            continue
        path = not index or word.startswith(_ROOTS)  # of a path that nobody can see, the program's name is enough
        if (word.rpartition("/")[2] if path else word) in names:
            return True
    return False


def _environment(document: Document, run: Run) -> Environment:
    """The variables of all environments around a script, the nearer ones last."""
    entries: dict[str, Entry] = {}
    whole = Environment(None)
    open_ = False
    for node in run.environments:
        document.left -= len(node.children)
        if document.left < 0:
            open_ = True
            break
        one = pairs_environment(document, node, document.branches(node.start))
        if one.table is not None:
            entries.update((entry.name, entry) for entry in one.table.entries)
            open_ = open_ or one.table.open
        whole.texts.update(one.texts)
    if run.environments:
        place = document.at(run.environments[-1])
        whole.table = Table("yaml.env", place, tuple(entries.values()), open=open_, writable=False)
    return whole
