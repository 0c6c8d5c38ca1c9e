"""What the gates look at grows no faster than the text, whatever stands in it."""

from __future__ import annotations

import pytest

from ecolint.model import Source, Wanted
from ecolint.readers import Nowhere
from ecolint.readers.python import exports, gates, mentions, passing
from ecolint.stacks import asked

HEAD = b"import transformers, vllm\n"
HARD = {
    "mentions that lead nowhere": b"x = y.from_pretrained\n",
    "one long line": b"x.from_pretrained, ",
    "one long word": b"from_pretrained",
    "keywords": b"f(pipeline=pipeline, LLM=LLM)\n",
    "arguments": b"p(LLM, partial)\n",
    "imports that are never closed": b"import (\n",
    "renamed imports": b"from vllm import LLM as X9\n",
    "in one formatted string": b"{a} from_pretrained( ",
    "programs": b"'vllm/vllm/' ",
}


def hard(piece: bytes, size: int) -> bytes:
    quote = b'x = f"""' if b"{a}" in piece else b""
    return HEAD + quote + piece * (size // len(piece)) + (b'"""' if quote else b"") + b"\n"


@pytest.mark.parametrize("name", HARD)
def test_so_many_mentions_are_looked_at_and_no_more(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    plain = gates.Gate._is_alive

    def counted(self: gates.Gate, text: mentions.Text, start: int, end: int, loose: bool) -> bool:
        looked.append(start)
        return plain(self, text, start, end, loose)

    monkeypatch.setattr(gates.Gate, "_is_alive", counted)
    gates.Gate(asked()).told(hard(HARD[name], 1_000_000))
    assert len(looked) <= gates.MAX_MENTIONS


def test_functions_that_call_each_other_are_told_in_one_pass() -> None:
    chain = "".join(f"def f{n}():\n    return f{n + 1}()\n" for n in range(20_000))
    data = ("from vllm import LLM\n" + chain + "def f20000():\n    return LLM('m')\n").encode()
    assert len(passing._own(data, gates.Gate(asked()))) == 20_001


def test_many_imports_and_long_lines_are_not_looked_through_for_each() -> None:
    text = "".join(f"from a{n} import b{n}\n" for n in range(mentions.MAX_IMPORTS))
    assert passing.may_call_maker(Source("app.py", text), Wanted(), Nowhere())
    assert exports._may_bind("x = [" + "A, " * 100_000 + "]\n", "A")
