"""What requirements and constraints files, conda environments and Pipfiles require, with places; and odd input."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecolint.model import Pin, Source, Wanted
from ecolint.readers import Nowhere, reader_of
from ecolint.readers import requirements as reader
from ecolint.readers.toml import pins as toml_pins
from ecolint.readers.yaml import pins as yaml_pins
from ecolint.readers.yaml.conda import specifier


def told(pins: tuple[Pin, ...], text: str) -> list[tuple[str, str, str]]:
    return [(one.library, one.specifier, text[one.place.span.start : one.place.span.end]) for one in pins]


def pins(text: str) -> list[tuple[str, str, str]]:
    return told(reader.pins(Source("requirements.txt", text)), text)


# --- requirements -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        *("requirements.txt", "a/requirements-gpu.txt", "dev-requirements.txt", "requirements_cuda.in"),
        *("constraints.txt", "requirements/prod.txt", "a/requirements/base.in", "requirements-x/y.txt"),
        *("docker/constraints-3.10.txt",),
    ],
)
def test_a_requirements_file_is_known_by_its_name(path: str) -> None:
    assert reader_of(path) is reader


@pytest.mark.parametrize("path", ["notes.txt", "requirements.md", "docs/requirements.py", "x/required/a.txt"])
def test_other_files_are_not(path: str) -> None:
    assert reader_of(path) is not reader


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("torch==2.6.0", ("torch", "==2.6.0", "torch==2.6.0")),
        ("  Bits_and.bytes >= 0.44 # why", ("bits-and-bytes", ">=0.44", "Bits_and.bytes >= 0.44")),
        ("torch[opt]~=2.1 ; python_version < '3.12'", ("torch", "~=2.1", "torch[opt]~=2.1 ; python_version < '3.12'")),
        ("torch==2.6.0 --hash=sha256:ab", ("torch", "==2.6.0", "torch==2.6.0")),
        ("torch==2.6.0 \\\n   --hash=sha256:ab \\\n   --hash=sha256:cd", ("torch", "==2.6.0", "torch==2.6.0")),
        ("vllm", ("vllm", "", "vllm")),
        ("vllm # ==1", ("vllm", "", "vllm")),
        (
            "https://x/torch-2.6.0%2Bcu121-cp310-cp310-linux_x86_64.whl#sha256=a",
            ("torch", "==2.6.0+cu121", "https://x/torch-2.6.0%2Bcu121-cp310-cp310-linux_x86_64.whl#sha256=a"),
        ),
        ("git+https://x/a/vLLM.git@v1#egg=vllm", ("vllm", "", "git+https://x/a/vLLM.git@v1#egg=vllm")),
        ("-e git+https://x/a/vllm", ("vllm", "", "git+https://x/a/vllm")),
        ("vllm @ https://x/nightly/v.whl", ("vllm", "https://x/nightly/v.whl", "vllm @ https://x/nightly/v.whl")),
        ("--extra-index-url https://x/nightly/cu1", ("index", "https://x/nightly/cu1", "https://x/nightly/cu1")),
        ("--index-url=https://x/nightly", ("index", "https://x/nightly", "https://x/nightly")),
        ("-f https://x/nightly/", ("index", "https://x/nightly/", "https://x/nightly/")),
    ],
)
def test_a_line_requires_a_library_or_an_index(line: str, expected: tuple[str, str, str]) -> None:
    for newline in ("\n", "\r\n"):
        text = f"# head\n--pre\n{line}\nfastapi\n".replace("\n", newline)
        assert pins(text) == [expected, ("fastapi", "", "fastapi")]


@pytest.mark.parametrize(
    "line",
    [
        "--pre",
        "-r base.txt",
        "-c x.txt",
        "-e .",
        "./local",
        "# torch==1",
        "--index-url https://x/simple",
        "a b c",
        "$X",
    ],
)
def test_other_lines_require_nothing(line: str) -> None:
    assert pins(f"{line}\n") == []


def test_a_comment_goes_on_no_line() -> None:
    assert [one[0] for one in pins("# note \\\ntorch==1\n")] == ["torch"]


def test_files_that_a_file_names_are_told() -> None:
    text = "-r base.txt\n--requirement=../a.txt\n-rb.txt\n-c c.txt # x\n--constraint d.txt\ntorch\n"
    assert reader.includes(Source("requirements.txt", text)) == (
        *(("base.txt", False), ("../a.txt", False), ("b.txt", False)),
        *(("c.txt", True), ("d.txt", True)),
    )


def test_comments_are_told_for_suppressions() -> None:
    text = "# head\n\ntorch==2.6.0.dev1  # ecolint: ignore[ECO107] known\nx#y\n"
    found = reader.read(Source("requirements.txt", text), Wanted(triggers=(".dev",)), Nowhere()).comments
    assert [(one.text, one.alone, one.in_head) for one in found] == [
        ("head", True, True),
        ("ecolint: ignore[ECO107] known", False, False),
    ]


@given(st.text(st.sampled_from("torch=2.#\\ \n-rcif;[]@:/$\"'"), max_size=80))
@settings(max_examples=300, deadline=None)
def test_nothing_that_is_written_breaks_the_reader(text: str) -> None:
    for library, _, place in pins(text):
        assert library
        assert place.strip() == place
    reader.includes(Source("requirements.txt", text))


@pytest.mark.parametrize("piece", ["a==1 \\\n", "torch==2.6.0\n", "-", "[", "a,", "==1,", "# ", "https://x/nightly/"])
def test_a_megabyte_takes_a_bounded_time(piece: str) -> None:
    began = time.process_time()
    reader.pins(Source("requirements.txt", piece * (1_000_000 // len(piece))))
    assert time.process_time() - began < 20


# --- conda ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("=2.1", "==2.1.*"),
        ("=2.1.*", "==2.1.*"),
        ("==2.1", "==2.1"),
        ("=2.1.2=py3.10_0", "==2.1.2"),
        (">=2.0,<3", ">=2.0,<3"),
        (">= 2.0", ">=2.0"),
        ("", ""),
        ("=2.1|=2.2", ""),
        ("=py*", ""),
    ],
)
def test_a_conda_version_is_told_as_pep_440(said: str, expected: str) -> None:
    assert specifier(said) == expected


CONDA = """\
name: x
channels: [{channels}]
dependencies:
  - python=3.10  # why
  - pytorch::pytorch=2.1.2=py3.10_cuda12.1
  - "numpy>=1.2,<2"
  - pip:
      - --extra-index-url https://x/nightly/cu121
      - vllm==0.8.5
      - git+https://x/a/thing.git
"""


def test_an_environment_requires_conda_and_pip_packages() -> None:
    text = CONDA.format(channels="conda-forge")
    assert told(yaml_pins(Source("environment.yml", text)), text) == [
        ("python", "==3.10.*", "python=3.10"),
        ("torch", "==2.1.2", "pytorch::pytorch=2.1.2=py3.10_cuda12.1"),
        ("numpy", ">=1.2,<2", '"numpy>=1.2,<2"'),
        ("index", "https://x/nightly/cu121", "--extra-index-url https://x/nightly/cu121"),
        ("vllm", "==0.8.5", "vllm==0.8.5"),
        ("thing", "", "git+https://x/a/thing.git"),
    ]


@pytest.mark.parametrize(
    ("channels", "index"),
    [
        ("pytorch-nightly, conda-forge", ["pytorch-nightly"]),
        ("nvidia, pytorch-nightly", ["pytorch-nightly"]),
        ("https://conda.anaconda.org/pytorch-nightly", ["https://conda.anaconda.org/pytorch-nightly"]),
        ("pytorch, pytorch-nightly", []),
        ("conda-forge, pytorch-nightly", []),
    ],
)
def test_a_channel_counts_where_none_of_releases_comes_first(channels: str, index: list[str]) -> None:
    found = yaml_pins(Source("environment.yml", CONDA.format(channels=channels)))
    assert [one.specifier for one in found if one.library == "index" and "//x/" not in one.specifier] == index


@pytest.mark.parametrize(
    "text",
    [
        "dependencies:\n  - name: torch\n    version: 1\n",
        "dependencies: torch\n",
        "dependencies:\n  torch: 1\n",
        "a:\n  dependencies:\n    - torch==1\n",
        "dependencies:\n  - [torch==1]\n",
        "dependencies:\n  - 'torch==1\n",
    ],
)
def test_other_yaml_requires_nothing(text: str) -> None:
    assert yaml_pins(Source("a.yaml", text)) == ()


# --- Pipfile ----------------------------------------------------------------------------------------------------------


def test_a_pipfile_requires_its_packages() -> None:
    text = (
        '[[source]]\nurl = "https://x/nightly/cu1"\n[packages]\ntorch = "==2.6.0"\nvllm = {version = "*"}\n'
        '[dev-packages]\npytest = "~=8.0"\n'
    )
    assert told(toml_pins(Source("Pipfile", text)), text) == [
        ("index", "https://x/nightly/cu1", '"https://x/nightly/cu1"'),
        ("torch", "==2.6.0", '"==2.6.0"'),
        ("vllm", "", '"*"'),
        ("pytest", "~=8.0", '"~=8.0"'),
    ]


def test_beside_another_index_one_of_nightly_builds_gives_releases() -> None:
    extra = "--extra-index-url https://x/nightly/cu1\n"
    assert pins(f"{extra}torch\nfastapi>=0.100rc1; python_version < '3'\n") == [
        ("torch", "", "torch"),
        ("fastapi", ">=0.100rc1", "fastapi>=0.100rc1; python_version < '3'"),
    ]
    assert [pin[0] for pin in pins(f"{extra}torch>=2.6.0.dev1\n")] == ["index", "torch"]
    assert [pin[0] for pin in pins("--index-url https://x/nightly/cu1\ntorch\n")] == ["index", "torch"]
