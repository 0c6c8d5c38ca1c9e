"""What settings decide: which rules are on, whether there is such a GPU, and which findings fail a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ecolint import compiled
from ecolint.rulefolder import packaged
from ecolint.settings import Settings, SettingsError
from ecolint.speech import say

if TYPE_CHECKING:
    from ecolint.model import Finding
    from ecolint.ruleset import Rule

_FAILS: Mapping[str, frozenset[str]] = {
    "red": frozenset({"red"}),
    "yellow": frozenset({"red", "yellow"}),
    "never": frozenset(),
}


def known_rules(settings: Settings) -> tuple[Rule, ...]:
    """Every rule there is under these settings, ecolint's own and theirs, in their language. Raises RuleError."""
    from ecolint.ruleset import ready, spoken

    return spoken(ready(_folders(settings)), settings.locale)


def check_rules(settings: Settings) -> None:
    """Raises what `rules_of` raises. Quick where nothing is selected, and nothing changed since the rules were read."""
    if settings.select or settings.extend_select or settings.ignore or not compiled.sound("rules", _folders(settings)):
        rules_of(settings)


def _folders(settings: Settings) -> tuple[str, ...]:
    return (packaged(), *settings.rules)


def rules_of(settings: Settings) -> tuple[Rule, ...]:
    """The rules that are on. Raises RuleError for a malformed file, SettingsError for a selector that fits nothing."""
    from ecolint.ruleset import SelectorError, select

    rules = known_rules(settings)
    try:
        return select(rules, settings.select, settings.extend_select, settings.ignore, settings.conventions)
    except SelectorError as error:
        keys = [key for key in ("select", "extend-select", "ignore") if key in settings.origins]
        origin = next((settings.origins[key] for key in keys if ":" in settings.origins[key]), None)
        path, _, line = origin.rpartition(":") if origin else ("", "", "")
        raise SettingsError(str(error), path or None, int(line) if path else None) from error


def check_gpu(settings: Settings) -> None:
    """Raises SettingsError with the nearest name where the GPU of the settings is not in the catalogue."""
    if settings.gpu is None:
        return
    from ecolint import catalog

    if catalog.gpus(settings.gpu):
        return
    from difflib import get_close_matches

    close = get_close_matches(settings.gpu.upper(), [one.name for one in catalog.all_gpus()], n=1, cutoff=0.3)
    path, _, line = settings.origins.get("gpu", "").rpartition(":")
    unknown = say("unknown GPU `{gpu}`", gpu=settings.gpu)
    if close:
        unknown = say("{what}; the nearest is {name}", what=unknown, name=close[0])
    raise SettingsError(unknown, path or None, int(line) if path else None)


def fails(finding: Finding, settings: Settings) -> bool:
    """Whether a finding makes the run exit 1."""
    sure = finding.certainty == "certain" or settings.fail_on_likely
    return finding.suppressed is None and sure and finding.level in _FAILS[settings.fail_on]
