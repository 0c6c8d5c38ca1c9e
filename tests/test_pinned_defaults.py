"""Defaults that depend on the version that a project pins."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from test_fixtures import ROOT, rules

from ecolint.engine import check
from ecolint.model import Source
from ecolint.readers import Nowhere
from ecolint.settings import Settings

KNOWN = 'M.from_pretrained("Qwen/Qwen2.5-7B-Instruct").to("cuda")'
UNKNOWN = 'M.from_pretrained(args.model).to("cuda")'


class Pinned(Nowhere):
    """A project in which a file stands alone, and which pins transformers."""

    def __init__(self, specifier: str) -> None:
        self.specifier = specifier

    def pins(self, path: str) -> Mapping[str, str]:
        return {"transformers": self.specifier} if self.specifier else {}


@pytest.mark.parametrize(
    ("specifier", "load", "codes"),
    [
        ("==4.44.2", KNOWN, {"ECO207"}),
        (">=4.40,<5", KNOWN, {"ECO207"}),
        ("", KNOWN, set()),
        (">=4.40", KNOWN, set()),
        ("==5.2.0", KNOWN, set()),
        ("==4.44.2", UNKNOWN, set()),
        ("==4.44.2", KNOWN.replace(').to("cuda")', ', torch_dtype="auto").to("cuda")'), set()),
        ("==4.44.2", KNOWN.replace('.to("cuda")', ""), set()),
    ],
)
def test_float32_by_default_is_reported_where_the_pin_and_the_checkpoint_are_known(
    specifier: str, load: str, codes: set[str]
) -> None:
    text = f"from transformers import AutoModelForCausalLM as M\nmodel = {load}\n"
    outcome = check(Source("a.py", text), Pinned(specifier), rules(), Settings(root=ROOT))
    assert {finding.code for finding in outcome.findings} == codes
