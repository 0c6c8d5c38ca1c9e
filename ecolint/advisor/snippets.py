"""The room where a recommendation is written for the stack in use, with what has no equivalent there."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import tomli

from ecolint import catalog
from ecolint.advisor.answer import Code
from ecolint.advisor.figures import named
from ecolint.speech import Said, say

DEFAULT = "transformers"
_FRAMEWORKS = {"trtllm": "tensorrt-llm", "tensorrt_llm": "tensorrt-llm", "text-generation-inference": "tgi"}


def code(precision: str, framework: str | None, model: str, batch: int) -> Code:
    """The configuration of a precision and a batch for a framework; of one that is not known, transformers' own."""
    data = _data()
    asked = _FRAMEWORKS.get((framework or DEFAULT).lower(), (framework or DEFAULT).lower())
    known = asked if asked in data["frameworks"] else DEFAULT
    told = data["frameworks"][known]
    notes: list[str] = []
    if known != asked:
        notes.append(
            say("no configuration is known for {framework}: look for the setting that says the same", framework=asked)
        )
    found: Mapping[str, str] = data.get(precision, {}).get(known, {})
    if not found.get("text"):
        notes.append(
            say("{framework} has no setting for {precision}", framework=told["name"], precision=named(precision))
        )
    texts = [found["text"].replace("{model}", _id(model))] if found.get("text") else []
    notes += [_caveat(found)] if found.get("caveat") else []
    if batch > 1:
        several: Mapping[str, str] = data["batch"].get(known, {})
        texts += [several["text"].replace("{batch}", str(batch))] if several else []
        notes += [_caveat(several)] if several.get("caveat") else []
    heading = say("Configuration for {framework}", framework=told["name"])
    return Code(heading, told["language"], "\n".join(texts), tuple(notes))


def _id(model: str) -> str:
    """The hub's id of a model that is named in short."""
    entry = catalog.model(model) if "/" not in model else None
    return entry.name if entry is not None and entry.how != "name" else model


def caveats() -> tuple[str, ...]:
    """Every caveat that snippets may bring: the catalogues of other languages have each of them."""
    tables = [table for key, table in _data().items() if key != "frameworks"]
    return tuple(dict.fromkeys(one["caveat"] for table in tables for one in table.values() if one.get("caveat")))


def _caveat(found: Mapping[str, str]) -> Said:
    return Said(found["caveat"], {})


@lru_cache(maxsize=1)
def _data() -> Mapping[str, Any]:
    return tomli.loads((Path(__file__).parent / "snippets.toml").read_text(encoding="utf-8"))
