"""Walks the statements of a shell script in the order in which they run, and gathers its commands."""

from __future__ import annotations

import functools
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ecolint.model import ALWAYS, Branches, How
from ecolint.readers.shell import builtins, nested
from ecolint.readers.shell.commands import Assigned, Command, Heredoc, Script, Word
from ecolint.readers.shell.expanding import NAME, Expander, gathered
from ecolint.readers.shell.ropes import MAX_OPTIONS, MAX_PIECES, Option, Piece, Weaver
from ecolint.readers.shell.tree import PLACEHOLDER
from ecolint.readers.shell.variables import Changes, Held, Variables, unknown

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_DEPTH = 40
"""Compound commands, substitutions and functions inside one another; what lies deeper is not read."""
MAX_BLOCKS = 16
"""Decisions around a command that are told."""
MAX_EXPORTS = 200
MAX_LOOP = 8
"""Words of a loop's list that are told apart."""

_ASSIGNS = re.compile(r"\b([A-Za-z_]\w*)(\+?)=(?:[\"']?\$\{?(\w+))?")
_PLAIN = re.compile(r"[\w./:=@%+,-]+\Z")
"""Words in which nothing means anything to a shell."""
_MENTION = re.compile(r"[\w./-]+")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
_DECLARING = frozenset({"export", "declare", "readonly", "local", "typeset"})
_PREFIXES = frozenset({"exec", "nohup", "command", "time", "sudo"})
_REDIRECTS = frozenset({"file_redirect", "heredoc_redirect", "herestring_redirect"})
_SKIPPED = frozenset({"test_command", "arithmetic_expansion", "heredoc_body", "heredoc_start", "heredoc_end"})


class Walker:
    """Reads one script, or one that stands inside another's words."""

    def __init__(
        self,
        script: str,
        env: Mapping[str, str | None],
        foreign: Callable[[int, int], bool],
        label: str,
        level: int = 0,
    ) -> None:
        self.script, self.label, self.level = script, label, level
        self.foreign = _gaps(script, foreign)
        held = {name: None if text is None else _outside(text) for name, text in env.items()}
        self.variables = Variables(held)
        self.environment = frozenset(env)
        self.expander = Expander(script, self.variables, self.environment)
        self.expander.substituted = self.substitution
        self.weaver = Weaver(script, self.foreign)
        self.commands: list[Command] = []
        self.comments: list[tuple[int, int]] = []
        self.heredocs: list[Heredoc] = []
        self.problems: list[tuple[int, str]] = []
        self.exported: tuple[Assigned, ...] = ()
        self.exports_all = False
        self.functions: dict[str, Node] = {}
        """Those whose bodies were not read yet."""
        self.defined: set[str] = set()
        self.blocks: list[tuple[str, int]] = []
        self.depth = self.steps = self.sourced = 0

    def run(self, root: Node) -> Script:
        """The whole script; functions that nothing was seen to call are read last."""
        if root.has_error:
            self.problems.append((_first_error(root), "the shell syntax is not understood here"))
        self.statements(root)
        while self.functions:
            self.call(next(iter(self.functions)), None)
        commands, comments = tuple(self.commands), tuple(sorted(set(self.comments)))
        return Script(commands, comments, tuple(self.heredocs), tuple(self.problems), self.steps)

    # --- statements ---------------------------------------------------------------------------------------------------

    def statements(self, node: Node) -> None:
        """Run the statements among a node's children."""
        children = node.children
        for index, child in enumerate(children):
            following = children[index + 1] if index + 1 < len(children) else None
            cut = following is not None and following.type == "ERROR"
            cut = cut and "\n" not in self.script[child.end_byte : following.start_byte].replace("\\\n", "")  # type: ignore[union-attr]
            self.statement(child, cut)

    def statement(self, node: Node, cut: bool = False) -> None:
        """Run one statement. `cut` where the parser lost its way behind it."""
        self.steps += 1
        kind = node.type
        if kind == "comment":
            self.comments.append((node.start_byte, node.end_byte))
        elif not node.is_named or kind in _SKIPPED:
            return
        elif self.depth >= MAX_DEPTH:
            if not any(reason.startswith("nested") for _, reason in self.problems):
                self.problems.append((node.start_byte, f"nested deeper than {MAX_DEPTH} levels"))
        elif kind == "command":
            self.simple(node, (), cut)
        else:
            self.depth += 1
            self._compound(node, kind, cut)
            self.depth -= 1

    def _compound(self, node: Node, kind: str, cut: bool) -> None:
        if kind == "redirected_statement":
            self.redirected(node, cut)
        elif kind in ("list", "pipeline"):
            self.chain(node, cut)
        elif kind == "variable_assignment":
            self.assign([node], export=False)
        elif kind == "declaration_command":
            self.declaration(node)
        elif kind == "unset_command":
            for child in node.named_children:
                self.variables.put(self.expander.source(child), None)
        elif kind == "if_statement":
            self.decision(node)
        elif kind == "case_statement":
            self.case(node)
        elif kind in ("for_statement", "while_statement", "c_style_for_statement"):
            self.loop(node)
        elif kind == "subshell":
            self.variables.aside(lambda: self.statements(node))
        elif kind == "function_definition":
            name = self.expander.source(node.named_children[0])
            self.functions[name] = node
            self.defined.add(name)
        else:
            self.statements(node)  # `{ … }`, `do … done`, `! …`, and what the parser could not put together

    def chain(self, node: Node, cut: bool) -> None:
        """`a && b || c` and `a | b`: what is assigned behind a test may not be."""
        parts: list[Node] = []
        at = node
        while at.type == "list":
            parts += reversed(at.children[1:])
            at = at.children[0]
        parts.append(at)
        parts.reverse()
        if node.type == "pipeline":
            for child in node.children:
                changes = self.variables.aside(lambda child=child: self.statement(child))  # type: ignore[misc]
                for name in changes:
                    self.variables.put(name, self.variables.get(name))
            return
        doubtful = any(part.type in ("test_command", "negated_command", "||") for part in parts[:-1])
        decision = f"{self.label}:{node.start_byte}"
        tested = self.expander.source(parts[0])

        def run() -> None:
            for part in parts[1:]:
                self.statement(part, cut and part is parts[-1])

        self.statement(parts[0])
        if not doubtful:
            run()
            return
        changes = self.variables.aside(run)
        self.variables.merge(decision, [(0, changes), (1, {})], tested)

    def decision(self, node: Node) -> None:
        """`if`: every arm with what it changes."""
        name = f"{self.label}:{node.start_byte}"
        arms: list[tuple[int, Changes]] = []
        tested: list[str] = []
        clauses = [child for child in node.children if child.type in ("elif_clause", "else_clause")]
        own = [child for child in node.children if child.type not in ("elif_clause", "else_clause")]
        for index, part in enumerate([own, *(clause.children for clause in clauses)]):
            then = next((at for at, child in enumerate(part) if child.type in ("then", "else")), len(part))
            for child in part[:then]:
                self.statement(child)
                tested.append(self.expander.source(child) if child.is_named else "")
            arms.append((index, self.arm(name, index, part[then + 1 :])))
        if not any(clause.type == "else_clause" for clause in clauses):
            arms.append((len(arms), {}))
        self.variables.merge(name, arms, " ".join(tested))

    def case(self, node: Node) -> None:
        """`case`: every item with what it changes."""
        name = f"{self.label}:{node.start_byte}"
        arms: list[tuple[int, Changes]] = []
        exhaustive = False
        subject = next((child for child in node.children if child.is_named), node)
        for child in node.children:
            if child.type == "comment":
                self.statement(child)
            if child.type != "case_item":
                continue
            inner = child.children
            closing = next((at for at, one in enumerate(inner) if one.type == ")"), 0)
            patterns = {self.expander.source(one) for one in inner[:closing] if one.is_named}
            exhaustive = exhaustive or "*" in patterns
            arms.append((len(arms), self.arm(name, len(arms), inner[closing + 1 :])))
        if not exhaustive:
            arms.append((len(arms), {}))
        self.variables.merge(name, arms, self.expander.source(subject))

    def arm(self, decision: str, index: int, nodes: Iterable[Node]) -> Changes:
        """Run the statements of one arm; returns what it changes, with the change taken back."""

        def run() -> None:
            for node in nodes:
                self.statement(node)

        self.blocks.append((decision, index))
        changes = self.variables.aside(run)
        self.blocks.pop()
        return changes

    def loop(self, node: Node) -> None:
        """A loop: what it assigns may hold from the turn before; what adds to itself may have done so often."""
        names: dict[str, bool] = {}
        for match in _ASSIGNS.finditer(self.script, node.start_byte, node.end_byte):
            grows = bool(match.group(2)) or match.group(3) == match.group(1)
            names[match.group(1)] = names.get(match.group(1), False) or grows
        self.variables.doubt(names)
        decision = f"{self.label}:{node.start_byte}"
        if node.type == "for_statement":
            self.variable_of(node, decision)
        body = node.child_by_field_name("body")
        for child in node.children:
            if body is None or child.end_byte <= body.start_byte:
                self.statement(child)
        if body is not None:
            changes = self.variables.aside(lambda: self.statement(body))
            self.variables.merge(f"{decision}+", [(0, changes), (1, {})])

    def variable_of(self, node: Node, decision: str) -> None:
        """The variable of a `for` loop: every word of a list that is written out."""
        name = node.child_by_field_name("variable")
        body = node.child_by_field_name("body")
        if name is None or body is None:
            return
        stop = body.start_byte
        values = [child for child in node.named_children if name.end_byte <= child.start_byte < stop]
        words = self.words([child for child in values if child.type != "comment"])
        choices = [choice for word in words for choice in word.all()]
        plain = all(word.text is not None and not word.branches for word in words)
        if not plain or not choices or len(choices) > MAX_OPTIONS:
            self.variables.put(self.expander.source(name), unknown(name.start_byte, name.end_byte, several=False))
            return
        options = []
        for index, choice in enumerate(choices):
            arms: Branches = frozenset({(decision, index)}) if len(choices) > 1 else ALWAYS
            exact = self.script[choice.start : choice.end] == choice.text
            piece = Piece(choice.text, choice.start, choice.end, "constant", exact, shared=choice.shared or not exact)
            options.append((arms, (piece,)))
        self.variables.put(self.expander.source(name), Held(tuple(options)))

    def redirected(self, node: Node, cut: bool) -> None:
        """A statement with redirections; the parser counts words that stand behind one to the redirection."""
        body, more, texts, piped, target = None, [], [], [], ""
        for child in node.children:
            target = target or self.target(child)
            if child.type == "file_redirect":
                behind = [one for one in child.named_children if one.type != "file_descriptor"][1:]
                more += behind
            elif child.type == "heredoc_redirect":
                texts.append(child)
                for one in child.named_children:
                    if one.type in ("pipeline", "command", "list", "redirected_statement", "subshell"):
                        piped.append(one)
                    elif one.type == "file_redirect":
                        target = target or self.target(one)
                        more += [each for each in one.named_children if each.type != "file_descriptor"][1:]
                    elif not one.type.startswith("heredoc_"):
                        more.append(one)
            elif child.type == "herestring_redirect":
                continue
            elif body is None:
                body = child
            else:
                self.statement(child)
        first = len(self.commands)
        words: tuple[Word, ...] = ()
        if body is not None and body.type == "command":
            words = self.simple(body, more, cut)
        elif body is not None:
            self.statement(body, cut)
        for one in piped:
            self.statement(one)
        for text in texts:
            given = [words, *(command.words for command in self.commands[first:])]
            nested.heredoc(self, text, [one for one in given if one], target)

    def target(self, node: Node) -> str:
        """The file that a redirection writes; empty where it is something else, or nobody can tell."""
        if node.type != "file_redirect" or not any(child.type in (">", ">>", ">|") for child in node.children):
            return ""
        words = self.words([child for child in node.named_children if child.type != "file_descriptor"][:1])
        return (words[0].text or words[0].lead) if words else ""

    # --- commands -----------------------------------------------------------------------------------------------------

    def simple(self, node: Node, more: Sequence[Node], cut: bool) -> tuple[Word, ...]:
        """One simple command; returns its words."""
        assigned: list[Node] = []
        nodes: list[Node] = []
        for child in node.children:
            if child.type == "variable_assignment":
                assigned.append(child)
            elif child.type == "command_name":
                nodes += child.children
            elif child.type == "comment":
                self.statement(child)
            elif child.type == "file_redirect":
                nodes += [one for one in child.named_children if one.type != "file_descriptor"][1:]
            elif child.type == "ERROR":
                cut = True
            elif child.type not in _REDIRECTS:
                nodes.append(child)
        nodes += more
        words = self.words(nodes)
        if not words:
            self.assign(assigned, export=False)
            return ()
        own: list[Assigned] = []
        self.variables.aside(lambda: own.extend(one for each in assigned for one in self.assigned(each)))
        self.command(words, own, cut or node.has_error, nodes)
        return tuple(words)

    def command(self, words: list[Word], own: list[Assigned], cut: bool, nodes: Sequence[Node]) -> None:
        """Take the words of one command: it runs, changes variables, or calls a function."""
        while len(words) > 1 and words[0].text in _PREFIXES and not (words[1].text or "-").startswith("-"):
            words = words[1:]
        first = words[0].text if not words[0].branches else None
        if first == "env" and len(words) > 1:
            words = self.leading(words[1:], own)
        elif first in _DECLARING:
            self.leading(words[1:], own)
            self.remember(own, export=first == "export")
            return
        if not words:
            self.remember(own, export=False)
            return
        if builtins.run(self, words):
            return
        if first in self.defined and not words[0].quoted:
            if first in self.functions:
                self.call(first or "", tuple(words[1:]))
            return
        made = Command(tuple(words), (*self.exported, *own), self.arms(), cut)
        if not nested.scripts(self, made, nodes):
            self.commands.append(made)

    def call(self, name: str, words: tuple[Word, ...] | None) -> None:
        """Run a function's body where it is called first; what it is called with is known if nothing else calls it."""
        node = self.functions.pop(name)
        once = self.mentions[name] == 2  # where it is defined, and where it is called
        outer, self.expander.arguments = self.expander.arguments, words if once else None
        self.depth += 1
        if self.depth < MAX_DEPTH:
            for child in node.named_children[1:]:
                self.statement(child)
        self.depth -= 1
        self.expander.arguments = outer

    @functools.cached_property
    def mentions(self) -> Counter[str]:
        """How often each word stands in the script."""
        return Counter(_MENTION.findall(self.script))

    def substitution(self, node: Node) -> None:
        """The commands of `$(…)`, which change no variable outside."""
        if self.depth < MAX_DEPTH:
            self.depth += 1
            self.variables.aside(lambda: self.statements(node))
            self.depth -= 1

    def words(self, nodes: Sequence[Node]) -> list[Word]:
        """The words that nodes stand for."""
        found: list[Word] = []
        for group in gathered(nodes, self.script):
            self.steps += 1
            start, end = group[0].start_byte, group[-1].end_byte
            text = self.script[start:end]
            if _PLAIN.match(text) and not self.foreign(start, end):
                found.append(Word(text, start, end))
                continue
            many = self.expander.array(group)
            if many is not None:
                found += many
                continue
            quoted = "'" in text or '"' in text
            found += self.weaver.words(start, end, self.expander.options(group), quoted)
        return found

    def arms(self) -> Branches:
        """The branches that the command at hand stands in."""
        return frozenset(self.blocks[:MAX_BLOCKS])

    # --- variables ----------------------------------------------------------------------------------------------------

    def assign(self, nodes: Sequence[Node], export: bool) -> None:
        """Assignments that stand alone."""
        for node in nodes:
            self.remember(self.assigned(node), export)

    def assigned(self, node: Node) -> list[Assigned]:
        """What `NAME=value` says; an array is remembered at once, being no value of an environment."""
        name = node.child_by_field_name("name")
        value = node.child_by_field_name("value")
        if name is None or name.type != "variable_name":
            if name is not None and name.type == "subscript":
                self.variables.put(
                    self.expander.source(name.named_children[0]), unknown(node.start_byte, node.end_byte)
                )
            return []
        text = self.expander.source(name)
        before = self.variables.get(text)
        adds = any(child.type == "+=" for child in node.children)
        if value is not None and value.type == "array":
            items = [child for child in value.named_children if child.type != "comment"]
            self.comments += [(c.start_byte, c.end_byte) for c in value.named_children if c.type == "comment"]
            words = tuple(self.words(items))
            if adds:
                known = before.words if before is not None and before.words is not None else None
                more = known if known is not None else (Word(None, node.start_byte, node.start_byte, several=True),)
                words = (*more, *words) if before is not None else words
                if len(words) > MAX_PIECES:
                    words = (*words[:MAX_PIECES], Word(None, node.start_byte, node.start_byte, several=True))
            self.variables.put(text, Held(words=words))
            return []
        start = name.end_byte + (2 if adds else 1)
        nodes = node.children[2:]
        empty: list[Option] = [(ALWAYS, (Piece("", start, start),))]
        options = self.expander.options(nodes) if nodes else empty
        if self.foreign(node.start_byte, node.end_byte) or options is None:
            options = list(unknown(start, node.end_byte).options)
        options = [
            (branches, tuple(replace(piece, splits=False) if piece.splits else piece for piece in rope))
            for branches, rope in options
        ]
        if adds:
            old = before.options if before is not None else ((ALWAYS, ()),)
            mixed = [(a | b, left + right) for a, left in old for b, right in options]
            options = mixed if len(mixed) <= MAX_OPTIONS and old else list(unknown(start, node.end_byte).options)
        if any(len(rope) > MAX_PIECES for _, rope in options):
            options = list(unknown(start, node.end_byte).options)
        self.variables.put(text, Held(tuple(options)))
        (word, *_) = self.weaver.words(start, max(start, node.end_byte), options, True) or [Word("", start, start)]
        return [Assigned(text, word)]

    def remember(self, made: Iterable[Assigned], export: bool) -> None:
        """Put variables into the environment of what follows."""
        for one in made:
            if one.name not in self.variables.held:
                self.variables.put(one.name, _of(one.value))
            if export or self.exports_all or one.name in self.environment:
                self.export(one)

    def export(self, one: Assigned) -> None:
        """Put one variable into the environment; what is exported in an arm stands there under it."""
        arms = self.arms()
        if arms:
            one = Assigned(one.name, replace(one.value, branches=one.value.branches | arms))
            self.exported = (*self.exported, one)[-MAX_EXPORTS:]
        else:
            self.exported = (*(each for each in self.exported if each.name != one.name), one)[-MAX_EXPORTS:]

    def declaration(self, node: Node) -> None:
        """`export A=1 B`, `local x=2`, `declare -a L=(…)`."""
        export = node.children[0].type == "export"
        for child in node.named_children:
            if child.type == "variable_assignment":
                self.assign([child], export)
            elif child.type == "variable_name" and export:
                name = self.expander.source(child)
                held = self.variables.get(name)
                if held is not None and held.words is None:
                    options = [(b, tuple(replace(p, how=_constant(p)) for p in rope)) for b, rope in held.options]
                    words = self.weaver.words(child.start_byte, child.end_byte, options, True)
                    self.export(Assigned(name, words[0]))
            elif child.type in ("word", "concatenation"):
                words = self.words([child])
                own: list[Assigned] = []
                self.leading(words, own)
                self.remember(own, export)

    def leading(self, words: list[Word], into: list[Assigned]) -> list[Word]:
        """Take leading `NAME=value` words off; `env` may have options of its own."""
        for index, word in enumerate(words):
            match = _ASSIGNMENT.match(self.script, word.start, word.end)
            if not match:
                if word.text is not None and word.text.startswith("-") and not into and not word.quoted:
                    continue
                return words[index:]
            at = match.end()
            known = word.text is not None and word.text.startswith(match.group())
            text = (word.text or "")[match.end() - match.start() :] if known else None
            into.append(Assigned(match.group(1), Word(text, at, word.end, word.how, word.quoted)))
        return []


def _gaps(script: str, foreign: Callable[[int, int], bool]) -> Callable[[int, int], bool]:
    """Also asks whether part of a range is a placeholder that somebody is to fill in."""
    spans = [match.span() for match in PLACEHOLDER.finditer(script)]
    if not spans:
        return foreign
    starts = [start for start, _ in spans]

    def asked(start: int, end: int) -> bool:
        at = bisect_left(starts, end)
        return (at > 0 and spans[at - 1][1] > start) or foreign(start, end)

    return asked


def _constant(piece: Piece) -> How:
    return "default" if piece.how == "default" else "constant"


def _outside(text: str) -> Held:
    """A variable that stands outside the script: its text is written nowhere in it."""
    return Held(((ALWAYS, (Piece(text, 0, 0, "constant", shared=True),)),))


def _of(word: Word) -> Held:
    return Held(tuple((c.branches, (Piece(c.text, c.start, c.end, c.how, shared=c.shared),)) for c in word.all()))


def _first_error(root: Node) -> int:
    """Where the parser first lost its way."""
    at = root
    while True:
        following = next((child for child in at.children if child.has_error or child.is_missing), None)
        if following is None or at.type == "ERROR" or at.is_missing:
            return at.start_byte
        at = following


__all__ = ["NAME", "Walker"]
