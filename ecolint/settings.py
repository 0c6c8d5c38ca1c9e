"""Settings: `[tool.ecolint]` in pyproject.toml or ecolint.toml, found upward from each file, under the command line."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from ecolint.frame import Workload
from ecolint.roots import MARKERS, Roots, display_path
from ecolint.shaped import dataclass
from ecolint.speech import LOCALES, Said, quote, say

DEFAULT_EXCLUDE = (
    *(".bzr", ".cache", ".direnv", ".eggs", ".git", ".hg", ".ipynb_checkpoints", ".mypy_cache", ".nox", ".pants.d"),
    *(".pyenv", ".pytest_cache", ".ruff_cache", ".svn", ".terraform", ".tox", ".venv", ".vscode", "__pycache__"),
    *("__pypackages__", "_build", "build", "dist", "node_modules", "site-packages", "venv"),
)

CONTEXTS = ("production", "interactive", "offline", "test")
FAIL_ON = ("red", "yellow", "never")


class SettingsError(Exception):
    """Settings that cannot be used. `path` and `line` (from 1) are None for the command line."""

    def __init__(self, message: str, path: str | None = None, line: int | None = None) -> None:
        super().__init__(message)
        self.path, self.line, self.message = path, line, message

    def __str__(self) -> str:
        if self.path is None:
            return self.message
        return say("{path}:{line}: {message}", path=self.path, line=self.line or 1, message=self.message)


@dataclass(frozen=True)
class Settings:
    """Everything that can be set. `root` is the folder that patterns and folders of the settings are relative to.

    `origins` tells for each key that was set where: "path:line" or "command line".
    """

    root: Path
    select: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    conventions: bool = False
    include_tests: bool = False
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    extend_exclude: tuple[str, ...] = ()
    gpu: str | None = None
    context: str | None = None
    workload: Workload = field(default_factory=Workload)
    fail_on: str = "red"
    fail_on_likely: bool = False
    extend_safe_fixes: tuple[str, ...] = ()
    extend_unsafe_fixes: tuple[str, ...] = ()
    baseline: str | None = None
    rules: tuple[str, ...] = ()
    stacks: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    locale: str = "en"
    max_file_size: int = 1_000_000
    origins: Mapping[str, str] = field(default_factory=dict)


# --- keys and their types ---------------------------------------------------------------------------------------------


def _strings(value: object) -> tuple[str, ...]:
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise ValueError(say("a list of strings"))


def _string(value: object) -> str:
    if isinstance(value, str) and value.strip():
        return value
    raise ValueError(say("a string"))


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(say("true or false"))


def _count(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise ValueError(say("a whole number from 1"))


def _amount(value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < float("inf"):
        return float(value)
    raise ValueError(say("a number from 0"))


def _pue(value: object) -> float:
    number = _amount(value)
    if number < 1:
        raise ValueError(say("a number from 1"))
    return number


def _one_of(*choices: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if isinstance(value, str) and value in choices:
            return value
        raise ValueError(say("one of {choices}", choices=", ".join(f'"{choice}"' for choice in choices)))

    return parse


def _code_lists(value: object) -> Mapping[str, tuple[str, ...]]:
    try:
        if isinstance(value, Mapping):
            return {str(pattern): _strings(codes) for pattern, codes in value.items()}
    except ValueError:
        pass
    raise ValueError(say('a table of patterns and lists of codes, such as "legacy/*" = ["ECO1"]'))


def _not_built(value: object) -> object:
    raise ValueError(say("nothing yet: this version of ecolint does not have it"))


KEYS: Mapping[str, Callable[[object], object]] = {
    "select": _strings,
    "extend-select": _strings,
    "ignore": _strings,
    "conventions": _flag,
    "include-tests": _flag,
    "per-file-ignores": _code_lists,
    "exclude": _strings,
    "extend-exclude": _strings,
    "gpu": _string,
    "context": _one_of(*CONTEXTS),
    "requests-per-month": _count,
    "prompt-tokens": _count,
    "generated-tokens": _count,
    "region": _string,
    "price-per-kwh": _amount,
    "carbon-intensity": _amount,
    "pue": _pue,
    "fail-on": _one_of(*FAIL_ON),
    "fail-on-likely": _flag,
    "extend-safe-fixes": _strings,
    "extend-unsafe-fixes": _strings,
    "baseline": _not_built,
    "rules": _strings,
    "stacks": _strings,
    "evidence": _strings,
    "locale": _one_of(*LOCALES),
    "max-file-size": _count,
}
"""Every key and what reads its value; a reader raises ValueError with what is expected."""

_WORKLOAD = ("requests-per-month", "prompt-tokens", "generated-tokens", "price-per-kwh", "carbon-intensity", "pue")


# --- finding and reading ----------------------------------------------------------------------------------------------


class Finder:
    """Settings by file, read once for every folder. `overrides` has the keys of the settings, from the command line."""

    def __init__(self, overrides: Mapping[str, object] | None = None) -> None:
        self.overrides = overrides or {}
        self._overrides = _checked(self.overrides)
        self.roots = Roots()
        self._by_folder: dict[str, Settings] = {}
        self._by_root: dict[tuple[Path, Path | None], Settings] = {}
        self._by_file: dict[Path, tuple[Path, Mapping[str, tuple[object, str]]] | None] = {}

    def for_folder(self, location: str | Path) -> Settings:
        """The settings for files of an absolute folder. Raises SettingsError."""
        location = os.fspath(location)
        known = self._by_folder.get(location)
        if known is None:
            folder = Path(location)
            found = self._nearest(folder)
            root, values = found if found is not None else (self.roots.of(folder), {})
            key = (root, root if found is not None else None)
            if key not in self._by_root:
                self._by_root[key] = _settings(root, _merged(values, self._overrides))
            known = self._by_folder[location] = self._by_root[key]
        return known

    def inherit(self, location: str, settings: Settings) -> None:
        """A walk has seen that a folder holds nothing for which its settings would not be those of the one above."""
        self._by_folder[location] = settings

    def for_file(self, path: str | Path) -> Settings:
        """The settings for one absolute path: of the per-file ignores only those whose pattern matches it."""
        settings = self.for_folder(os.path.dirname(path))
        if not settings.per_file_ignores:
            return settings
        from ecolint.globs import covers

        name = os.path.relpath(path, settings.root).replace(os.sep, "/")
        here = {
            pattern: codes
            for pattern, codes in settings.per_file_ignores.items()
            if not name.startswith("../") and covers(pattern, name)
        }
        return replace(settings, per_file_ignores=here)

    def _nearest(self, folder: Path) -> tuple[Path, Mapping[str, tuple[object, str]]] | None:
        if folder not in self._by_file:
            own = _read_folder(folder)
            above = None if own is not None or folder.parent == folder else self._nearest(folder.parent)
            self._by_file[folder] = own or above
        return self._by_file[folder]


def load(start: Path, overrides: Mapping[str, object]) -> Settings:
    """The settings for a file or folder. Raises SettingsError (path, line, message with the nearest key)."""
    start = Path(os.path.abspath(start))
    return Finder(overrides).for_folder(start if start.is_dir() else start.parent)


def _read_folder(folder: Path) -> tuple[Path, Mapping[str, tuple[object, str]]] | None:
    for name in MARKERS:
        path = folder / name
        try:
            data = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            continue
        except OSError as error:
            raise SettingsError(say("cannot be read: {why}", why=error.strerror), display_path(path), 1) from error
        if name == "pyproject.toml" and b"ecolint" not in data:
            continue
        table = _table(path, data)
        if table is not None:
            return folder, table
    return None


def _table(path: Path, data: bytes) -> Mapping[str, tuple[object, str]] | None:
    """The checked values of one settings file with their origins, or None where it has no table for ecolint."""
    import tomli

    try:
        text = data.decode("utf-8-sig")
        document: Mapping[str, Any] = tomli.loads(text)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SettingsError(say("is not UTF-8"), display_path(path), line) from error
    except tomli.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        line = int(place[1]) if place else 1
        raise SettingsError(say("is not TOML: {why}", why=str(error)), display_path(path), line) from error
    section = ""
    table: object = document
    if path.name == "pyproject.toml":
        section = "tool.ecolint"
        tool = document.get("tool")
        table = tool.get("ecolint") if isinstance(tool, Mapping) else None
        if table is None:
            return None
    if not isinstance(table, Mapping):
        raise SettingsError(say("`tool.ecolint` is a table"), display_path(path), _line_of(text, "tool", "ecolint"))
    values: dict[str, tuple[object, str]] = {}
    for key, value in table.items():
        line = _line_of(text, section, str(key))
        try:
            values[str(key)] = (_value(str(key), value), f"{display_path(path)}:{line}")
        except ValueError as error:
            raise SettingsError(str(error), display_path(path), line) from error
    return values


def _value(key: str, value: object) -> object:
    if key not in KEYS:
        raise ValueError(_or_nearest(say("unknown setting `{key}`", key=key), key, KEYS))
    try:
        return KEYS[key](value)
    except ValueError as error:
        told = say("`{key}` takes {expected}, not {value}", key=key, expected=str(error), value=_shown_value(value))
        raise ValueError(told) from error


def _checked(overrides: Mapping[str, object]) -> Mapping[str, tuple[object, str]]:
    try:
        return {key: (_value(key, value), "command line") for key, value in overrides.items()}
    except ValueError as error:
        raise SettingsError(str(error)) from error


def _merged(
    values: Mapping[str, tuple[object, str]], overrides: Mapping[str, tuple[object, str]]
) -> Mapping[str, tuple[object, str]]:
    """The command line over a file: it replaces, but adds to `extend-select` and `ignore`; what it selects is on."""
    merged = {**values, **overrides}
    for key in ("extend-select", "ignore"):
        if key in values and key in overrides:
            merged[key] = ((*_strings(values[key][0]), *_strings(overrides[key][0])), overrides[key][1])
    selected = {one for key in ("select", "extend-select") if key in overrides for one in _strings(overrides[key][0])}
    if "ignore" in values and selected:
        kept = [one for one in _strings(values["ignore"][0]) if one not in selected]
        added = _strings(overrides["ignore"][0]) if "ignore" in overrides else ()
        merged["ignore"] = ((*kept, *added), merged["ignore"][1])
    return merged


def _settings(root: Path, values: Mapping[str, tuple[object, str]]) -> Settings:
    plain = {
        key.replace("-", "_"): value for key, (value, _) in values.items() if key not in _WORKLOAD and key != "region"
    }
    for name in ("rules", "stacks", "evidence"):
        if name in plain:
            plain[name] = tuple(os.path.join(root, path) for path in _strings(plain[name]))
    origins = {key: origin for key, (_, origin) in values.items()}
    return Settings(root=root, workload=_workload(values), origins=origins, **plain)  # type: ignore[arg-type]


def _workload(values: Mapping[str, tuple[object, str]]) -> Workload:
    """The workload: a region gives price and intensity, and what is said outright wins over it."""
    workload = Workload()
    if "region" in values:
        name, origin = values["region"]
        workload = _in_region(workload, str(name), origin)
    own = {key.replace("-", "_"): value for key, (value, _) in values.items() if key in _WORKLOAD}
    if {"price_per_kwh", "carbon_intensity"} & own.keys() and "region" not in values:
        both = {"price_per_kwh", "carbon_intensity"} <= own.keys()
        own["region"] = say("as set") if both else say("US average, partly as set")
    return replace(workload, **own)  # type: ignore[arg-type]


def _in_region(workload: Workload, name: str, origin: str) -> Workload:
    from ecolint.catalog import all_regions, region

    found = region(name)
    if found is None:
        path, _, line = origin.rpartition(":")
        unknown = say("unknown region `{name}`", name=name)
        message = _or_nearest(unknown, name, [one.name for one in all_regions()])
        raise SettingsError(message, path or None, int(line) if path else None)
    if found.price_per_kwh is None:
        priced = say("{region}, price of the {other}", region=quote(found.name), other=workload.region)
        return replace(workload, region=priced, carbon_intensity=found.carbon_intensity)
    return replace(
        workload, region=found.name, price_per_kwh=found.price_per_kwh, carbon_intensity=found.carbon_intensity
    )


def _line_of(text: str, section: str, key: str) -> int:
    """The line (from 1) where a key of a section is written: as a pair, a dotted key or a table of its own."""
    name = rf"[\"']?{re.escape(key)}[\"']?"
    dotted = re.escape(section + ".") if section else ""
    pair = re.compile(rf"\s*(?:{name})\s*[=.]")
    header = re.compile(rf"\s*\[\[?\s*{dotted}{name}\s*[\].]")
    inside = section == ""
    fallback = 1
    for number, line in enumerate(text.split("\n"), 1):
        if header.match(line) or (inside and pair.match(line)):
            return number
        if re.match(r"\s*\[", line) and not line.lstrip().startswith("[["):
            inside = re.match(rf"\s*\[\s*{re.escape(section)}\s*\]", line) is not None if section else False
            fallback = number if inside else fallback
    return fallback


def _or_nearest(what: Said, name: str, names: Iterable[str]) -> Said:
    """A complaint about a name, with the name that may have been meant."""
    import difflib

    by_lower = {one.lower(): one for one in names}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.5)
    return say("{what}; the nearest is `{name}`", what=what, name=by_lower[close[0]]) if close else what


def _shown_value(value: object) -> str:
    text = repr(value) if not isinstance(value, bool) else str(value).lower()
    return text if len(text) <= 40 else text[:37] + "…"
