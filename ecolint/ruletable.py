"""The tables of one rule file: values with their types checked, and the line of every key for errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from ecolint import computed, condition
from ecolint.computed import Computed
from ecolint.condition import Condition, ConditionError, nearest
from ecolint.message import MessageError
from ecolint.model import FACTS, FactType, Scalar
from ecolint.operands import type_name

DERIVED_FACTS = frozenset(
    (
        *("precision", "model_context", "kv_tokens", "weights_gib", "kv_cache_gib", "memory_needed_gib"),
        *("memory_available_gib", "fitting_length"),
    )
)
"""Facts that follow from others and so cannot be set."""

KEYS: Mapping[str, tuple[str, ...]] = {
    "": (
        *("code", "name", "basis", "summary", "claim", "compare", "rises", "unanimous", "settled", "advised"),
        *("defers_to", "workloads", "case", "detail", "better", "docs", "zh"),
    ),
    "case": ("when", "level", "message", "underline", "quantify", "likely", "compare", "every"),
    "detail": ("label", "value"),
    "better": ("set", "when", "needs", "applicability", "title", "caveat", "advice"),
    "docs": ("what", "why", "fix_safety", "references", "example"),
    "docs.example": ("file", "gpu", "context", "bad", "good"),
    "zh": ("summary", "case", "detail", "better", "docs"),
    "zh.case": ("message",),
    "zh.detail": ("label", "value"),
    "zh.better": ("title", "caveat", "advice"),
    "zh.docs": ("what", "why", "fix_safety"),
}
"""The keys that each kind of table may have."""

_Compiled = TypeVar("_Compiled")
Wanted: TypeAlias = "Scalar | tuple[Scalar, ...] | Computed"
"""What a fact shall be: one value, any of several, or what the deployment itself tells."""
Where: TypeAlias = "tuple[str | int, ...]"
"""The way to a key: table names, positions in lists of tables, the key."""


class RuleError(Exception):
    """A malformed rule. `line` counts from 1 and is 0 where the trouble is with the file itself."""

    def __init__(self, path: str, line: int, what: str, instead: str) -> None:
        super().__init__(f"{path}:{line}: {what}; {instead}" if line else f"{path}: {what}; {instead}")
        self.path, self.line, self.what, self.instead = path, line, what, instead

    def __reduce__(self) -> tuple[type[RuleError], tuple[str, int, str, str]]:
        return RuleError, (self.path, self.line, self.what, self.instead)


class File:
    """The tables of one file, with the line of each key for errors."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.lines = _lines(text)

    def error(self, where: Where, what: str, instead: str) -> RuleError:
        """The error at a key, or at the table around it where the key is not written."""
        while where and where not in self.lines:
            where = where[:-1]
        return RuleError(self.path, self.lines.get(where, 1), what, instead)


_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')\s*=")


def _lines(text: str) -> dict[Where, int]:
    """The line of every table header and of every key at the start of a line. Keys of inline tables are not listed."""
    found: dict[Where, int] = {}
    counts: dict[Where, int] = {}
    table: Where = ()
    quote = ""
    for number, line in enumerate(text.split("\n"), 1):
        if not quote and (header := _HEADER.match(line)):
            table = ()
            names = [name.strip().strip("\"'") for name in header.group(2).split(".")]
            for depth, name in enumerate(names, 1):
                table = (*table, name)
                if header.group(1) == "[[" and depth == len(names):
                    counts[table] = counts.get(table, -1) + 1
                if table in counts:
                    table = (*table, counts[table])
            found.setdefault(table, number)
        elif not quote and (key := _KEY.match(line)):
            found.setdefault((*table, key.group(1).strip("\"'")), number)
        quote = _open_quote(line, quote)
    return found


def _open_quote(line: str, quote: str) -> str:
    """The triple quote that is still open at the end of a line that began inside `quote` (empty: outside)."""
    for part in re.finditer(r'"""|\'\'\'|"(?:[^"\\]|\\.)*"|\'[^\']*\'|\\.|#', line):
        if part.group() in ('"""', "'''"):
            quote = "" if quote == part.group() else quote or part.group()
        elif part.group() == "#" and not quote:
            break
    return quote


class Table:
    """One table of a rule file, whose values are taken with their types checked."""

    def __init__(self, file: File, data: Mapping[str, Any], where: Where, kind: str) -> None:
        self.file, self.data, self.where, self.kind = file, data, where, kind
        self.label = {"": "the rule", "docs": "[docs]", "zh": "[zh]", "zh.docs": "[zh.docs]"}.get(kind, f"[[{kind}]]")
        for key in data:
            if key not in KEYS[kind]:
                like = nearest(key, KEYS[kind])
                instead = f"write '{like}'" if like else f"write one of {', '.join(KEYS[kind])}"
                raise self.error(key, f"unknown key '{key}' in {self.label}", instead)

    def error(self, key: str, what: str, instead: str) -> RuleError:
        """The error at one of this table's keys."""
        return self.file.error((*self.where, key), what, instead)

    def text(self, key: str, one_of: tuple[str, ...] = ()) -> str:
        """A text that must be there."""
        value = self.maybe_text(key, one_of)
        if value is None:
            choice = " | ".join(f'"{word}"' for word in one_of) or '"…"'
            raise self.error(key, f"{self.label} has no '{key}'", f"write {key} = {choice}")
        return value

    def maybe_text(self, key: str, one_of: tuple[str, ...] = ()) -> str | None:
        """A text, without the line ends around a multi-line one; None where it is not written."""
        value = self.data.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, f"'{key}' is a text that is not empty", f'write {key} = "…"')
        if one_of and value not in one_of:
            like = nearest(value, one_of)
            instead = f"write '{like}'" if like else f"write one of {', '.join(one_of)}"
            raise self.error(key, f"unknown {key} '{value}'", instead)
        return value.strip("\n")

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of texts, not empty; it must be there where there is no default."""
        value = self.data.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, list) or not value or not all(isinstance(one, str) and one.strip() for one in value):
            raise self.error(key, f"{self.label} needs '{key}', a list of texts", f'write {key} = ["…"]')
        return tuple(value)

    def words(self, key: str, known: tuple[str, ...], kind: str, default: tuple[str, ...] | None) -> tuple[str, ...]:
        """A list of known words."""
        words = self.texts(key, default)
        for word in words:
            if word not in known:
                like = nearest(word, known)
                instead = f"write '{like}'" if like else f"write one of {', '.join(known)}"
                raise self.error(key, f"unknown {kind} '{word}' in '{key}'", instead)
        return words

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self.data.get(key, default)
        if not isinstance(value, bool):
            raise self.error(key, f"'{key}' is true or false", f"write {key} = {str(not default).lower()}")
        return value

    def compiled(self, key: str, text: str, compiler: Callable[[str], _Compiled]) -> _Compiled:
        """A text's meaning, with the compiler's complaint at this key."""
        try:
            return compiler(text)
        except (ConditionError, MessageError) as error:
            raise self.error(key, error.what, error.instead) from None

    def condition(self, key: str) -> Condition | None:
        """A condition that may be left out."""
        text = self.maybe_text(key)
        return None if text is None else self.compiled(key, text, condition.parse)

    def tables(self, key: str) -> list[Table]:
        """The tables of a list of tables, [] where there is none."""
        found = self.data.get(key, [])
        kind = f"{self.kind}.{key}".lstrip(".")
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise self.error(key, f"'{key}' is a list of tables", f"write [[{kind}]]")
        return [Table(self.file, one, (*self.where, key, number), kind) for number, one in enumerate(found)]

    def table(self, key: str) -> Table | None:
        """A table inside this one, None where there is none."""
        found = self.data.get(key)
        kind = f"{self.kind}.{key}".lstrip(".")
        if found is None:
            return None
        if not isinstance(found, dict):
            raise self.error(key, f"'{key}' is a table", f"write [{kind}]")
        return Table(self.file, found, (*self.where, key), kind)

    def facts(self, key: str) -> dict[str, Wanted]:
        """A table of facts with values of their types; a list becomes a tuple, `{ value = "…" }` what is computed."""
        found = self.data.get(key)
        if not isinstance(found, dict) or not found:
            raise self.error(
                key, f"{self.label} needs '{key}', a table of facts", f'write {key} = {{ fact = "value" }}'
            )
        return {name: self._fact_value(key, name, value) for name, value in found.items()}

    def scalars(self, key: str) -> dict[str, Scalar] | None:
        """A table of facts with one value each, None where it is not written."""
        if key not in self.data:
            return None
        values: dict[str, Scalar] = {}
        for name, value in self.facts(key).items():
            if isinstance(value, (tuple, Computed)):
                what = "several values" if isinstance(value, tuple) else "a computed value"
                raise self.error(key, f"'{name}' in '{key}' has {what}", "write the one to compare with")
            values[name] = value
        return values

    def _fact_value(self, key: str, name: str, value: object) -> Wanted:
        if name not in FACTS:
            like = nearest(name, FACTS)
            instead = f"write '{like}'" if like else f"write one of {', '.join(FACTS)}"
            raise self.error(key, f"unknown fact '{name}' in '{key}'", instead)
        if name in DERIVED_FACTS:
            raise self.error(key, f"'{name}' follows from other facts", "write those: quantization, dtype, …")
        if isinstance(value, dict) and value.keys() == {"value"}:
            found = self.compiled(key, str(value["value"]), computed.parse)
            if found.type != FACTS[name]:
                raise self.error(
                    key, f"'{name}' is {type_name(FACTS[name])}", f"{found.text} is {type_name(found.type)}"
                )
            return found
        if isinstance(value, list) and value:
            return tuple(self._one_value(key, name, one) for one in value)
        return self._one_value(key, name, value)

    def _one_value(self, key: str, name: str, value: object) -> Scalar:
        wanted: FactType = FACTS[name]
        if isinstance(value, (str, int, float)):
            given = "bool" if isinstance(value, bool) else "str" if isinstance(value, str) else "number"
            if given == wanted or value == "none":
                return value
        raise self.error(key, f"'{name}' is {type_name(wanted)}", f"write {name} = {_SAMPLE[wanted]}")


_SAMPLE: Mapping[FactType, str] = {"str": '"…"', "number": "1.0", "bool": "true"}
