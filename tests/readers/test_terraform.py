"""Reading and rewriting Terraform: literals, containers and their variables, scripts, surroundings, guards, edits."""

from __future__ import annotations

import sys
import time
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecolint.model import (
    AddEntry,
    CannotEdit,
    Change,
    Entry,
    Invocation,
    Reading,
    RemoveEntry,
    SetEntry,
    Source,
    Symbol,
    Table,
    Value,
    Wanted,
)
from ecolint.readers import Nowhere, reader_of
from ecolint.readers import terraform as reader
from ecolint.readers.terraform import tree

WANTED = Wanted(triggers=("vllm",), commands=("vllm",))


def read(text: str) -> Reading:
    return reader.read(Source("main.tf", text), WANTED, Nowhere())


def every(text: str) -> tuple[Invocation, ...]:
    found = read(text)
    assert found.problems == ()
    return found.invocations


def one(text: str) -> Invocation:
    (found,) = every(text)
    return found


def plain(value: Value) -> object:
    return "?" if value[0].kind == "unknown" else value[0].data


def data(table: Table | None) -> dict[str, object]:
    assert table is not None
    return {entry.name: plain(entry.value) for entry in table.entries}


def words(found: Invocation) -> list[object]:
    assert found.words is not None
    return [plain(entry.value) for entry in found.words.entries]


def entry(table: Table | None, name: str) -> Entry:
    assert table is not None
    return next(each for each in table.entries if each.name == name)


def rewritten(text: str, table: Table | None, *changes: Change) -> str:
    assert table is not None
    done = 0
    pieces: list[str] = []
    for edit in reader.rewrite(Source("main.tf", text), table, changes):
        assert edit.span.start >= done, "edits overlap"
        pieces += [text[done : edit.span.start], edit.text]
        done = edit.span.end
    return "".join([*pieces, text[done:]])


def container(inside: str) -> str:
    return f'resource "a" "b" {{\n  container {{\n    image = "vllm/x:1"\n{inside}\n  }}\n}}\n'


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"a"', "a"),
        ('"a\\"\\n\\u00e9\\\\"', 'a"\né\\'),
        ('"$${x} %%{y}"', "${x} %{y}"),
        ("12", "12"),
        ("-1.5", "-1.5"),
        ("true", "true"),
        ("(3)", "3"),
        ('tostring("a")', "a"),
        ("null", None),
        ("var.x", "?"),
        ('"a-${var.x}"', "?"),
        ('"${local.x}"', "?"),
        ('var.x ? "a" : "b"', "?"),
        ('join(",", ["a"])', "?"),
        ("[for x in var.y : x]", "?"),
    ],
)
def test_literals_are_known_and_all_else_is_unknown(written: str, value: object) -> None:
    assert data(one(container(f"env = {{ A = {written} }}")).env) == {"A": value}


@pytest.mark.parametrize(
    ("written", "env", "hidden"),
    [
        ('environment = { A = "1", "b" : 2 }', {"A": "1", "b": "2"}, False),
        ('environment_variables = {\n A = "1"\n}', {"A": "1"}, False),
        ('environment = [{ name = "A", value = "1" }, { name = "B", value = var.b }]', {"A": "1", "B": "?"}, False),
        ('env = ["A=1=2", "B=${var.b}", "C=${var.c}-1"]', {"A": "1=2", "B": "?", "C": "?"}, False),
        (
            'env {\n name = "A"\n value = 1\n}\nenv {\n name = "B"\n value_from { x = 1 }\n}',
            {"A": "1", "B": "?"},
            False,
        ),
        ('environment = merge({ A = "1" }, var.more)', {"A": "1"}, True),
        ('environment = concat([{ name = "A", value = "1" }], var.more)', {"A": "1"}, True),
        ("environment = var.env", {}, True),
        ('environment = { (var.k) = "1", A = "2" }', {"A": "2"}, True),
        ('dynamic "env" {\n for_each = var.x\n content { name = env.key }\n}', {}, True),
        ('command = ["x"]', {}, False),
    ],
)
def test_variables(written: str, env: dict[str, object], hidden: bool) -> None:
    found = one(container(written))
    assert data(found.env) == env
    assert found.env is not None
    assert found.env.open is hidden


@pytest.mark.parametrize(
    ("written", "said", "hidden"),
    [
        ('command = ["vllm", "serve"]\n args = ["m", "--x=1", 2]', ["vllm", "serve", "m", "--x=1", "2"], False),
        ('args = ["--x=${var.x}", var.y]', ["--x", "?", "?"], False),
        ('args = concat(["--x"], var.more)', ["--x"], True),
        ('args = compact(["--x", ""])', ["--x", ""], False),
        ('entryPoint = ["vllm"]\n command = ["serve"]', ["vllm", "serve"], False),
        ('args = ["$(M)", "$(N)"]\n env {\n name = "M"\n value = "m/x"\n}', ["m/x", "?"], False),
    ],
)
def test_words(written: str, said: list[object], hidden: bool) -> None:
    found = one(container(written))
    assert words(found) == said
    assert found.words is not None
    assert found.words.open is hidden


def test_a_script_in_quotes_is_split_where_it_stands() -> None:
    text = container('command = ["/bin/sh", "-c", "cd /srv && vllm serve $M --x 1"]\n env = { M = "m/x" }')
    found = every(text)
    last = found[-1]
    assert words(last)[:3] == ["vllm", "serve", "m/x"]
    assert plain(last.image) == "vllm/x:1"
    assert data(last.env) == {"M": "m/x"}
    place = last.words.entries[-1].place if last.words is not None else None
    assert place is not None
    assert text[place.span.start : place.span.end] == "1"


USER_DATA = """resource "aws_instance" "x" {
  instance_type = "g5.xlarge"
  user_data = base64encode(<<-EOF
    #!/bin/bash
    vllm serve m/x --port ${var.port} --max-num-seqs 1
  EOF
  )
}
"""


def test_a_here_document_is_a_script() -> None:
    found = one(USER_DATA)
    assert words(found) == ["vllm", "serve", "m/x", "--port", "?", "--max-num-seqs", "1"]
    assert found.words is not None
    assert not found.words.open
    assert data(found.surroundings)["terraform.aws_instance.instance_type"] == "g5.xlarge"
    changed = rewritten(USER_DATA, found.words, SetEntry(found.words.entries[-1], "8"))
    assert changed == USER_DATA.replace("seqs 1", "seqs 8")


def test_here_documents_of_other_syntaxes() -> None:
    manifest = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: vllm/x:1\n    args: [--a, '${var.b}']\n"
    text = f'resource "kubectl_manifest" "x" {{\n  yaml_body = <<YAML\n{manifest}YAML\n}}\n'
    assert words(one(text)) == ["--a", "?"]
    listed = '[{"image": "vllm/x:1", "command": ["--a"], "environment": [{"name": "A", "value": "1"}]}]\n'
    text = f'resource "aws_ecs_task_definition" "x" {{\n  container_definitions = <<JSON\n{listed}JSON\n}}\n'
    assert data(one(text).env) == {"A": "1"}
    text = 'resource "x" "y" {\n  z = <<EOF\nvllm: an engine of note; see image = x\nEOF\n}\n'
    assert every(text)[0].image == ()


@pytest.mark.parametrize(
    "written",
    [
        'data = {{\n    "serving.properties" = <<-EOT\n{text}    EOT\n  }}',
        'filename = "${{path.module}}/repo/serving.properties"\n  content = <<-EOT\n{text}  EOT',
        'content = <<EOT\n{text}EOT\n  filename = "serving.properties"',
    ],
)
def test_here_documents_under_the_names_of_files(written: str) -> None:
    lines = "      vllm=a\n      size=${var.n}\n      k=1\n"
    text = 'resource "x" "y" {\n  ' + written.format(text=lines) + "\n}\n"
    found = one(text)
    assert data(found.mapping) == {"vllm": "a", "size": "?", "k": "1"}
    assert found.mapping is not None
    changed = rewritten(text, found.mapping, SetEntry(found.mapping.entries[-1], 8), AddEntry("n", 2))
    assert changed == text.replace("      k=1\n", "      k=8\n      n=2\n")


@pytest.mark.parametrize(
    "written",
    [
        'filename = "${path.module}/${var.name}.properties"\n  content = <<EOT\nvllm=1\nEOT',
        "filename = var.path\n  content = <<EOT\nvllm=1\nEOT",
        'filename = "notes.txt"\n  content = <<EOT\nvllm=1\nEOT',
        'filename = "serving.properties"\n  other = <<EOT\nvllm=1\nEOT',
        'data = { "a.properties" = <<EOT\n%{ if var.x }\nvllm=1\n%{ endif }\nEOT\n  }',
        "data = { Modelfile = <<EOT\nvllm, from there\nEOT\n  }",
    ],
)
def test_other_here_documents_are_texts(written: str) -> None:
    assert not every(f'resource "x" "y" {{\n  {written}\n}}\n')


SAGEMAKER = """resource "aws_sagemaker_model" "m" {
  primary_container {
    image       = "vllm/x:1"
    environment = { A = "1" }
  }
}
resource "aws_sagemaker_endpoint_configuration" "c" {
  production_variants {
    model_name    = aws_sagemaker_model.m.name
    instance_type = "ml.g5.xlarge"
  }
  production_variants {
    model_name    = aws_sagemaker_model.other.name
    instance_type = "ml.p4d.24xlarge"
  }
}
"""


def test_what_refers_to_a_resource_stands_around_it() -> None:
    around = data(one(SAGEMAKER).surroundings)
    assert around["terraform.aws_sagemaker_endpoint_configuration.instance_type"] == "ml.g5.xlarge"


def test_one_of_several_of_a_resource_is_it_too() -> None:
    around = data(one(SAGEMAKER.replace("_model.m.name", "_model.m[0].name")).surroundings)
    assert around["terraform.aws_sagemaker_endpoint_configuration.instance_type"] == "ml.g5.xlarge"


def test_what_refers_to_many_resources_is_looked_for_once() -> None:
    def calls(copies: int) -> int:
        count = 0

        def seen(frame: FrameType, event: str, argument: object) -> None:
            nonlocal count
            count += event == "call"

        text = "".join(SAGEMAKER.replace('"m"', f'"m{n}"').replace(".m.", f".m{n}.") for n in range(copies))
        before = sys.getprofile()
        sys.setprofile(seen)
        try:
            found = every(text)
        finally:
            sys.setprofile(before)
        assert len(found) == copies
        return count

    calls(1)
    assert calls(80) < 10 * calls(10)


def test_resources_and_nodes_are_named_as_in_a_pod() -> None:
    inside = 'resources {\n limits = { "nvidia.com/gpu" = 2 }\n}\n gpu {\n  sku = "V100"\n}'
    text = container(inside).replace("  container {", '  node_selector = { accelerator = "nvidia-l4" }\n  container {')
    around = data(one(text).surroundings)
    assert around["resources.limits.nvidia.com/gpu"] == 2
    assert around["nodeSelector.accelerator"] == "nvidia-l4"
    assert around["container.gpu.sku"] == "V100"


@pytest.mark.parametrize(
    ("written", "image"),
    [
        ("vllm/x:${var.tag}", "vllm/x:?"),
        ("${var.account}.dkr.ecr.${var.region}.amazonaws.com/vllm:1", "?.dkr.ecr.?.amazonaws.com/vllm:1"),
        ("${var.registry}/vllm@${var.digest}", "?/vllm@?"),
        ("vllm/${var.name}:1", "?"),
        ("vllm-${var.kind}", "?"),
        ("${var.image}", "?"),
    ],
)
def test_an_image_is_known_where_its_name_is(written: str, image: str) -> None:
    text = "# vllm\n" + container("    args = [1]").replace("vllm/x:1", written)
    assert plain(one(text).image) == image


def test_comments_in_every_style() -> None:
    text = "# one\n// two\n" + container('/* three */ args = ["--a"] # four')
    assert [comment.text for comment in read(text).comments] == ["one", "two", "three", "four"]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (
            '# vllm\nresource "a" "b" {\n  image = \n}\n',
            3,
            "invalid HCL: this cannot stand here (terraform validate tells what is expected)",
        ),
        (
            '# vllm image\nresource "a" "b" {\n',
            2,
            "invalid HCL: this cannot stand here (terraform validate tells what is expected)",
        ),
        ("# vllm image\nx = " + "[" * 100, 2, "Terraform nested deeper than 60 levels"),
        ("# vllm image\nx = \ud800\n", 2, "invalid HCL: not text"),
    ],
)
def test_what_is_no_terraform_is_one_clear_line(text: str, line: int, reason: str) -> None:
    found = read(text)
    assert found.invocations == ()
    (problem,) = found.problems
    assert problem.reason == reason
    assert problem.line in (line, line - 1, line + 1)


@pytest.mark.parametrize("text", ["", "image {", "vllm {", 'variable "vllm" { default = 1'])
def test_other_files_are_left(text: str) -> None:
    assert read(text) == Reading()


def test_names() -> None:
    assert reader_of("infra/Main.tf") is reader
    assert reader_of("infra/main.tofu") is reader


# --- edits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "change", "result"),
    [
        ('args = ["--a", "1", "--b"]', "set", 'args = ["--a", "8", "--b"]'),
        ('args = ["--a", "1", "--b"]', "remove", 'args = ["--b"]'),
        ('args = ["--b", "--a", "1"]', "remove", 'args = ["--b"]'),
        ('args = ["--b", "--a", "1",]', "add", 'args = ["--b", "--a", "1", "--n", "2",]'),
        (
            'args = [\n      "--b=2",\n      "--a=1",\n]',
            "add",
            'args = [\n      "--b=2",\n      "--a=1",\n      "--n=2",\n]',
        ),
    ],
)
def test_lists_are_rewritten(written: str, change: str, result: str) -> None:
    text = container(f"    {written}")
    table = one(text).words
    assert table is not None
    by_word = {plain(e.value): e for e in table.entries}
    made: dict[str, list[Change]] = {
        "set": [SetEntry(by_word[w], "8") for w in by_word if w == "1"],
        "remove": [RemoveEntry(by_word[w]) for w in by_word if w in ("--a", "1")],
        "add": [AddEntry("--n", 2)],
    }
    assert rewritten(text, table, *made[change]) == container(f"    {result}")


@pytest.mark.parametrize(
    ("written", "name", "change", "result"),
    [
        ('env = { A = "1", B = 2 }', "A", 8, 'env = { A = "8", B = 2 }'),
        ('env = { A = "1", B = 2 }', "B", 8, 'env = { A = "1", B = 8 }'),
        ('env = { A = "1", B = 2 }', "B", "x", 'env = { A = "1", B = "x" }'),
        ('env = { A = "1", B = 2 }', "A", None, "env = { B = 2 }"),
        ('env = { A = "1", B = 2 }', "B", None, 'env = { A = "1" }'),
        ('env = { A = "1" }', "N", 2, 'env = { A = "1", N = "2" }'),
        ('env = {\n      A = "1"\n      B = "2"\n    }', "A", None, 'env = {\n      B = "2"\n    }'),
        ('env = {\n      A = "1"\n    }', "N", "${x}", 'env = {\n      A = "1"\n      N = "$${x}"\n    }'),
        ('env = ["A=1", "B=2"]', "A", 8, 'env = ["A=8", "B=2"]'),
        ('env = ["A=1", "B=2"]', "A", None, 'env = ["B=2"]'),
        ('env = ["A=1"]', "N", 2, 'env = ["A=1", "N=2"]'),
        ('env = [{ name = "A", value = "1" }]', "A", 8, 'env = [{ name = "A", value = "8" }]'),
        ("env = [{ name = A }]", "N", 2, 'env = [{ name = A }, { name = "N", value = "2" }]'),
        ('env {\n      name  = "A"\n      value = "1"\n}', "A", 8, 'env {\n      name  = "A"\n      value = "8"\n}'),
    ],
)
def test_variables_are_rewritten(written: str, name: str, change: str | int | None, result: str) -> None:
    text = container(f"    {written}")
    table = one(text).env
    present = {e.name for e in table.entries} if table is not None else set()
    made: Change = AddEntry(name, change)
    if name in present:
        made = RemoveEntry(entry(table, name)) if change is None else SetEntry(entry(table, name), change)
    assert rewritten(text, table, made) == container(f"    {result}")


def test_blocks_come_and_go() -> None:
    block = '    env {\n      name  = "A"\n      value = "1"\n    }'
    further = block.replace('"A"', '"N"').replace('"1"', '"2"')
    text = container(f"{block}\n{further}")
    assert rewritten(text, one(text).env, RemoveEntry(entry(one(text).env, "N"))) == container(block)
    alone = container(block)
    assert rewritten(alone, one(alone).env, AddEntry("N", 2)) == text
    none = container('    args = ["--a"]')
    assert rewritten(none, one(none).env, AddEntry("N", 2)) == container(f'    args = ["--a"]\n{further}')


def test_what_cannot_be_written_is_refused() -> None:
    text = container('    env = { A = var.a }\n    args = ["-c", "x ${var.y}"]')
    found = one(text)
    with pytest.raises(CannotEdit):
        rewritten(text, found.env, SetEntry(entry(found.env, "A"), 1))
    with pytest.raises(CannotEdit):
        rewritten(text, found.env, AddEntry("B", Symbol("x")))
    with pytest.raises(CannotEdit):
        rewritten("", found.env, AddEntry("B", 1))
    quoted = container('    command = ["sh", "-c", "vllm serve m --x 1"]')
    line = every(quoted)[-1].words
    assert line is not None
    with pytest.raises(CannotEdit):
        rewritten(quoted, line, SetEntry(line.entries[-1], 'a "b"'))


def test_reading_grows_with_the_text() -> None:
    started = time.perf_counter()
    many = "".join(container('env = { A = "1" }') for _ in range(500))
    assert len(every(many)) == 500
    assert len(every(container("env = {" + "".join(f'A{n} = "1"\n' for n in range(5_000)) + "}"))) == 1
    read("# vllm image\n" + '"' * 50_000)
    read("# vllm image\nx = <<E\n" + "a\n" * 50_000 + "E\n")
    assert time.perf_counter() - started < 20
    (problem,) = read("# vllm image " + "#" * tree.MAX_LENGTH).problems
    assert "more than" in problem.reason


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("{}[]()=\"'\\ \nab1.-$%,<>#/*:?"), max_size=40), st.text(max_size=15))
def test_nothing_that_a_file_holds_raises(text: str, other: str) -> None:
    read(f"# vllm image\n{text}{other}")
    read(container(text + other))
