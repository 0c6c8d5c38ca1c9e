"""A vocabulary on top of another: what a wrapper's file leaves out is as the wrapped library has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAMED = ("objects", "keys")
"""Tables whose entries are themselves tables: an entry of the same name adds to what the base says of it."""


def extended(own: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """The contents of a vocabulary file on top of its base's.

    Keys, objects and facts are taken over by name, spelling by channel and flags by kind, unless the file has its own;
    uses are taken over before its own. How the base is recognised is not taken over, but for its nested dictionaries.
    The base's classes are still taken as objects, and stay the base's where they stand alone.
    """
    found = {**own, "uses": _both(own, base, "uses"), "beside": _both(own, base, "beside")}
    for name in ("spelling", "facts"):
        found[name] = {**base.get(name, {}), **own.get(name, {})}
    for name in NAMED:
        mine, theirs = own.get(name, {}), base.get(name, {})
        found[name] = {key: {**theirs.get(key, {}), **mine.get(key, {})} for key in {**theirs, **mine}}
    for name, spec in found["objects"].items():
        theirs = base.get("objects", {}).get(name, {})
        spec["calls"] = own.get("objects", {}).get(name, {}).get("calls", [])
        spec["also"] = [*spec.get("also", ()), *theirs.get("calls", ())]
    recognise = own.get("recognise", {})
    found["recognise"] = {"nested": base.get("recognise", {}).get("nested", []), **recognise}
    own_to_base = ("telling",)
    found["flags"] = {n: v for n, v in base.get("flags", {}).items() if n not in own_to_base} | own.get("flags", {})
    found.setdefault("library", base.get("library", base["name"]))
    return found


def _both(own: Mapping[str, Any], base: Mapping[str, Any], name: str) -> list[Any]:
    return [*base.get(name, ()), *own.get(name, ())]
