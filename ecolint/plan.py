"""How to reach a better deployment: which keys to set, move or remove so that a stack's facts read as wanted."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import field, replace

from ecolint.deployments import recognised_as
from ecolint.derived import Circumstances, derive
from ecolint.ineffective import Parts, kinds, together
from ecolint.meaning import evaluate, idle, tested
from ecolint.model import DESCRIBED, CannotEdit, Deployment, Fact, Scalar
from ecolint.recognise import Recognised
from ecolint.shaped import dataclass
from ecolint.slots import ABSENT, Assignment, Setting, Slots, holder, is_open
from ecolint.speech import quote, say
from ecolint.stacks import versions
from ecolint.stacks.vocabulary import Choice, Test

SAVED = frozenset({"name", "checkpoint"})
"""How facts are known that the weights bring with them: no setting of a stack changes those."""
OTHER_WEIGHTS = say(
    "the weights were saved this way: name the repository that they were made from, or one in another format; "
    "what can be set after that stands in the quantization_config of their own config.json"
)
ROUNDS = 4
"""A fact may rest on facts that rest on keys; deeper than this no vocabulary goes."""


class NoWay(CannotEdit):
    """The stack has no way to write this fact; the message is the vocabulary's advice, if it has any.

    `attempt` is what would be written where only the outcome cannot be told.
    """

    attempt: Plan | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Key changes that reach the wanted facts: `put` sets, `drop` removes, `move` puts a key into its object."""

    recognised: Recognised
    assignment: Assignment
    settings: Mapping[str, Setting]
    facts: Mapping[str, Fact]
    put: Mapping[str, Scalar] = field(default_factory=dict)
    drop: frozenset[str] = frozenset()
    move: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    """Objects that say nothing any more: their argument is removed whole."""
    parts: Parts = ()
    versions: Mapping[str, str] = field(default_factory=dict)


def plan(deployment: Deployment, wanted: Mapping[str, Scalar], circumstances: Circumstances, *, dream: bool) -> Plan:
    """Plan the key changes after which the deployment's facts are as wanted.

    A dream may change what cannot be written in this syntax, such as what later calls do: it tells how the deployment
    would read, and has no edits. Raises NoWay.
    """
    if deployment.invocation.syntax == DESCRIBED:
        raise NoWay("")
    if any(deployment.facts.get(name, Fact("absent")).how in SAVED for name in wanted):
        raise NoWay(OTHER_WEIGHTS)
    told = ("written", deployment.variant, tuple(sorted(deployment.versions.items())))
    written = circumstances.once(deployment.invocation, told, lambda: _Written(deployment, circumstances))
    planner = _Planner(written, deployment, dream)
    for _ in range(ROUNDS):
        facts, parts = planner.facts(circumstances)
        open_ = {n: v for n, v in wanted.items() if facts.get(n, Fact("absent")).value != v}
        if not open_:
            return planner.found(facts, parts)
        try:
            for name, value in open_.items():
                planner.reach(name, value)
        except NoWay as failed:
            failed.attempt = planner.found(facts, parts)
            raise
    missed = NoWay("")
    missed.attempt = planner.found(facts, parts)
    raise missed


class _Written:
    """One variant of an invocation as it is written, and how it was read after changes that were tried."""

    def __init__(self, deployment: Deployment, circumstances: Circumstances) -> None:
        recognised = recognised_as(deployment, circumstances)
        self.slots = Slots(recognised, dict(deployment.variant), deployment.versions)
        self.settings = self.slots.settings()
        self.readings: dict[Hashable, tuple[dict[str, Setting], dict[str, Fact]]] = {}


class _Planner:
    def __init__(self, written: _Written, deployment: Deployment, dream: bool) -> None:
        slots = written.slots
        self.slots, self.vocabulary, self.recognised = slots, slots.vocabulary, slots.recognised
        self.deployment, self.dream = deployment, dream
        self.settings, self.readings = written.settings, written.readings
        self.put: dict[str, Scalar] = {}
        self.drop: set[str] = set()
        self.move: set[str] = set()

    def found(self, facts: Mapping[str, Fact], parts: Parts) -> Plan:
        """The plan as it stands, with the facts that it reaches."""
        return Plan(
            self.recognised,
            self.slots.assignment,
            self.settings,
            facts,
            self.put,
            frozenset(self.drop),
            frozenset(self.move),
            frozenset(self.gone()),
            parts,
            self.deployment.versions,
        )

    def now(self) -> tuple[Mapping[str, Setting], Mapping[str, Fact]]:
        """The settings as they would be read after the changes planned so far, and what they mean by themselves."""
        put = tuple((name, type(value), value) for name, value in sorted(self.put.items()))
        changes = (put, frozenset(self.drop), frozenset(self.move))
        if changes not in self.readings:
            settings = self.changed()
            self.readings[changes] = settings, evaluate(self.vocabulary, settings, self.deployment.versions)
        return self.readings[changes]

    def changed(self) -> dict[str, Setting]:
        """The settings with the changes planned so far."""
        found = dict(self.settings)
        entries = [entry for name in self.drop | self.move for entry in self.settings[name].entries]
        for name, setting in self.settings.items() if entries else ():
            # Two keys may be read from one entry: what is taken away is gone for both.
            if setting.entries and all(entry in entries for entry in setting.entries):
                found[name] = self.slots.defaulted(self.vocabulary.keys[name], ABSENT)
        for name in self.drop:
            found[name] = self.slots.defaulted(self.vocabulary.keys[name], ABSENT)
        for name in self.move:
            found[name] = replace(self.settings[name], where="object")
        gone = self.gone()
        arguments = {one for object in gone for one in self.vocabulary.objects[object].arguments}
        for name, setting in self.settings.items() if gone else ():
            key = self.vocabulary.keys[name]
            inside = key.in_object in gone and setting.where == "object"
            if inside or (key.in_object is None and not arguments.isdisjoint(key.keyword)):
                found[name] = self.slots.defaulted(key, ABSENT)
        for name, value in self.put.items():
            found[name] = Setting("known", value, written=True, where="put")
        return found

    def gone(self) -> set[str]:
        """Objects of which no switch is left once the dropped keys are gone."""
        found = set()
        for name, spec in self.vocabulary.objects.items():
            left = [
                key
                for key in spec.needed_by
                if key not in self.drop
                and self.settings[key].written is not False
                and self.settings[key].value is not False
            ]
            if not left and not self.drop.isdisjoint(spec.needed_by) and self.put.keys().isdisjoint(spec.needed_by):
                found.add(name)
        return found

    def facts(self, circumstances: Circumstances) -> tuple[dict[str, Fact], Parts]:
        """The facts as they would be read; what a platform or the settings said stays."""
        now, read = self.now()
        parts = idle(self.slots, now, read, self.gone())
        several = kinds(self.vocabulary)
        facts = dict(read) | together(parts, several if self.recognised.invocation.call is not None else ())
        own = {*self.vocabulary.facts, *self.vocabulary.combined, *several}
        if facts.get("framework", Fact("absent")).kind == "absent":
            own.discard("framework")  # then it is what the vocabulary is of
        kept = {name: fact for name, fact in self.deployment.facts.items() if name not in own}
        overruled = {name for name in own if self.deployment.facts.get(name, Fact("absent")).how == "platform"}
        known = facts | kept | {name: self.deployment.facts[name] for name in overruled}
        return derive(known, circumstances), parts

    def reach(self, fact: str, value: Scalar) -> None:
        if fact in self.vocabulary.combined:
            self.raise_all(self.vocabulary.combined[fact][1], value)
            return
        if fact in kinds(self.vocabulary):
            self.drop.update(self.without_effect(fact))
            return
        choices = self.vocabulary.facts.get(fact)
        if choices is None:
            raise NoWay("")
        index = self.choice(choices, value)
        for choice in choices[:index]:
            if choice.when and self.holds(choice.when, choice.sure) and not self.passed_over(choice):
                self.break_(choice.when)
        chosen = choices[index]
        if chosen.source is not None:
            self.set(chosen.source, value)
        for test in chosen.when:
            if not self.holds((test,)):
                self.meet(test)

    def without_effect(self, fact: str) -> list[str]:
        """The keys that this fact names."""
        return [
            str(part[fact].value)
            for part in self.deployment.parts
            if fact in part and part[fact].value in self.vocabulary.keys
        ]

    def choice(self, choices: tuple[Choice, ...], value: Scalar) -> int:
        plain = [
            index
            for index, choice in enumerate(choices)
            # What holds only in some versions is no way to write it.
            if choice.value == value and (choice.source, choice.combined, choice.version) == (None, None, None)
        ]
        if plain:
            # Of several ways to say it the one that needs nothing else.
            return next((index for index in plain if self.holds(choices[index].when, sure=True)), plain[0])
        sources = [index for index, choice in enumerate(choices) if choice.source is not None]
        if not sources:
            raise NoWay("")
        for index in sources:
            # What stands where it counts is changed there.
            setting = self.settings.get(choices[index].source or "")
            if setting is not None and setting.written and setting.entries and self.holds(choices[index].when):
                return index
        # What only a later call can say is a way to reach it where nothing else is.
        return next((index for index in sources if self.writable(choices[index].source or "")), sources[0])

    def writable(self, name: str) -> bool:
        """Whether this is a key that the invocation itself can carry."""
        key = self.vocabulary.keys.get(name)
        if key is None or key.virtual or (self.settings_file() and not key.mapping):
            return False
        return self.slots.takes(key)

    def settings_file(self) -> bool:
        """Whether the invocation is nothing but the settings of a file."""
        return self.recognised.invocation.mapping is not None and not self.recognised.invocation.image

    def raise_all(self, keys: Sequence[str], value: Scalar) -> None:
        """Every written key that is lower than the wanted value is raised to it."""
        now, _ = self.now()
        for name in keys:
            present = now[name].value
            numbers = isinstance(present, (int, float)) and isinstance(value, (int, float))
            if now[name].written and numbers and present < value:  # type: ignore[operator]
                self.set(name, value)

    def holds(self, tests: Sequence[Test], sure: bool = False) -> bool:
        """Whether the tests may hold, or surely do."""
        now, facts = self.now()
        verdicts = [tested(test, now, facts) for test in tests]
        return all(verdicts) if sure else False not in verdicts

    def passed_over(self, choice: Choice) -> bool:
        """Whether a choice that is passed over in doubt holds only in versions that may not be the present one."""
        sure = choice.version is None or versions.holds(choice.version, self.deployment.versions)
        return choice.sure and not sure

    def break_(self, tests: Sequence[Test]) -> None:
        """Make one of the tests fail, by moving a key into its object or by removing it."""
        for test in tests:
            key = self.vocabulary.keys.get(test.name)
            if test.where is not None and key is not None and key.in_object is not None:
                self.gather(key.in_object)
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
        stands = bool(self.settings[name].entries)
        if not self.dream and (key.virtual or not (stands or self.slots.takes(key))):
            raise NoWay(self.advice(name))
        self.drop.discard(name)
        if key.in_object and not key.flat and self.needs_object(key.in_object) and not self.settings[name].written:
            self.gather(key.in_object)
        default = self.slots.defaulted(key, ABSENT)
        if default.kind == "known" and default.value == value and not self.settings[name].written:
            return
        self.put[name] = value

    def needs_object(self, name: str) -> bool:
        """Whether a key of this object can only be written by making the object."""
        made = holder(self.recognised, name, self.slots.assignment) is not None
        return self.recognised.invocation.call is not None and self.recognised.bare_object is None and not made

    def gather(self, name: str) -> None:
        """A new object takes in whatever stands outside: the library refuses both at once."""
        for other, setting in self.settings.items():
            if self.vocabulary.keys[other].in_object == name and setting.where == "outside" and other not in self.drop:
                self.move.add(other)

    def unset(self, name: str) -> None:
        key, setting = self.vocabulary.keys[name], self.settings[name]
        if not self.dream and (key.virtual or key.stays or self.recognised.bare_object is not None):
            # A configuration without its switch would be an object that says nothing.
            raise NoWay(self.advice(name))
        self.move.discard(name)
        doubtful = setting.where == "mapping" or (setting.table is not None and is_open(setting.table))
        if doubtful and key.type in ("bool", "flag") and setting.where != "outside":
            # Who reads a settings file is not known, nor what a splat brings: off says the same everywhere.
            self.put[name] = False
        else:
            self.drop.add(name)
            self.drop |= self.strays(name)

    def strays(self, name: str) -> frozenset[str]:
        """Keys of an object that stand outside it, and that nothing takes any more once its last switch is gone."""
        home = self.vocabulary.keys[name].in_object
        spec = self.vocabulary.objects[home] if home is not None else None
        if spec is None or name not in spec.needed_by:
            return frozenset()
        if any(other in self.put or self.settings[other].value for other in spec.needed_by if other not in self.drop):
            return frozenset()
        keys = self.vocabulary.keys
        return frozenset(
            other
            for other, setting in self.settings.items()
            if keys[other].in_object == home
            and setting.entries
            and (setting.where == "outside" or keys[other].flat)
            and other not in self.put
        )

    def advice(self, name: str) -> str:
        key = self.vocabulary.keys.get(name)
        return quote(key.advice if key and key.advice else "")
