"""Speed: ecolint against other tools on the same files in the same run, as ratios of medians; memory and growth.

    python benchmarks/speed.py FOLDER                  # downloads the wheels and writes the manifests into FOLDER
    python benchmarks/speed.py FOLDER --runs 5         # every tool in turn, five times
    python benchmarks/speed.py FOLDER --only corpus    # one group of measures; may be repeated
    python benchmarks/speed.py FOLDER --markdown       # the table of docs/performance.md
    python benchmarks/speed.py FOLDER --profile        # instead: where the time of a cold run goes, by stage

The corpus are the Python files of some wheels, unpacked; the manifests are generated: of 10,000 one in a hundred
describes an LLM server. ecolint reads tests too here, as the others do. Other tools are looked for on PATH; those that
are not installed are left out, and said to be. Times are of one machine and of this run alone: only their ratios mean
something.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import grounds
from measures import Growth, Measure, Peak, Race, Tool
from tables import as_markdown, as_text, machine, versions

SEMGREP = """\
rules:
  - id: int8
    languages: [python]
    severity: WARNING
    message: bitsandbytes INT8 with its outlier threshold on
    pattern: BitsAndBytesConfig(..., load_in_8bit=True, ...)
  - id: batch
    languages: [python]
    severity: WARNING
    message: a batch size of 1
    pattern: $F(..., batch_size=1, ...)
"""
"""Two rules that look for what ecolint's own first and fourth look for."""
OFTEN = 5
"""How many times as often a start is run as what takes longer."""


# --- what is measured -------------------------------------------------------------------------------------------------


def ecolint(folder: Path, *more: str, name: str = "ecolint") -> Tool:
    """The console script of this environment, on everything, with a cache of its own below a folder."""
    program = str(Path(sys.executable).with_name("ecolint"))
    argv = (program, "check", "--exit-zero", "--quiet", "--include-tests", *more)
    return Tool(name, argv, cache=folder.absolute() / "cache")


def of_corpus(folder: Path) -> Iterator[Measure]:
    """The whole corpus from cold, against the fastest linter."""
    tree = grounds.corpus(folder)
    ruff = Tool("ruff", ("ruff", "check", "--no-cache", "--select", "F401", "--isolated", "--quiet", "."))
    yield Race("corpus, default rules", tree, ecolint(folder, "--no-cache", "."), ruff, 0.6)
    yield Race("corpus, all rules", tree, ecolint(folder, "--no-cache", "--conventions", "."), ruff, 0.8)


def of_cache(folder: Path) -> Iterator[Measure]:
    """The whole corpus once more, where nothing has changed."""
    cold = ecolint(folder, "--no-cache", ".", name="ecolint --no-cache")
    yield Race("corpus, warm cache", grounds.corpus(folder), ecolint(folder, "."), cold, 0.4)


def of_memory(folder: Path) -> Iterator[Measure]:
    """What the largest process takes on the whole corpus."""
    tree, warm = grounds.corpus(folder), ecolint(folder, ".")
    first = replace(warm, cache=folder.absolute() / "first", fresh=True)
    yield Peak("memory, default rules", tree, ecolint(folder, "--no-cache", "."), 150)
    yield Peak("memory, all rules", tree, ecolint(folder, "--no-cache", "--conventions", "."), 150)
    yield Peak("memory, first run ever", tree, first, 150)
    yield Peak("memory, warm cache", tree, warm, 150)


def of_semgrep(folder: Path) -> Iterator[Measure]:
    """The whole corpus against a tool of patterns that has two rules."""
    tree, rules = grounds.corpus(folder), folder.absolute() / "semgrep.yaml"
    rules.write_text(SEMGREP, encoding="utf-8")
    argv = ("semgrep", "scan", "--quiet", "--metrics=off", "--disable-version-check", "--config", str(rules), ".")
    yield Race("corpus, two rules", tree, ecolint(folder, "--no-cache", "."), Tool("semgrep", argv, slow=True), 0.2)


def of_small(folder: Path) -> Iterator[Measure]:
    """Three libraries against tools that parse all of each file with LibCST."""
    for tool in (
        Tool("torchfix", ("torchfix", "--select=ALL", "."), slow=True),
        Tool("fixit", ("fixit", "--quiet", "lint", "."), slow=True),
    ):
        yield Race("three libraries", grounds.few(folder), ecolint(folder, "--no-cache", "."), tool, 1 / 200)


def of_manifests(folder: Path) -> Iterator[Measure]:
    """10,000 manifests against a linter of YAML."""
    yamllint = Tool("yamllint", ("yamllint", "--no-warnings", "."))
    yield Race("manifests", grounds.manifests(folder), ecolint(folder, "--no-cache", "."), yamllint, 0.1)


def of_start(folder: Path) -> Iterator[Measure]:
    """What one small file, and no file at all, cost from cold."""

    def imports(modules: str) -> Tool:
        return Tool(f"import {modules}", (sys.executable, "-c", f"import {modules}"))

    clean = grounds.single(folder, "clean", grounds.CLEAN)
    wasteful = grounds.single(folder, "wasteful", grounds.WASTEFUL)
    ours = ecolint(folder, "--no-cache", "app.py")
    usage = replace(ours, argv=(ours.argv[0], "--help"))
    yield Race("one clean file", clean, ours, imports("click, tomli"), 1.5, OFTEN)
    yield Race("one file with findings", wasteful, ours, imports("libcst"), 2.0, OFTEN)
    yield Race("--help", clean, usage, imports("click"), 1.3, OFTEN)


def of_growth(folder: Path) -> Iterator[Measure]:
    """Copies of three libraries: as much, twice, four and eight times as much."""
    sizes = (1, 2, 4, 8)
    named = [(size, [str(number) for number in range(1, size + 1)]) for size in sizes]
    tools = tuple((size, ecolint(folder, "--no-cache", *names, name=f"ecolint {size}x")) for size, names in named)
    yield Growth("growth", grounds.copies(folder, max(sizes)), tools, 1.05)


GROUPS: dict[str, Callable[[Path], Iterator[Measure]]] = {
    "corpus": of_corpus,
    "semgrep": of_semgrep,
    "small": of_small,
    "manifests": of_manifests,
    "cache": of_cache,
    "start": of_start,
    "memory": of_memory,
    "growth": of_growth,
}


def main(arguments: Sequence[str] | None = None, say: Callable[[str], None] = print) -> int:
    """Measure, and print a line for each measure. Exit code 1 where a bound is missed, or a tool failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the corpus lies, or is to be put")
    parser.add_argument("--runs", type=int, default=3, help="of every tool, in turn (default: 3)")
    parser.add_argument("--only", action="append", choices=GROUPS, help="a group of measures; may be repeated")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--profile", action="store_true", help="print where the time of a cold run goes instead")
    given = parser.parse_args(arguments)
    given.folder.mkdir(parents=True, exist_ok=True)
    if given.profile:
        import stages

        stats = stages.profile(grounds.corpus(given.folder))
        seconds = stages.shares(stats)
        for stage, own in sorted(seconds.items(), key=lambda item: -item[1]):
            say(f"{stage:<32}{own:>8.2f} s{own / sum(seconds.values()):>7.1%}")
        for told, count in stages.counts(stats).items():
            say(f"{told:<32}{count:>8,}")
        return 0
    line = as_markdown if given.markdown else as_text
    say(line(None))
    used: dict[str, None] = {}
    missed = 0
    for group in given.only or GROUPS:
        for measure in GROUPS[group](given.folder):
            if absent := [tool.name for tool in measure.tools if not tool.there]:
                say(f"{measure.name}: {', '.join(absent)} is not installed")
                continue
            used |= dict.fromkeys(told for tool in measure.tools for told in versions(tool.argv))
            try:
                for row in measure.rows(given.runs):
                    missed += row.missed
                    say(line(row))
            except subprocess.CalledProcessError as error:
                missed += 1
                say(f"{measure.name}: {error} {error.stderr}")
    say("")
    say(f"Median of {given.runs} runs. {', '.join(used)}; {machine()}.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
