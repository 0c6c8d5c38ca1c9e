"""The keys of one recognised invocation: in calls, dictionaries, objects, flags, environment, mappings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal

from ecolint.model import Alternative, Entry, How, Place, Scalar, Table
from ecolint.recognise import Recognised, matches
from ecolint.slots import later
from ecolint.slots.setting import ABSENT, OPEN, Setting, read, under
from ecolint.slots.tables import flatten, is_open, within
from ecolint.slots.variant import Assignment, compatible, pick, settled
from ecolint.stacks import command, packed
from ecolint.stacks.versions import holds
from ecolint.stacks.vocabulary import Choice, Key, ObjectSpec
from ecolint.wildcards import fits

WHOLE = "document."
"""Before paths from the root of a document: what a template may add around an invocation is not what they lead to."""


class Slots:
    """The keys of one recognised invocation in one variant of its branches."""

    def __init__(self, recognised: Recognised, assignment: Assignment, versions: Mapping[str, str]) -> None:
        self.recognised, self.assignment, self.versions = recognised, assignment, versions
        self.invocation, self.vocabulary = recognised.invocation, recognised.vocabulary
        self.line = command_line(recognised, assignment)
        self.later = later.uses(recognised, assignment)
        self._names: dict[int, tuple[Table, frozenset[str], bool]] = {}
        self._within: dict[tuple[int, str, bool], tuple[Table, Table | Literal[False] | None]] = {}

    def settings(self) -> dict[str, Setting]:
        """Every key of the vocabulary: as written, by default, absent or unknown."""
        found = {name: self.setting(key) for name, key in self.vocabulary.keys.items() if not key.virtual}
        self.exclude(found)
        found.update(later.virtual(self.later, self.recognised, self.assignment))
        return {name: self.defaulted(self.vocabulary.keys[name], s) for name, s in found.items()}

    def exclude(self, found: dict[str, Setting]) -> None:
        """A key outside its object rules the object out, and with it the keys that only stand there.

        Others may still come with a splat that nobody can see; those that are seldom written keep their default, as
        what is likely.
        """
        outside = {self.vocabulary.keys[n].in_object for n, s in found.items() if s.where == "outside" and s.value}
        for name, setting in found.items():
            key = self.vocabulary.keys[name]
            if setting is not OPEN or key.in_object not in outside:
                continue
            if key.outside is None:
                found[name] = ABSENT
            elif key.seldom:
                found[name] = replace(self.defaulted(key, ABSENT), assured=False)

    def defaulted(self, key: Key, setting: Setting) -> Setting:
        if setting.kind != "absent" or setting.written is None or not key.default:
            return setting
        for choice in key.default:
            if choice.version is None or (verdict := holds(choice.version, self.versions)):
                return Setting("known", choice.value, how="default", assured=choice.assured)
            if verdict is None and not choice.sure:
                return Setting("unknown")
        return setting

    # where a key may stand, most telling first

    def setting(self, key: Key) -> Setting:
        if not self.takes(key):
            return later.said(self.later, key, self.vocabulary, self.assignment) or ABSENT
        for found in self.candidates(key):
            if found is not None:
                return found
        return ABSENT

    def takes(self, key: Key) -> bool:
        """Whether this form of call takes the key at all."""
        return not key.only or not self.recognised.callee or matches(self.recognised.callee, key.only)

    def candidates(self, key: Key) -> Iterator[Setting | None]:
        call, mapping = self.invocation.call, self.invocation.mapping
        yield later.said(self.later, key, self.vocabulary, self.assignment)
        if key.callee:
            bare = self.recognised.bare_object is not None
            named = self.recognised.callee and not bare
            yield Setting("known", self.recognised.callee, how="name", written=True, where="callee") if named else None
            return
        if call is not None:
            if self.recognised.bare_object is not None:
                if key.in_object == self.recognised.bare_object.name:
                    yield self.in_object(call, key, key.keyword, self.recognised.bare_object)
                elif not set(self.recognised.bare_object.arguments).isdisjoint(key.keyword):
                    yield read(key, (Alternative("known", call, call.place),), self.assignment, "object")
                elif key.keyword or key.positional is not None:
                    yield OPEN
            else:
                yield from self.from_table(call, key, key.keyword, "call")
        if mapping is not None:
            yield from self.from_table(mapping, key, key.mapping, "mapping")
            yield self.switched_off(mapping, key)
        env, line = self.invocation.env, self.line
        varied = self.under(env, key.env, key, "env") if env is not None and key.env else None
        told = self.from_command(line, key) if line is not None else None
        if told is OPEN and varied is not None and varied.kind == "known":
            # A flag that nobody can see would outrank the variable: who sets one hardly sets the other.
            varied = replace(varied, assured=False)
            told = None
        yield told
        yield varied
        for name, flag in line.packed if line is not None and self.vocabulary.packed else ():
            yield from self.from_table(self.unpacked(name, flag), key, key.keyword, "nested")
        if self.invocation.surroundings is not None and key.surroundings:
            yield self.around(self.invocation.surroundings, key)
        if key.condition:
            yield self.from_conditions(key)
        if key.image and self.invocation.image:
            yield read(key, self.invocation.image, self.assignment, "image")

    def switched_off(self, mapping: Table, key: Key) -> Setting | None:
        """A key that a settings file has under the name of the flag that takes it back: `no-enable-…: true`."""
        names = tuple(name.lstrip("-") for name in key.off)
        found = self.under(mapping, names, key, "mapping") if names and key.mapping else None
        if found is None or not isinstance(found.value, bool):
            return None
        return replace(found, value=not found.value)

    def from_table(self, table: Table, key: Key, names: tuple[str, ...], where: str) -> Iterator[Setting | None]:
        """A key in the table itself, in its object, or in a nested dictionary such as `model_kwargs`."""
        if not names and key.positional is None:
            return  # this form has no way to say it, whatever else may come with it
        homes = [(table, where)]
        for nested in self.vocabulary.nested:
            inner = self.within(table, nested)
            if inner is False:
                yield from self.homes(homes, key, names)
                yield OPEN
                return
            if isinstance(inner, Table):
                homes.append((inner, "nested"))
        yield from self.homes(homes, key, names)
        for carrier in key.within:
            inner = self.within(table, carrier)
            if isinstance(inner, Table):
                yield self.under(inner, names, key, "nested")

    def homes(self, homes: list[tuple[Table, str]], key: Key, names: tuple[str, ...]) -> Iterator[Setting | None]:
        doubt: Setting | None = None
        for table, where in homes:
            positional = key.positional if where == "call" and key.in_object is None else None
            if key.in_object is None or key.flat:
                setting = self.under(table, names, key, where, positional)
                if setting is OPEN:
                    doubt = OPEN
                    continue
                yield setting
                continue
            spec = self.vocabulary.objects[key.in_object]
            holder = self.within(table, spec.name, spec)
            if isinstance(holder, Table):
                yield self.in_object(holder, key, names, spec) or ABSENT
            if where == "mapping":
                # A settings file is flat as often as not; what reads it builds the object.
                yield self.under(table, names, key, where)
            elif key.outside is not None:
                outside = self.under(table, names, key, "outside")
                if outside is not None and outside is not OPEN:
                    # Where the library no longer takes it there, the program stops: it sets nothing.
                    yield ABSENT if holds(key.outside, self.versions) is False and outside.value else outside
            if holder is False or is_open(table):
                doubt = OPEN
        yield doubt

    def in_object(self, holder: Table, key: Key, names: tuple[str, ...], spec: ObjectSpec) -> Setting | None:
        """A key in its object, where its class takes it, or in a dictionary inside it."""
        if key.of and holder.name and not matches(holder.name, key.of):
            return None
        found = self.under(holder, names, key, "object", key.positional)
        for inside in spec.nested if found is None else ():
            inner = self.within(holder, inside)
            if isinstance(inner, Table):
                found = self.under(inner, names, key, "object")
            elif inner is False:
                found = OPEN
        return found

    def around(self, table: Table, key: Key) -> Setting | None:
        """A key among the surroundings; unknown where nobody can see what stands below a part of its path."""
        paths = tuple(path for pattern in key.surroundings for path in _paths(table, pattern))
        if all(path.startswith(WHOLE) for path in key.surroundings):
            table = replace(table, open=False)
        setting = self.under(table, paths, key, "surroundings")
        if setting is not None:
            return setting
        present = {entry.name for entry in table.entries if compatible(entry.branches, self.assignment)}
        for path in key.surroundings:
            while (path := path.rpartition(".")[0]) and path not in present:
                if f"{path}.*" in present:
                    return OPEN
            if path and f"{path}.*" in present:
                return OPEN
        return None

    def from_command(self, line: command.CommandLine, key: Key) -> Setting | None:
        own = not self.vocabulary.platform
        # The line was read by the stack's vocabulary: a key of a platform is one of its flags only where it says so.
        flag = command.flag_of(key, line) if own or key.flag else None
        if flag is not None and not settled(flag.words[0].branches, self.assignment):
            return OPEN
        if flag is not None and compatible(flag.words[0].branches, self.assignment):
            if flag.negated or (key.present and not flag.value):
                told = pick(flag.words[0].value, self.assignment)
                how: How = "fallback" if told is not None and told.how in ("fallback", "default") else "literal"
                value = (Alternative("known", not flag.negated, written_at(flag.words[0]), how),)
                return read(key, value, self.assignment, "flag", flag.table, flag.words)
            return read(key, flag.value, self.assignment, "flag", flag.table, flag.words)
        # The words behind a program are not what a platform's calls are given.
        if own and key.positional is not None and key.positional < len(line.positionals):
            word = line.positionals[key.positional]
            return read(key, word.entry.value, self.assignment, "flag", word.table, (word.entry,))
        # What is hardly ever written is not what the words that nobody can see are about.
        return OPEN if line.open and key.flag and not key.seldom else None

    def unpacked(self, name: str, flag: command.Flag) -> Table:
        """A dictionary that a flag takes as one text; where nobody can read it, any key may stand in it."""
        told = pick(flag.value, self.assignment)
        place = (told.place if told is not None else None) or flag.words[-1].place
        found = packed.table(told.data, self.vocabulary.packed[name], place) if told is not None else None
        return found or Table(packed.PREFIX, place, (), open=True, writable=False)

    def from_conditions(self, key: Key) -> Setting | None:
        """What the tests of the arms that are taken say about what the key asks: what it is, or all that it is not."""
        denied: list[Scalar] = []
        for arm in sorted(self.assignment.items()):
            for told in self.invocation.conditions.get(arm, ()):
                if matches(told.subject, key.condition):
                    if told.holds:
                        return Setting("known", told.value, assured=False, written=True, where="condition")
                    denied.append(told.value)
        if not denied:
            return None
        value: Scalar = False if True in denied else " ".join(f"!{one}" for one in denied)
        return Setting("known", value, assured=False, written=True, where="condition")

    def under(
        self, table: Table, names: tuple[str, ...], key: Key, where: str, positional: int | None = None
    ) -> Setting | None:
        if positional is not None:
            names = (*names, str(positional))
        there, open_ = self.names(table)
        if there.isdisjoint(names) and (where == "surroundings" or not any("." in name for name in names)):
            return OPEN if open_ and names else None  # as most keys are: nothing of the kind is written
        return under(table, names, key, self.assignment, where)

    def names(self, table: Table) -> tuple[frozenset[str], bool]:
        """The names in a table, and whether there may be others: looked for once, not for every key."""
        if id(table) not in self._names:
            names = frozenset(entry.name for _, entry in flatten(table))
            self._names[id(table)] = table, names, is_open(table)  # it is kept, so that no other one gets its id
        _, found, open_ = self._names[id(table)]
        return found, open_

    def within(self, table: Table, name: str, spec: ObjectSpec | None = None) -> Table | Literal[False] | None:
        """The dictionary or object under this name: looked for once, not for every key that may stand in it."""
        place = (id(table), name, spec is not None)
        if place not in self._within:
            self._within[place] = table, within(table, name, self.vocabulary, self.assignment, spec)
        return self._within[place][1]


def _paths(table: Table, pattern: str) -> tuple[str, ...]:
    """The paths of a table that a pattern means; a path without wildcards is itself."""
    if "*" not in pattern:
        return (pattern,)
    return tuple(entry.name for entry in table.entries if fits(entry.name, pattern))


def command_line(recognised: Recognised, assignment: Assignment) -> command.CommandLine | None:
    """The command line with the words that stand there in one variant."""
    tokens = recognised.tokens
    if not any(token.entry.branches for token in tokens):
        return recognised.command
    there = [token for token in tokens if compatible(token.entry.branches, assignment)]
    return command.parse(there, recognised.vocabulary, recognised.opened)


def written_at(word: Entry) -> Place:
    """Where a word was written: in an assignment, where a variable brings it in."""
    one = word.value[0] if len(word.value) == 1 else None
    return one.place if one is not None and one.how in ("constant", "default") and one.place else word.place


def choice_of(choices: tuple[Choice, ...], versions: Mapping[str, str]) -> Scalar:
    """The first choice whose version condition holds or that has none."""
    for choice in choices:
        if choice.version is None or holds(choice.version, versions):
            return choice.value
    return None
