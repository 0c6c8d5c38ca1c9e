"""Walks the statements of a shell script in the order in which they run, and gathers its commands."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ecolint.model import ALWAYS, Branches
from ecolint.readers.shell import builtins, nested
from ecolint.readers.shell.commands import Assigned, Choice, Command, Heredoc, Script, Word
from ecolint.readers.shell.expanding import gathered
from ecolint.readers.shell.ropes import MAX_OPTIONS, Piece
from ecolint.readers.shell.state import State
from ecolint.readers.shell.tests import outcome
from ecolint.readers.shell.variables import Changes, Held, unknown
from ecolint.speech import say

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_DEPTH = 40
"""Compound commands, substitutions and functions inside one another; what lies deeper is not read."""

MAX_CALLS = 8
"""Calls of one function that are told apart."""

_ASSIGNS = re.compile(r"\b([A-Za-z_]\w*)(\+?)=(?:[\"']?\$\{?(\w+))?")
_MANY = re.compile(r"\$\{?[@*]|\[[@*]\]|\$\(|`")
"""What may be any number of words."""
_MENTION = re.compile(r"[\w./-]+")
_DECLARING = frozenset({"export", "declare", "readonly", "local", "typeset"})
_PREFIXES = frozenset({"exec", "nohup", "command", "time", "sudo"})
_REDIRECTS = frozenset({"file_redirect", "heredoc_redirect", "herestring_redirect"})
_SKIPPED = frozenset({"test_command", "arithmetic_expansion", "heredoc_body", "heredoc_start", "heredoc_end"})


class Walker(State):
    """Reads one script, or one that stands inside another's words."""

    def __init__(
        self,
        script: str,
        env: Mapping[str, str | None],
        foreign: Callable[[int, int], bool],
        label: str,
        level: int = 0,
    ) -> None:
        super().__init__(script, env, foreign, label, level)
        self.expander.substituted = self.substitution
        self.commands: list[Command] = []
        self.heredocs: list[Heredoc] = []
        self.problems: list[tuple[int, str]] = []
        self.functions: dict[str, Node] = {}
        """Those whose bodies were not read yet."""
        self.defined: set[str] = set()
        self.root: Node | None = None
        self.depth = self.sourced = 0

    def run(self, root: Node) -> Script:
        """The whole script; functions that nothing was seen to call are read last."""
        if root.has_error:
            self.problems.append((_first_error(root), say("the shell syntax is not understood here")))
        self.root = root
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
                self.problems.append((node.start_byte, say("nested deeper than {depth} levels", depth=MAX_DEPTH)))
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
        holds = outcome(parts[0], self.words) if parts[0].type == "test_command" else None
        changes = self.variables.aside(run)
        if holds is not None and {part.type for part in parts[1:] if not part.is_named} == {"||" if holds else "&&"}:
            changes = {}  # as the script is written, it does not come to that
        self.variables.merge(decision, [(0, changes), (1, {})], tested)

    def decision(self, node: Node) -> None:
        """`if`: every arm with what it changes."""
        name = f"{self.label}:{node.start_byte}"
        arms: list[tuple[int, Changes]] = []
        tested: list[str] = []
        decided = False
        clauses = [child for child in node.children if child.type in ("elif_clause", "else_clause")]
        own = [child for child in node.children if child.type not in ("elif_clause", "else_clause")]
        for index, part in enumerate([own, *(clause.children for clause in clauses)]):
            then = next((at for at, child in enumerate(part) if child.type in ("then", "else")), len(part))
            for child in part[:then]:
                self.statement(child)
                tested.append(self.expander.source(child) if child.is_named else "")
            tests = [child for child in part[:then] if child.is_named]
            sole = tests[0] if len(tests) == 1 and tests[0].type in ("test_command", "command") else None
            holds = outcome(sole, self.words) if sole is not None and not decided else None
            dead = sole is not None and self.expander.source(sole) == "false"  # taken out on purpose, all of it
            changes = {} if dead else self.arm(name, index, part[then + 1 :])
            # What an arm does that is not taken as the script is written reaches nothing behind it.
            arms.append((index, {} if decided or holds is False else changes))
            decided = decided or holds is True
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
        return (words[0].text or words[0].rest or words[0].lead) if words else ""

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
        """Run a function's body where it is called first, with what any call of it says."""
        node = self.functions.pop(name)
        outer, self.expander.arguments = self.expander.arguments, self.given(name, words)
        self.depth += 1
        if self.depth < MAX_DEPTH:
            for child in node.named_children[1:]:
                self.statement(child)
        self.depth -= 1
        self.expander.arguments = outer

    def given(self, name: str, words: tuple[Word, ...] | None) -> tuple[Word, ...] | None:
        """What a function is called with: one call's words, or at each position what the calls write out there."""
        calls = self.calls.get(name, [])
        seen = self.mentions[name] - 1  # it is named where it is defined
        if words is None or seen > MAX_CALLS:
            return None
        if len(calls) == 1 and seen == 1:
            return words
        decision = f"{self.label}:{name}()"
        found = []
        if any(word.several for call in calls for word in call):
            return None
        for position in range(max(map(len, calls), default=0)):
            choices = [_written_out(call, position, (decision, index)) for index, call in enumerate(calls)]
            if seen > len(calls):
                choices.append(Choice(None, 0, 0, branches=frozenset({(decision, len(calls))})))
            found.append(Word(None, 0, 0, "constant", choices=tuple(choices)))
        return tuple(found)

    @functools.cached_property
    def calls(self) -> dict[str, list[list[Word]]]:
        """The words of every call of a function of this script; those that are not written out are unknown."""
        found: dict[str, list[list[Word]]] = {}
        stack = [self.root] if self.root is not None else []
        while stack:
            node = stack.pop()
            if node.type != "command":
                stack += node.named_children
                continue
            named = node.child_by_field_name("name")
            name = self.expander.source(named) if named is not None else ""
            if name in self.defined:
                behind = [child for child in node.named_children if named and child.start_byte >= named.end_byte]
                found.setdefault(name, []).append([self.plain(group) for group in gathered(behind, self.script)])
        for calls in found.values():
            calls.sort(key=lambda words: words[0].start if words else 0)
        return found

    def plain(self, group: Sequence[Node]) -> Word:
        """A word as it is written out; unknown where anything is to be filled in."""
        start, end = group[0].start_byte, group[-1].end_byte
        text = self.script[start:end]
        if "$" in text or "`" in text:
            return Word(None, start, end, several=_MANY.search(text) is not None)
        words = self.weaver.words(start, end, self.expander.options(group), True)
        return words[0] if len(words) == 1 else Word(None, start, end)

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


def _written_out(call: Sequence[Word], position: int, arm: tuple[str, int]) -> Choice:
    """What one call of a function gives it at one position."""
    word = call[position] if position < len(call) else Word("", 0, 0)
    return Choice(word.text, word.start, word.end, "constant", frozenset({arm}), shared=position >= len(call))


def _first_error(root: Node) -> int:
    """Where the parser first lost its way."""
    at = root
    while True:
        following = next((child for child in at.children if child.has_error or child.is_missing), None)
        if following is None or at.type == "ERROR" or at.is_missing:
            return at.start_byte
        at = following
