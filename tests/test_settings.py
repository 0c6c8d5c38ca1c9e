"""Settings: where they are found, what they may say, and how the errors help."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecolint.roots import Roots
from ecolint.settings import KEYS, Finder, SettingsError, load


def write(path: Path, text: str) -> Path:
    """A file with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    settings = load(tmp_path, {})
    assert settings.fail_on == "red"
    assert settings.workload.requests_per_month == 1_000_000
    assert settings.origins == {}


def test_the_nearest_file_upward_wins(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", '[tool.ecolint]\nfail-on = "yellow"\nconventions = true\n')
    write(tmp_path / "a/ecolint.toml", 'fail-on = "never"\n')
    (tmp_path / "a/b").mkdir()
    assert load(tmp_path, {}).fail_on == "yellow"
    near = load(tmp_path / "a/b", {})
    assert near.fail_on == "never"
    assert near.conventions is False
    assert near.root == tmp_path / "a"


def test_ecolint_toml_wins_over_pyproject_beside_it(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", '[tool.ecolint]\nfail-on = "yellow"\n')
    write(tmp_path / "ecolint.toml", 'fail-on = "never"\n')
    assert load(tmp_path, {}).fail_on == "never"


def test_a_pyproject_without_our_table_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "ecolint.toml", 'gpu = "T4"\n')
    write(tmp_path / "sub/pyproject.toml", "[tool.other]\nx = 1\n")
    write(tmp_path / "broken/pyproject.toml", "this is [not toml\n")
    assert load(tmp_path / "sub", {}).gpu == "T4"
    assert load(tmp_path / "broken", {}).gpu == "T4"


def test_every_key_of_the_contract_is_known() -> None:
    keys = """select extend-select ignore conventions include-tests per-file-ignores exclude extend-exclude gpu context
    requests-per-month prompt-tokens generated-tokens region price-per-kwh carbon-intensity pue fail-on fail-on-likely
    extend-safe-fixes extend-unsafe-fixes baseline rules stacks evidence locale"""
    assert set(keys.split()) <= set(KEYS)


def test_every_built_key_is_taken(tmp_path: Path) -> None:
    write(
        tmp_path / "ecolint.toml",
        """
select = ["ECO1"]
extend-select = ["ECO210"]
ignore = ["ECO107"]
conventions = true
include-tests = true
exclude = ["old"]
extend-exclude = ["gen/*.py"]
gpu = "T4"
context = "production"
requests-per-month = 5
prompt-tokens = 6
generated-tokens = 7
price-per-kwh = 0.3
carbon-intensity = 56
pue = 1.2
fail-on = "yellow"
fail-on-likely = true
extend-safe-fixes = ["ECO101"]
extend-unsafe-fixes = ["ECO210"]
rules = ["my-rules"]
stacks = ["my-stacks"]
evidence = ["data/ours.csv"]
locale = "en"
max-file-size = 9

[per-file-ignores]
"legacy/*" = ["ECO101"]
""",
    )
    settings = load(tmp_path, {})
    assert settings.select == ("ECO1",)
    assert settings.per_file_ignores == {"legacy/*": ("ECO101",)}
    assert settings.rules == (str(tmp_path / "my-rules"),)
    assert settings.evidence == (str(tmp_path / "data/ours.csv"),)
    assert (settings.workload.prompt_tokens, settings.workload.carbon_intensity) == (6, 56.0)
    assert settings.workload.region == "as set"
    assert settings.max_file_size == 9
    assert settings.origins["gpu"].endswith("ecolint.toml:9")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('[tool.ecolint]\ngpu = "T4"\nselct = ["ECO1"]\n', 3, "unknown setting `selct`; the nearest is `select`"),
        ('[tool.x]\ngpu = 1\n[tool.ecolint]\n"gpu" = 1\n', 4, "`gpu` takes a string, not 1"),
        ("[tool.ecolint]\nselect = 'ECO1'\n", 2, "`select` takes a list of strings, not 'ECO1'"),
        ("[tool.ecolint]\nconventions = 1\n", 2, "`conventions` takes true or false, not 1"),
        ("[tool.ecolint]\nfail-on = 'gray'\n", 2, '`fail-on` takes one of "red", "yellow", "never", not'),
        ("[tool.ecolint]\nrequests-per-month = true\n", 2, "`requests-per-month` takes a whole number from 1"),
        ("[tool.ecolint]\npue = 0.5\n", 2, "`pue` takes a number from 1"),
        ("[tool.ecolint]\nbaseline = 'b.json'\n", 2, "`baseline` takes nothing yet"),
        ("[tool.ecolint.per-file-ignores]\n'a' = 'ECO1'\n", 1, "`per-file-ignores` takes a table"),
        ("[tool.ecolint]\nregion = 'Franse'\n", 2, "unknown region `Franse`; the nearest is `France`"),
        ("[tool]\necolint = 3\n", 2, "`tool.ecolint` is a table"),
        ("x = 1\n[tool.ecolint]\ny = \n", 3, "is not TOML"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    path = write(tmp_path / "pyproject.toml", text)
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, {})
    assert caught.value.line == line
    assert caught.value.path is not None
    assert (Path.cwd() / caught.value.path).resolve() == path.resolve()
    assert said in caught.value.message


def test_a_region_gives_price_and_intensity_and_what_is_said_outright_wins(tmp_path: Path) -> None:
    write(tmp_path / "ecolint.toml", 'region = "China"\nprice-per-kwh = 0.5\n')
    workload = load(tmp_path, {}).workload
    assert workload.carbon_intensity == 555
    assert workload.price_per_kwh == 0.5
    assert workload.region == "China"


def test_the_command_line_replaces_but_adds_to_lists_of_more_and_less(tmp_path: Path) -> None:
    write(tmp_path / "ecolint.toml", 'gpu = "T4"\nignore = ["ECO101", "ECO107"]\nextend-select = ["ECO205"]\n')
    settings = load(tmp_path, {"gpu": "L4", "select": ("ECO101",), "ignore": ("ECO104",), "extend-select": ("ECO209",)})
    assert settings.gpu == "L4"
    assert settings.ignore == ("ECO107", "ECO104")
    assert settings.extend_select == ("ECO205", "ECO209")
    assert settings.origins["gpu"] == "command line"


def test_a_wrong_value_on_the_command_line_has_no_file() -> None:
    with pytest.raises(SettingsError) as caught:
        Finder({"requests-per-month": 0})
    assert caught.value.path is None


def test_per_file_ignores_keep_only_the_patterns_that_match(tmp_path: Path) -> None:
    write(tmp_path / "ecolint.toml", '[per-file-ignores]\n"legacy/*" = ["ECO101"]\n"*.yaml" = ["ECO104"]\n')
    finder = Finder()
    assert finder.for_file(tmp_path / "legacy/a.py").per_file_ignores == {"legacy/*": ("ECO101",)}
    assert finder.for_file(tmp_path / "deep/er/a.yaml").per_file_ignores == {"*.yaml": ("ECO104",)}
    assert finder.for_file(tmp_path / "a.py").per_file_ignores == {}


def test_the_project_root_is_the_repository_else_the_topmost_marked_folder(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "")
    write(tmp_path / "a/pyproject.toml", "")
    (tmp_path / "a/b").mkdir()
    assert Roots().of(tmp_path / "a/b") == tmp_path
    (tmp_path / "a/.git").mkdir()
    assert Roots().of(tmp_path / "a/b") == tmp_path / "a"


def test_without_any_mark_the_root_is_where_one_works_else_above_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "top/package/sub/__init__.py", "")
    write(tmp_path / "top/package/__init__.py", "")
    folder = tmp_path / "top/package/sub"
    assert Roots().of(folder) == tmp_path / "top"
    monkeypatch.chdir(tmp_path)
    assert Roots().of(folder) == tmp_path
