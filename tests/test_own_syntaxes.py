"""Files of a syntax of their own, from text to report: suppressions, line ends, bad and foreign files."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_fixtures import ROOT, Alone, gpu, rules

from ecolint import files
from ecolint.engine import check
from ecolint.model import Source
from ecolint.run import Request
from ecolint.run import check as run
from ecolint.settings import Settings
from ecolint.verify import Outcome, edited

PROPERTIES = "option.model_id=org/chat-7b\noption.rolling_batch=vllm\n@@option.max_rolling_batch_size=2\n"
PBTXT = 'backend: "tensorrtllm"\nparameters {\n  key: "enable_kv_cache_reuse"\n@@  value { string_value: "false" }\n}\n'
MODELFILE = "@@FROM hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:BF16\nPARAMETER num_ctx 4096\n"
TERRAFORM = (
    'resource "x" "y" {\n  container {\n    image = "vllm/vllm-openai:v0.9.2"\n'
    '@@    args = ["--max-num-seqs=2"]\n  }\n}\n'
)

SAMPLES = [
    pytest.param("serving.properties", PROPERTIES, "#", "ECO104", id="properties"),
    pytest.param("serving.properties", PROPERTIES, "!", "ECO104", id="properties with its other mark"),
    pytest.param("config.pbtxt", PBTXT, "  #", "ECO307", id="pbtxt"),
    pytest.param("Modelfile", MODELFILE, "#", "ECO202", id="modelfile"),
    pytest.param("main.tf", TERRAFORM, "    #", "ECO104", id="terraform"),
    pytest.param("main.tf", TERRAFORM, "    //", "ECO104", id="terraform with its other mark"),
]


def judged(path: str, text: str) -> Outcome:
    settings = Settings(root=ROOT, gpu=gpu("T4"), conventions=True)
    return check(Source(path, text), Alone(), rules(), settings)


@pytest.mark.parametrize(("path", "sample", "mark", "code"), SAMPLES)
def test_comments_of_the_syntax_suppress(path: str, sample: str, mark: str, code: str) -> None:
    plain = [one for one in judged(path, sample.replace("@@", "")).findings if one.code == code]
    assert len(plain) == 1
    assert plain[0].suppressed is None
    outcome = judged(path, sample.replace("@@", f"{mark} ecolint: ignore[{code}] one user\n"))
    (found,) = [one for one in outcome.findings if one.code == code]
    assert found.suppressed is not None
    assert found.suppressed.reason == "one user"


@pytest.mark.parametrize(("path", "sample", "mark", "code"), SAMPLES)
def test_lines_that_end_as_on_windows(path: str, sample: str, mark: str, code: str) -> None:
    text = sample.replace("@@", "").replace("\n", "\r\n")
    (found,) = [one for one in judged(path, text).findings if one.code == code]
    for fix in found.fixes:
        if fix.edits:
            assert "\n" not in edited(text, fix.edits).replace("\r\n", "")


def test_each_bad_file_is_one_clear_line(tmp_path: Path) -> None:
    broken = {
        "serving.properties": b"option.model_id=C:\\users\\me\n",
        "config.pbtxt": b'backend: "tensorrtllm"\ninput [ {\n',
        "Modelfile": b"FROM llama3\nSYSTEM <<EOF\nbe brief\nEOF\n",
        "chat.Modelfile": b'FROM llama3\nTEMPLATE """{{ .Prompt }}\n',
        "main.tf": b'# vllm\nresource "x" "y" {\n  image = \n}\n',
        "far.properties": b"option.model_id=x\n" + b"#" * 2_000_000,
    }
    for name, data in broken.items():
        (tmp_path / name).write_bytes(data)
    told = run(Request(paths=(str(tmp_path),))).report.problems
    assert sorted(Path(one.path).name for one in told) == sorted(broken)
    assert all(one.reason and "\n" not in one.reason for one in told)


def test_foreign_files_of_these_names_are_silent(tmp_path: Path) -> None:
    foreign = {
        "log4j.properties": b"log4j.rootLogger=\\users\n",
        "graph.pbtxt": b"node {\n name: 'x'\n",
        "Modelfile.md": b"# FROM here\n\n* a list\n",
        "Modelfile": b"target: all\n\techo FROM\n",
        "network.tf": b'resource "aws_vpc" "x" {\n',
        "messages_de.properties": b"gru\xdf=Gr\xfc\xdfe\n",
    }
    for name, data in foreign.items():
        (tmp_path / name).write_bytes(data)
    report = run(Request(paths=(str(tmp_path),))).report
    assert report.problems == ()
    assert report.findings == ()


def test_a_file_in_latin_1_with_a_mark_is_written_back_in_it(tmp_path: Path) -> None:
    path = tmp_path / "serving.properties"
    path.write_bytes(b"# caf\xe9\noption.model_id=x\noption.rolling_batch=vllm\noption.max_rolling_batch_size=1\n")
    run(Request(paths=(str(path),), fix=True, unsafe=True))
    assert path.read_bytes().startswith(b"# caf\xe9\n")
    assert path.read_bytes().endswith(b"option.max_rolling_batch_size=8\n")
    marked = files.decode("serving.properties", b"\xef\xbb\xbfoption.model_id=x\n")
    assert isinstance(marked, files.Loaded)
    assert marked.source.text.startswith("option")
