"""How to write a better deployment: which keys to set, move or remove so that a stack's facts read as wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ecolint.deployments import Circumstances, derive, evaluate, recognised_as, tested
from ecolint.model import (
    AddEntry,
    CannotEdit,
    Change,
    Construct,
    Deployment,
    Entry,
    Fact,
    RemoveEntry,
    Scalar,
    SetEntry,
    Symbol,
    Table,
    Written,
)
from ecolint.slots import ABSENT, Recognised, Setting, Slots, choice_of, find
from ecolint.stacks import Vocabulary, spelling
from ecolint.stacks.vocabulary import Choice, Key, Test

ROUNDS = 4
"""A fact may rest on facts that rest on keys; deeper than this no vocabulary goes."""


class NoWay(Exception):
    """The stack has no way to write this fact; the message is the vocabulary's advice, if it has any."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Key changes that reach the wanted facts: `put` sets, `drop` removes, `move` puts a key into its object."""

    recognised: Recognised
    settings: Mapping[str, Setting]
    facts: Mapping[str, Fact]
    put: Mapping[str, Scalar] = field(default_factory=dict)
    drop: frozenset[str] = frozenset()
    move: frozenset[str] = frozenset()
    versions: Mapping[str, str] = field(default_factory=dict)


def plan(
    deployment: Deployment,
    wanted: Mapping[str, Scalar],
    vocabularies: tuple[Vocabulary, ...],
    circumstances: Circumstances,
) -> Plan:
    """Plan the key changes after which the deployment's facts are as wanted. Raises NoWay."""
    recognised = recognised_as(deployment, vocabularies)
    slots = Slots(recognised, dict(deployment.variant), deployment.versions)
    planner = _Planner(slots, deployment)
    for _ in range(ROUNDS):
        facts = planner.facts(circumstances)
        open_ = {n: v for n, v in wanted.items() if facts.get(n, Fact("absent")).value != v}
        if not open_:
            return Plan(
                recognised,
                planner.settings,
                facts,
                planner.put,
                frozenset(planner.drop),
                frozenset(planner.move),
                deployment.versions,
            )
        for name, value in open_.items():
            planner.reach(name, value)
    raise NoWay("")


class _Planner:
    def __init__(self, slots: Slots, deployment: Deployment) -> None:
        self.slots, self.vocabulary = slots, slots.vocabulary
        self.deployment = deployment
        self.settings = slots.settings()
        self.put: dict[str, Scalar] = {}
        self.drop: set[str] = set()
        self.move: set[str] = set()

    def now(self) -> dict[str, Setting]:
        """The settings as they would be read after the changes planned so far."""
        found = dict(self.settings)
        for name in self.drop:
            found[name] = self.slots.defaulted(self.vocabulary.keys[name], ABSENT)
        for name in self.move:
            found[name] = replace(found[name], where="object")
        for name, value in self.put.items():
            found[name] = Setting("known", value, written=True, where="put")
        return found

    def facts(self, circumstances: Circumstances) -> dict[str, Fact]:
        facts = evaluate(self.vocabulary, self.now(), self.deployment.versions)
        for name, fact in self.deployment.facts.items():
            # What a platform said stays: only the stack's own keys are rewritten.
            if name not in self.vocabulary.facts and name not in facts:
                facts[name] = fact
        for name in ("gpu", "gpu_count", "device"):
            if name in self.deployment.facts:
                facts[name] = self.deployment.facts[name]
        return derive(facts, circumstances)

    def reach(self, fact: str, value: Scalar) -> None:
        if fact in self.vocabulary.combined:
            self.raise_all(self.vocabulary.combined[fact][1], value)
            return
        choices = self.vocabulary.facts.get(fact)
        if choices is None:
            raise NoWay("")
        index = self.choice(choices, value)
        for choice in choices[:index]:
            if choice.when and self.holds(choice.when):
                self.break_(choice.when)
        chosen = choices[index]
        if chosen.source is not None:
            self.set(chosen.source, value)
        for test in chosen.when:
            if not self.holds((test,)):
                self.meet(test)

    def choice(self, choices: tuple[Choice, ...], value: Scalar) -> int:
        for index, choice in enumerate(choices):
            # What holds only in some versions is no way to write it.
            if choice.source is None and choice.value == value and choice.version is None:
                return index
        for index, choice in enumerate(choices):
            if choice.source is not None:
                return index
        raise NoWay("")

    def raise_all(self, keys: Sequence[str], value: Scalar) -> None:
        """Every written key that is lower than the wanted value is raised to it."""
        now = self.now()
        for name in keys:
            present = now[name].value
            numbers = isinstance(present, (int, float)) and isinstance(value, (int, float))
            if now[name].written and numbers and present < value:  # type: ignore[operator]
                self.set(name, value)

    def holds(self, tests: Sequence[Test]) -> bool:
        now = self.now()
        facts = evaluate(self.vocabulary, now, self.deployment.versions)
        return all(tested(test, now, facts) is not False for test in tests)

    def break_(self, tests: Sequence[Test]) -> None:
        """Make one of the tests fail, by moving a key into its object or by removing it."""
        for test in tests:
            if test.where is not None and test.name in self.vocabulary.keys:
                self.move.add(test.name)
                return
        for test in tests:
            if test.name in self.vocabulary.keys and (self.settings[test.name].written or test.name in self.put):
                self.put.pop(test.name, None)
                self.unset(test.name)
                return
        raise NoWay("")

    def meet(self, test: Test) -> None:
        if not test.values:
            raise NoWay(self.advice(test.name))
        if test.name in self.vocabulary.keys:
            self.set(test.name, test.values[0])
        else:
            self.reach(test.name, test.values[0])

    def set(self, name: str, value: Scalar) -> None:
        key = self.vocabulary.keys[name]
        if key.virtual or not self.slots.takes(key):
            raise NoWay(self.advice(name))
        self.drop.discard(name)
        if key.in_object and self.needs_object(key.in_object) and not self.settings[name].written:
            self.gather(key.in_object)
        default = self.slots.defaulted(key, ABSENT)
        if default.kind == "known" and default.value == value and not self.settings[name].written:
            return
        self.put[name] = value

    def needs_object(self, name: str) -> bool:
        """Whether a key of this object can only be written by making the object."""
        recognised = self.slots.recognised
        return (
            recognised.invocation.call is not None
            and recognised.bare_object is None
            and holder(recognised, name) is None
        )

    def gather(self, name: str) -> None:
        """A new object takes in whatever stands outside: the library refuses both at once."""
        for other, setting in self.settings.items():
            if self.vocabulary.keys[other].in_object == name and setting.where == "outside" and other not in self.drop:
                self.move.add(other)

    def unset(self, name: str) -> None:
        key = self.vocabulary.keys[name]
        if key.virtual or self.slots.recognised.bare_object is not None:
            # A configuration without its switch would be an object that says nothing.
            raise NoWay(self.advice(name))
        if self.settings[name].where == "mapping" and key.type == "bool":
            # In a settings file the reader of the file is not known: off says the same everywhere, missing may not.
            self.put[name] = False
        else:
            self.move.discard(name)
            self.drop.add(name)

    def advice(self, name: str) -> str:
        key = self.vocabulary.keys.get(name)
        return (key.advice if key else None) or ""


def changes(found: Plan) -> list[tuple[Table, tuple[Change, ...]]]:
    """The changes of a plan, by the table they are written in. Raises CannotEdit where no single right edit exists."""
    return _Writer(found).write()


def homes(recognised: Recognised) -> list[Table]:
    """The tables a key of this invocation may stand in: the call or mapping itself and its nested dictionaries."""
    top = recognised.invocation.call or recognised.invocation.mapping
    found = [top] if top is not None else []
    for nested in recognised.vocabulary.nested if top is not None else ():
        entry = find(top, (nested,), dict(recognised.invocation.branches)) if top is not None else None
        if isinstance(entry, tuple):
            found += [a.data for a in entry[1].value if isinstance(a.data, Table)]
    return found


def holder(recognised: Recognised, name: str) -> tuple[Table, Entry] | None:
    """The entry that carries an object, and the table it stands in."""
    for home in homes(recognised):
        found = find(home, (name,), dict(recognised.invocation.branches))
        if isinstance(found, tuple):
            return found
    return None


class _Writer:
    def __init__(self, found: Plan) -> None:
        self.plan, self.vocabulary = found, found.recognised.vocabulary
        self.invocation = found.recognised.invocation
        self.tables: dict[int, Table] = {}
        self.changes: dict[int, list[Change]] = {}

    def add(self, table: Table, change: Change) -> None:
        if not table.writable:
            raise CannotEdit("the text is shared or generated, so an edit would change more than this deployment")
        key = id(table)
        self.tables[key] = table
        self.changes.setdefault(key, []).append(change)

    def write(self) -> list[tuple[Table, tuple[Change, ...]]]:
        gone = self.removed_objects()
        built: dict[str, dict[str, Written]] = {}
        for name in sorted(self.plan.drop | self.plan.move):
            if self.vocabulary.keys[name].in_object not in gone or self.plan.settings[name].where == "outside":
                self.remove(self.plan.settings[name])
        for name in self.plan.move:
            setting, key = self.plan.settings[name], self.vocabulary.keys[name]
            if setting.kind != "known":
                raise CannotEdit("the value is not written out")
            if setting.value is not False:  # what is switched off is off in a new object too
                built.setdefault(key.in_object or "", {})[name] = self.written(key, setting.value)
        for name, value in self.plan.put.items():
            self.put(name, value, built)
        for name, arguments in built.items():
            self.build(name, arguments)
        return [(self.tables[key], tuple(found)) for key, found in self.changes.items()]

    def removed_objects(self) -> set[str]:
        """Objects that say nothing any more once the dropped keys are gone: their argument is removed whole."""
        gone = set()
        for name, spec in self.vocabulary.objects.items():
            left = [
                key
                for key in spec.needed_by
                if key not in self.plan.drop
                and self.plan.settings[key].written is not False
                and self.plan.settings[key].value is not False
            ]
            touched = [key for key in spec.needed_by if key in self.plan.drop]
            if touched and not left and not any(key in self.plan.put for key in spec.needed_by):
                carrier = holder(self.plan.recognised, name)
                if carrier is not None:
                    gone.add(name)
                    self.add(carrier[0], RemoveEntry(carrier[1]))
        return gone

    def remove(self, setting: Setting) -> None:
        if setting.table is None:
            raise CannotEdit("it is not written in this file")
        for entry in setting.entries:
            self.add(setting.table, RemoveEntry(entry))

    def put(self, name: str, value: Scalar, built: dict[str, dict[str, Written]]) -> None:
        key, setting = self.vocabulary.keys[name], self.plan.settings[name]
        if setting.written and setting.table is not None and setting.entries and name not in self.plan.move:
            self.change(key, setting, value)
            return
        if key.in_object is None:
            self.append(key, value)
            return
        inside = self.inside(key.in_object)
        if inside is not None:
            self.add(inside, AddEntry(key.keyword[0], self.written(key, value, inside)))
        elif self.invocation.call is None:
            self.append(key, value)
        else:
            built.setdefault(key.in_object, {})[name] = self.written(key, value)

    def inside(self, name: str) -> Table | None:
        """The object's own table, as far as it is written where an edit can reach it."""
        if self.plan.recognised.bare_object is not None:
            return self.invocation.call
        carrier = holder(self.plan.recognised, name)
        tables = [a.data for a in carrier[1].value if isinstance(a.data, Table)] if carrier else []
        if carrier is not None and len(tables) != 1:
            raise CannotEdit("the configuration differs between branches")
        return tables[0] if tables else None

    def change(self, key: Key, setting: Setting, value: Scalar) -> None:
        if setting.shared:
            raise CannotEdit("the value is a constant that other code uses too")
        assert setting.table is not None
        if setting.where == "flag":
            word = setting.entries[-1]
            text = _plain(self.written(key, value, setting.table))
            if len(setting.entries) == 1:
                flag = str(word.value[0].data).partition("=")[0]
                self.add(setting.table, SetEntry(word, f"{flag}={text}"))
            else:
                self.add(setting.table, SetEntry(word, text))
            return
        written = self.written(key, value, setting.table)
        if isinstance(written, Symbol) and not setting.symbolic:
            written = str(value)
        self.add(setting.table, SetEntry(setting.entries[-1], written))

    def append(self, key: Key, value: Scalar) -> None:
        invocation = self.invocation
        if invocation.call is not None:
            name = choice_of(key.prefer, self.plan.versions) or key.keyword[0]
            self.add(invocation.call, AddEntry(str(name), self.written(key, value, invocation.call)))
        elif invocation.mapping is not None:
            dashes = any("-" in entry.name for entry in invocation.mapping.entries)
            name = next((n for n in key.mapping if ("-" in n) == dashes), key.mapping[0])
            self.add(invocation.mapping, AddEntry(name, self.written(key, value, invocation.mapping)))
        else:
            self.append_to_container(key, value)

    def append_to_container(self, key: Key, value: Scalar) -> None:
        by_env = sum(s.where == "env" for s in self.plan.settings.values())
        by_flag = sum(s.where == "flag" for s in self.plan.settings.values())
        words, env = self.invocation.words, self.invocation.env
        if words is not None and words.entries and key.flag and (by_flag >= by_env or not key.env):
            text = None if key.present else _plain(self.written(key, value, words))
            self.add(words, AddEntry(key.flag[0], text))
        elif env is not None and env.entries and key.env:
            self.add(env, AddEntry(key.env[0], _plain(self.written(key, value, env))))
        else:
            raise CannotEdit("there is no list of arguments to add to")

    def build(self, name: str, arguments: Mapping[str, Written]) -> None:
        """Write a new object that carries these keys, where its outside keys stood."""
        spec = self.vocabulary.objects[name]
        if holder(self.plan.recognised, name) is not None:
            raise CannotEdit("there is a configuration object already")
        stood = [s.table for n, s in self.plan.settings.items() if n in self.plan.move and s.table is not None]
        home = stood[0] if stood else self.invocation.call
        assert home is not None
        keywords = tuple((self.vocabulary.keys[n].keyword[0], v) for n, v in arguments.items())
        self.add(home, AddEntry(name, Construct(spec.calls[0], keywords)))

    def written(self, key: Key, value: Scalar, table: Table | None = None) -> Written:
        code = table is None or table.syntax.startswith("python")
        return spelling.write(value, key.type, symbol=key.symbol if code else None, code=code)


def _plain(value: Written) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
