"""From a vocabulary file to the vocabulary it describes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import fields
from typing import Any

import tomli

from ecolint.model import FACTS, Service
from ecolint.stacks import packed, spelling
from ecolint.stacks.choices import choices, facts, tests, texts
from ecolint.stacks.complaints import File
from ecolint.stacks.extending import extended
from ecolint.stacks.vocabulary import Ineffective, Key, LaunchSpec, ObjectSpec, UseSpec, Vocabulary

TABLES = (
    *(
        "name",
        "library",
        "framework",
        "kind",
        "overrules",
        "at_least",
        "at_most",
        "extends",
        "wraps",
        "recognise",
        "objects",
    ),
    *("spelling", "flags", "keys", "uses", "beside", "facts", "services", "launches", "ineffective"),
)
RECOGNISE = (
    *(
        "calls",
        "likely_calls",
        "local_calls",
        "doubtful",
        "commands",
        "scripts",
        "runners",
        "images",
        "mapping",
        "files",
        "requirements",
        "unnamed",
    ),
    *(
        "version_tag",
        "starters",
        "nested",
        "packed",
        "triggers",
        "variables",
        "likely_images",
        "other_images",
        "records",
        "folder",
    ),
    "trainings",
)
KEY = (
    *("type", "default", "keyword", "prefer", "flag", "off", "env", "mapping", "surroundings", "condition"),
    *("positional", "image", "callee", "home", "in", "outside", "only", "of", "within", "seldom", "named", "virtual"),
    *("advice", "symbol", "stays", "spelled", "behind"),
)
FLAGS = {
    **{name: name for name in ("underscores", "attached", "alone", "several", "optional", "telling")},
    "variables": "flag_variables",
    "keys": "flag_keys",
}
"""What a vocabulary says of its flags in general, and the field that it goes to."""
OBJECT = ("calls", "also", "arguments", "flat", "mapping", "needed_by", "nested", "outside", "ignores", "takes")
USE = (
    *("call", "keys", "sets", "per_item", "request", "only", "spreads", "nested", "words", "gives", "followed"),
    "shares",
)


LAUNCH = (
    *("call", "image", "env", "words", "variables", "without_image"),
    *("command", "groups", "switches", "env_options", "env_files", "entrypoint", "options"),
    *("image_options", "env_lists", "secret_lists", "program_lists", "word_lists", "word_options", "hiding"),
)


def load(text: str, path: str, bases: Mapping[str, Mapping[str, Any]] | None = None) -> Vocabulary:
    """Read one vocabulary file; `bases` are the contents of those it may extend, by name. Raises StackError."""
    file = File(text, path)
    data = file.contents()
    file.check("the file", data, TABLES)
    name = data.get("name")
    if not isinstance(name, str):
        raise file.error("name", 'a vocabulary needs a name: name = "vllm"')
    if "extends" in data:
        data = _on_its_base(file, data, bases or {})
    recognised = _recognise(file, data.get("recognise", {}))
    regular = data.get("spelling", {})
    file.check("[spelling]", regular, ("keyword", "flag", "off", "env", "mapping", "home"))
    flags = data.get("flags", {})
    file.check("[flags]", flags, FLAGS)
    objects = data.get("objects", {})
    keys = {key: _key(file, key, spec, regular, objects) for key, spec in data.get("keys", {}).items()}
    chosen, combined = facts(file, data.get("facts", {}), keys)
    for which in ("overrules", "at_least", "at_most"):
        for fact in texts(data.get(which)):
            file.known(fact, {**chosen, **combined}, which)
    return Vocabulary(
        name=name,
        path=path,
        library=data.get("library", name),
        framework=data.get("framework", ""),
        platform=data.get("kind") == "platform",
        **recognised,
        **_told(Vocabulary, {FLAGS[name]: told for name, told in flags.items()}),
        wraps=texts(data.get("wraps")),
        objects={n: _object(file, n, spec) for n, spec in objects.items()},
        keys=keys,
        uses=tuple(_use(file, spec, keys) for spec in data.get("uses", ())),
        beside=tuple(_use(file, spec, keys) for spec in data.get("beside", ())),
        facts=chosen,
        combined=combined,
        ineffective=tuple(_ineffective(file, spec, keys) for spec in data.get("ineffective", ())),
        overrules=texts(data.get("overrules")),
        at_least=texts(data.get("at_least")),
        at_most=texts(data.get("at_most")),
        services=tuple(_service(file, spec) for spec in data.get("services", ())),
        launches=tuple(_launch(file, spec) for spec in data.get("launches", ())),
    )


def contents_of(files: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """The contents of vocabulary files by name, for those that extend them; what cannot be read is left out."""
    found: dict[str, Mapping[str, Any]] = {}
    for text in files:
        with suppress(tomli.TOMLDecodeError):
            data = tomli.loads(text)
            found[str(data.get("name"))] = data
    return found


def _on_its_base(file: File, data: Mapping[str, Any], bases: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """The file's contents on top of those of the vocabulary that it extends."""
    base = bases.get(data["extends"])
    if base is None or "extends" in base:
        names = ", ".join(sorted(name for name, one in bases.items() if "extends" not in one))
        raise file.error("extends", f"extends names {data['extends']!r}; it may be one of: {names}")
    return extended(data, base)


def _told(shape: type, spec: Mapping[str, Any], apart: Collection[str] = ()) -> dict[str, Any]:
    """What a table says of the fields of a shape that go by the same name, each as its default is; `apart` are those
    that are read in ways of their own."""
    told = {}
    for one in fields(shape):
        if one.name in spec and one.name not in apart:
            value = spec[one.name]
            listed = isinstance(one.default, tuple)
            told[one.name] = texts(value) if listed else bool(value) if isinstance(one.default, bool) else value
    return told


def _recognise(file: File, spec: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a vocabulary that say how its stack is recognised."""
    file.check("[recognise]", spec, RECOGNISE)
    mapping = spec.get("mapping", {})
    names = ("any", "also", "at_least", "none", "others", "where", "syntax", "open")
    file.check("recognise.mapping", mapping, names)
    for name, syntax in spec.get("packed", {}).items():
        if syntax not in packed.SYNTAXES:
            raise file.error(name, f"{name} has the unknown syntax {syntax!r}; {', '.join(packed.SYNTAXES)}")
    return {
        **_told(Vocabulary, spec, ("commands", "unnamed")),
        "commands": tuple(tuple(command.split()) for command in texts(spec.get("commands"))),
        "unnamed": _patterns(spec.get("unnamed", {})),
        "mapping_any": texts(mapping.get("any")),
        "mapping_also": texts(mapping.get("also")),
        "mapping_least": mapping.get("at_least", 1),
        "mapping_none": texts(mapping.get("none")),
        "mapping_others": texts(mapping.get("others")),
        "mapping_where": _patterns(mapping.get("where", {})),
        "mapping_syntaxes": texts(mapping.get("syntax")),
        "mapping_open": bool(mapping.get("open")),
    }


def _patterns(told: Mapping[str, Any]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Names, each with the patterns that its value must fit."""
    return tuple((name, texts(patterns)) for name, patterns in told.items())


def _key(
    file: File, name: str, spec: Mapping[str, Any], regular: Mapping[str, Any], objects: Mapping[str, Mapping[str, Any]]
) -> Key:
    file.check(f"keys.{name}", spec, KEY)
    kind = spec.get("type", "str")
    if kind.removesuffix("?").split(":")[0] not in spelling.READ:
        raise file.error(f"keys.{name}", f"keys.{name} has the unknown type {kind!r}; {', '.join(spelling.READ)}")
    special = any(spec.get(one) for one in ("virtual", "surroundings", "condition", "image", "callee"))

    def spelled(channel: str) -> tuple[str, ...]:
        if channel in spec:
            return texts(spec[channel])
        return () if special else tuple(spelling.spell(p, name) for p in texts(regular.get(channel)))

    present = kind == "flag"
    carrier = objects.get(spec.get("in", ""), {})
    outside = spec.get("outside", carrier.get("outside")) or None
    told = {
        **_told(Key, spec, ("default", "prefer", "home")),
        "type": "bool" if spec.get("virtual") and "type" not in spec else kind.removesuffix("?"),
        "lenient": kind.endswith("?"),
        "default": choices(file, name, spec["default"], {}) if "default" in spec else (),
        "keyword": spelled("keyword"),
        "prefer": choices(file, name, spec["prefer"], {}) if "prefer" in spec else (),
        "flag": spelled("flag"),
        "off": spelled("off") if present else texts(spec.get("off")),
        "env": spelled("env"),
        "mapping": spelled("mapping"),
        "positional": None if spec.get("positional") is False else spec.get("positional"),
        "in_object": spec.get("in"),
        "flat": bool(carrier.get("flat")),
        "outside": file.version(name, outside) if outside is not None else None,
        "present": present,
        "home": tuple((n, texts(only)) for n, only in (spec.get("home", regular.get("home")) or {}).items()),
    }
    return Key(name=name, **told)


def _object(file: File, name: str, spec: Mapping[str, Any]) -> ObjectSpec:
    file.check(f"objects.{name}", spec, OBJECT)
    return ObjectSpec(name=name, **{**_told(ObjectSpec, spec), "arguments": texts(spec.get("arguments")) or (name,)})


def _ineffective(file: File, spec: Mapping[str, Any], keys: Mapping[str, Key]) -> Ineffective:
    where = "[[ineffective]]"
    file.check(where, spec, ("keys", "when", "reason", "fact", "version", "assured"))
    fact = spec.get("fact", "dead_setting")
    file.known(fact, FACTS, where)
    for name in texts(spec["keys"]):
        file.known(name, keys, where)
    return Ineffective(
        texts(spec["keys"]),
        tests(file, where, spec["when"], keys),
        spec["reason"],
        fact,
        file.version(where, spec["version"]) if "version" in spec else None,
        spec.get("assured", True),
    )


def _use(file: File, spec: Mapping[str, Any], keys: Mapping[str, Key]) -> UseSpec:
    file.check("[[uses]]", spec, USE)
    for name in (
        *texts(spec.get("keys")),
        *spec.get("sets", {}),
        *spec.get("per_item", {}),
        *texts(spec.get("request")),
    ):
        file.known(name, keys, "[[uses]]")
    return UseSpec(calls=texts(spec.get("call")), **_told(UseSpec, spec))


def _service(file: File, spec: Mapping[str, Any]) -> Service:
    file.check("[[services]]", spec, [one.name for one in fields(Service)])
    if "name" not in spec:
        raise file.error("[[services]]", "a service needs a name")
    return Service(**_told(Service, spec))


def _launch(file: File, spec: Mapping[str, Any]) -> LaunchSpec:
    file.check("[[launches]]", spec, LAUNCH)
    commands = [tuple(command.split()) for command in texts(spec.get("command"))]
    if any(len(command) < 2 for command in commands):
        raise file.error("[[launches]]", 'a command is a program and its verbs: command = ["docker run"]')
    return LaunchSpec(calls=texts(spec.get("call")), commands=tuple(commands), **_told(LaunchSpec, spec))
