"""What a vocabulary file says: how a serving stack is recognised, how its settings are spelled, what they mean."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from typing import Any

import tomli

from ecolint.model import FACTS, Scalar, Service
from ecolint.stacks import packed, spelling, versions
from ecolint.stacks.extending import extended

COMBINATIONS = ("lower", "product")


class StackError(Exception):
    """A vocabulary file is malformed: file, line, what is wrong and what to write instead."""

    def __init__(self, path: str, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}")
        self.path, self.line, self.message = path, line, message


@dataclass(frozen=True, slots=True)
class Test:
    """A condition on one key or fact: one of some values, a pattern, whether it is written, or where it stands."""

    name: str
    values: tuple[Scalar, ...] = ()
    like: tuple[str, ...] = ()
    written: bool | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A value under a condition: the first choice whose tests all hold is taken."""

    value: Scalar = None
    source: str | None = None
    """The key whose value is taken instead of `value`."""
    when: tuple[Test, ...] = ()
    version: str | None = None
    assured: bool = True
    unknown: bool = False
    """Under this condition nobody can tell the value."""
    sure: bool = False
    """Passed over where its condition is not known to hold: another choice may still be known."""
    together: bool = False
    """Holds only where its keys are written on one path: not where each depends on a decision of its own."""


@dataclass(frozen=True, slots=True)
class Key:
    """A setting of the stack, and how each syntax spells it (the first spelling is the one that is written)."""

    name: str
    type: str
    lenient: bool = False
    """Written "word?": data of another type is not meant for this key, rather than a value nobody can read."""
    default: tuple[Choice, ...] = ()
    """Empty: no documented default, an unwritten key is absent."""
    keyword: tuple[str, ...] = ()
    prefer: tuple[Choice, ...] = ()
    """Which keyword to write, by library version."""
    flag: tuple[str, ...] = ()
    off: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    mapping: tuple[str, ...] = ()
    surroundings: tuple[str, ...] = ()
    condition: tuple[str, ...] = ()
    """Patterns of what tests ask: the key is what the arms that are taken say about it, or what they
    deny: "!x !y"."""
    positional: int | None = None
    image: bool = False
    in_object: str | None = None
    flat: bool = False
    """The library takes the object's keys one by one and makes the object itself."""
    outside: str | None = None
    """Versions in which the key may also stand outside its object."""
    only: tuple[str, ...] = ()
    """Patterns of the callees that take this key; empty: all."""
    within: tuple[str, ...] = ()
    """Arguments whose object carries the key too, where it is to be seen."""
    of: tuple[str, ...] = ()
    """Patterns of the classes of its object that take it; empty: all."""
    seldom: bool = False
    """Hardly ever written: an unseen splat does not make it unknown, only likely."""
    named: bool = False
    """What counts is that the key is written at all: it stands where its name does, not where its value was written."""
    virtual: bool = False
    advice: str | None = None
    symbol: str | None = None
    present: bool = False
    """The flag takes no value: its presence is the setting."""
    callee: bool = False
    """The key is the qualified name of what is called."""
    home: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Nested dictionaries that an unwritten key is written to, each with the callees that is true of (none: all)."""
    stays: bool = False
    """Nothing works without it: no fix takes it away."""


@dataclass(frozen=True, slots=True)
class ObjectSpec:
    """An argument that carries keys in an object or a plain dictionary."""

    name: str
    calls: tuple[str, ...]
    mapping: bool
    needed_by: tuple[str, ...]
    """Without any of these keys switched on the object is removed."""
    also: tuple[str, ...] = ()
    """Further classes that are taken here, but that another vocabulary knows where they stand alone."""
    arguments: tuple[str, ...] = ()
    """The arguments that the object is passed as, or their positions; the first is written."""
    nested: tuple[str, ...] = ()
    """Dictionaries inside the object that its keys may stand in."""
    ignores: tuple[str, ...] = ()
    """Patterns of its classes that ignore keywords they do not know, in silence."""
    takes: tuple[str, ...] = ()
    """Further keywords that those classes know, of which nothing is concluded."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Every class whose object carries the keys."""
        return (*self.calls, *self.also)


@dataclass(frozen=True, slots=True)
class Ineffective:
    """Keys that do nothing, although they are written, where the tests all hold."""

    keys: tuple[str, ...]
    when: tuple[Test, ...]
    reason: str
    fact: str = "dead_setting"
    version: str | None = None
    assured: bool = True


@dataclass(frozen=True, slots=True)
class UseSpec:
    """What a later call on the object says: keys among its arguments, and virtual keys that it sets."""

    calls: tuple[str, ...]
    keys: tuple[str, ...] = ()
    sets: Mapping[str, Scalar] = field(default_factory=dict)
    per_item: Mapping[str, Scalar] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    """Patterns of the callees or wrappers whose objects are meant; empty: all."""
    request: str | None = None
    """The virtual key that takes how the call answers the requests of a service, where it stands in one."""
    spreads: bool = False
    """Seen in one branch, it makes what it sets unknown in all others: what is trained there is hardly served here."""
    nested: tuple[str, ...] = ()
    """Arguments of the call whose object carries keys too."""
    words: tuple[str, ...] = ()
    """Words that, anywhere in the module, make what is set doubtful, even about objects that are followed."""
    gives: bool = False
    """The call gives something back that stands for the object: a pipeline, an adapted model, a chain."""
    followed: bool = False
    """The call is telling enough to be looked for on what functions of other modules of the project give back."""


@dataclass(frozen=True, slots=True)
class LaunchSpec:
    """Calls that start a container, and which of their arguments hold its image and its environment."""

    calls: tuple[str, ...]
    image: str | None = None
    env: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    """Arguments that stand for variables of the environment."""
    without_image: str | None = None
    """The image where none is named."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """One stack (or a platform, whose facts join those of any stack that runs on it)."""

    name: str
    path: str
    library: str
    platform: bool = False
    calls: tuple[str, ...] = ()
    likely_calls: tuple[str, ...] = ()
    local_calls: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    """Patterns among `calls` whose objects may well do something else than generate: at most likely."""
    commands: tuple[tuple[str, ...], ...] = ()
    runners: tuple[str, ...] = ()
    """Functions of the library that run a command line."""
    images: tuple[str, ...] = ()
    mapping_any: tuple[str, ...] = ()
    mapping_also: tuple[str, ...] = ()
    mapping_least: int = 1
    """How many of `mapping_any`, or of `mapping_also` beside one of them, a settings file must hold."""
    mapping_none: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    """Libraries whose pins the vocabulary reads."""
    nested: tuple[str, ...] = ()
    packed: Mapping[str, str] = field(default_factory=dict)
    """Nested dictionaries that may be written as one text, and the syntax of the text (`ecolint.stacks.packed`)."""
    wraps: tuple[str, ...] = ()
    """Vocabularies whose objects this library wraps: its uses are uses of theirs too."""
    objects: Mapping[str, ObjectSpec] = field(default_factory=dict)
    keys: Mapping[str, Key] = field(default_factory=dict)
    uses: tuple[UseSpec, ...] = ()
    beside: tuple[UseSpec, ...] = ()
    """What calls elsewhere in the same module make doubtful about objects that cannot be followed."""
    facts: Mapping[str, tuple[Choice, ...]] = field(default_factory=dict)
    combined: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    """Facts made of several keys: "lower" is the least of those that are known, "product" multiplies them."""
    ineffective: tuple[Ineffective, ...] = ()
    triggers: tuple[str, ...] = ()
    overrules: tuple[str, ...] = ()
    """Facts of a platform that hold whatever the stack says."""
    launches: tuple[LaunchSpec, ...] = ()
    services: tuple[Service, ...] = ()


def load(text: str, path: str, bases: Mapping[str, Mapping[str, Any]] | None = None) -> Vocabulary:
    """Read one vocabulary file; `bases` are the contents of those it may extend, by name. Raises StackError."""
    return _Loader(text, path, bases or {}).load()


def contents_of(texts: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """The contents of vocabulary files by name, for those that extend them; what cannot be read is left out."""
    found: dict[str, Mapping[str, Any]] = {}
    for text in texts:
        with suppress(tomli.TOMLDecodeError):
            data = tomli.loads(text)
            found[str(data.get("name"))] = data
    return found


class _Loader:
    def __init__(self, text: str, path: str, bases: Mapping[str, Mapping[str, Any]]) -> None:
        self.text, self.path, self.bases = text, path, bases

    def fail(self, needle: str, message: str) -> StackError:
        line = next((n for n, row in enumerate(self.text.splitlines(), 1) if needle in row), 1)
        return StackError(self.path, line, message)

    def check(self, where: str, table: Mapping[str, Any], allowed: Collection[str]) -> None:
        for key in table:
            if key not in allowed:
                near = difflib.get_close_matches(key, allowed, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(sorted(allowed))}"
                raise self.fail(key, f"unknown key {key!r} in {where}; {hint}")

    def load(self) -> Vocabulary:
        try:
            data: Mapping[str, Any] = tomli.loads(self.text)
        except tomli.TOMLDecodeError as error:
            raise StackError(self.path, getattr(error, "lineno", 1), f"not TOML: {error}") from None
        self.check(
            "the file",
            data,
            ("name", "library", "kind", "overrules", "extends", "wraps", "recognise", "objects", "spelling", "keys",
             "uses", "beside", "facts", "services", "launches", "ineffective"),
        )  # fmt: skip
        name = data.get("name")
        if not isinstance(name, str):
            raise self.fail("name", 'a vocabulary needs a name: name = "vllm"')
        if "extends" in data:
            data = self.extended(data)
        recognise = data.get("recognise", {})
        self.check(
            "[recognise]",
            recognise,
            (
                "calls",
                "likely_calls",
                "local_calls",
                "doubtful",
                "commands",
                "runners",
                "images",
                "mapping",
                "requirements",
                "nested",
                "packed",
                "triggers",
            ),
        )
        mapping = recognise.get("mapping", {})
        self.check("recognise.mapping", mapping, ("any", "also", "at_least", "none"))
        regular = data.get("spelling", {})
        self.check("[spelling]", regular, ("keyword", "flag", "off", "env", "mapping", "home"))
        objects = data.get("objects", {})
        keys = {n: self.key(n, spec, regular, objects) for n, spec in data.get("keys", {}).items()}
        facts, combined = self.facts(data.get("facts", {}), keys)
        return Vocabulary(
            name=name,
            path=self.path,
            library=data.get("library", name),
            platform=data.get("kind") == "platform",
            calls=_texts(recognise.get("calls")),
            likely_calls=_texts(recognise.get("likely_calls")),
            local_calls=_texts(recognise.get("local_calls")),
            doubtful=_texts(recognise.get("doubtful")),
            commands=tuple(tuple(c.split()) for c in _texts(recognise.get("commands"))),
            runners=_texts(recognise.get("runners")),
            images=_texts(recognise.get("images")),
            mapping_any=_texts(mapping.get("any")),
            mapping_also=_texts(mapping.get("also")),
            mapping_least=mapping.get("at_least", 1),
            mapping_none=_texts(mapping.get("none")),
            requirements=_texts(recognise.get("requirements")),
            nested=_texts(recognise.get("nested")),
            packed=self.packed(recognise.get("packed", {})),
            wraps=_texts(data.get("wraps")),
            objects={n: self.object(n, spec) for n, spec in objects.items()},
            keys=keys,
            uses=tuple(self.use(spec, keys) for spec in data.get("uses", ())),
            beside=tuple(self.use(spec, keys) for spec in data.get("beside", ())),
            facts=facts,
            combined=combined,
            ineffective=tuple(self.ineffective(spec, keys) for spec in data.get("ineffective", ())),
            triggers=_texts(recognise.get("triggers")),
            overrules=self.overrules(data.get("overrules"), facts),
            services=tuple(map(self.service, data.get("services", ()))),
            launches=tuple(map(self.launch, data.get("launches", ()))),
        )

    def launch(self, spec: Mapping[str, Any]) -> LaunchSpec:
        self.check("[[launches]]", spec, ("call", "image", "env", "variables", "without_image"))
        variables, without = spec.get("variables", {}), spec.get("without_image")
        return LaunchSpec(_texts(spec.get("call")), spec.get("image"), spec.get("env"), variables, without)

    def extended(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """The file's contents on top of those of the vocabulary that it extends."""
        base = self.bases.get(data["extends"])
        if base is None or "extends" in base:
            names = ", ".join(sorted(name for name, one in self.bases.items() if "extends" not in one))
            raise self.fail("extends", f"extends names {data['extends']!r}; it may be one of: {names}")
        return extended(data, base)

    def packed(self, spec: Mapping[str, str]) -> Mapping[str, str]:
        for name, syntax in spec.items():
            if syntax not in packed.SYNTAXES:
                raise self.fail(name, f"{name} has the unknown syntax {syntax!r}; {', '.join(packed.SYNTAXES)}")
        return spec

    def key(
        self, name: str, spec: Mapping[str, Any], regular: Mapping[str, Any], objects: Mapping[str, Mapping[str, Any]]
    ) -> Key:
        self.check(
            f"keys.{name}",
            spec,
            ("type", "default", "keyword", "prefer", "flag", "off", "env", "mapping", "surroundings", "condition",
             "positional", "image", "callee", "home", "in", "outside", "only", "of", "within", "seldom", "named",
             "virtual", "advice", "symbol", "stays"),
        )  # fmt: skip
        kind = spec.get("type", "str")
        if kind.removesuffix("?").split(":")[0] not in spelling.READ:
            raise self.fail(f"keys.{name}", f"keys.{name} has the unknown type {kind!r}; {', '.join(spelling.READ)}")
        special = any(spec.get(one) for one in ("virtual", "surroundings", "condition", "image", "callee"))

        def spelled(channel: str) -> tuple[str, ...]:
            if channel in spec:
                return _texts(spec[channel])
            return () if special else tuple(spelling.spell(p, name) for p in _texts(regular.get(channel)))

        present = kind == "flag"
        outside = spec.get("outside", objects.get(spec.get("in", ""), {}).get("outside")) or None
        if outside is not None:
            self.version(name, outside)
        return Key(
            name=name,
            type="bool" if spec.get("virtual") and "type" not in spec else kind.removesuffix("?"),
            lenient=kind.endswith("?"),
            default=self.choices(name, spec.get("default"), {}) if "default" in spec else (),
            keyword=spelled("keyword"),
            prefer=self.choices(name, spec["prefer"], {}) if "prefer" in spec else (),
            flag=spelled("flag"),
            off=spelled("off") if present else _texts(spec.get("off")),
            env=spelled("env"),
            mapping=spelled("mapping"),
            surroundings=_texts(spec.get("surroundings")),
            condition=_texts(spec.get("condition")),
            positional=None if spec.get("positional") is False else spec.get("positional"),
            image=bool(spec.get("image")),
            in_object=spec.get("in"),
            flat=bool(objects.get(spec.get("in", ""), {}).get("flat")),
            outside=outside,
            only=_texts(spec.get("only")),
            within=_texts(spec.get("within")),
            of=_texts(spec.get("of")),
            seldom=bool(spec.get("seldom")),
            named=bool(spec.get("named")),
            virtual=bool(spec.get("virtual")),
            advice=spec.get("advice"),
            symbol=spec.get("symbol"),
            present=present,
            callee=bool(spec.get("callee")),
            home=tuple((n, _texts(only)) for n, only in (spec.get("home", regular.get("home")) or {}).items()),
            stays=bool(spec.get("stays")),
        )

    def version(self, name: str, condition: str) -> str:
        try:
            versions.parse(condition)
        except ValueError as error:
            raise self.fail(condition, f"{name}: {error}") from None
        return condition

    def object(self, name: str, spec: Mapping[str, Any]) -> ObjectSpec:
        self.check(
            f"objects.{name}",
            spec,
            ("calls", "also", "arguments", "flat", "mapping", "needed_by", "nested", "outside", "ignores", "takes"),
        )
        return ObjectSpec(
            name,
            _texts(spec.get("calls")),
            bool(spec.get("mapping")),
            _texts(spec.get("needed_by")),
            _texts(spec.get("also")),
            _texts(spec.get("arguments")) or (name,),
            _texts(spec.get("nested")),
            _texts(spec.get("ignores")),
            _texts(spec.get("takes")),
        )

    def ineffective(self, spec: Mapping[str, Any], keys: Mapping[str, Key]) -> Ineffective:
        self.check("[[ineffective]]", spec, ("keys", "when", "reason", "fact", "version", "assured"))
        fact = spec.get("fact", "dead_setting")
        self.known(fact, FACTS, "[[ineffective]]")
        for name in _texts(spec["keys"]):
            self.known(name, keys, "[[ineffective]]")
        return Ineffective(
            _texts(spec["keys"]),
            tuple(self.test("[[ineffective]]", n, t, keys) for n, t in spec["when"].items()),
            spec["reason"],
            fact,
            self.version("[[ineffective]]", spec["version"]) if "version" in spec else None,
            spec.get("assured", True),
        )

    def use(self, spec: Mapping[str, Any], keys: Mapping[str, Key]) -> UseSpec:
        self.check(
            "[[uses]]",
            spec,
            ("call", "keys", "sets", "per_item", "request", "only", "spreads", "nested", "words", "gives", "followed"),
        )
        named = (
            *_texts(spec.get("keys")),
            *spec.get("sets", {}),
            *spec.get("per_item", {}),
            *_texts(spec.get("request")),
        )
        for name in named:
            self.known(name, keys, "[[uses]]")
        return UseSpec(
            _texts(spec.get("call")),
            _texts(spec.get("keys")),
            spec.get("sets", {}),
            spec.get("per_item", {}),
            _texts(spec.get("only")),
            spec.get("request"),
            bool(spec.get("spreads")),
            _texts(spec.get("nested")),
            _texts(spec.get("words")),
            bool(spec.get("gives")),
            bool(spec.get("followed")),
        )

    def overrules(self, spec: Any, facts: Mapping[str, Any]) -> tuple[str, ...]:
        for name in _texts(spec):
            self.known(name, facts, "overrules")
        return _texts(spec)

    def service(self, spec: Mapping[str, Any]) -> Service:
        known = {one.name: one for one in fields(Service)}
        self.check("[[services]]", spec, known)
        if "name" not in spec:
            raise self.fail("[[services]]", "a service needs a name")
        told = {name: value if isinstance(known[name].default, bool) else _texts(value) for name, value in spec.items()}
        return Service(**{**told, "name": spec["name"]})

    def known(self, name: str, names: Collection[str], where: str) -> None:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise self.fail(name, f"{where} names {name!r}, which is no key of this vocabulary{hint}")

    def facts(
        self, specs: Mapping[str, Any], keys: Mapping[str, Key]
    ) -> tuple[dict[str, tuple[Choice, ...]], dict[str, tuple[str, tuple[str, ...]]]]:
        facts: dict[str, tuple[Choice, ...]] = {}
        combined: dict[str, tuple[str, tuple[str, ...]]] = {}
        for name, spec in specs.items():
            if name not in FACTS:
                near = difflib.get_close_matches(name, FACTS, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"facts: {', '.join(FACTS)}"
                raise self.fail(name, f"unknown fact {name!r}; {hint}")
            if isinstance(spec, str):
                self.known(spec, keys, f"facts.{name}")
                facts[name] = (Choice(source=spec),)
            elif isinstance(spec, dict):
                self.check(f"facts.{name}", spec, COMBINATIONS)
                combined[name] = next((how, _texts(parts)) for how, parts in spec.items())
                for key in combined[name][1]:
                    self.known(key, keys, f"facts.{name}")
            else:
                facts[name] = self.choices(f"facts.{name}", spec, {**keys, **FACTS})
        return facts, combined

    def choices(self, name: str, spec: Any, names: Mapping[str, Any]) -> tuple[Choice, ...]:
        """A scalar, `[["transformers<5", "float32"], "auto"]`, or a list of `{ is = …, when = { … } }`."""
        if not isinstance(spec, list):
            return (Choice(value=spec),)
        found = []
        for item in spec:
            if isinstance(item, list) and len(item) == 2:
                found.append(Choice(value=item[1], version=self.version(name, item[0])))
            elif isinstance(item, dict):
                self.check(name, item, ("is", "from", "when", "version", "assured", "unknown", "sure", "together"))
                if "from" in item:
                    self.known(item["from"], names, name)
                tests = tuple(self.test(name, n, t, names) for n, t in item.get("when", {}).items())
                version = self.version(name, item["version"]) if "version" in item else None
                assured, unknown = item.get("assured", True), item.get("unknown", False)
                sure, together = item.get("sure", False), item.get("together", False)
                found.append(Choice(item.get("is"), item.get("from"), tests, version, assured, unknown, sure, together))
            else:
                found.append(Choice(value=item))
        return tuple(found)

    def test(self, where: str, name: str, spec: Any, names: Mapping[str, Any]) -> Test:
        self.known(name, names, where)
        if isinstance(spec, dict):
            self.check(f"{where}.when.{name}", spec, ("like", "written", "where"))
            return Test(name, (), _texts(spec.get("like")), spec.get("written"), spec.get("where"))
        return Test(name, tuple(spec) if isinstance(spec, list) else (spec,))


def _texts(value: str | Sequence[str] | None) -> tuple[str, ...]:
    return () if value is None else (value,) if isinstance(value, str) else tuple(value)
