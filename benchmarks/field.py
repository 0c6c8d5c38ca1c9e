"""The field: reruns ecolint on clones of public repositories and holds the findings against recorded judgements.

    python benchmarks/field.py CLONES            # CLONES/owner+name is a clone of owner/name
    python benchmarks/field.py CLONES --silences 50 --seed 7   # sample files with anchors that drew no finding
    python benchmarks/field.py CLONES --deployments            # how fully the deployments in them were read

`field.jsonl` has one judgement a line: repository, commit, path, line, code, verdict (right or wrong) and reason; a
silence has the code "-", and is right where nothing should have been reported. Exit code 1 when anything differs from
the record.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

RECORD = Path(__file__).with_name("field.jsonl")


@dataclass(frozen=True)
class Judgement:
    """What somebody found a finding, or a silence, to be."""

    repository: str
    commit: str
    path: str
    line: int
    code: str
    verdict: str
    reason: str

    @property
    def key(self) -> tuple[str, str, int, str]:
        return self.repository, self.path, self.line, self.code


def recorded(path: Path = RECORD) -> list[Judgement]:
    """Every judgement on record."""
    return [Judgement(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines() if line]


def repositories(clones: Path) -> Iterator[tuple[str, Path]]:
    """owner/name and folder of every clone."""
    for folder in sorted(clones.iterdir()):
        if folder.is_dir() and "+" in folder.name:
            yield folder.name.replace("+", "/", 1), folder


def findings(folder: Path, *options: str) -> Iterator[tuple[str, int, str, str]]:
    """Path (in a notebook with its cell), line, code and message of everything reported in a clone."""
    done = subprocess.run(
        [sys.executable, "-m", "ecolint", "check", *options, "--format", "json", "--exit-zero", "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    for finding in json.loads(done.stdout)["findings"]:
        cell = f":cell {finding['cell']}" if finding["cell"] else ""
        yield finding["path"] + cell, finding["range"]["start"]["line"], finding["code"], finding["message"]


def anchored(folder: Path) -> Iterator[str]:
    """Files that hold an anchor of some vocabulary and are readable text: where a silence can be judged."""
    from ecolint.readers import reader_of
    from ecolint.stacks import vocabularies
    from ecolint.stacks.asking import wanted

    words = [word.encode() for word in wanted(vocabularies()).triggers]
    for path in sorted(folder.rglob("*")):
        if reader_of(path.as_posix()) is not None and path.is_file() and "test" not in path.as_posix():
            data = path.read_bytes()
            if len(data) < 1_000_000 and any(word in data for word in words):
                yield path.relative_to(folder).as_posix()


def compare(clones: Path, judgements: Iterable[Judgement]) -> int:
    """Print what changed against the record. Returns the number of differences.

    Findings of convention rules, which nobody gets unasked, are held against the record where it speaks of them.
    """
    from ecolint.ruleset import load, packaged

    conventions = {rule.code for rule in load([packaged()]) if rule.basis == "convention"}
    known = {j.key: j for j in judgements}
    seen, differences = set(), 0
    for repository, folder in repositories(clones):
        for path, line, code, message in findings(folder, "--conventions"):
            key = (repository, path, line, code)
            if code in conventions and key not in known:
                continue
            seen.add(key)
            silence = known.get((repository, path.partition(":cell ")[0], 0, "-"))
            if key not in known:
                differences += 1
                print(f"new       {repository} {path}:{line} {code} {message}")
            if silence is not None and silence.verdict == "right":
                differences += 1
                print(f"broken    {repository} {path}: was rightly silent ({silence.reason}), now {code}")
    present = {repository for repository, _ in repositories(clones)}
    for key, judgement in known.items():
        if judgement.code != "-" and judgement.repository in present and key not in seen:
            differences += 1
            place = f"{judgement.repository} {judgement.path}:{judgement.line}"
            print(f"vanished  {place} {judgement.code} was {judgement.verdict}")
    judged = [known[key] for key in seen if key in known]
    right = sum(j.verdict == "right" for j in judged)
    wrong = len(judged) - right
    print(f"{len(seen)} findings, {len(judged)} judged, {right} right, {wrong} wrong; {differences} differences")
    return differences


def sample(clones: Path, count: int, seed: int) -> None:
    """Print silent files to be judged, drawn evenly from the repositories: a large one must not fill the sample."""
    dice, drawn = random.Random(seed), []
    for repository, folder in repositories(clones):
        spoken = {path.partition(":cell ")[0] for path, *_ in findings(folder)}
        silent = [path for path in anchored(folder) if path not in spoken]
        dice.shuffle(silent)
        drawn += [(rank, repository, path) for rank, path in enumerate(silent)]
    for _, repository, path in sorted(sorted(drawn)[:count], key=lambda one: one[1:]):
        print(f"{repository} {path}")


SHOWN = (
    "model",
    "quantization",
    "dtype",
    "execution",
    "max_concurrency",
    "context_length",
    "kv_cache_dtype",
    "gpu_count",
)
"""The facts of which a deployment that was fully read leaves none unknown: what is absent is not written anywhere."""


def reach(clones: Path) -> None:
    """Print, by repository, how many deployments are read fully, in part, or with nothing but their stack.

    Python is left out. Fully: the model is known, and no further fact is unknown. In part: some of them are. One
    without a known model and with unknown facts alone says no more than that a server is started.
    """
    print(f"{'repository':50} {'files':>5} {'deployments':>11} {'fully':>6} {'partly':>6} {'stack only':>10}")
    sums = [0] * 5
    for repository, folder in repositories(clones):
        done = subprocess.run(
            [sys.executable, "-m", "ecolint", "facts", "--format", "json", "."],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
        listed = [one for one in json.loads(done.stdout)["deployments"] if not one["path"].endswith((".py", ".ipynb"))]
        fully = partly = 0
        for one in listed:
            states = [one["facts"].get(name, {}).get("value") for name in SHOWN]
            named = states[0] not in (None, "?")
            fully += named and "?" not in states
            partly += (named and "?" in states) or (not named and any(s not in (None, "?") for s in states[1:]))
        row = [len({one["path"] for one in listed}), len(listed), fully, partly, len(listed) - fully - partly]
        sums = [a + b for a, b in zip(sums, row, strict=True)]
        print(f"{repository:50} {row[0]:5} {row[1]:11} {row[2]:6} {row[3]:6} {row[4]:10}")
    print(f"{'all':50} {sums[0]:5} {sums[1]:11} {sums[2]:6} {sums[3]:6} {sums[4]:10}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clones", type=Path)
    parser.add_argument("--silences", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--deployments", action="store_true")
    args = parser.parse_args()
    if args.deployments:
        reach(args.clones)
        return 0
    if args.silences:
        sample(args.clones, args.silences, args.seed)
        return 0
    return 1 if compare(args.clones, recorded()) else 0


if __name__ == "__main__":
    sys.exit(main())
