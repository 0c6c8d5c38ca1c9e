"""The rules of a run: found in folders, checked against each other, and selected."""

from __future__ import annotations

import pickle
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from ecolint import compiled, rulefolder
from ecolint.condition import Condition, nearest
from ecolint.message import Message
from ecolint.rulefile import Better, Case, Docs, Example, Rule, read
from ecolint.ruletable import RuleError
from ecolint.speech import Said, say

__all__ = [
    "Better",
    "Case",
    "Condition",
    "Docs",
    "Example",
    "Message",
    "Rule",
    "RuleError",
    "SelectorError",
    "find",
    "load",
    "packaged",
    "ready",
    "select",
    "spoken",
]


class SelectorError(ValueError):
    """A code, name or prefix that no rule answers to."""


def packaged() -> Path:
    """The folder of ecolint's own rules."""
    return Path(rulefolder.packaged())


def ready(folders: Sequence[str]) -> tuple[Rule, ...]:
    """What `load` makes of these folders, or has made where nothing in them changed since. Raises `RuleError`."""
    return compiled.kept("rules", folders, lambda: load(list(map(Path, folders))), pickle.dumps, pickle.loads)


def load(folders: Sequence[Path], claims: Collection[str] | None = None) -> tuple[Rule, ...]:
    """Every rule of every `*.toml` in the folders, by code. Raises `RuleError` for the first malformed one.

    `claims`, where given, are the ids that a rule's `claim` may name.
    """
    rules: dict[str, Rule] = {}
    texts: dict[str, str] = {}
    for folder in folders:
        if not folder.is_dir():
            raise RuleError(folder.as_posix(), 0, "no such folder of rules", "write a folder that holds rule files")
        for file in sorted(folder.glob("*.toml")):
            path, text = file.as_posix(), _text(file)
            rule = read(path, text)
            for other in rules.values():
                if rule.code == other.code or rule.name == other.name:
                    same = "code" if rule.code == other.code else "name"
                    raise RuleError(
                        path, _line(text, same), f"{same} stands in {other.path} too", f"write another {same}"
                    )
            rules[rule.code], texts[rule.code] = rule, text
    for code, rule in rules.items():
        _check_links(rule, texts[code], rules, claims)
    return tuple(rules[code] for code in sorted(rules))


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise RuleError(file.as_posix(), line, "not UTF-8", "save the file as UTF-8") from None
    except OSError as error:
        raise RuleError(file.as_posix(), 0, f"cannot be read ({error.strerror})", "mend or remove it") from None


def _line(text: str, key: str) -> int:
    """The line of a top-level key."""
    return next((number for number, line in enumerate(text.split("\n"), 1) if line.lstrip().startswith(key)), 1)


def _check_links(rule: Rule, text: str, rules: dict[str, Rule], claims: Collection[str] | None) -> None:
    if claims is not None and rule.claim is not None and rule.claim not in claims:
        instead = _instead(rule.claim, claims, "write the id of a published claim")
        raise RuleError(rule.path, _line(text, "claim"), f"unknown claim '{rule.claim}'", instead)
    for code in rule.defers_to:
        if code not in rules:
            instead = _instead(code, rules.keys() - {rule.code}, "write the code of a rule")
            raise RuleError(rule.path, _line(text, "defers_to"), f"unknown rule '{code}' in 'defers_to'", instead)
        if rule.code in _deferred(code, rules):
            what = f"{rule.code} and {code} defer to each other, so neither would ever be reported"
            raise RuleError(rule.path, _line(text, "defers_to"), what, f"take '{code}' out")


def _deferred(code: str, rules: dict[str, Rule]) -> set[str]:
    """A rule with everything that it defers to, directly or not."""
    seen: set[str] = set()
    waiting = [code]
    while waiting:
        one = waiting.pop()
        if one not in seen and one in rules:
            seen.add(one)
            waiting += rules[one].defers_to
    return seen


def spoken(rules: Iterable[Rule], locale: str) -> tuple[Rule, ...]:
    """The rules with their texts in a language; a rule without them keeps its own."""
    return tuple(rule.zh or rule if locale == "zh" else rule for rule in rules)


def find(rules: Iterable[Rule], key: str) -> Rule:
    """The rule with this code or name. Raises `SelectorError` with the nearest one."""
    known = {word: rule for rule in rules for word in (rule.code, rule.name)}
    if key not in known:
        raise SelectorError(_or_instead(say("no rule '{key}'", key=key), key, known))
    return known[key]


def _or_instead(what: Said, key: str, known: Iterable[str]) -> Said:
    """A complaint about a word, with the one to write instead."""
    like = _like(key, known)
    if like is None:
        return say("{what}; `ecolint rule --all` lists them", what=what)
    return say("{what}; write '{like}'", what=what, like=like)


def _instead(word: str, known: Iterable[str], otherwise: str) -> str:
    """What to write for a word that is not known: the one most like it, or the other advice."""
    like = _like(word, known)
    return f"write '{like}'" if like else otherwise


def _like(word: str, known: Iterable[str]) -> str | None:
    """The known word most like another, in any case."""
    words = {one.lower(): one for one in sorted(known)}
    like = nearest(word, words)
    return words[like] if like else None


def select(
    rules: Sequence[Rule],
    select: Sequence[str] = (),
    extend_select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    conventions: bool = False,
) -> tuple[Rule, ...]:
    """The rules that are on. Selectors are codes, names or prefixes of codes ("ECO1").

    Without `select`, every rule is, conventions only where asked for. A rule both selected and ignored follows the more
    exact selector, so that a family ignored and one code of it selected leaves that rule; at a tie it is off. Raises
    `SelectorError` for a selector that no rule answers to.
    """
    for selector in (*select, *extend_select, *ignore):
        if not any(_exactness(rule, (selector,)) for rule in rules):
            known = [word for rule in rules for word in (rule.code, rule.name)]
            raise SelectorError(_or_instead(say("no rule or prefix '{key}'", key=selector), selector, known))
    chosen = []
    for rule in rules:
        wanted = _exactness(rule, (*select, *extend_select))
        by_default = not select and (conventions or rule.basis != "convention")
        unwanted = _exactness(rule, ignore)
        if (wanted or by_default) and (not unwanted or wanted > unwanted):
            chosen.append(rule)
    return tuple(chosen)


_WHOLE = 1_000


def _exactness(rule: Rule, selectors: Iterable[str]) -> int:
    """How exactly the best of these selectors names the rule: 0 not at all, then the length of the prefix."""
    best = 0
    for selector in selectors:
        if selector in (rule.code, rule.name):
            return _WHOLE
        if selector and rule.code.startswith(selector):
            best = max(best, len(selector))
    return best
