"""Which model a file means, and how large it is, however its name is written: read from `ecolint facts`' own facts."""

# ruff: noqa: E501 — one case a line

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from ecolint.engine import check
from ecolint.model import Fact, Source
from ecolint.project import Project
from ecolint.settings import Settings

HEAD = "import os\nfrom transformers import AutoModelForCausalLM\n"


def facts(
    before: str, expression: str, siblings: Mapping[str, str], root: Path, *, inside: bool = False
) -> Mapping[str, Fact]:
    """The facts of a load whose model is `expression`, in a package beside these files."""
    for name, text in {"pkg/__init__.py": "", "pyproject.toml": "", **siblings}.items():
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    load = f"model = AutoModelForCausalLM.from_pretrained({expression})\n"
    text = HEAD + before + ("    " if inside else "") + load
    path = root / "pkg" / "app.py"
    path.write_text(text, encoding="utf-8")
    outcome = check(Source(str(path), text), Project(root), (), Settings(root=root))
    assert len(outcome.deployments) == 1
    return outcome.deployments[0].facts


CLASS = "class Config:\n    MODEL = 'org/llama-7b'\n"
ARGUMENTS = "import argparse\np = argparse.ArgumentParser()\np.add_argument({})\nargs = p.parse_args()\n"


@pytest.mark.parametrize(
    ("before", "expression", "how"),
    [
        ("", "'org/llama-7b'", "literal"),
        ("MODEL = 'org/llama-7b'\n", "MODEL", "constant"),
        ("MODEL: str = 'org/llama-7b'\n", "MODEL", "constant"),
        (CLASS, "Config.MODEL", "constant"),
        (CLASS, "Config().MODEL", "constant"),
        (CLASS + "c = Config()\n", "c.MODEL", "constant"),
        ("from enum import Enum\nclass M(str, Enum):\n    SMALL = 'org/llama-7b'\n", "M.SMALL.value", "constant"),
        (ARGUMENTS.format("'--model', default='org/llama-7b'"), "args.model", "default"),
        (ARGUMENTS.format("'-m', '--model-name', type=str, default='org/llama-7b'"), "args.model_name", "default"),
        (ARGUMENTS.format("'--m', dest='name', default='org/llama-7b'"), "args.name", "default"),
        (ARGUMENTS.format("'model', nargs='?', default='org/llama-7b'"), "args.model", "default"),
        ("NAME = 'org/llama-7b'\n" + ARGUMENTS.format("'--model', default=NAME"), "args.model", "default"),
        (ARGUMENTS.format("'--size', default='7b'"), "f'org/llama-{args.size}'", "default"),
        (ARGUMENTS.format("'--size', default=7, type=int"), "f'org/llama-{args.size}b'", "default"),
        (ARGUMENTS.format("'--model'"), "args.model or 'org/llama-7b'", "default"),
        ("", "os.environ.get('MODEL', 'org/llama-7b')", "default"),
        ("", "os.getenv('MODEL', 'org/llama-7b')", "default"),
        ("", "os.getenv('MODEL', default='org/llama-7b')", "default"),
        ("", "os.environ.get('MODEL') or 'org/llama-7b'", "default"),
        ("from os import getenv\n", "getenv('MODEL', 'org/llama-7b')", "default"),
        ("from environs import Env\nenv = Env()\n", "env('MODEL', 'org/llama-7b')", "default"),
        ("from environs import Env\nenv = Env()\n", "env.str('MODEL', default='org/llama-7b')", "default"),
        ("from decouple import config\n", "config('MODEL', default='org/llama-7b')", "default"),
        ("os.environ.setdefault('X', 'y')\nMODEL = os.environ.get('MODEL', 'org/llama-7b').strip()\n", "MODEL", "default"),
        ("SIZE = '7b'\n", "f'org/llama-{SIZE}'", "constant"),
        ("SIZE = 7\n", "f'org/llama-{SIZE}b'", "constant"),
        ("SIZE = '7b'\n", "'org/llama-' + SIZE", "constant"),
        ("", "'org/' + 'llama-7b'", "literal"),
        ("", "'org/' 'llama-7b'", "literal"),
        ("", "'/'.join(['org', 'llama-7b'])", "constant"),
        ("ORG, NAME = 'org', 'llama-7b'\n", "'/'.join((ORG, NAME))", "constant"),
        ("SIZE = '7b'\n", "'org/llama-{}'.format(SIZE)", "constant"),
        ("SIZE = '7b'\n", "'org/llama-{size}'.format(size=SIZE)", "constant"),
        ("", "'{0}/llama-{1}b'.format('org', 7)", "constant"),
        ("SIZE = '7b'\n", "'org/llama-%s' % SIZE", "constant"),
        ("", "'%s/llama-%db' % ('org', 7)", "constant"),
        ("", "os.path.join('org', 'llama-7b')", "constant"),
        ("ROOT = 'org'\n", "os.path.join(ROOT, 'llama-7b')", "constant"),
        ("from pathlib import Path\n", "Path('org') / 'llama-7b'", "literal"),
        ("from pathlib import Path\nROOT = Path('org')\n", "str(ROOT / 'llama-7b')", "constant"),
        ("import pathlib\nROOT = pathlib.Path('org')\n", "(ROOT / 'llama-7b').as_posix()", "constant"),
        ("from pathlib import Path\n", "Path('org', 'llama-7b').resolve()", "constant"),
        ("MODELS = {'small': 'org/llama-7b', 'large': 'org/llama-70b'}\n", "MODELS['small']", "constant"),
        ("MODELS = {'small': 'org/llama-7b'}\n", "MODELS.get('small', 'x/y')", "constant"),
        ("MODELS = ['org/llama-7b', 'org/llama-70b']\n", "MODELS[0]", "constant"),
        ("CFG = {'model': {'name': 'org/llama-7b'}}\n", "CFG['model']['name']", "constant"),
        (
            "MODELS = {'small': 'org/llama-7b'}\n" + ARGUMENTS.format("'--model', default='small'"),
            "MODELS[args.model]",
            "default",
        ),
        ("from huggingface_hub import snapshot_download\n", "snapshot_download('org/llama-7b')", "literal"),
        ("from huggingface_hub import snapshot_download\n", "snapshot_download(repo_id='org/llama-7b', revision='x')", "literal"),
        ("from huggingface_hub import snapshot_download\npath = snapshot_download('org/llama-7b')\n", "path", "constant"),
        ("from modelscope import snapshot_download\n", "snapshot_download('org/llama-7b', cache_dir='x')", "literal"),
        ("import re\nMODEL = None\nMODEL = 'org/llama-7b'\n", "MODEL", "constant"),
        ("from dataclasses import dataclass\n@dataclass\nclass C:\n    model: str = 'org/llama-7b'\ncfg = C()\n", "cfg.model", "default"),
        ("from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    model: str = 'org/llama-7b'\ns = S()\n", "s.model", "default"),
        ("from types import SimpleNamespace\ncfg = SimpleNamespace(model='org/llama-7b')\n", "cfg.model", "constant"),
    ],
)  # fmt: skip
def test_a_model_by_its_name(before: str, expression: str, how: str, tmp_path: Path) -> None:
    found = facts(before, expression, {}, tmp_path)
    assert (found["model"].value, found["params_b"].value) == ("org/llama-7b", 7.0)
    assert found["model"].how == how
    assert found["model"].sources


@pytest.mark.parametrize(
    "before",
    [
        "def main(model='org/llama-7b'):\n    name = model\n",
        "def main(name: str = 'org/llama-7b'):\n",
        "import typer\ndef main(name: str = typer.Option('org/llama-7b', help='x')):\n",
        "import typer\ndef main(name: str = typer.Argument(default='org/llama-7b')):\n",
        "import click\n@click.command()\n@click.option('--name', default='org/llama-7b')\ndef main(name):\n",
        "import click\n@click.command()\n@click.option('-n', '--model', 'name', default='org/llama-7b')\ndef main(name):\n",
        "import fire\nfire.Fire(lambda: main())\ndef main(name='org/llama-7b', **kwargs):\n",
    ],
)
def test_a_parameter_by_its_default(before: str, tmp_path: Path) -> None:
    found = facts(before, "name", {}, tmp_path, inside=True)
    assert (found["model"].value, found["params_b"].value) == ("org/llama-7b", 7.0)
    assert (found["model"].how, found["model"].assured) == ("default", False)


@pytest.mark.parametrize(
    ("siblings", "before", "expression", "how"),
    [
        ({"pkg/conf.py": "MODEL = 'org/llama-7b'\n"}, "from .conf import MODEL\n", "MODEL", "constant"),
        ({"pkg/conf.py": "MODEL = 'org/llama-7b'\n"}, "from pkg.conf import MODEL as M\n", "M", "constant"),
        ({"pkg/conf.py": "MODEL = 'org/llama-7b'\n"}, "from conf import MODEL\n", "MODEL", "constant"),
        ({"pkg/conf.py": "MODEL = 'org/llama-7b'\n"}, "import conf\n", "conf.MODEL", "constant"),
        ({"pkg/conf.py": "MODEL = 'org/llama-7b'\n"}, "from . import conf\n", "conf.MODEL", "constant"),
        ({"pkg/conf.py": "MODEL = 'org/llama-7b'\n"}, "import pkg.conf as c\n", "c.MODEL", "constant"),
        ({"pkg/conf.py": "MODEL = 'org/llama-7b'\n"}, "import pkg.conf\n", "pkg.conf.MODEL", "constant"),
        ({"pkg/conf.py": "MODEL = 'org/llama-7b'\n"}, "from conf import *\n", "MODEL", "constant"),
        ({"pkg/conf.py": "SIZE = '7b'\nMODEL = f'org/llama-{SIZE}'\n"}, "from .conf import MODEL\n", "MODEL", "constant"),
        ({"pkg/conf.py": "MODELS = {'a': 'org/llama-7b'}\n"}, "from .conf import MODELS\n", "MODELS['a']", "constant"),
        ({"pkg/conf.py": CLASS}, "from .conf import Config\n", "Config.MODEL", "constant"),
        ({"pkg/conf.py": CLASS}, "from .conf import Config\nc = Config()\n", "c.MODEL", "constant"),
        ({"pkg/conf.py": CLASS}, "import conf\n", "conf.Config.MODEL", "constant"),
        (
            {"pkg/conf.py": "from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    model: str = 'org/llama-7b'\nsettings = S()\n"},
            "from .conf import settings\n", "settings.model", "default",
        ),
        (
            {"pkg/conf.py": "from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    model: str = 'org/llama-7b'\nsettings = S()\n"},
            "from pkg import conf\n", "conf.settings.model", "default",
        ),
        (
            {"pkg/conf.py": "from dataclasses import dataclass\n@dataclass\nclass C:\n    model: str = 'org/llama-7b'\n"},
            "from .conf import C\ncfg = C()\n", "cfg.model", "default",
        ),
        (
            {"pkg/conf.py": "import os\nMODEL = os.environ.get('M', 'org/llama-7b')\n"},
            "from .conf import MODEL\n", "MODEL", "default",
        ),
    ],
)  # fmt: skip
def test_a_model_of_a_sibling(siblings: dict[str, str], before: str, expression: str, how: str, tmp_path: Path) -> None:
    found = facts(before, expression, siblings, tmp_path)
    assert (found["model"].value, found["params_b"].value) == ("org/llama-7b", 7.0)
    assert found["model"].how == how


@pytest.mark.parametrize(
    ("before", "expression"),
    [
        ("import sys\n", "sys.argv[1]"),
        (ARGUMENTS.format("'--model', required=True"), "args.model"),
        ("", "os.environ['MODEL']"),
        ("import yaml\ncfg = yaml.safe_load(open('c.yaml'))\n", "cfg['model']"),
        ("MODELS = {'a': 'org/llama-7b', 'b': 'org/llama-70b'}\nname = input()\n", "MODELS[name]"),
        ("", "'org/llama-{:>9999999}'.format('7b')"),
        ("", "'org/%(x)s' % {'x': 'llama-7b'}"),
        ("size = input()\n", "f'org/llama-{size}'"),
        ("size = input()\n", "'org/llama-' + size"),
        ("from huggingface_hub import snapshot_download\n", "snapshot_download(os.environ['X'])"),
        ("for name in ['org/llama-7b']:\n    pass\n", "name"),
    ],
)  # fmt: skip
def test_a_model_that_nobody_can_tell(before: str, expression: str, tmp_path: Path) -> None:
    found = facts(before, expression, {}, tmp_path)
    assert (found["model"].kind, found["params_b"].kind) == ("unknown", "unknown")


@pytest.mark.parametrize(
    ("path", "size"),
    [
        ("/models/llama-2-7b-chat-hf", 7.0),
        ("./checkpoints/vicuna-13b-v1.5/", 13.0),
        ("../weights/Qwen2.5-0.5B-Instruct", None),
        ("/mnt/data/models--meta-llama--Llama-2-70b-hf/snapshots/abc", None),
    ],
)
def test_a_local_path_that_carries_the_size(path: str, size: float | None, tmp_path: Path) -> None:
    found = facts("", repr(path), {}, tmp_path)
    assert found["params_b"].kind == "known"
    assert size is None or round(float(found["params_b"].value or 0), 0) == size
