"""What the notebook reader finds: cells as one module, magics, shell lines; and that it writes its edits alone."""

from __future__ import annotations

import ast
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecolint import files, fixes, ruleset
from ecolint.cells import MARK, Cells, where
from ecolint.engine import check, pinned
from ecolint.model import CannotEdit, Edit, Invocation, Pin, Place, Problem, Reading, Source, Span, Wanted
from ecolint.readers import Malformed, Nowhere
from ecolint.readers.notebook import _settled, pins, read, repack, unpack
from ecolint.readers.notebook.view import view
from ecolint.run import problem_lines
from ecolint.settings import Settings
from ecolint.verify import Outcome

WANTED = Wanted(
    calls=("transformers.AutoModel*.from_pretrained",),
    objects=("transformers.BitsAndBytesConfig",),
    methods=("generate",),
    triggers=("from_pretrained", "vllm"),
)
IMPORTS = "from transformers import AutoModelForCausalLM"
LOAD = 'AutoModelForCausalLM.from_pretrained("Qwen/Qwen2.5-7B-Instruct")'


def notebook(*cells: object, language: str = "python", **dump: Any) -> str:
    """A notebook of nbformat 4: a string or a list is a code cell's source, a pair names another kind."""
    listed = []
    for cell in cells:
        kind, source = cell if isinstance(cell, tuple) else ("code", cell)
        lines = source.splitlines(True) if isinstance(source, str) else source
        listed.append({"cell_type": kind, "metadata": {}, "outputs": [], "source": lines})
    metadata = {"kernelspec": {"language": language}, "language_info": {"name": language}}
    return json.dumps({"cells": listed, "metadata": metadata, "nbformat": 4}, **dump)


def script(*cells: str) -> str:
    return "".join(cell + MARK for cell in cells)


def reading(*cells: str) -> Reading:
    return read(Source("n.ipynb", script(*cells)), WANTED, Nowhere())


def words(one: Invocation) -> list[object]:
    assert one.words is not None
    return [entry.value[0].data if entry.value[0].kind == "known" else "?" for entry in one.words.entries]


# --- from JSON to a script --------------------------------------------------------------------------------------------


def test_code_cells_are_read_and_others_keep_their_number() -> None:
    raw = notebook(("markdown", "```python\nx = 1\n```"), "a = 1\n", ("raw", "b"), ["c = ", "'é\n", "'"])
    assert unpack(raw) == script("", "a = 1\n", "", "c = 'é\n'")


def test_a_source_may_be_one_string_and_any_json_layout_will_do() -> None:
    cell = {"cell_type": "code", "source": 'x = "\u00e9\U0001f600"\n'}
    for indent in (None, 0, 1, 2):
        for ascii_only in (True, False):
            raw = json.dumps({"metadata": {}, "cells": [cell]}, indent=indent, ensure_ascii=ascii_only)
            assert unpack(raw) == script('x = "é😀"\n')


def test_nbformat_3_and_languages() -> None:
    old: dict[str, Any] = {
        "worksheets": [{"cells": [{"cell_type": "code", "input": ["x = 1"], "language": "python"}]}, {"cells": []}]
    }
    assert unpack(json.dumps(old)) == script("x = 1")
    old["worksheets"][0]["cells"][0]["language"] = "ruby"
    assert unpack(json.dumps(old)) == script("")
    assert unpack(notebook("x <- 1", language="R")) == ""
    mixed = {"cells": [{"cell_type": "code", "source": "ls", "metadata": {"vscode": {"languageId": "shellscript"}}}]}
    assert unpack(json.dumps(mixed)) == script("")
    assert unpack(notebook()) == ""


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('{\n "cells": [\n  {"cell_type": "code",\n   "source": ["x"],\n  }\n ]\n}', 5, "a comma stands before"),
        ('{"cells": [\n{"source": ["x",\n]}]}', 3, "a comma stands before"),
        ('{\n"cells": [{"outputs": [{"a": [1, 2', 2, "ends too early"),
        ('{\n"cells": [{"source": "x', 2, "a string cannot be read"),
        ('{"cells": [{"outputs": "x', 1, "a string is never closed"),
        ('{"cells": [{"source": "\\q"}]}', 1, "a string cannot be read"),
        ('{"cells": []\n"metadata": {}}', 2, "a comma is missing"),
        ("", 1, "ends too early"),
        ("[1, 2]", 1, "no cells"),
        ('{"nbformat": 4}', 1, "no cells"),
        ('{"cells": [\n{"cell_type": "code", "source": ["a\\u001e"]}]}', 2, "control characters in cell 1"),
    ],
)
def test_what_is_no_notebook_is_one_problem_with_its_line(text: str, line: int, reason: str) -> None:
    with pytest.raises(Malformed, match=reason) as caught:
        unpack(text)
    assert caught.value.line == line
    problem = files.decode("n.ipynb", text.encode())
    assert problem == Problem("n.ipynb", line, caught.value.reason)


def test_odd_members_are_passed_over() -> None:
    raw = '{"cells": [3, null, {"cell_type": 5, "source": {"a": 1}}, {"source": []}], "metadata": []}'
    assert unpack(raw) == script("", "", "", "")
    twice = '{"cells": [{"cell_type": "code", "source": "a", "source": ["b"]}]}'
    assert unpack(twice) == script("b")


# --- limits -----------------------------------------------------------------------------------------------------------


def test_deep_nesting_and_huge_outputs_are_passed_over_quickly() -> None:
    deep = '{"cells": [{"cell_type": "code", "outputs": ' + "[" * 200_000 + "]" * 200_000 + ', "source": "x"}]}'
    assert unpack(deep) == script("x")
    huge = {"data": {"image/png": "A" * 20_000_000, "text/plain": ['"\\\n'] * 50_000, "x": list(range(300_000))}}
    cell = {"cell_type": "code", "outputs": [huge], "source": "x"}
    raw = json.dumps({"cells": [cell]})
    start = time.perf_counter()
    assert unpack(raw) == script("x")
    assert time.perf_counter() - start < 5


def test_an_unclosed_brace_in_a_large_file_ends() -> None:
    with pytest.raises(Malformed, match="ends too early"):
        unpack('{"cells": [{"outputs": ' + '[{"a": "\\\\"}, ' * 100_000)


def test_only_the_code_of_a_notebook_counts_against_the_size_limit(tmp_path: Path) -> None:
    picture = {"cell_type": "code", "outputs": ["A" * 20_000], "source": "vllm"}
    location = tmp_path / "n.ipynb"

    def load(cells: list[Any], limit: int) -> object:
        location.write_text(json.dumps({"cells": cells}), encoding="utf-8")
        return files.load(files.File("n.ipynb", str(location), False), limit, files.Triggers(["vllm"]))

    assert isinstance(load([picture], 1000), files.Loaded)
    assert isinstance(load([picture], 100), Problem)
    assert isinstance(load([picture, {"cell_type": "code", "source": "x" * 2000}], 1000), Problem)
    assert load([{"cell_type": "code", "source": "x" * 2000}], 1000) is None


def test_reading_is_linear_in_the_cells() -> None:
    def seconds(count: int) -> float:
        text = script(*(f"!pip install x=={n}\n%time y = {LOAD}\nfor i in z:\n    f(i)" for n in range(count)))
        start = time.perf_counter()
        view.__wrapped__(text)
        return time.perf_counter() - start

    assert seconds(20_000) < 40 * max(seconds(2_000), 0.005)


# --- magics -----------------------------------------------------------------------------------------------------------

MAGICS = [
    "%matplotlib inline\nx = 1",
    "%%time\nx = 1",
    "\n\n%%capture out\n%%time\nx = 1",
    "%%html\n<p>it's {",
    "%%writefile a.py\nx = (",
    "%%bash\nif true; then echo '(' ; fi",
    "%%unheard of\n(((",
    "!ls -l | grep \"it's",
    "!!ls",
    "if x:\n    !pip install a\\\n      b\nelse:\n\t%cd ..",
    "for i in y:\n    %time f(i)\n    z = 1",
    "files = !ls *.py\na, b = %sx ls\nx['a'] = !ls (",
    "?print\nprint?\nx.y??\n??\n%time?\nx[0]?",
    "%timeit -n 3 -r1 f(\n    x,\n)",
    "%time for i in y: pass",
    "pip install -U 'transformers>=4'\nls /tmp\ncd ..",
    "%pip install -q \\\n  a \\\n  b",
    "x = '''\n!ls (\n%time\n'''\ny = (1\n% 2)",
    "# !ls (\nx = 5 % 3  # 'it",
    "%md\n# a title (with an open bracket",
    "%",
    "!",
    "x=!",
    "%%",
    "",
]


@pytest.mark.parametrize("cell", MAGICS)
def test_magics_stand_in_as_python_of_the_same_length(cell: str) -> None:
    for ending in ("\n", "\r\n"):
        text = script(cell.replace("\n", ending), "y = 2")
        seen = view(text)
        assert len(seen.python) == len(text)
        assert [n for n, c in enumerate(seen.python) if c in "\r\n"] == [n for n, c in enumerate(text) if c in "\r\n"]
        assert not seen.faults
        ast.parse(seen.python)
        outside = list(range(len(text)))
        for span in seen.changed:
            outside = [n for n in outside if not span.start <= n < span.end]
        assert all(text[n] == seen.python[n] for n in outside)


def test_python_behind_a_magic_is_read() -> None:
    found = reading(IMPORTS, f"%%time\nmodel = {LOAD}", f"if x:\n    %time other = {LOAD}\n", f"%%html\n{LOAD}")
    text = script(IMPORTS, f"%%time\nmodel = {LOAD}", f"if x:\n    %time other = {LOAD}\n")
    assert [text[one.place.span.start : one.place.span.end] for one in found.invocations] == [LOAD, LOAD]
    assert [where(text, one.place.span.start) for one in found.invocations] == [(2, 2), (2, 3)]


def test_no_block_reaches_from_one_cell_into_the_next() -> None:
    (one,) = reading(IMPORTS, "for x in y:\n    f(x)", f"    model = {LOAD}").invocations
    assert not one.in_loop
    assert not one.branches


@pytest.mark.parametrize(
    ("cell", "read_there", "reason"),
    [
        (f"model = f({LOAD}", 0, "a bracket is never closed"),
        (f"model = {LOAD}\nx = f(1,\n  2", 1, "a bracket is never closed"),
        (f"x = '''\nmodel = {LOAD}", 0, "a string is never closed"),
        (f"x = f('it\nmodel = {LOAD}\n\"out\nof a run", 1, "a string is never closed"),
    ],
)
def test_what_is_never_closed_does_not_leak(cell: str, read_there: int, reason: str) -> None:
    text = script(IMPORTS, cell, f"model = {LOAD}")
    found = read(Source("n.ipynb", text), WANTED, Nowhere())
    assert [where(text, one.place.span.start)[1] for one in found.invocations] == [2] * read_there + [3]
    (problem,) = found.problems
    assert (problem.cell, problem.reason) == (2, reason)
    assert list(problem_lines([problem])) == [f"n.ipynb:cell 2:{problem.line}: {reason}"]


def test_a_broken_cell_without_a_trigger_is_of_no_interest() -> None:
    assert not reading(IMPORTS, "print('", f"model = {LOAD}").problems


def test_a_syntax_error_is_placed_in_its_cell() -> None:
    (problem,) = reading(IMPORTS, f"model = {LOAD}", "x = 1\ny = = 2").problems
    assert (problem.cell, problem.line) == (3, 2)


# --- shell ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("!vllm serve a/b --port 80 &", ["vllm", "serve", "a/b", "--port", "80"]),
        ("!A=1 nohup vllm serve a/b > log 2>&1", ["vllm", "serve", "a/b"]),
        ("!vllm serve {model} --tp $N", ["vllm", "serve", "?", "--tp", "?"]),
        ("%%bash\nM=a/b\nvllm serve $M \\\n --x", ["vllm", "serve", "a/b", "--x"]),
        ("%%script bash --bg\nvllm serve a/b", ["vllm", "serve", "a/b"]),
        ("x = !python -m vllm.entrypoints.openai.api_server", ["python", "-m", "vllm.entrypoints.openai.api_server"]),
        ("%sx vllm serve a/b", ["vllm", "serve", "a/b"]),
        ("if x:\n    !vllm serve 'a b'", ["vllm", "serve", "a b"]),
    ],
)
def test_shell_lines_are_commands(cell: str, expected: list[object]) -> None:
    (one,) = reading("x = 1", cell).invocations
    assert words(one) == expected


def test_words_know_where_they_stand_and_what_is_put_before_them() -> None:
    text = script("", "\n!A=1 vllm serve 'a b' # remark")
    found = read(Source("n.ipynb", text), WANTED, Nowhere())
    (one,) = found.invocations
    assert one.words is not None
    assert one.env is not None
    spans = [entry.place.span for entry in (*one.words.entries, *one.env.entries)]
    assert [text[span.start : span.end] for span in spans] == ["vllm", "serve", "'a b'", "1"]
    assert [(c.text, c.alone) for c in found.comments] == [("remark", False)]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("!pip install -q transformers==4.57.6 'torch[x]>=2,<3'", {"transformers": "==4.57.6", "torch": "<3,>=2"}),
        ("%pip install transformers==4.1 \\\n  accelerate==1", {"transformers": "==4.1", "accelerate": "==1"}),
        ("pip install a==1", {"a": "==1"}),
        ("!pip -q install a==1", {"a": "==1"}),
        ("%%bash\npython3 -m pip install a==1; uv pip install b==2", {"a": "==1", "b": "==2"}),
        ("!{sys.executable} -m pip3 install a==1", {"a": "==1"}),
        ("!CMAKE_ARGS='-DX=on' pip install -q llama-cpp-python==0.3", {"llama-cpp-python": "==0.3"}),
        ("!pip install a -r requirements.txt -t dir -c b==1", {}),
        ("!pip install -U a", {"a": ""}),
        ("!pip install a=={VERSION} b=={V}.0", {"a": "", "b": ""}),
        ("!pip install git+https://github.com/huggingface/Peft.git@main", {"peft": ""}),
        ("!pip install 'x @ git+https://example.org/x'", {"x": ""}),
        (
            "!pip install torch --index-url https://example.org/whl/nightly/cu1",
            {"index": "https://example.org/whl/nightly/cu1"},
        ),
        ("!pip install a>=1", {}),
        ("!pip uninstall a==1\n!echo pip install b==1\n# !pip install c==1\n!apt install pip", {}),
    ],
)
def test_what_a_notebook_installs(cell: str, expected: dict[str, str]) -> None:
    text = script(cell)
    found = pins(Source("n.ipynb", text))
    assert {pin.library: pin.specifier for pin in found} == expected
    for pin in found:
        assert text[pin.place.span.start : pin.place.span.end].strip("'") != ""


def test_what_a_file_requires_outranks_the_project() -> None:
    place = Place("n.ipynb", Span(0, 1))
    project = {"a": "==1", "b": "==1", "c": "==1", "d": "==1"}
    stated = (("a", "==2"), ("b", ""), ("c", "==3"), ("c", "==4"))
    assert pinned(project, [Pin(library, specifier, place) for library, specifier in stated]) == {
        "a": "==2",
        "d": "==1",
    }


# --- fixes ------------------------------------------------------------------------------------------------------------


def test_comments_suppress_in_cells_and_the_first_block_the_whole_notebook() -> None:
    config = "BitsAndBytesConfig(load_in_8bit=True)"
    load = f"m = AutoModelForCausalLM.from_pretrained(\n    'a/b', quantization_config={config}\n)"
    imports = f"{IMPORTS}, BitsAndBytesConfig"

    def codes(*cells: str) -> list[tuple[str, bool]]:
        outcome = judged(script(*cells))
        return [(one.code, one.suppressed is not None) for one in outcome.findings]

    assert codes(imports, load) == [("ECO101", False)]
    assert codes("", f"# ecolint: ignore-file[ECO101] why\n{imports}", load) == [("ECO101", True)]
    assert codes(imports, load.replace("True)", "True)  # ecolint: ignore[ECO101] why")) == [("ECO101", True)]
    assert codes(f"{imports}\n# ecolint: ignore[ECO101] of another cell", load) == [("ECO101", False)]


def judged(text: str) -> Outcome:
    class Alone(Nowhere):
        def pins(self, path: str) -> dict[str, str]:
            return {}

    return check(Source("n.ipynb", text), Alone(), ruleset.load([ruleset.packaged()]), Settings(root=Path()))


def test_a_fix_writes_only_its_own_lines() -> None:
    raw = notebook(
        ("markdown", "é"),
        "%load_ext x\nfrom transformers import AutoModelForCausalLM, BitsAndBytesConfig",
        "!nvidia-smi\n\nm = AutoModelForCausalLM.from_pretrained('a/b-1B', load_in_8bit=True)",
        indent=1,
        ensure_ascii=True,
    )
    loaded = files.decode("n.ipynb", raw.encode())
    assert isinstance(loaded, files.Loaded)
    outcome = judged(loaded.source.text)
    done = fixes.apply(loaded.source, outcome, True, lambda again: judged(again.text))
    assert done.applied
    changed = [line for line in loaded.rewritten(done.text).splitlines() if line not in raw.splitlines()]
    assert all("torch" in line or "from_pretrained" in line for line in changed)
    assert len(changed) <= 2


def test_an_edit_stays_in_the_python_of_one_cell() -> None:
    text = script("x = 1\ny = 2", "!ls", "z = 3")
    seen = view(text)

    def settled(old: str, start: int, end: int, new: str = "") -> str:
        edit = _settled(text, seen, Edit("n.ipynb", Span(start, end), new))
        return text[: edit.span.start] + edit.text + text[edit.span.end :]

    y, shell, z = text.index("y"), text.index("!"), text.index("z")
    assert settled(text, y, y + 6) == script("x = 1", "!ls", "z = 3"), "the last line goes with the line end before it"
    assert settled(text, z, z + 6) == script("x = 1\ny = 2", "!ls", "")
    assert settled(text, y + 5, y + 5, "\nw = 1") == script("x = 1\ny = 2\nw = 1", "!ls", "z = 3")
    assert settled(text, z, z, "w = 1\n") == script("x = 1\ny = 2", "!ls", "w = 1\nz = 3")
    for start, end in ((y, z), (shell, shell + 1), (y, shell), (shell + 1, shell + 1), (y + 6, y + 6)):
        with pytest.raises(CannotEdit):
            settled(text, start, end)


def test_a_script_that_is_not_of_this_notebook_is_not_written() -> None:
    raw = notebook("x", ("markdown", "y"), "")
    for other in (script("x", ""), script("x", "z", ""), script("x", "", "z")):
        with pytest.raises(CannotEdit):
            repack(raw, other)


SOURCES = st.lists(st.text(alphabet='ab \n\r\té\U0001f600"\\/\x7f', max_size=25), min_size=1, max_size=4)


@settings(deadline=None)
@given(
    SOURCES, SOURCES, st.booleans(), st.sampled_from([None, 0, 1, 2]), st.sampled_from(["lines", "pieces", "string"])
)
def test_a_notebook_is_written_back_byte_for_byte_but_for_its_sources(
    before: list[str], after: list[str], ascii_only: bool, indent: int | None, shape: str
) -> None:
    def shaped(text: str) -> object:
        if shape == "string":
            return text
        return text.splitlines(True) if shape == "lines" else [text[n : n + 3] for n in range(0, len(text), 3)]

    cells = [
        {"cell_type": "code", "metadata": {"é": '\\"'}, "outputs": [{"text": ['"]}', "\n"]}], "source": shaped(one)}
        for one in before
    ]
    raw = json.dumps({"cells": cells, "metadata": {}}, indent=indent, ensure_ascii=ascii_only)
    assert unpack(raw) == script(*before)
    assert repack(raw, script(*before)) == raw
    new = [after[n % len(after)] if old else "" for n, old in enumerate(before)]
    written = repack(raw, script(*new))
    assert unpack(written) == script(*new)
    for old, made in zip(cells, json.loads(written)["cells"], strict=True):
        assert {**made, "source": None} == {**old, "source": None}
    untouched = [one for one, old, text in zip(cells, before, new, strict=True) if old == text]
    for one in untouched:
        assert json.dumps(one["source"], ensure_ascii=ascii_only) in json.dumps(
            json.loads(written), ensure_ascii=ascii_only
        )


def test_a_line_that_changes_keeps_the_bytes_beside_the_change() -> None:
    raw = '{"cells": [{"cell_type": "code", "source": ["a = \\u0022\\/\\u0022\\n", "b = \\u00e9 + 1\\n",\r\n "c"]}]}'
    text = unpack(raw)
    assert repack(raw, text.replace("+ 1", "+ 2")) == raw.replace("+ 1", "+ 2")
    assert repack(raw, text.replace("b =", "x\nb =")) == raw.replace('"b = ', '"x\\n", "b = ')
    assert repack(raw, text.replace("c", "c\nd")) == raw.replace('"c"', '"c\\n",\r\n "d"')
    assert repack(raw, text.replace("\nc", "")) == raw.replace('\\n",\r\n "c"', '"')


def test_cells_of_a_text() -> None:
    text = script("ab", "", "c\nd")
    cells = Cells(text)
    assert [cells.of(n) for n in (0, 2, 4, 5, 7, 8, 13, 99)] == [1, 1, 1, 2, 2, 3, 3, 3]
    assert [cells.source(n) for n in (1, 2, 3)] == ["ab", "", "c\nd"]
    assert where(text, text.index("d")) == (2, 3)
    assert where("a\nb", 2) == (2, None)
