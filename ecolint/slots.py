"""Where an invocation says what: a vocabulary's keys in calls, dictionaries, objects, flags, environment, mappings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ecolint.model import Alternative, Branches, Data, Entry, Kind, Place, Scalar, Table, Use, Value
from ecolint.recognise import Recognised, matches
from ecolint.stacks import command, packed, spelling
from ecolint.stacks.versions import holds
from ecolint.stacks.vocabulary import Choice, Key, ObjectSpec, UseSpec

Assignment = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Setting:
    """What one key says in one variant, and where that is written.

    `where` is "call", "nested", "object", "outside", "flag", "env", "mapping", "image", "surroundings", "condition",
    "use" or "virtual"; `entries` are the words or the entry in `table` that an edit would change.
    """

    kind: Kind
    value: Scalar = None
    place: Place | None = None
    how: str = "literal"
    assured: bool = True
    written: bool | None = False
    where: str | None = None
    table: Table | None = None
    entries: tuple[Entry, ...] = ()
    shared: bool = False
    symbolic: bool = False
    also: tuple[Place, ...] = ()
    """The further places where later calls say the same."""
    branches: Branches = frozenset()
    """The arms by which this value came to be written."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """A keyword that its object does not know and ignores, and the keyword that was probably meant."""

    object: str
    name: str
    place: Place
    meant: str | None = None


ABSENT = Setting("absent")
OPEN = Setting("unknown", written=None)


# --- one value in one variant -----------------------------------------------------------------------------------------


def compatible(branches: Branches, assignment: Assignment) -> bool:
    """Whether something that stands under these arms can happen in this variant."""
    return all(assignment.get(decision, arm) == arm for decision, arm in branches)


def settled(branches: Branches, assignment: Assignment) -> bool:
    """Whether the variant fixes every one of these arms."""
    return all(decision in assignment for decision, _ in branches)


def pick(value: Value, assignment: Assignment) -> Alternative | None:
    """The alternative that holds in this variant; None where several could."""
    open_ = [a for a in value if compatible(a.branches, assignment)]
    if not open_:
        return None
    if all(a.kind == open_[0].kind and a.data == open_[0].data for a in open_[1:]):
        return open_[0]
    return None


def flatten(table: Table) -> Iterator[tuple[Table, Entry]]:
    """The entries of a table in order, those of splatted dictionaries (`**`) with the table they really stand in."""
    for entry in table.entries:
        if entry.name == "**":
            for alternative in entry.value:
                if isinstance(alternative.data, Table):
                    branches = entry.branches | alternative.branches
                    for inner, found in flatten(alternative.data):
                        yield inner, replace(found, branches=found.branches | branches)
        else:
            yield table, entry


def is_open(table: Table) -> bool:
    """Whether a table may hold entries that nobody can see."""
    return table.open or any(
        entry.name == "**" and any(not isinstance(a.data, Table) or is_open(a.data) for a in entry.value)
        for entry in table.entries
    )


def find(table: Table, names: tuple[str, ...], assignment: Assignment) -> tuple[Table, Entry] | bool | None:
    """The last entry under one of these names; None where there is none, False where that cannot be told."""
    best: tuple[Table, Entry] | None = None
    doubtful = False
    for home, entry in flatten(table):
        if entry.name in names and compatible(entry.branches, assignment):
            best = (home, entry)
            doubtful = not settled(entry.branches, assignment)
    if best is None:
        return False if is_open(table) else None
    return False if doubtful else best


def homes(recognised: Recognised, assignment: Assignment) -> list[Table]:
    """The tables a key of an invocation may stand in: the call or mapping itself and its nested dictionaries."""
    top = recognised.invocation.call or recognised.invocation.mapping
    if top is None:
        return []
    found = [top]
    for nested in recognised.vocabulary.nested:
        entry = find(top, (nested,), assignment)
        if isinstance(entry, tuple):
            found += [a.data for a in entry[1].value if isinstance(a.data, Table)]
    return found


def holder(recognised: Recognised, name: str, assignment: Assignment) -> tuple[Table, Entry] | None:
    """The entry that carries an object in one variant, and the table it stands in; an empty one is none."""
    names = recognised.vocabulary.objects[name].arguments
    for home in homes(recognised, assignment):
        found = find(home, names, assignment)
        if isinstance(found, tuple) and any(a.kind != "known" or a.data is not None for a in found[1].value):
            return found
    return None


class Slots:
    """The keys of one recognised invocation in one variant of its branches."""

    def __init__(self, recognised: Recognised, assignment: Assignment, versions: Mapping[str, str]) -> None:
        self.recognised, self.assignment, self.versions = recognised, assignment, versions
        self.invocation, self.vocabulary = recognised.invocation, recognised.vocabulary
        self.callee = self.invocation.name if self.invocation.call is not None else ""

    def settings(self) -> dict[str, Setting]:
        """Every key of the vocabulary: as written, by default, absent or unknown."""
        found = {name: self.setting(key) for name, key in self.vocabulary.keys.items() if not key.virtual}
        self.exclude(found)
        found.update(self.virtual())
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
            if verdict is None:
                return Setting("unknown")
        return setting

    # where a key may stand, most telling first

    def setting(self, key: Key) -> Setting:
        if not self.takes(key):
            return self.from_uses(key) or ABSENT
        for found in self.candidates(key):
            if found is not None:
                return found
        return ABSENT

    def takes(self, key: Key) -> bool:
        """Whether this form of call takes the key at all."""
        return not key.only or not self.callee or matches(self.callee, key.only)

    def candidates(self, key: Key) -> Iterator[Setting | None]:
        call, mapping = self.invocation.call, self.invocation.mapping
        yield self.from_uses(key)
        if key.callee:
            bare = self.recognised.bare_object is not None
            named = self.callee and not bare
            yield Setting("known", self.callee, how="name", written=True, where="callee") if named else None
            return
        if call is not None:
            if self.recognised.bare_object is not None:
                if key.in_object == self.recognised.bare_object.name:
                    yield self.in_object(call, key, key.keyword, self.recognised.bare_object)
                elif not set(self.recognised.bare_object.arguments).isdisjoint(key.keyword):
                    yield self.read(key, (Alternative("known", call, call.place),), "object", None, ())
                elif key.keyword or key.positional is not None:
                    yield OPEN
            else:
                yield from self.from_table(call, key, key.keyword, "call")
        if mapping is not None:
            yield from self.from_table(mapping, key, key.mapping, "mapping")
        line = self.recognised.command
        if line is not None:
            yield self.from_command(line, key)
        if self.invocation.env is not None and key.env:
            yield self.entry(self.invocation.env, key.env, key, "env")
        if self.invocation.surroundings is not None and key.surroundings:
            yield self.around(self.invocation.surroundings, key)
        if key.condition:
            yield self.from_conditions(key)
        if key.image and self.invocation.image:
            yield self.read(key, self.invocation.image, "image", None, ())

    def from_table(self, table: Table, key: Key, names: tuple[str, ...], where: str) -> Iterator[Setting | None]:
        """A key in the table itself, in its object, or in a nested dictionary such as `model_kwargs`."""
        homes = [(table, where)]
        for nested in self.vocabulary.nested:
            inner = self.nested(table, nested)
            if inner is False:
                yield from self.homes(homes, key, names)
                yield OPEN
                return
            if isinstance(inner, Table):
                homes.append((inner, "nested"))
        yield from self.homes(homes, key, names)
        for carrier in key.within:
            inner = self.nested(table, carrier)
            if isinstance(inner, Table):
                yield self.entry(inner, names, key, "nested")

    def homes(self, homes: list[tuple[Table, str]], key: Key, names: tuple[str, ...]) -> Iterator[Setting | None]:
        doubt: Setting | None = None
        for table, where in homes:
            positional = key.positional if where == "call" and key.in_object is None else None
            if key.in_object is None or key.flat:
                setting = self.entry(table, names, key, where, positional)
                if setting is OPEN:
                    doubt = OPEN
                    continue
                yield setting
                continue
            spec = self.vocabulary.objects[key.in_object]
            holder = self.nested(table, spec.name, spec)
            if isinstance(holder, Table):
                yield self.in_object(holder, key, names, spec) or ABSENT
            if where == "mapping":
                # A settings file is flat as often as not; what reads it builds the object.
                yield self.entry(table, names, key, where)
            elif key.outside is not None:
                outside = self.entry(table, names, key, "outside")
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
        found = self.entry(holder, names, key, "object", key.positional)
        for inside in spec.nested if found is None else ():
            inner = self.nested(holder, inside)
            if isinstance(inner, Table):
                found = self.entry(inner, names, key, "object")
            elif inner is False:
                found = OPEN
        return found

    def strangers(self, settings: Mapping[str, Setting]) -> tuple[Stranger, ...]:
        """The keywords of objects that their classes do not know and ignore, in the order in which they are written.

        A dictionary is taken for such a class where one of the object's switches is on in it.
        """
        found: dict[Place, Stranger] = {}
        for spec in self.vocabulary.objects.values() if self.invocation.call is not None else ():
            keys = [key for key in self.vocabulary.keys.values() if key.in_object == spec.name]
            for table in self.carriers(spec) if spec.ignores else ():
                on = any(settings[name].value is True for name in spec.needed_by)
                if not (matches(table.name, spec.ignores) if table.name else on):
                    continue
                taking = [key for key in keys if not key.of or matches(table.name, key.of)]
                known = {*spec.takes, *(name for key in taking for name in key.keyword)}
                for home, entry in flatten(table):
                    written = home is not table or _within(entry.place, table.place)
                    if entry.name not in known and written and self.named(entry):
                        meant = spelling.meant(entry.name, [name for key in taking for name in key.keyword])
                        found.setdefault(entry.place, Stranger(spec.name, entry.name, entry.place, meant))
        return tuple(found.values())

    def named(self, entry: Entry) -> bool:
        """Whether an entry is a keyword that is surely written in this variant."""
        plain = not entry.name.isdigit() and entry.name != "**"
        return plain and compatible(entry.branches, self.assignment) and settled(entry.branches, self.assignment)

    def carriers(self, spec: ObjectSpec) -> Iterator[Table]:
        """The tables of one object in this variant: the invocation itself, or what its argument holds."""
        bare, call = self.recognised.bare_object, self.invocation.call
        if bare is not None and call is not None:
            yield from (call,) if bare.name == spec.name else ()
            return
        for home in homes(self.recognised, self.assignment):
            holder = self.nested(home, spec.name, spec)
            if isinstance(holder, Table):
                yield holder

    def nested(self, table: Table, name: str, spec: ObjectSpec | None = None) -> Table | bool | None:
        """The dictionary or object under this name; None where there is none, False where that cannot be told."""
        found = find(table, spec.arguments if spec is not None else (name,), self.assignment)
        if found is None or found is False:
            # An unseen dictionary beside the call may carry anything, but most calls have none: only splats count.
            return None if found is None else False
        assert isinstance(found, tuple)
        alternative = pick(found[1].value, self.assignment)
        syntax = self.vocabulary.packed.get(name)
        if alternative is not None and syntax is not None:
            unpacked = packed.table(alternative.data, syntax, alternative.place)
            if unpacked is not None:
                return unpacked
        if alternative is None or alternative.kind == "unknown":
            return False
        data = alternative.data
        if not isinstance(data, Table):
            # A number or a switch holds no keys.
            return None if data is None or isinstance(data, (bool, int, float)) else False
        plain = data.name in ("", "dict")
        if spec is not None and not (spec.mapping if plain else matches(data.name, spec.classes)):
            return False
        return data

    def entry(
        self, table: Table, names: tuple[str, ...], key: Key, where: str, positional: int | None = None
    ) -> Setting | None:
        if positional is not None:
            names = (*names, str(positional))
        if not names:
            return None  # this form has no way to say it
        found = find(table, names, self.assignment)
        if found is None:
            return None
        if found is False:
            return OPEN
        assert isinstance(found, tuple)
        return self.read(key, found[1].value, where, found[0], (found[1],))

    def around(self, table: Table, key: Key) -> Setting | None:
        """A key among the surroundings; unknown where nobody can see what stands below a part of its path."""
        setting = self.entry(table, key.surroundings, key, "surroundings")
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
        flag = command.flag_of(key, line)
        table = self.recognised.command_table
        if flag is not None and not settled(flag.words[0].branches, self.assignment):
            return OPEN
        if flag is not None and compatible(flag.words[0].branches, self.assignment):
            if flag.negated or (key.present and not flag.value):
                value = (Alternative("known", not flag.negated, flag.words[0].place),)
                return self.read(key, value, "flag", table, flag.words)
            return self.read(key, flag.value, "flag", table, flag.words)
        if key.positional is not None and key.positional < len(line.positionals):
            word = line.positionals[key.positional]
            return self.read(key, word.value, "flag", table, (word,))
        return OPEN if line.open and key.flag else None

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

    def read(
        self, key: Key, value: Value, where: str, table: Table | None, entries: tuple[Entry, ...]
    ) -> Setting | None:
        """The key's value here; None where it is written as nothing at all."""
        alternative = pick(value, self.assignment)
        if alternative is None or alternative.kind == "unknown":
            place = alternative.place if alternative else entries[0].place if entries else None
            return Setting("unknown", place=place, written=True, where=where, table=table, entries=entries)
        if alternative.kind == "absent" or (alternative.data is None and key.type != "flag"):
            return None
        if alternative.data == "" and key.type == "str":
            # An empty name is a gap that something fills at run time.
            return Setting("unknown", place=alternative.place, written=True, where=where, table=table, entries=entries)
        try:
            data = spelling.read(self.narrowed(alternative.data), key.type)
            kind: Kind = "known"
        except spelling.Unreadable:
            if key.lenient:
                return None
            data, kind = None, "unknown"
        written = entries[0].place if entries else None
        return Setting(
            kind,
            data,
            written if key.named and written else alternative.place or written,
            alternative.how,
            # A default that a caller or the environment may override is only what is likely.
            alternative.how != "default",
            True,
            where,
            table,
            entries,
            alternative.shared,
            _symbolic(alternative.data),
            branches=alternative.branches.union(*(entry.branches for entry in entries)),
        )

    def narrowed(self, data: Data) -> Data:
        """A table whose entries have only the values of this variant; anything else as it is."""
        if not isinstance(data, Table):
            return data
        entries = []
        for entry in data.entries:
            if compatible(entry.branches, self.assignment):
                alternative = pick(entry.value, self.assignment)
                entries.append(replace(entry, value=(alternative,)) if alternative is not None else entry)
        return replace(data, entries=tuple(entries))

    # what later calls say

    def uses(self) -> Iterator[tuple[Use, UseSpec]]:
        for use in self.invocation.uses:
            if compatible(use.branches, self.assignment):
                for spec in self.vocabulary.uses:
                    if matches(use.name, spec.calls) and (
                        not spec.only or matches(use.through or self.callee, spec.only)
                    ):
                        yield use, spec

    def from_uses(self, key: Key) -> Setting | None:
        """What later calls say, the last one; what they are given outranks what was set on the object."""
        found: dict[bool, Setting] = {}
        for use, spec in self.uses():
            if key.name not in spec.keys or use.table is None:
                continue
            inner = (self.nested(use.table, name) for name in spec.nested)
            for table in (use.table, *(one for one in inner if isinstance(one, Table))):
                setting = self.entry(table, key.keyword, key, "use", key.positional)
                if setting is not None and setting is not OPEN:
                    found[use.name.endswith("=")] = replace(setting, assured=setting.assured and not use.likely)
                    break
        return found.get(False) or found.get(True)

    def virtual(self) -> dict[str, Setting]:
        found = {name: ABSENT for name, key in self.vocabulary.keys.items() if key.virtual}
        generates = False
        for use, spec in self.uses():
            generates = generates or bool(spec.per_item)
            if spec.request is not None and use.request and found[spec.request].value != "single":
                # One way in that takes requests one by one is enough to be told of.
                found[spec.request] = Setting(
                    "known", use.request, use.place, assured=False, written=True, where="virtual"
                )
            for name, value in spec.sets.items():
                found[name] = Setting("known", value, use.place, assured=not use.likely, written=True, where="virtual")
            for name, value in spec.per_item.items():
                if use.per_item:
                    found[name] = _joined(found[name], Setting("known", value, use.place, assured=not use.likely))
                elif use.per_item is None and found[name].kind == "absent":
                    found[name] = OPEN
        for use in self.invocation.uses:
            for spec in self.vocabulary.uses if not compatible(use.branches, self.assignment) else ():
                if spec.spreads and matches(use.name, spec.calls):
                    found.update({name: OPEN for name in spec.sets if found[name].kind == "absent"})
        for spec in self.vocabulary.beside:
            if any(word in self.invocation.beside for word in spec.words):
                found.update({name: OPEN for name in spec.sets if found[name].kind == "absent"})
        if not generates:
            # Nobody was seen to generate with this object, and code beside it may do something else with it.
            for spec in self.vocabulary.beside:
                if any(matches(name, spec.calls) for name in self.invocation.beside):
                    found.update({name: OPEN for name in spec.sets if found[name].kind == "absent"})
        return found


def _joined(before: Setting, one: Setting) -> Setting:
    """What a later call says, with what earlier calls said of the same."""
    if before.kind != "known" or before.value != one.value or before.place is None or one.place is None:
        return replace(one, written=True, where="virtual")
    return replace(before, assured=before.assured and one.assured, also=(*before.also, one.place))


def _within(place: Place, around: Place) -> bool:
    """Whether one place lies in another."""
    return place.path == around.path and around.span.start <= place.span.start and place.span.end <= around.span.end


def _symbolic(data: Data) -> bool:
    return not isinstance(data, (str, int, float, bool))


def choice_of(choices: tuple[Choice, ...], versions: Mapping[str, str]) -> Scalar:
    """The first choice whose version condition holds or that has none."""
    for choice in choices:
        if choice.version is None or holds(choice.version, versions):
            return choice.value
    return None
