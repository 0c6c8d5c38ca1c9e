"""A plan on paper: the changes to each table, or the reason why no single right edit exists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ecolint.model import (
    AddEntry,
    CannotEdit,
    Change,
    Construct,
    Place,
    RemoveEntry,
    Scalar,
    SetEntry,
    Symbol,
    Table,
    Written,
)
from ecolint.plan import Plan
from ecolint.recognise import matches
from ecolint.slots import Setting, choice_of, find, holder, pick
from ecolint.speech import say
from ecolint.stacks import dotted, packed, spelling
from ecolint.stacks.command import VALUED
from ecolint.stacks.vocabulary import Key


def changes(found: Plan) -> list[tuple[Table, tuple[Change, ...]]]:
    """The changes of a plan, by the table they are written in. Raises CannotEdit where no single right edit exists."""
    return _Writer(found).write()


def spelled(found: Plan) -> str:
    """What a plan would write, as text for whoever must write it by hand; empty where it only takes something away."""
    invocation, vocabulary = found.recognised.invocation, found.recognised.vocabulary
    inside: dict[str, list[tuple[str, Written]]] = {}
    plain: list[str] = []
    for name in (*sorted(found.move), *found.put):
        key = vocabulary.keys[name]
        value = found.put.get(name, found.settings[name].value)
        value = key.spelled.get(value, value) if isinstance(value, str) else value
        if name in found.move and not value:
            continue  # what is switched off is off in a new object too
        if invocation.call is not None and key.keyword:
            python = spelling.write(value, key.type, symbol=key.symbol, text=False)
            if key.in_object is not None:
                inside.setdefault(key.in_object, []).append((key.keyword[0], python))
            else:
                plain.append(f"{choice_of(key.prefer, found.versions) or key.keyword[0]}={_code(python)}")
        elif invocation.words is not None and key.flag:
            plain.append(key.flag[0] if key.present else f"{key.flag[0]} {value}")
        elif invocation.env is not None and key.env:
            plain.append(f"{key.env[0]}={value}")
        elif key.mapping:
            plain.append(f"{key.mapping[0]}: {str(value).lower() if isinstance(value, bool) else value}")
    for name, arguments in inside.items():
        calls = vocabulary.objects[name].calls
        if not calls:  # a plain dictionary
            entries = ", ".join(f'"{word}": {_code(value)}' for word, value in arguments)
            plain.append(f"{name}={{{entries}}}")
            continue
        construct = Construct(calls[0], tuple(arguments))
        prefix = "" if found.recognised.bare_object is not None else f"{name}="
        plain.append(f"{prefix}{_code(construct)}")
    return ", ".join(plain)


def by_hand(text: str, reason: str) -> str:
    """The advice of a fix that no edit makes: what to write, and why nobody writes it for you."""
    if text:
        return say("write {text} by hand: {reason}", text=text, reason=reason)
    return say("write it by hand: {reason}", reason=reason)


def _code(value: Written) -> str:
    """A value as Python writes it, classes by their own name."""
    if isinstance(value, Construct):
        return (
            f"{value.name.rpartition('.')[2]}({', '.join(f'{name}={_code(each)}' for name, each in value.arguments)})"
        )
    if isinstance(value, Symbol):
        return value.name
    return f'"{value}"' if isinstance(value, str) else repr(value)


class _Writer:
    def __init__(self, found: Plan) -> None:
        self.plan, self.vocabulary = found, found.recognised.vocabulary
        self.invocation = found.recognised.invocation
        self.tables: dict[int, Table] = {}
        self.changes: dict[int, list[Change]] = {}
        self.packed: dict[Place, tuple[Table, list[Change]]] = {}
        """Changes to settings that are packed into one text, which is then written anew."""

    def add(self, table: Table, change: Change) -> None:
        if packed.is_packed(table):
            self.packed.setdefault(table.place, (table, []))[1].append(change)
            return
        if not table.writable:
            raise CannotEdit("the text is shared or generated, so an edit would change more than this deployment")
        key = id(table)
        self.tables[key] = table
        if change not in self.changes.setdefault(key, []):
            self.changes[key].append(change)

    def write(self) -> list[tuple[Table, tuple[Change, ...]]]:
        gone = self.removed_objects()
        built: dict[str, dict[str, Written]] = {}
        for name in sorted(self.plan.drop | self.plan.move):
            if self.vocabulary.keys[name].in_object not in gone or self.plan.settings[name].where == "outside":
                self.remove(self.plan.settings[name])
        for name in (one for one in self.vocabulary.keys if one in self.plan.move):
            key, setting = self.vocabulary.keys[name], self.plan.settings[name]
            if not _literal(setting):
                raise CannotEdit("the value is not written out in place")
            if setting.value is not False:  # what is switched off is off in a new object too
                built.setdefault(key.in_object or "", {})[name] = self.written(key, setting.value)
        for name, value in self.plan.put.items():
            self.put(name, value, built)
        for name, arguments in built.items():
            self.build(name, arguments)
        for table, todo in self.packed.values():
            self.repack(table, todo)
        return [(self.tables[key], tuple(found)) for key, found in self.changes.items()]

    def repack(self, table: Table, todo: Sequence[Change]) -> None:
        """Write a packed text anew where the call itself, or a word of the command line, holds it as a literal."""
        call = self.invocation.call
        for name in self.vocabulary.packed:
            found = find(call, (name,), self.plan.assignment) if call is not None else None
            if isinstance(found, tuple) and any(one.place == table.place for one in found[1].value):
                told = found[1].value[0]
                if len(found[1].value) > 1 or told.kind != "known" or told.how != "literal" or told.shared:
                    raise CannotEdit("{name} is put together elsewhere or at run time", name=name)
                self.add(found[0], SetEntry(found[1], packed.rewritten(table, todo)))
                return
        for token in self.plan.recognised.tokens:
            word = token.entry
            if token.table is None or not any(one.place == table.place for one in word.value):
                continue
            told = word.value[0]
            if len(word.value) > 1 or not isinstance(told.data, str) or told.how != "literal" or told.shared:
                raise CannotEdit("the text is put together elsewhere or at run time")
            self.add(token.table, SetEntry(word, _beside_its_flag(told.data, packed.rewritten(table, todo))))
            return
        raise CannotEdit("the text is not written in the call")

    def removed_objects(self) -> set[str]:
        """Objects that say nothing any more once the dropped keys are gone: their argument is removed whole."""
        gone = set()
        for name in sorted(self.plan.gone):
            carrier = holder(self.plan.recognised, name, self.plan.assignment)
            if carrier is not None:
                if len(carrier[1].value) > 1:
                    raise CannotEdit("the configuration differs between branches")
                gone.add(name)
                self.add(carrier[0], RemoveEntry(carrier[1]))
        return gone

    def remove(self, setting: Setting) -> None:
        if setting.table is None:
            raise CannotEdit("it is not written in this file")
        for entry in setting.entries:
            if len(entry.value) > 1:
                raise CannotEdit("the value depends on a condition")
            self.add(setting.table, RemoveEntry(entry))

    def put(self, name: str, value: Scalar, built: dict[str, dict[str, Written]]) -> None:
        key, setting = self.vocabulary.keys[name], self.plan.settings[name]
        if setting.written and setting.table is not None and setting.entries and name not in self.plan.move:
            self.change(key, setting, value)
        elif key.in_object is None or key.flat:
            self.append(key, value)
        elif (inside := self.inside(key.in_object)) is not None:
            self.add(inside, AddEntry(key.keyword[0], self.written(key, value, inside)))
        elif self.invocation.call is None:
            self.append(key, value)
        else:
            built.setdefault(key.in_object, {})[name] = self.written(key, value)

    def inside(self, name: str) -> Table | None:
        """The object's own table, as far as it is written where an edit can reach it."""
        if self.plan.recognised.bare_object is not None:
            assert self.invocation.call is not None
            return self.beside_switch(name, self.invocation.call)
        carrier = holder(self.plan.recognised, name, self.plan.assignment)
        if carrier is None:
            return None
        # Of several configurations the one of this variant: its text stands in its own branch.
        alternative = pick(carrier[1].value, self.plan.assignment)
        if alternative is None or not isinstance(alternative.data, Table):
            raise CannotEdit("the configuration differs between branches")
        for nested in self.vocabulary.objects[name].nested:
            found = find(alternative.data, (nested,), self.plan.assignment)
            inner = pick(found[1].value, self.plan.assignment) if isinstance(found, tuple) else None
            if inner is not None and isinstance(inner.data, Table):
                return inner.data
        return self.beside_switch(name, alternative.data)

    def beside_switch(self, name: str, table: Table) -> Table:
        """The table in which the object's switch stands: a splatted dictionary is written to, not the call."""
        for key in self.vocabulary.objects[name].needed_by:
            setting = self.plan.settings[key]
            if setting.where == "object" and setting.value and setting.table is not None and key not in self.plan.drop:
                return setting.table
        return table

    def change(self, key: Key, setting: Setting, value: Scalar) -> None:
        entry = setting.entries[-1]
        if setting.shared:
            raise CannotEdit("the value is a constant that other code uses too")
        if len(entry.value) > 1:
            raise CannotEdit("the value depends on a condition")
        assert setting.table is not None
        written = self.written(key, value, setting.table)
        if setting.where == "flag" and len(setting.entries) == 1:
            word = str(entry.value[0].data)
            written = _switched(key, word, bool(value)) if key.present else _beside_its_flag(word, written)
        elif isinstance(written, Symbol) and not setting.symbolic:
            written = str(value)
        self.add(setting.table, SetEntry(entry, written))

    def append(self, key: Key, value: Scalar) -> None:
        invocation = self.invocation
        if invocation.call is not None:
            name = choice_of(key.prefer, self.plan.versions) or key.keyword[0]
            home = self.home(key)
            self.add(home, AddEntry(str(name), self.written(key, value, home)))
        elif invocation.mapping is not None and (not invocation.image or self.by_mapping(key)):
            name = _alike(key.mapping, [entry.name for entry in invocation.mapping.entries])
            inner = dotted.home(invocation.mapping, name)
            if inner is None:
                raise CannotEdit("the mapping that it goes into is not written")
            self.add(inner[0], AddEntry(inner[1], self.written(key, value, inner[0])))
        else:
            self.append_to_container(key, value)

    def by_mapping(self, key: Key) -> bool:
        """Whether settings beside a container's image are where the container's other settings are written."""
        return bool(key.mapping) and any(setting.where == "mapping" for setting in self.plan.settings.values())

    def home(self, key: Key) -> Table:
        """The table of a call that an unwritten key goes to: the call's own, or a nested dictionary."""
        call = self.invocation.call
        assert call is not None
        for name, only in key.home:
            if only and not matches(self.invocation.name, only):
                continue
            found = find(call, (name,), self.plan.assignment)
            value = pick(found[1].value, self.plan.assignment) if isinstance(found, tuple) else None
            if value is not None and isinstance(value.data, Table):
                return value.data
            table = self.packed_table()
            if table is None:
                raise CannotEdit("it goes into {name}", name=name)
            return table
        return call

    def packed_table(self) -> Table | None:
        """The dictionary that is written as one text, where a setting was read from it."""
        return next((s.table for s in self.plan.settings.values() if s.table and packed.is_packed(s.table)), None)

    def append_to_container(self, key: Key, value: Scalar) -> None:
        by_env = sum(s.where == "env" for s in self.plan.settings.values())
        by_flag = sum(s.where == "flag" for s in self.plan.settings.values())
        words, env = self.words(), self.invocation.env
        inside = self.packed_table() if key.home else None
        if inside is not None:
            self.add(inside, AddEntry(key.keyword[0], self.written(key, value, inside)))
            return
        if words is not None and key.flag and (by_flag >= by_env or not key.env):
            self.add(words, AddEntry(key.flag[0], None if key.present else self.written(key, value, words)))
        elif env is not None and env.entries and key.env:
            home = self.beside_dropped(env)
            self.add(home, AddEntry(key.env[0], self.written(key, value, home)))
        else:
            raise CannotEdit("there is no list of arguments to add to")

    def beside_dropped(self, env: Table) -> Table:
        """The part of an environment in which what the plan drops is written: what comes instead stands there too."""
        dropped = (self.plan.settings[name] for name in sorted(self.plan.drop))
        return next((s.table for s in dropped if s.where == "env" and s.table is not None), env)

    def words(self) -> Table | None:
        """The words that a new flag joins: the command line, or the text in which the flags stand."""
        words = self.invocation.words
        flagged = [s.table for s in self.plan.settings.values() if s.where == "flag" and s.table is not None]
        if words is not None and words.entries and (not flagged or any(table is words for table in flagged)):
            return words
        return flagged[-1] if flagged else None

    def build(self, name: str, arguments: Mapping[str, Written]) -> None:
        """Write a new object that carries these keys, where its outside keys stood."""
        spec = self.vocabulary.objects[name]
        if holder(self.plan.recognised, name, self.plan.assignment) is not None:
            raise CannotEdit("there is a configuration object already")
        stood = [
            self.plan.settings[n].table
            for n in (*self.plan.move, *self.plan.drop)
            if self.vocabulary.keys[n].in_object == name and self.plan.settings[n].where == "outside"
        ]
        home = next((table for table in stood if table is not None), None)
        if home is None:
            home = self.home(self.vocabulary.keys[next(iter(arguments))])
        keywords = tuple((self.vocabulary.keys[n].keyword[0], v) for n, v in arguments.items())
        self.add(home, AddEntry(spec.arguments[0], Construct(spec.classes[0], keywords)))

    def written(self, key: Key, value: Scalar, table: Table | None = None) -> Written:
        syntax = table.syntax if table is not None else "python"
        symbol = key.symbol if syntax.startswith("python") else None
        text = syntax.endswith(("words", "env")) or syntax.startswith(packed.PREFIX)
        value = key.spelled.get(value, value) if isinstance(value, str) else value
        return spelling.write(value, key.type, symbol=symbol, text=text)


def _switched(key: Key, word: str, on: bool) -> str:
    """A flag without a value, or its negation, spelled in the manner of the word that stands there."""
    spellings = key.flag if on else key.off
    if not spellings:
        raise CannotEdit("the flag has no negation")
    name = word.partition("=")[0]
    beside = key.off if name in key.off else key.flag
    return spellings[min(beside.index(name) if name in beside else 0, len(spellings) - 1)]


def _alike(spellings: Sequence[str], names: Sequence[str]) -> str:
    """The spelling that goes with the names which stand there: with dashes, in camel case or with underscores."""

    def manner(name: str) -> str:
        return "-" if "-" in name else "_" if "_" in name or name.islower() else "A"

    counted = [manner(name) for name in names if manner(name) != "_" or "_" in name]
    common = max(counted, key=counted.count) if counted else "-"
    return next((one for one in spellings if manner(one) == common), spellings[0])


def _beside_its_flag(word: str, value: Written) -> Written:
    """A word with another value: the flag that stands in the same word stays, an argument has none."""
    found = VALUED.match(word)
    if found is None and word.startswith("-"):
        raise CannotEdit("the value is part of the flag's own word")
    return f"{found.group()}{value}" if found else value


def _literal(setting: Setting) -> bool:
    """Whether a key's value is written out where the key stands, and nowhere else."""
    if setting.kind != "known" or setting.how not in ("literal", "fallback") or setting.place is None:
        return False
    return all(
        len(entry.value) == 1
        and entry.place.path == setting.place.path
        and entry.place.span.start <= setting.place.span.start
        and setting.place.span.end <= entry.place.span.end
        for entry in setting.entries
    )
