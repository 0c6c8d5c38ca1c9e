"""What the shell reader finds: commands of words with exact places, variables, branches; and how it edits them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecolint.model import AddEntry, CannotEdit, Change, Entry, RemoveEntry, SetEntry, Source, Span, Table, Wanted
from ecolint.readers import Nowhere
from ecolint.readers.shell import pins, read, rewrite
from ecolint.readers.shell.script import split
from ecolint.verify import edited

WANTED = Wanted(triggers=("vllm",))


def said(script: str) -> list[list[str]]:
    """The words of every command, those that cannot be known as "?"."""
    return [["?" if word.text is None else word.text for word in one.words] for one in split(script, {}).commands]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("vllm serve m \\\n  --a 1 \\\n  # remark\n  --b", [["vllm", "serve", "m", "--a", "1"], ["--b"]]),
        ("vllm \\\r\n  --a \\\r\n  --b\r\nx", [["vllm", "--a", "--b"], ["x"]]),
        ("nohup vllm a > log 2>&1 --b &", [["vllm", "a", "--b"]]),
        ("sudo -E vllm a; exec vllm b", [["sudo", "-E", "vllm", "a"], ["vllm", "b"]]),
        ("(vllm a); { vllm b; } && vllm c || vllm d", [["vllm", x] for x in "abcd"]),
        ('vllm `x` "é ü" ; vllm é', [["x"], ["vllm", "?", "é ü"], ["vllm", "é"]]),
        ("vllm a\\\nb $'c d' $\"e\"", [["vllm", "ab", "c d", "e"]]),
        ('vllm "a \\"b\\" $(x y)"', [["x", "y"], ["vllm", "?"]]),
        ("[ -z x ] && vllm a", [["vllm", "a"]]),
        ("f() { vllm $1 ${2:-d}; }\nf a", [["vllm", "a", "d"]]),
        ("f() { vllm $1; }\nf $x\nf $y", [["vllm", "?"]]),
        ("f() { vllm a; }", [["vllm", "a"]]),
        ("A=(a\n# no\n'b c')\nA+=(d)\nvllm \"${A[@]}\"", [["vllm", "a", "b c", "d"]]),
        ('A="--a 1"; A="$A --b"; A+=" --c"; vllm $A', [["vllm", "--a", "1", "--b", "--c"]]),
        ("read M; vllm $M $1", [["vllm", "?", "?"]]),
        ("M=a; unset M; vllm $M", [["vllm", "?"]]),
        ("(M=a); vllm $M", [["vllm", "?"]]),
        (': "${M:=a}"; vllm $M', [["vllm", "a"]]),
        ('bash -c "vllm \\"a b\\" \\$X" y', [["vllm", "a b", "?"]]),
        ("ssh -p 22 host 'cd /x && vllm a'", [["cd", "/x"], ["vllm", "a"]]),
        ('M=a; tmux send-keys -t s "vllm $M" C-m', [["vllm", "a"]]),
        ("srun -n 1 bash -lc 'vllm a'", [["srun", "-n", "1", "vllm", "a"]]),
        ('CMD="vllm a"; eval "$CMD --b"', [["vllm", "a", "--b"]]),
        ("M=a; ssh h <<EOF\nvllm $M\nEOF\nvllm b", [["ssh", "h"], ["vllm", "a"], ["vllm", "b"]]),
        ("cat > f <<EOF\nvllm a\nEOF", [["cat"]]),
        ("cat <<'EOF' | ssh h bash\nvllm $M\nEOF", [["cat"], ["ssh", "h", "bash"], ["vllm", "?"]]),
        ("X=$(vllm a)", [["vllm", "a"]]),
        ("# vllm a\n#vllm b\nvllm c # vllm d", [["vllm", "c"]]),
    ],
)
def test_commands(script: str, expected: list[list[str]]) -> None:
    assert said(script) == expected


def choices(script: str, index: int) -> list[tuple[str | None, str]]:
    """What a word of the last command can be, and how that is known."""
    word = split(script, {}).commands[-1].words[index]
    return [(choice.text, choice.how) for choice in word.all()]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("M=a; vllm $M", [("a", "constant")]),
        ("vllm ${M:-a}", [("a", "default")]),
        ("M=${1:-a}; vllm $M", [("a", "default")]),
        ("M=${M:-a}; vllm $M", [("a", "default")]),
        ('[ -z "$M" ] && M=a; vllm $M', [("a", "default")]),
        ("M=a; if [ $# -gt 0 ]; then M=$1; fi; vllm $M", [("a", "default")]),
        ("M=a; while [ $# -gt 0 ]; do case $1 in -m) M=$2; shift 2;; esac; done; vllm $M", [("a", "default")]),
        ("M=a; source other.sh; vllm $M", [("a", "default")]),
        ("M=a; source venv/bin/activate; vllm $M", [("a", "constant")]),
        ("if x; then M=a; else M=b; fi; vllm $M", [("a", "constant"), ("b", "constant")]),
        ("for M in a b; do vllm $M; done", [("a", "constant"), ("b", "constant")]),
        ("for M in a; do vllm $M; done", [("a", "constant")]),
        ("for M in $L; do vllm $M; done", [(None, "constant")]),
        ("f() { vllm $1; }\nf a\nf 'b'", [("a", "constant"), ("b", "constant")]),
        ('f() { local m=$1; vllm "$m" --b; }\nX=a; f a 1\nf $X 2', [("a", "constant"), (None, "constant")]),
    ],
)
def test_variables(script: str, expected: list[tuple[str | None, str]]) -> None:
    assert choices(script, 1) == expected


def test_what_a_branch_adds_stands_under_it() -> None:
    script = 'A=(--a)\nif x; then A+=(--b)\nelse A+=(--c); fi\nX=""\nif y; then X="$X --d"; fi\nvllm "${A[@]}" $X'
    words = split(script, {}, label="s").commands[-1].words
    arms = [(word.text, sorted(arm for _, arm in word.branches)) for word in words]
    assert arms == [("vllm", []), ("--a", []), ("--b", [0]), ("--c", [1]), ("--d", [0])]


def test_the_environment_of_a_command() -> None:
    script = "export A=1\nB=2\nC=3 vllm a\nset -a\nD=4\nvllm b"
    first, second = split(script, {}).commands
    assert {one.name: one.value.text for one in first.env} == {"A": "1", "C": "3"}
    assert {one.name: one.value.text for one in second.env} == {"A": "1", "D": "4"}


# --- places -----------------------------------------------------------------------------------------------------------

SAFE = st.text("abcxyz019-_./=:,é", min_size=1, max_size=8).filter(lambda text: "=" not in text[:1])


@given(st.lists(SAFE, min_size=1, max_size=6), st.sampled_from([" ", "  ", " \\\n  ", "\t"]))
def test_every_place_holds_its_word(words: list[str], gap: str) -> None:
    script = "vllm" + "".join(gap + word for word in words) + "\n"
    (command,) = split(script, {}).commands
    assert [word.text for word in command.words] == ["vllm", *words]
    assert [script[word.start : word.end] for word in command.words] == ["vllm", *words]


@given(st.lists(SAFE, min_size=2, max_size=6), st.integers(0, 5), st.sampled_from([" ", " \\\n  "]), st.data())
def test_an_edit_of_one_word_changes_nothing_else(words: list[str], index: int, gap: str, data: st.DataObject) -> None:
    script = "echo before\nvllm" + "".join(gap + word for word in words) + "\necho after\n"
    index = 1 + index % len(words)
    source = Source("a.sh", script)
    table = read(source, WANTED, Nowhere()).invocations[1].words if "vllm" in script else None
    assert table is not None
    one = table.entries[index]
    changes: list[Change] = [SetEntry(one, "new"), RemoveEntry(one), AddEntry("-x", "1")]
    change = data.draw(st.sampled_from(changes))
    want = ["vllm", *words]
    if isinstance(change, SetEntry):
        want[index] = "new"
    elif isinstance(change, RemoveEntry):
        del want[index]
    else:
        want += ["-x=1"] if "-x=1" in edit(script, table, change) else ["-x", "1"]
    assert said(edit(script, table, change)) == [["echo", "before"], want, ["echo", "after"]]


def edit(script: str, table: Table, *changes: Change) -> str:
    return edited(script, rewrite(Source("a.sh", script), table, changes))


def entry(table: Table, text: str) -> Entry:
    return next(one for one in table.entries if one.value[0].data == text)


@pytest.mark.parametrize(
    ("before", "words", "after"),
    [
        ("vllm a \\\n  --x 1 \\\n  --y\n", ["--x", "1"], "vllm a \\\n  --y\n"),
        ("vllm a \\\n  --x 1 \\\n  --y\n", ["--y"], "vllm a \\\n  --x 1\n"),
        ("vllm a \\\n  --y > log &\n", ["--y"], "vllm a > log &\n"),
        ("vllm a \\\n  --x --y \\\n  --z\n", ["--x"], "vllm a \\\n  --y \\\n  --z\n"),
        ("b; vllm a --x 1;", ["--x", "1"], "b; vllm a;"),
        ('A=(\n  --x 1\n  --y\n)\nvllm "${A[@]}"\n', ["--x", "1"], 'A=(\n  --y\n)\nvllm "${A[@]}"\n'),
        ('A=(--x --y)\nvllm "${A[@]}"', ["--x"], 'A=(--y)\nvllm "${A[@]}"'),
        ('A="--x --y"\nvllm $A', ["--x"], 'A="--y"\nvllm $A'),
        ('A="--x --y"\nvllm $A', ["--y"], 'A="--x"\nvllm $A'),
        ("bash -c 'vllm a --x 1'", ["--x", "1"], "bash -c 'vllm a'"),
        ("bash <<EOF\nvllm a \\\n  --x\nEOF\n", ["--x"], "bash <<EOF\nvllm a\nEOF\n"),
        ("vllm a \\\r\n  --x 1 \\\r\n  --y\r\n", ["--x", "1"], "vllm a \\\r\n  --y\r\n"),
    ],
)
def test_removing_words(before: str, words: list[str], after: str) -> None:
    table = read(Source("a.sh", before), WANTED, Nowhere()).invocations[-1].words
    assert table is not None
    assert edit(before, table, *(RemoveEntry(entry(table, word)) for word in words)) == after


@pytest.mark.parametrize(
    ("before", "word", "after"),
    [
        ("vllm --x 'a'", "a", "vllm --x 'new'"),
        ("X=a\nvllm --x $X", "a", "X=new\nvllm --x $X"),
        ('X="a"\nvllm --x "$X"', "a", 'X="new"\nvllm --x "$X"'),
        ("vllm --x ${X:-a}", "a", "vllm --x ${X:-new}"),
        ('A=(--x a)\nvllm "${A[@]}"', "a", 'A=(--x new)\nvllm "${A[@]}"'),
        ('ssh h "vllm --x a"', "a", 'ssh h "vllm --x new"'),
    ],
)
def test_changing_words(before: str, word: str, after: str) -> None:
    table = read(Source("a.sh", before), WANTED, Nowhere()).invocations[0].words
    assert table is not None
    assert edit(before, table, SetEntry(entry(table, word), "new")) == after


@pytest.mark.parametrize(
    "script", ["X=a\nvllm --x $X\necho $X", "X=a\nvllm --x b$X", "if y; then X=a; else X=b; fi\nvllm --x $X"]
)
def test_what_other_words_are_read_from_is_not_changed(script: str) -> None:
    table = read(Source("a.sh", script), WANTED, Nowhere()).invocations[-1].words if "echo" not in script else None
    table = table or read(Source("a.sh", script), WANTED, Nowhere()).invocations[0].words
    assert table is not None
    with pytest.raises(CannotEdit):
        edit(script, table, SetEntry(table.entries[2], "new"))


# --- what cannot be read ----------------------------------------------------------------------------------------------


def test_an_unclosed_quote_costs_only_what_stands_behind_it() -> None:
    script = 'vllm a --x\necho b\nvllm c --y "d\nvllm e\n'
    found = read(Source("a.sh", script), WANTED, Nowhere())
    assert [[entry.value[0].data for entry in one.words.entries] for one in found.invocations if one.words][:2] == [
        ["vllm", "a", "--x"],
        ["echo", "b"],
    ]
    assert all(one.words is not None and one.words.open for one in found.invocations[2:])
    assert [(problem.line, problem.whole_file) for problem in found.problems] == [(3, False)]


@pytest.mark.parametrize("opening", ["$(", "(", "{ ", "if x; then ", '"$(', "f() { "])
def test_deep_nesting_is_cut_short(opening: str) -> None:
    closing = {"$(": ")", "(": ")", "{ ": "; }", "if x; then ": "; fi", '"$(': ')"', "f() { ": "; }"}[opening]
    script = "vllm a\n" + "echo " * (opening[0] in '$"') + opening * 5000 + "vllm b" + closing * 5000 + "\nvllm c\n"
    found = read(Source("a.sh", script), WANTED, Nowhere())
    words = [[e.value[0].data for e in one.words.entries] for one in found.invocations if one.words]
    assert ["vllm", "a"] in words
    assert ["vllm", "c"] in words
    assert len(found.problems) <= 1


def test_the_work_grows_with_the_script() -> None:
    block = 'export A=$B\nX="$X --x"\nif a; then\n  vllm serve m $X --a "$C"  # d\nfi\n'
    small, large = (split(block * count, {}) for count in (200, 4_000))
    assert len(large.commands) == 20 * len(small.commands)
    assert large.steps <= 20 * small.steps + 100


def test_two_megabytes_are_read() -> None:
    line = f"vllm serve m --max-num-seqs 1 --x '{'y' * 400}'  # z\n"
    count = 2_000_000 // len(line)
    assert len(split(line * count, {}).commands) == count


@given(st.text("ab $(){}[]<>|&;'\"`\\\n#=*!-", max_size=60))
def test_whatever_a_script_holds_it_is_read(script: str) -> None:
    found = read(Source("a.sh", "vllm\n" + script), WANTED, Nowhere())
    for one in found.invocations:
        assert one.words is not None
        for word in one.words.entries:
            assert Span(0, 0) <= word.place.span
            assert word.place.span.end <= len(script) + 5


def test_what_a_script_installs() -> None:
    text = "pip install 'torch==2.5' \\\n  vllm==0.6.3  # pinned\n"
    assert {pin.library: pin.specifier for pin in pins(Source("a.sh", text))} == {"torch": "==2.5", "vllm": "==0.6.3"}


# --- what stands around -----------------------------------------------------------------------------------------------


def test_what_a_batch_script_asks_for_stands_around_its_commands() -> None:
    text = "#!/bin/bash\n#SBATCH --gres=gpu:h100:4\n#SBATCH -C a100 # or so\n# SBATCH --gpus=1\nvllm serve m\n"
    (one,) = read(Source("a.sbatch", text), WANTED, Nowhere()).invocations
    assert one.surroundings is not None
    told = {entry.name: entry.value[0].data for entry in one.surroundings.entries}
    assert told == {"sbatch.gres": "gpu:h100:4", "sbatch.C": "a100"}


MANIFEST = "kind: Pod\nspec:\n  containers:\n  - image: vllm/vllm-openai:v1\n    args: [--a, b]\n"


@pytest.mark.parametrize(
    "script",
    [
        f"kubectl apply -f - <<EOF\n{MANIFEST}EOF\n",
        f"cat <<'EOF' | kubectl create -n x -f -\n{MANIFEST}EOF\n",
        f"cat > pod.yaml <<EOF\n{MANIFEST}EOF\nkubectl apply -f pod.yaml\n",
        f"tee /tmp/pod.yml <<EOF\n{MANIFEST}EOF\n",
    ],
)
def test_a_manifest_in_a_here_document_is_read_and_rewritten(script: str) -> None:
    found = [one for one in read(Source("a.sh", script), WANTED, Nowhere()).invocations if one.syntax == "yaml"]
    (pod,) = found
    assert pod.image[0].data == "vllm/vllm-openai:v1"
    assert pod.words is not None
    assert edit(script, pod.words, SetEntry(pod.words.entries[1], "c")) == script.replace("b]", "c]")


def test_a_script_that_is_written_to_a_file_is_read_and_a_text_is_not() -> None:
    script = "cat > {} <<'EOF'\nvllm serve m\nEOF\n"
    assert said(script.format("start.sh"))[-1] == ["vllm", "serve", "m"]
    assert said(script.format("notes.txt")) == [["cat"]]


def test_remarks_in_backticks_and_gaps_to_fill_in() -> None:
    script = "vllm serve m \\\n  `# a remark` \\\n  --a 1 --b <your-token> --c=<path>\nX=<name>; vllm $X"
    assert said(script) == [["vllm", "serve", "m", "--a", "1", "--b", "?", "--c", "?"], ["vllm", "?"]]
    assert not split(script, {}).problems


def test_a_variable_that_one_arm_alone_sets_to_something_unseen_is_a_word_in_both() -> None:
    test = 'if [[ -n "${MODEL_PATH:-}" ]]; then\n  echo "$MODEL_PATH"\nelse\n  MODEL_PATH="$MODEL"\nfi\n'
    script = f"{test}serve --model $MODEL_PATH --port 80\n"
    words = split(script, {}).commands[-1].words
    assert [word.text for word in words] == ["serve", "--model", None, "--port", "80"]
    assert not any(word.branches for word in words)


@pytest.mark.parametrize(
    ("test", "served"),
    [("false", []), ("true", ["vllm serve a"]), ("$OFF", ["vllm serve a"]), ("check", ["vllm serve a"])],
)
def test_what_is_taken_out_by_a_test_that_never_holds_does_not_run(test: str, served: list[str]) -> None:
    found = split(f"OFF=false\nif {test}; then vllm serve a; fi\n", {})
    assert [
        " ".join(str(word.text) for word in one.words) for one in found.commands if one.words[0].text == "vllm"
    ] == served


@pytest.mark.parametrize(("switch", "flag"), [("false", [None]), ("true", ["--enforce-eager"])])
def test_a_switch_may_hold_the_name_of_a_program(switch: str, flag: list[str | None]) -> None:
    found = split(f"EAGER={switch}\nARGS=--x\nif $EAGER; then ARGS=--enforce-eager; fi\nvllm serve $ARGS\n", {})
    (served,) = [one for one in found.commands if one.words[0].text == "vllm"]
    every = {choice.text for choice in served.words[-1].all()}
    assert ("--enforce-eager" in every) == (flag != [None])
