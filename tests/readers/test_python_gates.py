"""The gates of the Python reader keep out nothing that it would find: modules that load models in all sorts of ways."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import indent

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecolint import shortcuts
from ecolint.files import Loaded, decode
from ecolint.model import Invocation, Source
from ecolint.project import Project
from ecolint.readers import Nowhere, python
from ecolint.readers.python.gates import Told
from ecolint.readers.python.reading import read_file
from ecolint.stacks import asked

WANTED = asked(())
SIEVE = python.sieve(WANTED)

MANY = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))


def missed(text: str, raw: bytes | None = None) -> str:
    """What the gates keep out of what the reader finds in a text; empty where they keep out nothing.

    `raw` are the bytes of a file whose text this is, where it is not UTF-8 as it stands.
    """
    source = Source("app.py", text)
    full = read_file(source, WANTED, Nowhere(), told=Told(True, True, True, True)).invocations
    if full and not SIEVE(text.encode() if raw is None else raw):
        return f"the sieve: {told(full)}"
    found = python.read(source, WANTED, Nowhere()).invocations
    return "" if found == full else f"the reader's own gate: {told(full)}"


def told(found: Sequence[Invocation]) -> list[str]:
    return [one.name for one in found]


# --- what is written --------------------------------------------------------------------------------------------------


def name_of(pattern: str, fill: str) -> str:
    """A dotted name that fits a pattern of the vocabularies."""
    return re.sub(r"\[!?[^\]]*\]", "X", pattern).replace("*", fill)


CALLS = sorted({name_of(one, fill) for one in WANTED.calls for fill in ("Causal", "lm", "")} - {""})
CALLS = [one for one in CALLS if all(part.isidentifier() for part in one.split(".")) and "." in one]
USUAL = (
    *("transformers.AutoModelForCausalLM.from_pretrained", "transformers.pipeline", "vllm.LLM", "llama_cpp.Llama"),
    *("transformers.BitsAndBytesConfig", "sentence_transformers.SentenceTransformer", "sglang.Engine"),
    *("diffusers.StableDiffusionPipeline.from_pretrained", "llama_cpp.Llama.from_pretrained"),
    *("transformers.models.llama.LlamaForCausalLM.from_pretrained", "vllm.engine.arg_utils.EngineArgs"),
)
names = st.one_of(st.sampled_from(USUAL), st.sampled_from(CALLS))
ARGUMENTS = ('"org/model-7b"', '"org/model-7b", load_in_8bit=True', "name, **options", "*arguments", "")
NOISE = (
    "",
    "# {name}(...) and {tail}: see the docs, don't\n",
    '"""It\'s {tail}, as in `{name}(x)`."""\n',
    "'''A \"{tail}\" '''\n",
    'note = "# {tail}"  # it\'s "{tail}"\n',
    "pattern = r'\\'[\"]' + \"'\"\n",
    "marks = \"'''\", '\"\"\"'\n",
    'told = f"{{other["a"]}} {tail}"\n',
    "told = f'''{{other}} \"{tail}\" '''\n",
    "if True: pass; number = 1\n",
    ">>> {name}\n",
    'long = "one \\\ntwo {tail}"\n',
    "values = [1, 2)\n",
    "def unfinished(:\n",
    "é = 'ü {tail}'\n",
    "\f\n",
)


def imported(draw: st.DrawFn, name: str) -> tuple[str, str]:
    """An import of a dotted name, and what the name is called after it."""
    module, _, rest = name.partition(".")
    parts = name.split(".")
    at = next((i for i, part in enumerate(parts[1:], 1) if part[:1].isupper()), len(parts) - 1)
    home, thing, tail = ".".join(parts[:at]), parts[at], "".join(f".{part}" for part in parts[at + 1 :])
    return draw(
        st.sampled_from(
            [
                (f"import {module}\n", name),
                (f"import {home}\n", name),
                (f"import {module} as m\n", f"m.{rest}"),
                (f"import {home} as m, os as o\n", f"m.{thing}{tail}"),
                (f"from {home} import {thing}\n", f"{thing}{tail}"),
                (f"from {home} import Other, {thing} as Renamed\n", f"Renamed{tail}"),
                (f"from {home} import (\n    Other,\n    {thing},\n)\n", f"{thing}{tail}"),
                (f"from {home} import (  # not (any)\n    {thing}  as R , Other as O\n)\n", f"R{tail}"),
                (f"from {home} import \\\n    Other, \\\n    {thing}\n", f"{thing}{tail}"),
                (f"from \\\n  {home} \\\n  import {thing} as R\n", f"R{tail}"),
                (f"from {home} import *\n", f"{thing}{tail}"),
                (f"try:\n    from {home} import {thing}\nexcept ImportError:\n    {thing} = None\n", f"{thing}{tail}"),
                (f"if True: from {home} import {thing}; ready = 1\n", f"{thing}{tail}"),
                (f"import os; from {home} import {thing} as R; ready = 1\n", f"R{tail}"),
                (f"import {home}\nR = {home}.{thing}\n", f"R{tail}"),
                (f"from {home} import {thing}\nR = {thing}\n", f"R{tail}"),
                (f"from {home} import {thing}\nR: object = S = {thing}\n", f"S{tail}"),
                (f"from {home} import {thing}\nR, S = None, {thing}\n", f"S{tail}"),
                (f"from {home} import {thing}\nclass R({thing}):\n    pass\n", f"R{tail}"),
                (f"from {home} import {thing}\nclass R(Mixin, {thing}): extra = 1\n", f"R{tail}"),
                (f"import {module}\nR = getattr({home}, '{thing}')\n", f"R{tail}"),
                (f"import importlib\nm = importlib.import_module('{home}')\n", f"m.{thing}{tail}"),
            ]
        )
    )


def called(draw: st.DrawFn, name: str) -> str:
    """Statements that call something, in one way or another."""
    given = draw(st.sampled_from(ARGUMENTS))
    owner, dot, last = name.rpartition(".")
    ways = [
        f"x = {name}({given})\n",
        f"{name}({given})\n",
        f"x: object = y = {name}  ({given})\n",
        f"x = {name}\t(\n    {given}\n)\n",
        f"x = {name} \\\n    ({given})\n",
        f"x = ({name})({given})\n",
        f"x = (\n    {name}\n)({given})\n",
        f"x = (({name}))({given})\n",
        f"x = {name}(  # {name}\n    {given})\n",
        f"x = ({name}  # as ever\n)({given})\n",
        f"a = 1; x = {name}({given}); b = 2\n",
        f"if (x := {name}({given})): pass\n",
        f"with {name}({given}) as x: pass\n",
        f"for x in [{name}({given})]: pass\n",
        f"x = [{name}({given}) for name in names]\n",
        f"x = {{'a': {name}({given})}}\n",
        f"x = lambda name: {name}({given})\n",
        f"x = f'{{{name}(1)}}'\n",
        f'x = f"""\n{{ {name}(name) }}\n"""\n',
        f"@decorated({name}({given}))\ndef f(): pass\n",
        f"def f(model={name}({given})): return model\n",
        f"def f():\n\treturn {name}({given})\n",
        f"async def f():\n  yield await to_thread({name}, {given or 1})\n",
        f"class A:\n    model = {name}({given})\n",
        f"class A:\n    def __init__(self):\n        self.load = {name}\n        self.model = self.load({given})\n",
        f"x = None if flag else {name}({given})\n",
        f"assert {name}({given}) is not None\n",
        f"match kind:\n    case 1: x = {name}({given})\n",
        f"try: x = {name}({given})\nfinally: pass\n",
        f"load = {name}\nx = load({given})\n",
        f"load = ({name})\nx = load({given})\n",
        f"load = (\n    {name}\n)\nx = load({given})\n",
        f"def f(load={name}):\n    return load({given})\n",
        f"from functools import partial\nload = partial({name}, {given or 1})\nx = load()\n",
        f"import functools\nx = functools.partial(\n    {name}, {given or 1})()\n",
        f"load = {name} if flag else None\nx = load({given})\n",
        f"load: object = {name}; x = load({given})\n",
        f"if flag: load = {name}\nx = load({given})\n",
        f"load, other = {name}, None\nx = load({given})\n",
        f"load = \\\n    {name}\nx = load({given})\n",
        f"load = [{name}][0]\nx = load({given})\n",
        f"(load := {name})\nx = load({given})\n",
        f"for load in ({name}, other):\n    x = load({given})\n",
        f"table = {{'a': {name}}}\nx = table['a']({given})\n",
        f"table = dict(a={name})\nx = table['a']({given})\n",
    ]
    if dot:
        ways += [
            f"x = {owner}.  {last}({given})\n",
            f"x = {owner} . \\\n    {last}({given})\n",
            f"x = ({owner}\n     .{last}({given}))\n",
            f"x = ({owner}  # it's\n     .{last}({given}))\n",
            f"x = ({owner}).{last}({given})\n",
            f"x = getattr({owner}, '{last}')({given})\n",
            f"Held = {owner}\nx = Held.{last}({given})\n",
            f"Held = Kept = {owner}\nx = Kept.{last}({given})\n",
            f"Held, Other = ({owner}, None)\nx = Held.{last}({given})\n",
            f"held = {{'a': {owner}}}\nx = held['a'].{last}({given})\n",
            f"held = [{owner}]\nx = held[0].{last}({given})\n",
            f"for Held in ({owner}, None):\n    x = Held.{last}({given})\n",
            f"def f(Held={owner}):\n    return Held.{last}({given})\n",
            f"def f(Held: type = {owner}, *, other=1):\n    return Held.{last}({given})\n",
            f"def f(Held):\n    return Held.{last}({given})\nf({owner})\n",
            f"f = lambda Held={owner}: Held.{last}({given})\n",
            f"x = [Held.{last}({given}) for Held in [{owner}]]\n",
            f"class Own({owner}):\n    pass\nx = Own.{last}({given})\n",
            f"class Own({owner}):\n    @classmethod\n    def make(cls):\n        return cls.{last}({given})\n",
            f"class Own({owner}):\n    @classmethod\n    def {last}(cls):\n        return super().{last}({given})\n",
            f"class A:\n    kind = {owner}\n    def f(self):\n        return self.kind.{last}({given})\n",
            f"Held = {owner} if flag else None\nx = Held.{last}({given})\n",
            f"if flag:\n    Held = {owner}\nelse:\n    Held = None\nx = Held.{last}({given})\n",
            f"with open('a') as Held: pass\nHeld = {owner}\nx = Held.{last}({given})\n",
            f"x = type(other).{last}({given})\n",
            f"x = ({owner} or Other).{last}({given})\n",
            f"x = (lambda: {owner})().{last}({given})\n",
        ]
    return draw(st.sampled_from(ways))


def placed(draw: st.DrawFn, text: str) -> str:
    """Statements as they stand, or inside others."""
    shift = draw(st.sampled_from(["    ", "\t", " "]))
    within = draw(
        st.sampled_from(
            [
                *(
                    "",
                    "",
                    "",
                    "def main(name, *arguments, **options):\n",
                    "if __name__ == '__main__':\n",
                    "while True:\n",
                ),
                *("class Service:\n{0}def load(self):\n{0}", "try:\n{0}pass\nexcept Exception:\n", "async def f():\n"),
                *("with torch.no_grad(), open('a') as file:\n", "for name in names:\n", "if flag:\n{0}pass\nelse:\n"),
                "def outer():\n{0}def inner(name):\n{0}",
            ]
        )
    )
    if not within:
        return text
    head = within.format(shift)
    inner = head.endswith(f"\n{shift}")
    return head.removesuffix(shift) + indent(text, 2 * shift) if inner else head + indent(text, shift)


def noise(draw: st.DrawFn, name: str) -> str:
    line = draw(st.sampled_from(NOISE))
    return line.format(name=name, tail=name.rpartition(".")[2])


def written(text: str, ends: str, bom: bool) -> bytes:
    """A text as an editor may save it."""
    return (b"\xef\xbb\xbf" if bom else b"") + text.replace("\n", ends).encode()


line_ends, usual_ends = st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from(["\n", "\r\n"])


@st.composite
def modules(draw: st.DrawFn) -> str:
    """A module that loads a model."""
    name = draw(names)
    brought, known_as = imported(draw, name)
    used = called(draw, known_as)
    together, between = draw(st.booleans()), noise(draw, name)
    body = placed(draw, brought + used) if together else brought + between + placed(draw, used)
    return noise(draw, name) + body + noise(draw, name)


@MANY
@given(modules(), line_ends, st.booleans())
def test_a_model_that_is_loaded_passes_the_gates(text: str, ends: str, bom: bool) -> None:
    raw = written(text, ends, bom)
    loaded = decode("app.py", raw)
    assert isinstance(loaded, Loaded)
    assert missed(loaded.source.text, raw) == ""


HEAD = "import functools\nimport os, subprocess\nfrom functools import partial\nfrom vllm import LLM\n"
KEPT_OUT = {
    "_is_used: in parentheses, then assigned": "load = (LLM)\nx = load('m')\n",
    "_is_used: in parentheses over several lines": "load = (\n    LLM\n)\nx = load('m')\n",
    "_is_used: the default of a parameter": "def f(load=LLM):\n    return load('m')\n",
    "_CALLED: a comment before the arguments": "x = (LLM  # as ever\n)('m')\n",
    "_is_used: partial within the first 200 bytes": "load = partial(LLM, 'm')\nx = load()\n" + "#" * 300,
    "brings: a comment that holds parentheses": "from vllm import (  # (one)\n    LLM as L,\n)\nx = L('m')\n",
    "brings: a name on the line after its dot": "import vllm\nx = vllm. \\\n    LLM('m')\n",
    "_begins: a program after an escaped line end": "os.system('set -e\\nvllm serve m')\n",
    "_begins: a program that begins twice": "os.system('cd vllm/vllm && vllm serve m')\n",
    "_begins: a program after an escaped tab": "os.system('cd /srv &&\\tvllm serve m')\n",
}
"""What a gate once kept out though the reader finds something there, by the gate."""

GIVEN_UP = ("os.system('vll' 'm serve m')\n", "os.system('vll' + 'm serve m')\n")
"""Names of programs that are put together: no word of theirs stands in the text, and nobody is told."""


@pytest.mark.parametrize("text", GIVEN_UP)
def test_a_name_of_a_program_that_is_put_together_is_given_up(text: str) -> None:
    assert missed(HEAD + text) != ""


def test_a_short_name_after_an_escaped_line_end_is_found() -> None:
    text = "import os\nos.system('set -e\\noc apply -f a.yaml')\n"
    assert read_file(Source("app.py", text), WANTED, Nowhere()).invocations
    assert missed(text) == ""


@pytest.mark.parametrize("gate", KEPT_OUT)
def test_what_a_gate_kept_out(gate: str) -> None:
    text = (HEAD if "import" not in KEPT_OUT[gate] else "") + KEPT_OUT[gate]
    assert read_file(Source("app.py", text), WANTED, Nowhere()).invocations
    assert missed(text) == ""


@pytest.mark.parametrize(
    "text",
    ["# a comment\rfrom vllm import LLM\rx = LLM('m')\r", "from vllm import *\nx = (LLM)('m')\n"],
    ids=["carriage returns", "in parentheses"],
)
def test_without_the_gates_no_less_is_found(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source("app.py", text)
    quick = python.read(source, WANTED, Nowhere()).invocations
    monkeypatch.setenv(shortcuts.VARIABLE, "gates")
    assert python.read(source, WANTED, Nowhere()).invocations == quick


LOADER = "from transformers import AutoModelForCausalLM as A, BitsAndBytesConfig as Q\n"
CALL = "('m', quantization_config=Q())\n"
HELD = {
    "by a class": f"class S:\n    m = A.from_pretrained\n    def f(self):\n        return self.m{CALL}",
    "by a parameter": f"def f(m=A.from_pretrained):\n    return m{CALL}",
    "by one of several names": f"m, n = A.from_pretrained, 1\nx = m{CALL}",
    "by a name of a runner": "import os, subprocess\ngo = subprocess.run\nos.system(go('vllm serve m', shell=True))\n",
}
"""What is wanted, called by way of something else, beside a call that is wanted too."""


@pytest.mark.parametrize("how", HELD)
def test_what_is_held_is_found_beside_what_is_called(how: str) -> None:
    text = LOADER + HELD[how].replace("Q()", "Q(load_in_8bit=True)")
    names = {one.name for one in read_file(Source("app.py", text), WANTED, Nowhere()).invocations}
    assert names & {"transformers.AutoModelForCausalLM.from_pretrained", "command"}
    assert missed(text) == ""


# --- command lines ----------------------------------------------------------------------------------------------------

LINES = (
    *("vllm serve org/model-7b --port 80", "python -m vllm.entrypoints.openai.api_server --model m"),
    *("CUDA_VISIBLE_DEVICES=0 vllm serve m", "cd /srv && exec vllm serve m > log 2>&1 &", "/opt/bin/vllm serve m"),
    *("nohup text-generation-launcher --model-id m", "docker run --gpus all vllm/vllm-openai:v0.9.1 --model m"),
    *(
        "ollama run llama3",
        "llama-server -m a.gguf",
        "python server.py --model m",
        "sglang serve m;true",
        "./main.py m",
    ),
    *("oc apply -f a.yaml", "(vllm serve m)", "bash -c 'vllm serve m'", "echo $(vllm serve m)", "a|vllm serve m>log"),
    *("timeout 5 lm_eval --model hf --model_args pretrained=m", "python3 -u -m sglang.launch_server --model-path m"),
)


def quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def runs(draw: st.DrawFn, line: str) -> str:
    """Statements that run a command line, in one way or another."""
    words = line.split()
    escapes = ("\\n", "\\t") if len(words[0]) > 2 else (";", "&&")  # see the test of short names
    text = draw(
        st.sampled_from(
            [
                *(quoted(line), f'"{line}"', f"f{quoted(line)}", f"r'''{line}'''", f'"""\n  {line}\n"""'),
                *(
                    f'"""set -e\n{line}\n"""',
                    f'f"cd {{place}} && {line}"',
                    *(f'"set -e{one}{line}"' for one in escapes),
                    f"'echo a;' {quoted(line)}",
                ),
                *(f"({quoted(words[0])}\n    ' '\n    {quoted(' '.join(words[1:]))})", f"'%s' % {quoted(line)}"),
                *(f"'{{}}'.format({quoted(line)})", f"' '.join([{', '.join(map(quoted, words))}])", f"b{quoted(line)}"),
                f"{quoted(words[0])} + ' ' + {quoted(' '.join(words[1:]))}",
                f"f'{{prefix}}/{line}'" if "'" not in line else quoted(line),
            ]
        )
    )
    listed = "[" + ", ".join(map(quoted, words)) + "]"
    split = draw(
        st.sampled_from(
            [
                *(listed, f"({listed[1:-1]},)", f"[\n    {listed[1:-1]},  # it's\n]", f"{listed[:-1]}, *more]"),
                *(f"[{quoted(words[0])}] + [{', '.join(map(quoted, words[1:]))}]", f"{quoted(line)}.split()"),
                *(f"shlex.split({text})", f"['bash', '-lc', {text}]", f"['sh', '-c', {text}]"),
            ]
        )
    )
    return draw(
        st.sampled_from(
            [
                *(f"os.system({text})\n", f"os.popen({text}).read()\n", f"system({text})\n", f"os . system({text})\n"),
                *(f"subprocess.run({split})\n", f"subprocess.run({text}, shell=True)\n", f"sp.Popen(args={split})\n"),
                *(f"run({split}, check=True)\n", f"r({text}, shell=True)\n", f"subprocess.call(\n    {split}\n)\n"),
                *(f"cmd = {split}\ncmd += ['-q']\nsubprocess.check_output(cmd)\n", f"cmd = {text}\nos.system(cmd)\n"),
                *(f"CMD = {split}\ndef f():\n    with subprocess.Popen(CMD) as p: return p\n",),
                f"def f(cmd={text}):\n    subprocess.run(cmd, shell=True)\n",
                f"async def f():\n    await asyncio.create_subprocess_shell({text})\n",
                f"async def f():\n    await asyncio.create_subprocess_exec({listed[1:-1]})\n",
                f"cmd = []\ncmd.extend({listed})\nsubprocess.run(cmd)\n",
                f"program = {quoted(words[0])}\nsubprocess.run([program, {', '.join(map(quoted, words[1:]))}])\n",
                f"from functools import partial\ngo = partial(subprocess.run, {split})\ngo()\n",
                f"from sglang.utils import launch_server_cmd\nlaunch_server_cmd({text})\n",
                f"x = subprocess.run({split}) if flag else None\n",
                f"threading.Thread(target=subprocess.run, args=({split},)).start()\n",
                f"go = os.system\ngo({text})\n",
            ]
        )
    )


@st.composite
def scripts(draw: st.DrawFn) -> str:
    """A module that runs a command line."""
    line = draw(st.sampled_from(LINES))
    heads = (
        *("import asyncio, os, shlex, subprocess\n", "import subprocess as sp\nimport os\n", "from os import system\n"),
        *("from subprocess import run, run as r\n", "from os import (\n    system,\n    popen as p,\n)\n"),
        *("import os; import subprocess\n", "from subprocess import *\nfrom os import *\n", "import os, sys\n"),
    )
    head = draw(st.sampled_from(heads))
    return noise(draw, "vllm.LLM") + head + noise(draw, "vllm.LLM") + placed(draw, runs(draw, line))


@MANY
@given(scripts(), line_ends, st.booleans())
def test_a_command_line_that_is_run_passes_the_gates(text: str, ends: str, bom: bool) -> None:
    raw = written(text, ends, bom)
    loaded = decode("app.py", raw)
    assert isinstance(loaded, Loaded)
    assert missed(loaded.source.text, raw) == ""


# --- models that other modules make -----------------------------------------------------------------------------------

MAKERS = {
    "returned": "def load():\n    return LLM('m')\n",
    "held": "def load(name='m'):\n    model = LLM(name)\n    return model\n",
    "tuple": "def load():\n    model = LLM('m')\n    return model, None\n",
    "nested": "def load():\n    if True:\n        return LLM('m')\n    return None\n",
    "decorated": "@functools.cache\ndef load():\n    return LLM('m')\n",
    "late": "def load():\n    from vllm import LLM\n    return LLM('m')\n",
    "through": "def load():\n    return own()\ndef own():\n    return LLM('m')\n",
    "through held": "def load():\n    model = own()\n    return model\ndef own():\n    return LLM('m')\n",
    "renamed": "def load():\n    return L('m')\n",
    "of a global": "model = LLM('m')\ndef load():\n    return model\n",
    "of a lazy global": "model = None\ndef load():\n    global model\n    model = LLM('m')\n    return model\n",
    "conditional": "if True:\n    def load():\n        return LLM('m')\n",
    "margin": "def load(\nname=1,\n):\n    return own()\ndef own():\n    return LLM('m')\n",
    "text": "def load():\n    text = '''\nat the margin\n'''\n    return own()\ndef own():\n    return LLM('m')\n",
    "margin comment": "def load():\n# here\n    return own()\ndef own():\n    return LLM('m')\n",
    "one line": "def load(): return LLM('m')\n",
    "spaced": "def  load (\n    name: str = 'm',\n) -> LLM:\n    return LLM(name)\n",
    "async": "async def load():\n    return LLM('m')\n",
    "alias": "kind = LLM\ndef load():\n    return kind('m')\n",
    "after a semicolon": "a = 1; b = 2\ndef load(): m = LLM('m'); return m\n",
    "partial": "make = functools.partial(LLM, 'm')\ndef load():\n    return make()\n",
    "pretrained": "def load():\n    return AutoModelForCausalLM.from_pretrained('m')\n",
    "unicode": "def lade_größe():\n    return LLM('m')\ndef load():\n    return lade_größe()\n",
}
HEADS = (
    "import functools\nfrom transformers import AutoModelForCausalLM\nfrom vllm import LLM\n",
    "import functools\nfrom transformers import AutoModelForCausalLM\nfrom vllm import LLM\nL = LLM\n",
    "import functools\nfrom transformers import *\nfrom vllm import LLM, LLM as L\n",
)
PACKAGES = (
    "",
    "from .models import load\n",
    "from .models import *\n",
    "from pkg.models import load as load\n",
    "from .models import (\n    load,  # it\n)\n",
    "try:\n    from .models import load\nexcept ImportError:\n    load = None\n",
)
BRINGS = (
    ("from pkg.models import load\n", "load"),
    ("from pkg.models import load as l\n", "l"),
    ("from pkg.models import (\n    other,\n    load as l,  # it\n)\n", "l"),
    ("from pkg.models import \\\n    load\n", "load"),
    ("from pkg.models import *\n", "load"),
    ("from pkg import load\n", "load"),
    ("from pkg import models\n", "models.load"),
    ("from pkg import models as m\n", "m.load"),
    ("import pkg.models\n", "pkg.models.load"),
    ("import pkg.models as m\n", "m.load"),
    ("import pkg\n", "pkg.load"),
    ("import os, pkg.models as m; import sys\n", "m.load"),
    ("if True: from pkg.models import load\n", "load"),
    ("try:\n    from pkg.models import load\nexcept ImportError:\n    load = None\n", "load"),
)
ASKS = (
    "model = {}()\n",
    "model = {} ()\n",
    "model = ({})()\n",
    "model = ({}  # it\n)()\n",
    "model = {} \\\n    ()\n",
    "model, tokenizer = {}()\n",
    "l2 = {}\nmodel = l2()\n",
    "model = {}()[0]\n",
    "model: object = {}('m')\n",
    "with {}() as model: pass\n",
    "if (model := {}()): pass\n",
)


def both(models: str, package: str, app: str) -> tuple[tuple[Invocation, ...], tuple[Invocation, ...]]:
    """What is found in a module that uses another one of its project, with the shortcuts and without."""
    with TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        root = Path(place).resolve()
        (root / "pkg").mkdir()
        for name, text in (("pkg/models.py", models), ("pkg/__init__.py", package), ("app.py", app)):
            (root / name).write_bytes(text.encode())
        source = Source(str(root / "app.py"), app)
        quick = python.read(source, WANTED, Project(root)).invocations
        patch.setenv(shortcuts.VARIABLE, "all")
        return quick, python.read(source, WANTED, Project(root)).invocations


CONSTANTS = (
    *("MODEL = 'm'\n", "MODEL: str = 'm'\n", "A = MODEL = 'm'\n", "MODEL = A = 'm'\n", "A, MODEL = 'a', 'm'\n"),
    *("MODEL, A = 'm', 'a'\n", "(A, MODEL) = ('a', 'm')\n", "(\n    A,\n    MODEL,\n) = ('a', 'm')\n", "MODEL='m'\n"),
    *(
        "[MODEL, A] = ['m', 'a']\n",
        "if True: MODEL = 'm'\n",
        "a = 1; MODEL = 'm'\n",
        "MODEL = \\\n  'm'\n",
        "\fMODEL = 'm'\n",
    ),
    *("if True:\n    MODEL = 'm'\nelse:\n    MODEL = 'n'\n", "MODEL = (\n  'm'\n)\n", "MODEL: dict[str, int] = 'm'\n"),
    *(
        "MODEL: 'a=b' = 'm'\n",
        "try:\n    MODEL = 'm'\nexcept E:\n    pass\n",
        "MODEL\t=\t'm'\n",
        "MODEL, *A = 'm', 'a'\n",
    ),
    *(
        "(MODEL) = 'm'\n",
        "X['a'] = MODEL = 'm'\n",
        "MODEL = X['a'] = 'm'\n",
        "MODEL: str\nMODEL = 'm'\n",
        "MODEL : str = 'm'\n",
    ),
    *("MODEL = os.environ.get('A', 'm')\n", "MODEL = 'm' if True else 'n'\n", "MODEL: int | None = 'm'\n"),
)
USES = (
    *("from pkg.models import MODEL\n{}LLM(MODEL)\n", "import pkg.models as c\n{}LLM(c.MODEL)\n"),
    *("from pkg.models import *\n{}LLM(MODEL)\n", "from pkg import MODEL as m\n{}LLM(m)\n"),
)
FEWER = settings(MANY, max_examples=100)


@FEWER
@given(*(st.sampled_from(one) for one in (HEADS, sorted(MAKERS), PACKAGES, BRINGS, ASKS)), usual_ends)
def test_a_model_that_another_module_makes_passes_the_gates(
    head: str, maker: str, package: str, brought: tuple[str, str], ask: str, ends: str
) -> None:
    app = brought[0] + ask.format(brought[1]) + "print(model.generate('a'))\n"
    quick, full = both(*(one.replace("\n", ends) for one in (head + MAKERS[maker], package, app)))
    assert quick == full


@FEWER
@given(st.sampled_from(CONSTANTS), st.sampled_from(USES), usual_ends)
def test_a_constant_of_another_module_is_the_same(text: str, use: str, ends: str) -> None:
    app = use.format("from vllm import LLM\n")
    quick, full = both(*(one.replace("\n", ends) for one in (text, "from .models import MODEL\n", app)))
    assert quick == full
    assert full


PLAIN = "from pkg.models import load\nmodel = load()\n"
MADE = "from vllm import LLM\n"
WORK = {
    "called": ("print(model.generate('a'))\n", True),
    "over two lines": ("print(model.\n    generate ('a'))\n", True),
    "in an f-string": ("print(f\"{model.generate('a')}\")\n", True),
    "handed on": ("run(model.generate, 'a')\n", True),
    "held": ("work = model.generate\n", True),
    "held before an import": ("work = model.generate\nimport os\n", True),
    "held before an ellipsis": ("work = model.generate\n...\n", True),
    "in an f-string behind a hash": ("print(f'''\n# {model.generate(1)}''')\n", True),
    "a part of it": ("print(client.chat.completions.create())\n", False),
    "a module": ("from api.chat import ask\nfrom .chat.models import More\n", False),
    "in a comment": ("# model.generate('a')\n", False),
    "in a text": ('"""\nRun:\n    model.generate(\'a\')\n>>> model.chat()\n"""\n', False),
    "of another name": ("model.generate_all('a')\nmodel.chats()\ngenerate('a')\n", False),
}
"""What is done with a model that another module loads, and whether that is its work."""


@pytest.mark.parametrize("how", WORK)
def test_work_is_what_is_called_or_handed_on(how: str) -> None:
    text, is_work = WORK[how]
    quick, full = both(MADE + MAKERS["returned"], "", PLAIN + text)
    assert quick == full
    assert bool(full) == is_work


KEPT_OUT_OF_PROJECTS = {
    "_own: text at the margin of a function": (
        MADE + 'def load():\n    text = """\nat the margin\n"""\n    return own()\ndef own():\n    return LLM(\'m\')\n',
        PLAIN,
    ),
    "_own: parameters at the margin": (
        MADE + "def load(\nname=1,\n):\n    return own()\ndef own():\n    return LLM('m')\n",
        PLAIN,
    ),
    "_own: a function under a condition": (MADE + "if True:\n    def load():\n        return LLM('m')\n", PLAIN),
    "_own: a function where something could be imported": (
        MADE
        + "try:\n    import vllm\nexcept ImportError:\n    pass\nelse:\n    def load():\n        return LLM('m')\n",
        PLAIN,
    ),
    "imports: names on the next line": (
        MADE + MAKERS["returned"],
        "from pkg.models import \\\n    load\nmodel = load()\n",
    ),
    "calls: in parentheses": (MADE + MAKERS["returned"], "from pkg.models import load\nmodel = (load)()\n"),
    "calls: a comment before the arguments": (
        MADE + MAKERS["returned"],
        "from pkg.models import load\nmodel = (load  # it\n)()\n",
    ),
    **{
        f"_may_bind: {told}": (text, "from pkg.models import MODEL\nfrom vllm import LLM\nmodel = LLM(MODEL)\n")
        for told, text in (
            ("a comment among names", "(\n    MODEL,  # it\n    A,\n) = ('m', 'a')\n"),
            ("a continued line", "MODEL \\\n  = 'm'\n"),
            ("names on lines that end in a carriage return", "(\r    A,\r    MODEL,\r) = ('a', 'm')\r"),
            ("a continued line of names", "MODEL,\\\n A = 'm', 'a'\n"),
            ("a type over several lines", "MODEL: Dict[\n  str, int\n] = 'm'\n"),
            ("a type that holds an equals sign", "MODEL: Literal['=='] = 'm'\n"),
            ("names in parentheses beside it", "MODEL, (A, B) = 'm', ('a', 'b')\n"),
            ("a key beside it", "MODEL, X['a'] = 'm', 'a'\n"),
        )
    },
}


@pytest.mark.parametrize("gate", KEPT_OUT_OF_PROJECTS)
def test_what_a_gate_kept_out_of_a_project(gate: str) -> None:
    models, app = KEPT_OUT_OF_PROJECTS[gate]
    quick, full = both(models, "", f"{app}print(model.generate('a'))\n")
    assert quick == full


def test_a_comment_before_a_carriage_return_is_passed() -> None:
    app = "from pkg.models import load\rmodel = (load  # it\r)()\rprint(model.generate('a'))\r"
    quick, full = both(MADE + MAKERS["returned"], "", app)
    assert quick == full
