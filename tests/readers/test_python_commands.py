"""Command lines that Python code runs: lists, strings, what is added to them, and what nobody can see."""

from __future__ import annotations

from ecolint.model import Source, Table, Wanted
from ecolint.readers import Nowhere
from ecolint.readers.python import read

WANTED = Wanted(commands=("vllm", "vllm.entrypoints.openai.api_server"), triggers=("vllm",))
HEAD = "import os, shlex, subprocess, sys\n"


def tables(text: str) -> list[Table]:
    found = read(Source("app.py", HEAD + text), WANTED, Nowhere()).invocations
    return [one.words for one in found if one.words is not None]


def words(text: str) -> list[object]:
    """The words of the only command; "?" is unknown, "…" at the end says that more may stand there."""
    (table,) = tables(text)
    shown: list[object] = []
    for entry in table.entries:
        one = entry.value[0]
        word = one.data if len(entry.value) == 1 and one.kind == "known" else "?"
        shown.append((word, "if") if entry.branches else word)
    return [*shown, "…"] if table.open else shown


def test_a_list_is_its_words() -> None:
    text = "PORT = 80\nsubprocess.run(['vllm', 'serve', 'm', '--port', str(PORT), '--seed', seed()])\n"
    assert words(text) == ["vllm", "serve", "m", "--port", "80", "--seed", "?"]


def test_a_list_grows_before_it_is_run() -> None:
    grown = "cmd += ['m', *['--seed', '1']]\ncmd.append('-q')\ncmd.extend(('fp8',))\n"
    text = f"cmd = ['vllm', 'serve']\n{grown}subprocess.Popen(cmd)\n"
    assert words(text) == ["vllm", "serve", "m", "--seed", "1", "-q", "fp8"]
    assert words("cmd = ['vllm', 'serve'] + extra()\nsubprocess.Popen(cmd)\n") == ["vllm", "serve", "…"]


def test_what_a_branch_adds_stands_in_that_branch() -> None:
    added = "    if fast:\n        cmd += ['--enforce-eager']\n"
    text = f"def f(fast):\n    cmd = ['vllm', 'serve']\n{added}    subprocess.run(cmd)\n"
    assert words(text) == ["vllm", "serve", ("--enforce-eager", "if")]
    later = "cmd = ['vllm', 'serve']\nsubprocess.run(cmd)\ncmd.append('--enforce-eager')\n"
    assert words(later) == ["vllm", "serve"]


def test_text_is_split_and_keeps_its_places() -> None:
    text = "os.system('cd /srv && vllm serve m --max-num-seqs 1 &')\n"
    (table,) = tables(text)
    place = table.entries[-1].place.span
    assert (HEAD + text)[place.start : place.end] == "1"
    assert words("subprocess.run(shlex.split('vllm serve m'))\n") == ["vllm", "serve", "m"]
    assert words("subprocess.run(['bash', '-lc', 'exec vllm serve m'])\n") == ["vllm", "serve", "m"]
    assert words("subprocess.run(' '.join(['vllm', 'serve', 'm']), shell=True)\n") == ["vllm", "serve", "m"]


def test_unseen_parts_of_a_text_are_unknown_words() -> None:
    text = "def f(m, p):\n    subprocess.run(f'vllm serve {m} --port={p} -q fp8'.split())\n"
    assert words(text) == ["vllm", "serve", "?", "--port", "?", "-q", "fp8"]


def test_templates_are_filled() -> None:
    assert words("os.system('vllm serve {} -q {quant}'.format(m(), quant='fp8'))\n") == [
        "vllm",
        "serve",
        "?",
        "-q",
        "fp8",
    ]
    assert words("os.system('vllm serve %s -q fp8' % m())\n") == ["vllm", "serve", "?", "-q", "fp8"]
    text = 'def f(m):\n    os.system(f"""\n    vllm serve {m} \\\\\n        -q fp8\n    """)\n'
    assert words(text) == ["vllm", "serve", "?", "-q", "fp8"]


def test_an_attribute_of_the_object_holds_the_words() -> None:
    made = "class S:\n    def __init__(self, m):\n        self.cmd = ['vllm', 'serve', 'm']\n"
    run = "    def start(self):\n        subprocess.Popen(self.cmd)\n"
    assert words(made + run) == ["vllm", "serve", "m"]
    more = "    def add(self):\n        self.cmd.append('--enforce-eager')\n"
    assert words(made + more + run) == ["vllm", "serve", "m", "…"]


def test_a_module_behind_an_interpreter_and_a_function_that_builds_the_words() -> None:
    module = "vllm.entrypoints.openai.api_server"
    assert words(f"subprocess.run([sys.executable, '-m', '{module}'])\n") == ["?", "-m", module]
    text = "def build(m):\n    return ['vllm', 'serve', m]\nsubprocess.run(build('x'))\n"
    assert words(text) == ["vllm", "serve", "x"]


def test_other_commands_and_other_calls_are_none() -> None:
    assert tables("subprocess.run(['git', 'clone', 'x/vllm-fork'])\nprint('vllm serve m')\n") == []
    assert tables("def run(x): ...\nrun(['vllm', 'serve', 'm'])\n") == []
    assert tables("subprocess.run(command('vllm'))\n") == []
