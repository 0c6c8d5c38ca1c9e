"""Reading and rewriting YAML: values, places, pods, scripts, templates, comments, guards and round trips."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecolint.model import (
    AddEntry,
    CannotEdit,
    Change,
    Construct,
    Entry,
    Invocation,
    Items,
    Reading,
    RemoveEntry,
    Scalar,
    SetEntry,
    Source,
    Symbol,
    Table,
    Value,
    Wanted,
)
from ecolint.readers import Nowhere
from ecolint.readers import yaml as reader

WANTED = Wanted(triggers=("vllm", "load_in_8bit", "QUANTIZE"))


def read(text: str) -> Reading:
    return reader.read(Source("a.yaml", text), WANTED, Nowhere())


def one(text: str) -> Invocation:
    found = read(text)
    assert found.problems == ()
    assert len(found.invocations) == 1
    return found.invocations[0]


def plain(value: Value) -> object:
    """A value as simple data; "?" where unknown."""
    alternative = value[0]
    if alternative.kind == "unknown":
        return "?"
    if isinstance(alternative.data, Table):
        return {entry.name: plain(entry.value) for entry in alternative.data.entries}
    if isinstance(alternative.data, Items):
        return [plain(item) for item in alternative.data.items]
    return alternative.data


def data(table: Table | None) -> dict[str, object]:
    assert table is not None
    return {entry.name: plain(entry.value) for entry in table.entries}


def words(found: Invocation) -> list[object]:
    return list(data(found.words).values())


def entry(table: Table | None, name: str) -> Entry:
    assert table is not None
    return next(one for one in table.entries if one.name == name)


def word(table: Table | None, text: str) -> Entry:
    assert table is not None
    return next(one for one in table.entries if one.value[0].data == text)


def rewritten(text: str, table: Table | None, *changes: Change) -> str:
    """The text after the edits, which must not overlap."""
    assert table is not None
    edits = reader.rewrite(Source("a.yaml", text), table, changes)
    done = 0
    pieces: list[str] = []
    for edit in edits:
        assert edit.span.start >= done, "edits overlap"
        pieces += [text[done : edit.span.start], edit.text]
        done = edit.span.end
    return "".join([*pieces, text[done:]])


def container(body: str) -> str:
    """A pod with one container, whose further keys are given unindented."""
    lines = "".join(f"      {line}\n" if line else "\n" for line in body.strip("\n").split("\n"))
    return f"kind: Pod\nspec:\n  containers:\n    - name: vllm\n{lines}"


# --- scalars and mappings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("true", True),
        ("'true'", "true"),
        ("yes", True),
        ('"yes"', "yes"),
        ("off", False),
        ("~", None),
        ("", None),
        ("null", None),
        ('""', ""),
        ("1", 1),
        ("'1'", "1"),
        ("-1_000", -1000),
        ("0x10", 16),
        ("010", 8),
        ("0b11", 3),
        ("6.0", 6.0),
        ("1e-5", 1e-5),
        (".5", 0.5),
        ("1e5", 1e5),
        (".inf", float("inf")),
        ("8080:80", "8080:80"),
        ("1:30", "1:30"),
        ("1.2.3", "1.2.3"),
        ("2024-01-01", "2024-01-01"),
        ("a # comment", "a"),
        ("a#b", "a#b"),
        ("'it''s'", "it's"),
        ('"a\\tb"', "a\tb"),
        ("&x 5", 5),
        ("!!str 5", "5"),
        ("!thing 5", "?"),
        ("!!binary aGk=", "?"),
        ("[1, a, true]", [1, "a", True]),
        ("{a: 1, b: {c: x}}", {"a": 1, "b": {"c": "x"}}),
        ("${{ github.x }}", "?"),
        ("{{ .Values.x }}", "?"),
        ("x/${NAME}", "?"),
        ("$NAME", "?"),
        ("a $5", "a $5"),
        ("x-{{ .Values.x }}-y", "?"),
        ('"{{ .Values.x }}"', "?"),
        ("|\n  a\n  b\n", "a\nb\n"),
        (">-\n  a\n  b\n", "a b"),
        ("ünï – 🦙", "ünï – 🦙"),
    ],
)
def test_scalar(written: str, expected: object) -> None:
    assert data(one(f"load_in_8bit: 1\nkey: {written}\n").mapping)["key"] == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("&anchor !!int 5  # c", "5"),
        ("'it''s' # x", "'it''s'"),
        ("|\n  a\n  b\n\n\n", "|\n  a\n  b"),
        ("🦙 x", "🦙 x"),
        ('"a\u2028b"', '"a\u2028b"'),
    ],
)
def test_place_of_a_scalar_leaves_properties_and_trailing_blanks_out(written: str, expected: str) -> None:
    text = f"# é 🦙\nload_in_8bit: 1\nkey: {written}\nlast: 1\n"
    place = entry(one(text).mapping, "key").value[0].place
    assert place is not None
    assert text[place.span.start : place.span.end] == expected


def test_entry_place_covers_key_and_value() -> None:
    text = "load_in_8bit: true  # c\nempty:\nnested:\n  a: 1\n  b: [1,\n   2]\n# end\n"
    table = one(text).mapping
    assert table is not None
    spans = [text[e.place.span.start : e.place.span.end] for e in table.entries]
    assert spans == ["load_in_8bit: true", "empty:", "nested:\n  a: 1\n  b: [1,\n   2]"]


def test_duplicate_keys_last_wins() -> None:
    assert data(one("load_in_8bit: true\nload_in_8bit: false\n").mapping) == {"load_in_8bit": False}


def test_without_trigger_nothing_is_read() -> None:
    assert read("a: [\n") == Reading()


def test_documents_are_read_apart() -> None:
    found = read("load_in_8bit: [\n---\nload_in_8bit: true\n---\nother: [\n---\n# c\nload_in_8bit: no\n")
    assert [data(i.mapping) for i in found.invocations] == [{"load_in_8bit": True}, {"load_in_8bit": False}]
    assert [(p.line, p.whole_file) for p in found.problems] == [(2, False)]


def test_dashes_inside_a_block_scalar_are_text() -> None:
    assert data(one("load_in_8bit: |\n  a\n  ---\n  b\nx: 1\n").mapping) == {"load_in_8bit": "a\n---\nb\n", "x": 1}


def test_innermost_mapping_with_a_trigger_key_is_reported() -> None:
    found = read("name: a\nmodel:\n  quant: {load_in_8bit: true}\nlist:\n- x: 1\n- load_in_8bit: false\n").invocations
    assert [set(data(i.mapping)) for i in found] == [{"name", "model", "list"}, {"load_in_8bit"}, {"load_in_8bit"}]


def test_empty_and_odd_documents() -> None:
    assert read("# vllm\n").invocations == ()
    assert read("vllm").invocations == ()
    assert read("- vllm: 1\n").invocations[0].name == "mapping"
    assert read("--- vllm\n...\n").problems == ()


# --- anchors ----------------------------------------------------------------------------------------------------------


def test_alias_and_anchor_are_shared() -> None:
    text = "load_in_8bit: &a 1\nother: *a\nfree: 2\n"
    table = one(text).mapping
    assert [e.value[0].shared for e in table.entries] == [True, True, False]  # type: ignore[union-attr]
    place = entry(table, "other").value[0].place
    assert place is not None
    assert text[place.span.start : place.span.end] == "1"


def test_unused_anchor_is_not_shared() -> None:
    assert not entry(one("load_in_8bit: &a 1\n").mapping, "load_in_8bit").value[0].shared


@pytest.mark.parametrize("merge", ["<<: *b", "<<: [*b]", "<<: [*c, *b]"])
def test_merge_keys(merge: str) -> None:
    text = f"base: &b {{load_in_8bit: true, x: 1}}\nc: &c {{y: 5}}\nuse:\n  {merge}\n  x: 2\n"
    table = read(text).invocations[0].mapping
    use = entry(table, "use").value[0].data
    assert isinstance(use, Table)
    found = data(use)
    found.pop("y", None)
    assert found == {"load_in_8bit": True, "x": 2}
    assert entry(use, "load_in_8bit").value[0].shared
    assert not entry(use, "x").value[0].shared
    base = entry(table, "base").value[0].data
    assert isinstance(base, Table)
    assert not base.writable


def test_a_mapping_that_contains_itself_ends() -> None:
    found = read("vllm: &a\n  <<: *a\n  b: *a\n")
    assert found.problems == ()


def test_undefined_alias_is_a_problem() -> None:
    assert "undefined alias" in read("load_in_8bit: *x\n").problems[0].reason


# --- pods -------------------------------------------------------------------------------------------------------------

WORKLOAD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: x, namespace: prod}
spec:
  replicas: 2
  template:
    metadata:
      labels: {app: vllm}
      annotations: {note: "1"}
    spec:
      runtimeClassName: nvidia
      nodeSelector:
        cloud.google.com/gke-accelerator: nvidia-l4
      affinity:
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms:
            - matchExpressions:
              - {key: gpu, operator: In, values: [a100]}
              - {key: zone, operator: In, values: [a, b]}
      initContainers:
      - {name: init, image: busybox}
      containers:
      - name: vllm
        image: "vllm/vllm-openai:v0.6"
        args: ["--model", "$(MODEL)", --dtype=$(DTYPE)x, "$$(MODEL)", $(MISSING), 5, "--max-num-seqs=$(MISSING)"]
        env:
        - name: MODEL
          value: meta/llama
        - {name: DTYPE, value: 16}
        - name: TOKEN
          valueFrom: {secretKeyRef: {name: t, key: k}}
        - name: EMPTY
        - name: PATH2
          value: $(MODEL)/x
        resources:
          limits:
            nvidia.com/gpu: "1"
      - name: proxy
        image: nginx
"""


def test_a_workload() -> None:
    main, proxy = read(WORKLOAD).invocations
    assert main.name == "container vllm"
    assert plain(main.image) == "vllm/vllm-openai:v0.6"
    assert words(main) == [
        "--model",
        "meta/llama",
        "--dtype=16x",
        "$(MODEL)",
        "?",
        "5",
        "--max-num-seqs",
        "?",
    ]
    assert data(main.env) == {
        "MODEL": "meta/llama",
        "DTYPE": "16",
        "TOKEN": "?",
        "EMPTY": "",
        "PATH2": "meta/llama/x",
    }
    assert data(main.surroundings) == {
        "resources.limits.nvidia.com/gpu": "1",
        "nodeSelector.cloud.google.com/gke-accelerator": "nvidia-l4",
        "nodeAffinity.gpu": "a100",
        "nodeAffinity.zone": "?",
        "runtimeClassName": "nvidia",
        "labels.app": "vllm",
        "annotations.note": "1",
        "kind": "Deployment",
        "replicas": 2,
        "metadata.name": "x",
        "metadata.namespace": "prod",
        "path": "spec.template.spec",
    }
    assert proxy.name == "container proxy"
    assert proxy.words is None


def test_a_resolved_word_points_at_its_literal() -> None:
    main = read(WORKLOAD).invocations[0]
    value = entry(main.words, "1").value[0]
    assert value.how == "constant"
    assert value.place is not None
    assert WORKLOAD[value.place.span.start : value.place.span.end] == "meta/llama"


@pytest.mark.parametrize(
    "wrap",
    [
        "kind: Pod\nspec:\n  containers:\n  - {name: vllm, args: [a]}\n",
        "kind: CronJob\nspec:\n  jobTemplate:\n    spec:\n      template:\n"
        "        spec:\n          containers:\n          - {name: vllm, args: [a]}\n",
        "kind: List\nitems:\n- kind: Pod\n  spec:\n    containers:\n    - {name: vllm, args: [a]}\n",
        "kind: LeaderWorkerSet\nspec:\n  leaderWorkerTemplate:\n    workerTemplate:\n"
        "      spec:\n        containers:\n        - {name: vllm, args: [a]}\n",
    ],
)
def test_pods_in_any_kind(wrap: str) -> None:
    found = one(wrap)
    assert found.name == "container vllm"
    assert words(found) == ["a"]
    assert f"kind: {data(found.surroundings)['kind']}\n" in wrap


def test_command_comes_before_args() -> None:
    found = one(container("command: [vllm, serve]\nargs:\n- --x"))
    assert words(found) == ["vllm", "serve", "--x"]


def test_text_that_something_fills_in_later_is_unknown() -> None:
    found = one(container("args: [--model, '${MODEL}', '--len=${LEN}', $X]\nenv: [{name: A, value: '${A}'}]"))
    assert words(found) == ["--model", "?", "--len", "?", "?"]
    assert data(found.env) == {"A": "?"}


def test_env_from_makes_the_environment_open() -> None:
    assert one(container("env: []\nenvFrom: [{configMapRef: {name: x}}]")).env.open  # type: ignore[union-attr]


# --- scripts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("vllm serve m --a 1", [["vllm", "serve", "m", "--a", "1"]]),
        ("cd /x && exec vllm serve; sleep 1", [["cd", "/x"], ["vllm", "serve"], ["sleep", "1"]]),
        ("vllm \\\n  --a \\\n  --b", [["vllm", "--a", "--b"]]),
        ("vllm 'a b' \"c d\" e\\ f", [["vllm", "a b", "c d", "e f"]]),
        ("vllm # no\n# no\nx", [["vllm"], ["x"]]),
        ("vllm a#b", [["vllm", "a#b"]]),
        ("M=1 vllm $M", [["vllm", "?"]]),
        ("M=1; vllm $M ${M} \"${M}x\" '$M'", [["vllm", "1", "1", "1x", "$M"]]),
        ("export M=1\nvllm $M", [["vllm", "1"]]),
        ("vllm ${X:-5} ${X-5} $X $(date) `date` $1", [["date"], ["date"], ["vllm", "5", "5", "?", "?", "?", "?"]]),
        ("vllm --a=$X --b=${Y}z", [["vllm", "--a", "?", "--b", "?"]]),
        ("F='--a 1'; vllm $F \"$F\"", [["vllm", "--a", "1", "--a 1"]]),
        ("vllm a > log 2>&1 &\nx", [["vllm", "a"], ["x"]]),
        ("vllm a | tee log", [["vllm", "a"], ["tee", "log"]]),
        ("cat <<EOF\nvllm b\nEOF\nvllm c", [["cat"], ["vllm", "c"]]),
        ("if [ -n x ]; then vllm a; else vllm b; fi", [["vllm", "a"], ["vllm", "b"]]),
        ("for i in $L; do vllm $i; done", [["vllm", "?"]]),
        ("env A=1 vllm a", [["vllm", "a"]]),
        ("vllm $(MODEL)", [["vllm", "llama"]]),
        ("vllm $MODEL", [["vllm", "llama"]]),
    ],
)
def test_shell_words(script: str, expected: list[list[str]]) -> None:
    indented = "\n".join(f"    {line}" for line in script.split("\n"))
    text = container(
        f"env: [{{name: MODEL, value: llama}}]\ncommand: [/bin/sh, -c]\nargs:\n  - |\n{indented}\n  # vllm"
    )
    assert [words(i) for i in read(text).invocations] == expected


def test_branches_of_a_script_exclude_each_other() -> None:
    text = container('command: [sh, -c, "if a; then vllm x; else vllm y; fi"]')
    _, first, second = read(text).invocations
    assert {arm for _, arm in first.branches} == {0}
    assert {arm for _, arm in second.branches} == {1}
    assert {name for name, _ in first.branches} == {name for name, _ in second.branches}


def test_exports_join_the_environment() -> None:
    text = container("command: [bash, -lc, 'export A=1; B=2 vllm x']\nenv: [{name: A, value: z}, {name: C, value: c}]")
    assert data(one(text).env) == {"C": "c", "A": "1", "B": "2"}


@pytest.mark.parametrize(
    "listed",
    [
        "args:\n- |\n  vllm serve \\\n    --a 1\n",
        "args:\n- |-\n\n    vllm serve\n    --a 1\n",
        "args:\n- >-\n  vllm serve\n  --a 1\n",
        'args: ["vllm serve --a 1"]',
        "args: ['vllm serve --a 1']",
        "args:\n- vllm serve\n  --a 1\n",
        'args:\n- "vllm serve\n  --a 1"\n',
    ],
)
def test_words_of_scripts_have_exact_places(listed: str) -> None:
    text = container(f"command: [sh, -c]\n{listed}")
    for found in read(text).invocations:
        assert found.words is not None
        assert found.words.writable
        for e in found.words.entries:
            assert text[e.place.span.start : e.place.span.end] == e.value[0].data


def test_escapes_keep_words_but_forbid_writing() -> None:
    found = one(container('command: [sh, -c, "vllm \\"a b\\" --c"]'))
    assert words(found) == ["vllm", "a b", "--c"]
    assert found.words is not None
    assert not found.words.writable


# --- templates --------------------------------------------------------------------------------------------------------

CHART = """\
{{- if .Values.enabled }}
kind: Deployment
metadata:
  name: {{ include "x.name" . }}
spec:
  template:
    spec:
      {{- with .Values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: {{ .Chart.Name }}
          image: "vllm/vllm-openai:{{ .Values.tag | default "x" }}"
          args:
            - --model
            - {{ .Values.model | quote }}
            {{- if .Values.eager }}
            - --enforce-eager
            {{- else }}
            - --no-enforce-eager
            {{- end }}
            - "--max-num-seqs={{ .Values.seqs }}"
          env:
            - name: QUANTIZE
              value: {{ .Values.q }}
            {{- toYaml .Values.env | nindent 12 }}
          resources:
            {{- toYaml .Values.resources | nindent 12 }}
        - name: plain
          args: [--a]
{{- end }}
"""


def test_a_helm_template() -> None:
    found = read(CHART)
    assert found.problems == ()
    first, second = found.invocations
    assert words(first) == [
        "--model",
        "?",
        "--enforce-eager",
        "--no-enforce-eager",
        "--max-num-seqs",
        "?",
    ]
    assert [{arm for _, arm in e.branches} for e in first.words.entries[2:5]] == [{0}, {1}, set()]  # type: ignore[union-attr]
    assert plain(first.image) == "vllm/vllm-openai:?"
    assert data(first.env) == {"QUANTIZE": "?"}
    assert first.env is not None
    assert first.env.open
    assert not first.env.writable
    assert first.surroundings is not None
    assert first.surroundings.open
    assert second.words is not None
    assert second.words.writable
    assert not second.words.open


def test_templates_keep_places() -> None:
    second = read(CHART).invocations[1]
    place = word(second.words, "--a").place
    assert CHART[place.span.start : place.span.end] == "--a"


def test_a_template_inside_a_script() -> None:
    text = container(
        "command: [sh, -c]\nargs:\n- |\n  vllm serve {{ .m }} \\\n    {{- if .x }}\n    --a \\\n    {{- end }}\n"
        "    --len={{ .y }} --b"
    )
    found = one(text)
    assert words(found) == ["vllm", "serve", "?", "--a", "--len", "?", "--b"]
    assert [bool(e.branches) for e in found.words.entries] == [False] * 3 + [True] + [False] * 3  # type: ignore[union-attr]


def test_a_template_that_is_no_yaml_is_counted() -> None:
    found = read('vllm: 1\n{{ if x }}a: "{{ else }}b: {{ end }}\n')
    assert [p.templated for p in found.problems] == [True]


POD = "kind: Deployment\nmetadata: {name: vllm}\nspec:\n  template:\n    spec:\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (POD + "      containers:\n        {{- toYaml .Values.containers | nindent 8 }}\n", 6),
        (POD + '      containers: {{ include "x" . | nindent 8 }}\n', 6),
        (POD + "      containers:\n      - {{ toYaml .Values.main | nindent 8 }}\n      volumes: []\n", 6),
        (POD + '      {{- include "x.pod" . | nindent 6 }}\n', 5),
        ('{{- include "vllm.deployment" . }}\n', 1),
        (POD + "      containers:\n      {{- range .Values.all }}\n      - name: {{ .name }}\n      {{- end }}\n", 8),
        (
            f"{POD}      containers:\n      - name: a\n        image: {{{{ .Values.image }}}}\n"
            "        args: {{ toYaml .Values.args }}\n---\nkind: vllm\nspec:\n  template: {{ .Values.spec }}\n",
            7,
        ),
        ('vllm: 1\n{{ if x }}a: "{{ else }}b: {{ end }}\n---\nvllm: {{ x }}: "{{ y }}\n', 3),
    ],
)
def test_a_file_whose_templates_leave_nothing_is_told_once(text: str, line: int) -> None:
    assert [(problem.templated, problem.line) for problem in read(text).problems] == [(True, line)]


@pytest.mark.parametrize(
    "text",
    [
        POD + "      containers:\n      - image: vllm:{{ .Values.tag }}\n        args: {{ toYaml .Values.args }}\n",
        POD + "      containers:\n      - image: {{ .Values.image }}\n        args: [--port=1]\n",
        POD + '      containers: []\n      {{- include "volumes" . }}\n',
        POD.replace("Deployment", "Service") + "      selector: {{ .Values.x }}\n",
        "kind: ConfigMap\ndata:\n  a: vllm\n  b: {{ .Values.b }}\n",
        '{{- define "x" }}\nname: vllm\n{{- end }}\n',
        "load_in_8bit: {{ .Values.x }}\nspec: {{ .Values.spec }}\n",
        POD + "      containers:\n",
    ],
)
def test_what_templates_leave_to_be_read_is_no_problem(text: str) -> None:
    assert read(text).problems == ()


@pytest.mark.parametrize(
    ("text", "open_"),
    [
        ('load_in_8bit: 1\n{{- include "x" . }}\n', True),
        ("load_in_8bit: 1\n{{- if x }}\nb: 2\n{{- end }}\n", False),
        ("load_in_8bit: 1\n{{- /* note */}}\n", False),
        ("load_in_8bit: 1\n{{ .k }}: 2\n", True),
    ],
)
def test_generated_keys_make_a_mapping_open(text: str, open_: bool) -> None:
    assert one(text).mapping.open is open_  # type: ignore[union-attr]


# --- compose ----------------------------------------------------------------------------------------------------------


def test_compose_services() -> None:
    text = (
        "services:\n  llm:\n    image: vllm/vllm-openai:${TAG:-latest}\n    command: --model ${M:-x} --len $L\n"
        "    environment: {A: 1, B: '${X}', C: }\n    deploy:\n      resources:\n        reservations:\n"
        "          devices:\n          - {driver: nvidia, count: 1, capabilities: [gpu]}\n"
        "  two:\n    image: x:${TAG}\n    entrypoint: [a]\n    command: [b, c]\n    environment: [A=1, B]\n"
    )
    first, second = read(text).invocations
    assert plain(first.image) == "vllm/vllm-openai:latest"
    assert first.image[0].how == "default"
    assert words(first) == ["--model", "x", "--len", "?"]
    assert data(first.env) == {"A": "1", "B": "?", "C": "?"}
    assert data(first.surroundings)["deploy.resources.reservations.devices.0.count"] == 1
    assert words(second) == ["a", "b", "c"]
    assert plain(second.image) == "x:?"
    assert data(second.env) == {"A": "1", "B": "?"}


# --- comments ---------------------------------------------------------------------------------------------------------


def test_comments() -> None:
    text = (
        "# head é\n# second\n\n# not head\nload_in_8bit: 'a # no'  # yes\nb: a#no\nc: |  # header\n  # text\n"
        '# between\nd: "x\n  # no"\n---\n# other document\nx: 1\n'
    )
    found = read(text).comments
    assert [(c.text, c.alone, c.in_head) for c in found] == [
        ("head é", True, True),
        ("second", True, True),
        ("not head", True, False),
        ("yes", False, False),
        ("between", True, False),
    ]
    assert all(text[c.span.start] == "#" for c in found)


def test_comments_of_scripts() -> None:
    text = container("command: [sh, -c]\nargs:\n- |\n  # in script\n  vllm x  # too\n")
    assert [(c.text, c.alone) for c in read(text).comments] == [("in script", True), ("too", False)]


# --- guards -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "vllm: " + "[" * 200_000,
        "vllm: " + "{a: " * 200_000,
        "vllm:\n " + "- " * 200_000,
        "vllm: 1\n" + "? " * 200_000,
        "".join(" " * depth + "vllm:\n" for depth in range(300)),
        "vllm: {{" * 100_000,
        "vllm: \0",
        "vllm: \ud800",
        "vllm:\n\t- a\n",
        "vllm: 'open\n",
        "vllm: 1\n" + "a: b\n" * 1_000_000,
    ],
)
def test_what_cannot_be_read_is_one_problem(text: str) -> None:
    found = read(text)
    assert len(found.problems) == 1
    assert found.problems[0].line >= 1


def test_an_alias_bomb_is_bounded() -> None:
    levels = "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 20))
    assert len(read(f"vllm: 1\na0: &a0 [x]\n{levels}").invocations) == 1


def test_many_documents_lose_none() -> None:
    assert len(read("---\nvllm: 1\n" * 1000).invocations) == 1000


# --- rewriting mappings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("load_in_8bit: 1 # c\n", 0.0, "load_in_8bit: 0.0 # c\n"),
        ("load_in_8bit: 'a'\n", "b", "load_in_8bit: 'b'\n"),
        ('load_in_8bit: "a"\n', "b", 'load_in_8bit: "b"\n'),
        ("load_in_8bit: a\n", "b c", "load_in_8bit: b c\n"),
        ("load_in_8bit: a\n", "true", 'load_in_8bit: "true"\n'),
        ("load_in_8bit: a\n", True, "load_in_8bit: true\n"),
        ("load_in_8bit: 'a'\n", 5, "load_in_8bit: 5\n"),
        ("load_in_8bit:\n", 5, "load_in_8bit: 5\n"),
        ("load_in_8bit:  # c\nb: 1\n", 5, "load_in_8bit: 5  # c\nb: 1\n"),
        ("{load_in_8bit: a, b: 1}", "c, d", '{load_in_8bit: "c, d", b: 1}'),
        ("load_in_8bit: |\n  a\n\nb: 1\r\n", "x", "load_in_8bit: x\n\nb: 1\r\n"),
        ("load_in_8bit: [1]\n", None, "load_in_8bit: null\n"),
        ("load_in_8bit: 1\n", 1e-9, "load_in_8bit: 1.0e-09\n"),
    ],
)
def test_set_in_a_mapping(text: str, value: Scalar, expected: str) -> None:
    table = read(text).invocations[0].mapping
    assert rewritten(text, table, SetEntry(entry(table, "load_in_8bit"), value)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nload_in_8bit: 1\n", "a: 1\nload_in_8bit: 1\nnew: 5\n"),
        ("load_in_8bit: 1", "load_in_8bit: 1\nnew: 5"),
        ("load_in_8bit: 1  # c\n\n# end\n", "load_in_8bit: 1  # c\nnew: 5\n\n# end\n"),
        ("load_in_8bit: 1\r\nb: |\r\n  x\r\n", "load_in_8bit: 1\r\nb: |\r\n  x\r\nnew: 5\r\n"),
        ("{load_in_8bit: 1}\n", "{load_in_8bit: 1, new: 5}\n"),
        ("{\n  load_in_8bit: 1,\n  b: 2,\n}\n", "{\n  load_in_8bit: 1,\n  b: 2,\n  new: 5,\n}\n"),
        ("- load_in_8bit: 1\n  b: 2\n- x\n", "- load_in_8bit: 1\n  b: 2\n  new: 5\n- x\n"),
        ("load_in_8bit:\n  - 1\n  - 2\n", "load_in_8bit:\n  - 1\n  - 2\nnew: 5\n"),
    ],
)
def test_add_to_a_mapping(text: str, expected: str) -> None:
    table = read(text).invocations[-1].mapping
    assert rewritten(text, table, AddEntry("new", 5)) == expected


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("a: 1\nload_in_8bit: 1 # c\nb: 2\n", ["load_in_8bit"], "a: 1\nb: 2\n"),
        ("a: 1\nload_in_8bit: 1\nb: 2\n", ["a", "load_in_8bit"], "b: 2\n"),
        ("a: 1\nload_in_8bit: 1", ["load_in_8bit"], "a: 1"),
        ("- load_in_8bit: 1\n  b: 2\n", ["load_in_8bit"], "- b: 2\n"),
        ("- b: 2\n  load_in_8bit: 1\n- x\n", ["load_in_8bit"], "- b: 2\n- x\n"),
        ("{a: 1, load_in_8bit: 1, b: 2}", ["load_in_8bit"], "{a: 1, b: 2}"),
        ("{a: 1, load_in_8bit: 1}", ["load_in_8bit"], "{a: 1}"),
        ("{load_in_8bit: 1}", ["load_in_8bit"], "{}"),
        ("x: {load_in_8bit: 1, }", ["load_in_8bit"], "x: {}"),
        ("x:\n  load_in_8bit: 1 # c\ny: 2\n", ["load_in_8bit"], "x:\n  {}\ny: 2\n"),
        ("a: 1\nload_in_8bit: |\n  x\n  y\nb: 2\n", ["load_in_8bit"], "a: 1\nb: 2\n"),
        ("load_in_8bit:\n- 1\n- 2\nb: 2\n", ["load_in_8bit"], "b: 2\n"),
    ],
)
def test_remove_from_a_mapping(text: str, names: list[str], expected: str) -> None:
    table = read(text).invocations[-1].mapping
    assert rewritten(text, table, *(RemoveEntry(entry(table, name)) for name in names)) == expected


def test_all_kinds_of_changes_at_once() -> None:
    text = "a: 1\nload_in_8bit: 1 # c\nb: 2\n"
    table = one(text).mapping
    changes: list[Change] = [RemoveEntry(entry(table, "b")), SetEntry(entry(table, "a"), 3), AddEntry("c", "x")]
    assert rewritten(text, table, *changes) == "a: 3\nload_in_8bit: 1 # c\nc: x\n"


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("load_in_8bit: &a 1\nb: *a\n", "load_in_8bit", 2),
        ("load_in_8bit: &a 1\nb: *a\n", "b", 2),
        ("load_in_8bit: {{ .x }}\nb: 1\n", "b", 2),
        ("load_in_8bit:\n  - 1\n  - 2\n", "load_in_8bit", 2),
        ("load_in_8bit: 1\n", "load_in_8bit", Symbol("torch.float16")),
        ("load_in_8bit: 1\n", "load_in_8bit", Construct("x", ())),
    ],
)
def test_what_cannot_be_set(text: str, name: str, value: Scalar | Symbol | Construct) -> None:
    table = one(text).mapping
    with pytest.raises(CannotEdit):
        rewritten(text, table, SetEntry(entry(table, name), value))


def test_the_only_setting_of_a_file_is_not_removed() -> None:
    table = one("load_in_8bit: 1\n").mapping
    with pytest.raises(CannotEdit):
        rewritten("load_in_8bit: 1\n", table, RemoveEntry(entry(table, "load_in_8bit")))


_SCALARS = st.one_of(
    st.booleans(),
    st.none(),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False),
    # A dollar sign may be a variable that somebody substitutes, and braces a template: both are unknown by design.
    st.text(alphabet=(string.printable + "éß中🦙\u0085\u2028\xa0\ufeff").replace("$", ""), max_size=12),
)


@settings(max_examples=300, deadline=None)
@given(value=_SCALARS, layout=st.sampled_from(["a: 1\nk: %s # c\nb: 2\n", "{a: 1, k: %s, b: 2}\n", "k: %s\r\nb: 2"]))
def test_any_scalar_reads_back(value: Scalar, layout: str) -> None:
    for old in ("1", "'x'", '"x"', "x"):
        text = "# load_in_8bit\n" + layout % old
        table = one(text).mapping
        made = rewritten(text, table, SetEntry(entry(table, "k"), value))
        again = data(one(made).mapping)
        assert again["k"] == value
        assert type(again["k"]) is type(value)
        assert again["b"] == 2
        place = entry(one(made).mapping, "k").value[0].place
        start = text.index("k: ") + 3
        assert place is not None
        assert made[:start] == text[:start]
        assert made[place.span.end :] == text[start + len(old) :]


# --- rewriting words --------------------------------------------------------------------------------------------------


def eager_changes(table: Table | None, which: str) -> list[Change]:
    """Changes around the word `--eager` by a short name."""
    if which == "add":
        return [AddEntry("--max-num-seqs", 256)]
    found = word(table, "--eager")
    if which == "set":
        return [SetEntry(found, "--other=1")]
    changes: list[Change] = [RemoveEntry(found)]
    if which == "both":
        changes.append(AddEntry("--max-num-seqs", "256"))
    return changes


@pytest.mark.parametrize(
    ("body", "changes", "expected"),
    [
        ("args:\n- --a\n- '1' # c", "add", "args:\n- --a\n- '1' # c\n- --max-num-seqs\n- \"256\""),
        ("args:\n- --a=1\n- --b", "add", "args:\n- --a=1\n- --b\n- --max-num-seqs=256"),
        ('args:\n  - "--a=1"', "add", 'args:\n  - "--a=1"\n  - "--max-num-seqs=256"'),
        ("args: ['--a', '1']", "add", "args: ['--a', '1', '--max-num-seqs', '256']"),
        ("args: [\n  --a=1,\n  --b,\n]", "add", "args: [\n  --a=1,\n  --b,\n  --max-num-seqs=256,\n]"),
        ("args: []", "add", 'args: ["--max-num-seqs", "256"]'),
        ("command: [vllm]\nargs:\n- --x", "add", 'command: [vllm]\nargs:\n- --x\n- --max-num-seqs\n- "256"'),
        ("command: [vllm]", "add", 'command: [vllm, --max-num-seqs, "256"]'),
        ("args:\n- --a\n- --eager # c\n- --b", "remove", "args:\n- --a\n- --b"),
        ("args: [--a, --eager, --b]", "remove", "args: [--a, --b]"),
        ("args: [--a, --eager]", "remove", "args: [--a]"),
        ("args: [--eager]\nimage: x", "remove", "image: x"),
        ("args:\n- --eager\nimage: x", "remove", "image: x"),
        ("args:\n- --a\n- --eager", "both", 'args:\n- --a\n- --max-num-seqs\n- "256"'),
        ("args: [--eager]", "both", 'args: [--max-num-seqs, "256"]'),
        ("args:\n- --eager", "both", 'args:\n- --max-num-seqs\n- "256"'),
        ("args:\n- '--eager'\n- x", "set", "args:\n- '--other=1'\n- x"),
    ],
)
def test_words_of_lists(body: str, changes: str, expected: str) -> None:
    text = container(body)
    table = one(text).words
    made = eager_changes(table, changes)
    assert rewritten(text, table, *made) == container(expected)


@pytest.mark.parametrize(
    ("script", "changes", "expected"),
    [
        (
            "vllm serve \\\n    --a 1 \\\n    --b 2",
            "add",
            "vllm serve \\\n    --a 1 \\\n    --b 2 \\\n    --max-num-seqs 256",
        ),
        ("vllm serve --a=1", "add", "vllm serve --a=1 --max-num-seqs=256"),
        ("vllm serve --a 1 # c\nx", "add", "vllm serve --a 1 --max-num-seqs 256 # c\nx"),
        ("vllm --eager > log &", "add", "vllm --eager --max-num-seqs 256 > log &"),
        ("vllm --a \\\n    --eager \\\n    --b", "remove", "vllm --a \\\n    --b"),
        ("vllm --a --eager --b", "remove", "vllm --a --b"),
        ("vllm --a \\\n    --eager", "remove", "vllm --a"),
        ("vllm --a --eager", "both", "vllm --a --max-num-seqs 256"),
        ("vllm --eager x && y", "set", "vllm --other=1 x && y"),
        ('vllm "--eager" x', "set", 'vllm "--other=1" x'),
    ],
)
def test_words_of_scripts(script: str, changes: str, expected: str) -> None:
    def pod(body: str) -> str:
        indented = "\n".join(f"  {line}" for line in body.split("\n"))
        return container(f"command: [sh, -c]\nargs:\n- |\n{indented}\nimage: x")

    text = pod(script)
    table = read(text).invocations[0].words
    made = eager_changes(table, changes)
    assert rewritten(text, table, *made) == pod(expected)


@pytest.mark.parametrize(
    "body",
    [
        "args: &a [--eager]\nother: *a",
        "args:\n- --eager\n- {{ .x }}",
        "args:\n- &a --eager\n- *a",
    ],
)
def test_shared_or_templated_words_are_not_written(body: str) -> None:
    text = container(body)
    table = one(text).words
    with pytest.raises(CannotEdit):
        rewritten(text, table, RemoveEntry(word(table, "--eager")))


def test_a_word_that_came_from_a_variable_is_taken_out_of_the_assignment() -> None:
    text = container("command: [sh, -c, 'F=\"--eager --b\"; vllm $F --c']")
    table = one(text).words
    found = rewritten(text, table, RemoveEntry(word(table, "--eager")))
    assert found == text.replace("--eager --b", "--b")


def test_a_word_of_a_variable_that_is_used_twice_stays() -> None:
    text = container("command: [sh, -c, 'F=\"--eager --b\"; vllm $F --c; vllm $F']")
    table = read(text).invocations[0].words
    with pytest.raises(CannotEdit):
        rewritten(text, table, RemoveEntry(word(table, "--eager")))


# --- rewriting environments -------------------------------------------------------------------------------------------

ENV = "env:\n- name: A\n  value: 'x'\n- name: QUANTIZE\n  value: 'bitsandbytes' # c\n- {name: C, value: 1}\nimage: x"


@pytest.mark.parametrize(
    ("body", "changes", "expected"),
    [
        (ENV, [("QUANTIZE", "eetq")], ENV.replace("'bitsandbytes'", "'eetq'")),
        (ENV, [("C", 2)], ENV.replace("value: 1", 'value: "2"')),
        (ENV, [("QUANTIZE", None)], ENV.replace("- name: QUANTIZE\n  value: 'bitsandbytes' # c\n", "")),
        (ENV, [("+NEW", 5)], ENV.replace("\nimage", "\n- {name: NEW, value: '5'}\nimage")),
        (
            "env:\n  - name: A\n    value: x",
            [("+NEW", "5")],
            'env:\n  - name: A\n    value: x\n  - name: NEW\n    value: "5"',
        ),
        (
            "env:\n-   name: A\n    value: x",
            [("+NEW", "5")],
            'env:\n-   name: A\n    value: x\n-   name: NEW\n    value: "5"',
        ),
        ("env: [{name: A, value: '1'}]", [("+NEW", "5")], "env: [{name: A, value: '1'}, {name: NEW, value: '5'}]"),
        ("env:\n- name: A\n  value: '1'\nimage: x", [("A", None)], "image: x"),
        ("image: x", [("+NEW", "5")], 'image: x\nenv:\n- name: NEW\n  value: "5"'),
        ("env:\n- name: A\n  value: ''\n", [("A", "b")], "env:\n- name: A\n  value: 'b'"),
    ],
)
def test_environment(body: str, changes: list[tuple[str, Scalar]], expected: str) -> None:
    text = container(body)
    table = one(text).env
    made: list[Change] = []
    for name, value in changes:
        if name.startswith("+"):
            made.append(AddEntry(name[1:], value))
        else:
            made.append(SetEntry(entry(table, name), value) if value is not None else RemoveEntry(entry(table, name)))
    assert rewritten(text, table, *made) == container(expected)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("environment:\n      A: x\n      B: '1'\n", 'environment:\n      A: z\n      NEW: "5"\n'),
        ("environment:\n      - A=x\n      - B=1\n", "environment:\n      - A=z\n      - NEW=5\n"),
        ('environment: ["A=x", "B=1"]\n', 'environment: ["A=z", "NEW=5"]\n'),
    ],
)
def test_compose_environment(body: str, expected: str) -> None:
    text = f"services:\n  vllm:\n    image: x\n    {body}"
    table = one(text).env
    changes: list[Change] = [SetEntry(entry(table, "A"), "z"), RemoveEntry(entry(table, "B")), AddEntry("NEW", "5")]
    assert rewritten(text, table, *changes).replace("'5'", '"5"') == f"services:\n  vllm:\n    image: x\n    {expected}"


def test_a_variable_of_a_script_or_a_secret_is_not_set() -> None:
    text = container("command: [sh, -c, 'export A=1; vllm']\nenv: [{name: S, valueFrom: {secretKeyRef: {name: x}}}]")
    table = one(text).env
    for name in ("A", "S"):
        with pytest.raises(CannotEdit):
            rewritten(text, table, SetEntry(entry(table, name), "2"))


# --- comments stay ----------------------------------------------------------------------------------------------------

COMMENTED = """\
kind: Pod
spec:
  containers:
  - name: a
    image: vllm
    args:
    # before the first
    - --quantize   # flag
    # between
    - bitsandbytes   # value
    env:
    - name: QUANTIZE   # name
      # inside
      value: bitsandbytes   # trailing
    # about c
    - {name: C, value: x}   # hi
    ports: []
"""


@pytest.mark.parametrize(
    ("table", "changes", "old", "new"),
    [
        ("env", {"QUANTIZE": "eetq"}, "value: bitsandbytes   # trailing", "value: eetq   # trailing"),
        ("env", {"QUANTIZE": "8"}, "value: bitsandbytes   # trailing", 'value: "8"   # trailing'),
        ("env", {"C": "8"}, "{name: C, value: x}   # hi", '{name: C, value: "8"}   # hi'),
        ("env", {"C": None}, "    - {name: C, value: x}   # hi\n", ""),
        ("words", {"1": "eetq"}, "- bitsandbytes   # value", "- eetq   # value"),
        ("words", {"1": 8}, "- bitsandbytes   # value", '- "8"   # value'),
        ("words", {"1": None}, "    - bitsandbytes   # value\n", ""),
        (
            "words",
            {"0": None, "1": None},
            COMMENTED[COMMENTED.index("    args") : COMMENTED.index("    env")],
            "    # before the first\n    # between\n",
        ),
    ],
)
def test_comments_stay_where_they_are(table: str, changes: dict[str, Scalar], old: str, new: str) -> None:
    found = getattr(one(COMMENTED), table)
    made = [
        RemoveEntry(entry(found, name)) if value is None else SetEntry(entry(found, name), value)
        for name, value in changes.items()
    ]
    assert rewritten(COMMENTED, found, *made) == COMMENTED.replace(old, new)


@settings(max_examples=150, deadline=None)
@given(
    layout=st.sampled_from(["block", "lines", "hanging", "line"]),
    size=st.integers(1, 4),
    trailing=st.booleans(),
    end=st.sampled_from(["", "\n", "\n    z: 1\n"]),
    gone=st.sets(st.integers(0, 3)),
    added=st.integers(0, 2),
)
def test_any_changes_of_a_list_keep_the_comments(
    layout: str, size: int, trailing: bool, end: str, gone: set[int], added: int
) -> None:
    """Kept words keep their trailing comments, removed ones take theirs along, and lines of comments stay."""
    commas = ["," if trailing or index + 1 < size else "" for index in range(size)]
    if layout == "block":
        body = "".join(f"\n    # line{index}\n    - vllm{index}  # tail{index}" for index in range(size))
    elif layout == "lines":
        items = (f"\n      # line{index}\n      vllm{index}{commas[index]}  # tail{index}" for index in range(size))
        body = f" [{''.join(items)}\n    ]"
    elif layout == "hanging":
        ends = [f"{commas[index]}  # tail{index}\n" if index + 1 < size else commas[index] for index in range(size)]
        body = " [" + "           ".join(f"vllm{index}{ends[index]}" for index in range(size)) + "]"
    else:
        body = f" [{', '.join(f'vllm{index}' for index in range(size))}{commas[-1]}]"
    text = f"kind: Pod\nspec:\n  containers:\n  - name: a\n    args:{body}{end}"
    table = one(text).words
    assert table is not None
    removed = {index for index in gone if index < size}
    changes: list[Change] = [RemoveEntry(entry(table, str(index))) for index in sorted(removed)]
    changes += [AddEntry(f"--n{index}", None) for index in range(added)]
    if not changes:
        return
    made = rewritten(text, table, *changes)
    expected = [f"vllm{index}" for index in range(size) if index not in removed] + [f"--n{i}" for i in range(added)]
    again = one(made + ("\n    env: [{name: vllm, value: x}]\n" if "vllm" not in made else "")).words
    assert (words_of(again) if again is not None else []) == expected
    for index in range(size):
        if f"# tail{index}" in text:
            assert (f"# tail{index}" in made) == (index not in removed)
        if f"# line{index}" in text and (layout == "block" or len(removed) < size):
            assert f"# line{index}" in made


def words_of(table: Table) -> list[object]:
    return [plain(each.value) for each in table.entries]


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ('{"load_in_8bit": true}\n', "8", '{"load_in_8bit": true, "new": "8"}\n'),
        ('{"load_in_8bit": true}\n', 0.0, '{"load_in_8bit": true, "new": 0.0}\n'),
        ('{\n  "load_in_8bit": true\n}\n', 8, '{\n  "load_in_8bit": true,\n  "new": 8\n}\n'),
        ("load_in_8bit: true\n", "x", "load_in_8bit: true\nnew: x\n"),
        ("load_in_8bit: true\n", "8", 'load_in_8bit: true\nnew: "8"\n'),
    ],
)
def test_json_keys_and_numbers_as_they_are(text: str, value: Scalar, expected: str) -> None:
    table = read(text).invocations[0].mapping
    assert rewritten(text, table, AddEntry("new", value)) == expected
    again = plain(entry(read(expected).invocations[0].mapping, "new").value)
    assert (again, type(again)) == (value, type(value))


@pytest.mark.parametrize("text", ["args: [vllm]", "args:\n    - vllm   # c", "args:\n    # c\n    - vllm\n    # d\n"])
def test_the_last_word_of_a_container_that_has_nothing_else(text: str) -> None:
    text = f"kind: vllm\nspec:\n  containers:\n  - {text}\n"
    found = one(text).words
    made = rewritten(text, found, RemoveEntry(entry(found, "0")))
    assert data(one(made).words) == {}
    assert ("# d" in text) == ("# d" in made)
