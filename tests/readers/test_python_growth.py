"""Reading is linear in every room of the Python reader: its counters grow tenfold from 2,000 lines to 20,000."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from ecolint.model import Made, Source, Wanted
from ecolint.readers import Nowhere, notebook
from ecolint.readers.python import makers
from ecolint.readers.python.parsing import Stats
from ecolint.readers.python.reading import read_file
from ecolint.stacks import vocabularies
from ecolint.stacks.asking import wanted

HEAD = """\
import subprocess

import modal
from fastapi import FastAPI
from langchain_huggingface import HuggingFacePipeline
from loaders import load_shared
from transformers import AutoModelForCausalLM as A, AutoTokenizer, pipeline

app, web = modal.App("x"), FastAPI()
tokenizer = AutoTokenizer.from_pretrained("org/model-7b")
model = A.from_pretrained("org/model-7b")
"""
FILLER = "value{i} = compute(value{i}, [1, 2])\n"
ROOMS: dict[str, str] = {
    "handlers": (
        '@web.post("/r{i}")\n'
        "def answer_{i}(prompt):\n"
        "    m = A.from_pretrained('org/model-7b')\n"
        "    ids = tokenizer(prompt, return_tensors='pt')\n"
        "    return tokenizer.decode(m.generate(**ids)[0])\n"
    ),
    "wrappers": (
        "m_{i} = A.from_pretrained('org/model-7b')\n"
        "pipe_{i} = pipeline('text-generation', model=m_{i})\n"
        "llm_{i} = HuggingFacePipeline(pipeline=pipe_{i})\n"
        "for text in texts:\n"
        "    llm_{i}.invoke(text)\n"
    ),
    "surroundings": (
        '@app.function(gpu="L4", timeout={i})\n'
        "def run_{i}(prompt):\n"
        "    m = A.from_pretrained('org/model-7b', load_in_8bit=True)\n"
        "    return m.generate(prompt)\n"
        "run_{i}.remote('a')\n"
    ),
    "commands": (
        "words_{i} = ['vllm', 'serve', NAME, '--port', '{i}']\n"
        "if flag{i}:\n"
        "    words_{i} += ['--max-num-seqs', '1']\n"
        "words_{i}.append('--enforce-eager')\n"
        "subprocess.run(words_{i})\n"
    ),
    "imported makers": (
        "def ask_{i}(questions):\n"
        "    shared_{i} = load_shared('org/model-7b')\n"
        "    for question in questions:\n"
        "        shared_{i}.generate(question)\n"
        "    return shared_{i}\n"
    ),
    "data flow": (
        "kw_{i} = {{'device_map': 'auto'}}\n"
        "if args.flag{i}:\n"
        "    kw_{i}['load_in_8bit'] = True\n"
        "kw_{i}.update(low_cpu_mem_usage=True)\n"
        "m_{i} = A.from_pretrained('org/model-7b', **kw_{i})\n"
    ),
}


class Shared(Nowhere):
    """A project in which `loaders` gives back a model."""

    def makers(self, module: str, from_path: str, wanted: Wanted) -> Mapping[str, Made]:
        text = "from transformers import AutoModelForCausalLM\ndef load_shared(name):\n"
        text += "    return AutoModelForCausalLM.from_pretrained(name)\n"
        return makers(Source("loaders.py", text), wanted, Nowhere()) if module == "loaders" else {}


def module(room: str, lines: int) -> str:
    """About so many lines, an eighth of them of one room."""
    block = ROOMS[room].replace("{{", "{").replace("}}", "}") + FILLER * 35
    return HEAD + "".join(block.replace("{i}", str(number)) for number in range(lines // 40))


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_costs_what_the_text_is_long(room: str) -> None:
    known = wanted(vocabularies(()))
    small, large = Stats(), Stats()
    first = read_file(Source("app.py", module(room, 2_000)), known, Shared(), small)
    second = read_file(Source("app.py", module(room, 20_000)), known, Shared(), large)
    if room != "imported makers":  # of these a bounded number is looked at
        assert len(second.invocations) >= 9 * (len(first.invocations) - 1)
    uses = [sum(len(one.uses) for one in found.invocations) for found in (first, second)]
    assert uses[1] <= 11 * uses[0] + 20
    assert small.nodes_visited > 500
    assert large.nodes_visited < 11 * small.nodes_visited
    assert large.lookups < 12 * small.lookups
    assert large.statements < 11 * small.statements
    assert large.steps < 11 * small.steps + 20


def test_a_notebook_costs_what_its_cells_cost() -> None:
    """A notebook is read as its script, whose text grows with the cells, and which the same reader reads."""

    def script(lines: int) -> str:
        cells = [
            {"cell_type": "code", "metadata": {}, "outputs": [], "source": "%%time\n" + module("data flow", 80)},
            {"cell_type": "code", "metadata": {}, "outputs": [], "source": "!vllm serve a --max-num-seqs 1\n"},
        ] * (lines // 100)
        return notebook.unpack(json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}))

    small, large = script(2_000), script(20_000)
    assert len(large) < 11 * len(small)
    first, second = Stats(), Stats()
    for text, stats in ((small, first), (large, second)):
        read_file(Source("app.py", text), wanted(vocabularies(())), Nowhere(), stats)
    assert second.nodes_visited < 11 * first.nodes_visited
    assert second.lookups < 11 * first.lookups
