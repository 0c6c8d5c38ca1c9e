"""Where no single edit is right, the fix is manual and its advice holds the text to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecolint import ruleset
from ecolint.engine import check
from ecolint.model import Source
from ecolint.readers import Nowhere
from ecolint.settings import Settings

HEAD = (
    "import os, argparse, torch\nfrom transformers import AutoModelForCausalLM, BitsAndBytesConfig\n"
    "p = argparse.ArgumentParser()\np.add_argument('--int8', type=bool, default=True)\nargs = p.parse_args()\n"
)
LOAD = "AutoModelForCausalLM.from_pretrained(name, {})\n"
WHOLE = "quantization_config=BitsAndBytesConfig(load_in_8bit=True, llm_int8_threshold=0.0)"


class Alone(Nowhere):
    """A project in which a file stands alone, and which pins nothing."""

    def pins(self, path: str) -> dict[str, str]:
        return {}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(LOAD.format("load_in_8bit=args.int8"), id="option"),
        pytest.param("def f(name, int8=True):\n    " + LOAD.format("load_in_8bit=int8"), id="default"),
        pytest.param("def f(name, int8):\n    " + LOAD.format("load_in_8bit=int8") + "f('m', True)\n", id="call"),
        pytest.param("ON = True\n" + LOAD.format("load_in_8bit=ON"), id="constant"),
        pytest.param("class C:\n    on = True\n" + LOAD.format("load_in_8bit=C.on"), id="class"),
        pytest.param(LOAD.format("load_in_8bit=True if name else False"), id="conditional"),
        pytest.param("on = False\nif name:\n    on = True\n" + LOAD.format("load_in_8bit=on"), id="branch"),
        pytest.param(LOAD.format("load_in_8bit=os.getenv('INT8', 'true') == 'true'"), id="environment"),
        pytest.param(
            "def f(name, **kwargs):\n    kwargs['load_in_8bit'] = True\n    " + LOAD.format("**kwargs"), id="passed on"
        ),
    ],
)
def test_the_advice_holds_the_text(text: str, tmp_path: Path) -> None:
    rules = ruleset.load([ruleset.packaged()])
    outcome = check(Source("app.py", HEAD + "name = input()\n" + text), Alone(), rules, Settings(root=tmp_path))
    fixes = {finding.code: finding.fixes[0] for finding in outcome.findings}
    assert (fixes["ECO101"].applicability, fixes["ECO101"].edits) == ("manual", ())
    assert WHOLE in (fixes["ECO101"].advice or "")
    assert "quantization_config=BitsAndBytesConfig(load_in_8bit=True)" in (fixes["ECO210"].advice or "")
