"""The decisions room: where the flow of a script parts, which arm a line stands under, and which tests are the same."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import field

from ecolint.model import ALWAYS, Branches
from ecolint.readers.python.lines import Line, Script
from ecolint.readers.python.parsing import Stats
from ecolint.readers.python.scopes import MODULE, Scopes
from ecolint.shaped import dataclass

Arm = tuple[int, int]
"""A decision, by the index of its first header, and the arm that is taken."""

MAX_WORLDS = 16
MAX_STEPS = 64
MAX_EXITS = 4

END = "end"
"""The kind of the imaginary line after the last one of a scope."""

_EXIT = re.compile(r"(?:return|raise|continue|break)\b|(?:sys\.|os\._)?exit\(|quit\(")
_PROGRAM = re.compile(r"(?:sys\.|os\._)?exit\(|quit\(")
_RETURN = re.compile(r"return\b")
_JUMP = re.compile(r"(continue|break)\b")
_WILDCARD = re.compile(r"case\s+_\s*:")
_IF = re.compile(r"(?:el)?if\b")
_NONE_TEST = re.compile(r"(?:not\s+)?([\w.]+)(?:\s+is\s+(?:not\s+)?None)?")
_PRESENCE = re.compile(
    r"(?:not\s+)?hasattr\s*\(|['\"]\w+['\"]\s+(?:not\s+)?in\s+(?:globals|locals|st\.session_state)\b"
)

_NEGATED = re.compile(r"not [\w.]+")
_PATH = re.compile(r"[^\W\d][\w.]*")
_QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")
_NO_NAMES = frozenset({"if", "match", "and", "or", "not", "is", "in", "None", "True", "False"})


@dataclass(slots=True)
class Decisions:
    """The decisions of one script. `decide` folds a header's test: True, False, or None."""

    script: Script
    scopes: Scopes
    stats: Stats
    decide: Callable[[Line], bool | None] = lambda line: None
    named: set[Arm] = field(default_factory=set)
    """Every arm that was given a public form."""
    expressions: dict[str, tuple[str, Line]] = field(default_factory=dict)
    """The test of each conditional expression that was made a decision, and its line, by public id."""
    _exits: dict[int, tuple[Arm, ...]] = field(default_factory=dict)
    _chains: dict[int, list[Line]] = field(default_factory=dict)
    _widths: dict[int, int] = field(default_factory=dict)
    _lives: dict[int, tuple[frozenset[int], bool]] = field(default_factory=dict)
    _alias: dict[int, tuple[int, bool]] = field(default_factory=dict)
    _tests: dict[tuple[int, str], tuple[int, bool]] | None = None
    _choices: dict[tuple[int, str], tuple[str, Line, bool]] = field(default_factory=dict)
    _headers: dict[int, set[str]] = field(default_factory=dict)
    _folded: dict[int, bool | None] = field(default_factory=dict)
    _folding: set[int] = field(default_factory=set)

    def name(self, arms: Iterable[Arm]) -> Branches:
        """The public form of arms: decision ids are the line numbers of their first headers."""
        arms = tuple(arms)
        self.named.update(arms)
        numbered = [(f"L{self.script.number(self.script.lines[one].start)}", arm) for one, arm in arms]
        return frozenset(numbered) if numbered else ALWAYS

    def expression(self, test: str, at: int, line: Line) -> tuple[str, bool]:
        """The public id of the decision that a conditional expression makes, and whether it is the negation of that.

        An `if` or another expression with the same stable test made the same decision; else it is named by where the
        expression begins.
        """
        text = " ".join(test.split())
        negated = _NEGATED.fullmatch(text) is not None
        text = text[4:] if negated else text
        home = self._home(text, line.scope)
        header = self._headers_by_test().get((home, text))
        if header is not None and self.width(header[0]) == 2 and self.script.lines[header[0]].kind == "if":
            first, last = sorted((header[0], line.index))
            if home != line.scope or not self._rebound(text, home, first, last):
                ((decision, _),) = self.name([(header[0], 0)])
                return decision, header[1] ^ negated
        same = self._choices.get((home, text))
        if same is not None:
            first, last = sorted((same[1].index, line.index))
            if home != line.scope or not self._rebound(text, home, first, last):
                return same[0], same[2] ^ negated
        decision = f"L{self.script.number(at)}c{at - line.start}"
        self.expressions[decision] = (test, line)
        self._choices[home, text] = (decision, line, negated)
        return decision, False

    def test(self, line: Line) -> str:
        """The text of an `if` header's condition."""
        text = self.script.body(line).rstrip()
        match = _IF.match(text)
        return text[match.end() : -1].strip() if match and text.endswith(":") else ""

    def chain(self, leader: int) -> list[Line]:
        """All headers of the chain that a header leads."""
        if leader not in self._chains:
            lines = self.script.lines
            siblings = self.script.children[lines[leader].parent]
            first = end = bisect_left(siblings, leader)
            while end < len(siblings) and lines[siblings[end]].leader == leader:
                end += 1
            self._chains[leader] = [lines[index] for index in siblings[first:end]]
        return self._chains[leader]

    def width(self, leader: int) -> int:
        """How many arms a decision has, the invisible one of an `if` without `else` included."""
        if leader not in self._widths:
            chain = self.chain(leader)
            kinds = [line.kind for line in chain]
            if kinds[0] == "if":
                count = len(chain) + (kinds[-1] != "else")
            elif kinds[0] == "try":
                count = 1 + kinds.count("except")
            else:
                text = self.script.body(chain[-1])
                count = len(chain) + (re.match(r"case\s+[^\W\d]\w*\s*:", text) is None)
            self._widths[leader] = count
        return self._widths[leader]

    def folded(self, line: Line) -> bool | None:
        """What the test of an `if` or `elif` header is known to be."""
        if line.index not in self._folded:
            if line.index in self._folding or len(self._folding) > 8:
                return None
            self._folding.add(line.index)
            self._folded[line.index] = self.decide(line)
            self._folding.discard(line.index)
        return self._folded[line.index]

    def arm(self, header: Line) -> Arm | bool | None:
        """The decision that a header's block depends on: an arm, None for none, False where it never runs."""
        kind = header.kind
        if kind in ("if", "elif", "else"):
            leader = self.script.lines[header.leader]
            return self._if_arm(leader, header) if leader.kind == "if" else None
        if kind in ("try", "except"):
            return (header.leader, header.arm) if self.width(header.leader) > 1 else None
        if kind == "case":
            return (self._canonical(self.script.lines[header.leader])[0], header.arm)
        return None

    def _if_arm(self, leader: Line, header: Line) -> Arm | bool | None:
        chain = self.chain(leader.index)
        if len(chain) <= MAX_WORLDS:
            live, sure = self._live(leader.index, chain)
            if header.index not in live:
                return False
            if sure and len(live) == 1:
                return None
        if header.arm == 0 and self._guards_itself(header):
            return None
        decision, flipped = self._canonical(leader)
        return (decision, 1 - header.arm if flipped else header.arm)

    def _live(self, leader: int, chain: list[Line]) -> tuple[frozenset[int], bool]:
        """The headers of a chain of which the block may run, and whether one of them surely does."""
        if leader in self._lives:
            return self._lives[leader]
        live: list[int] = []
        sure = False
        for line in chain:
            told = True if line.kind == "else" else self.folded(line)
            if told is not False:
                live.append(line.index)
            if told:
                sure = True
                break
        found = frozenset(live), sure
        if not self._folding:  # a test that is being folded is not known yet
            self._lives[leader] = found
        return found

    def _guards_itself(self, header: Line) -> bool:
        """True for `if model is None:` and the like around the very assignment: a lazy load runs sooner or later."""
        test = self.test(header)
        if _PRESENCE.match(test):
            return True
        match = _NONE_TEST.fullmatch(test)
        if match is None or not ("None" in test or test.startswith("not")):
            return False
        found, count = self.scopes.before(header.scope, match.group(1), header.tail + 1)
        return count > 0 and found[count - 1].line > header.index

    def _canonical(self, leader: Line) -> tuple[int, bool]:
        """The first decision with the same stable tests, and whether this one is its negation."""
        self._headers_by_test()
        return self._alias[leader.index]

    def _headers_by_test(self) -> dict[tuple[int, str], tuple[int, bool]]:
        """The first header of each stable test, by the scope where it means the same, and whether it is negated."""
        if self._tests is None:
            self._tests = {}
            for line in self.script.lines:
                if line.kind in ("if", "case") and line.leader == line.index:
                    self._alias[line.index] = self._same(line, self._tests)
        return self._tests

    def _same(self, leader: Line, tests: dict[tuple[int, str], tuple[int, bool]]) -> tuple[int, bool]:
        chain = self.chain(leader.index)
        if len(chain) > MAX_WORLDS:
            return (leader.index, False)
        negated = False
        if leader.kind == "case":
            subject = self.script.body(self.script.lines[leader.parent]) if leader.parent >= 0 else ""
            # Like an `else`, a last `case _` is the arm of whatever no other case takes.
            cases = [body for line in chain if not _WILDCARD.match(body := self.script.body(line))]
            stable, test = subject, " ".join([subject, *cases])
        else:
            test = "; ".join(" ".join(self.test(line).split()) for line in chain if line.kind != "else")
            negated = self.width(leader.index) == 2 and _NEGATED.fullmatch(test) is not None
            stable = test = test[4:] if negated else test
        home = self._home(stable, leader.scope)
        first = tests.get((home, test))
        if first is not None and (home != leader.scope or not self._rebound(stable, home, first[0], leader.index)):
            return (first[0], first[1] ^ negated)
        tests[home, test] = (leader.index, negated)
        return (leader.index, False)

    def _home(self, test: str, scope: int) -> int:
        """The scope in which a test means the same everywhere: its class or the module, where that binds all its words
        once, else its own."""
        words = set(_PATH.findall(_QUOTED.sub("", test))) - _NO_NAMES
        if not words or "(" in test or "[" in test or scope == MODULE:
            return scope
        if all(word.startswith("self.") and word.count(".") == 1 for word in words):
            owner = self.script.lines[scope].scope
            if owner >= 0 and self.script.lines[owner].kind == "class":
                bound = [self.scopes.attributes.get((owner, word[5:]), []) for word in words]
                return owner if all(len(one) <= 1 for one in bound) else scope
        if any(word in self.scopes.foreign for word in words) or self._hidden(words, scope):
            return scope
        bound = [self.scopes.of(MODULE).bindings.get(word, []) for word in words]
        return MODULE if all(len(one) == 1 and one[0].kind == "assign" for one in bound) else scope

    def _hidden(self, words: set[str], scope: int) -> bool:
        """True where a function around a test, or a parameter of it, gives one of its words another meaning."""
        while scope != MODULE:
            header = self.script.lines[scope]
            if scope not in self._headers:
                self._headers[scope] = set(_PATH.findall(self.script.body(header)))
            bindings = self.scopes.of(scope).bindings
            if words & self._headers[scope] or any(word in bindings for word in words):
                return True
            scope = header.scope
        return False

    def _rebound(self, test: str, scope: int, after: int, before: int) -> bool:
        test = _QUOTED.sub("", test)
        words = set(_PATH.findall(test))
        for word in words | {word.partition(".")[0] for word in words}:
            found, count = self.scopes.before(scope, word, before)
            if any(one.line > after for one in found[max(0, count - MAX_STEPS) : count]):
                return True
        return "(" in test

    def path(self, line: Line) -> tuple[Arm, ...] | None:
        """The arms a line stands under within its scope, outermost first; None where it never runs."""
        found: list[Arm] = []
        current = line
        while True:
            found += reversed(self.exits(current))
            if current.parent < 0 or current.parent == current.scope:
                break
            current = self.script.lines[current.parent]
            arm = self.arm(current)
            if arm is False:
                return None
            if isinstance(arm, tuple):
                found.append(arm)
        found.reverse()
        return tuple(dict.fromkeys(found))

    def exits(self, line: Line) -> tuple[Arm, ...]:
        """The other arms that earlier `if …: return` statements of the same block leave to a line."""
        if line.kind == END:
            return ()
        if line.index not in self._exits:
            known: tuple[Arm, ...] = ()
            lines = self.script.lines
            for index in self.script.children[line.parent]:
                self._exits[index] = known
                sibling = lines[index]
                if sibling.kind in ("if", "elif") and lines[sibling.leader].kind == "if":
                    rest = self._rest(sibling)
                    known = (*known, rest)[-MAX_EXITS:] if rest is not None else known
        return self._exits[line.index]

    def _rest(self, header: Line) -> Arm | None:
        """The arm that is left after a chain of which every written arm returns; asked at the chain's last header."""
        chain = self.chain(header.leader)
        if chain[-1] is not header or not all(self._returns(one) for one in chain[:MAX_WORLDS]):
            return None
        arm = self.arm(header)
        if not isinstance(arm, tuple):
            return None
        return (arm[0], arm[1] + 1) if len(chain) > 1 else (arm[0], 1 - arm[1])

    def _last(self, header: Line) -> Line | None:
        children = self.script.children.get(header.index)
        return self.script.lines[children[-1]] if children else None

    def _returns(self, header: Line) -> bool:
        last = self._last(header)
        if last is None or last.kind or not _RETURN.match(self.script.body(last)):
            return False
        match = _NONE_TEST.fullmatch(self.test(header))
        returned = self.script.body(last)[len("return") :].strip()
        return not (match and "None" in self.test(header) and returned.startswith(match.group(1)))

    def leaves(self, header: Line, until: Line) -> bool:
        """True where a block ends by leaving, so that nothing in it reaches a later line outside it."""
        last = self._last(header)
        if last is None or last.kind:
            return False
        text = self.script.body(last)
        if _JUMP.match(text):
            return self.loop(header) == self.loop(until)
        if until.kind == END and until.scope == MODULE and _PROGRAM.match(text):
            return False  # what the block binds is there for the functions that run before it ends the program
        return _EXIT.match(text) is not None

    def loop(self, line: Line) -> int:
        """The nearest loop header above a line in its scope, or -1."""
        current = line
        while current.parent >= 0 and current.parent != current.scope:
            current = self.script.lines[current.parent]
            if current.kind in ("for", "while"):
                return current.index
        return -1
