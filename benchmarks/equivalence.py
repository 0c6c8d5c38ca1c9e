"""Equivalence: the same folder read with every shortcut and without any, byte for byte the same or not.

    python benchmarks/equivalence.py FOLDER                 # check and facts, all shortcuts off, then on: cold and warm
    python benchmarks/equivalence.py FOLDER --each          # and with each shortcut off by itself
    python benchmarks/equivalence.py FOLDER --command facts # one of the two; may be repeated

Without shortcuts every file is cut up, in one process: a large folder takes many minutes. Exit code 1 where any run
says something else than the one without shortcuts, with the first difference.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

from ecolint import shortcuts

COMMANDS = {
    "check": ("check", "--format", "json", "--conventions", "--include-tests", "--show-green"),
    "facts": ("facts", "--format", "json", "--include-tests"),
}
"""The commands that are compared, with everything that they can be made to tell."""
LISTS = ("findings", "deployments")
"""What the documents hold most of, and differ in first."""
SHOWN = 5
"""Items that are shown of those that only one of two documents has."""


@dataclass(frozen=True)
class Said:
    """What a run said: its exit code, and the bytes of its two streams."""

    code: int
    out: bytes
    err: bytes


@dataclass(frozen=True)
class Runs:
    """Runs of one command in one folder; `say` is told of each. Caches lie below a place of their own."""

    command: str
    folder: Path
    place: Path
    say: Callable[[str], None]

    def said(self, told: str, without: str, cache: str, *further: str) -> Said:
        """Run it without some shortcuts (separated by commas; `all`), with a cache of this name."""
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "ecolint", *COMMANDS[self.command], *further, "."],
            cwd=self.folder,
            env={**os.environ, shortcuts.VARIABLE: without, "ECOLINT_CACHE_DIR": str(self.place / cache)},
            capture_output=True,
            check=False,
        )
        taken, out, err = time.perf_counter() - started, len(done.stdout), len(done.stderr)
        self.say(f"{self.command:<7}{told:<20}{taken:>9.1f} s{out:>14,} B{err:>10,} B of complaints")
        return Said(done.returncode, done.stdout, done.stderr)


def difference(full: Said, other: Said) -> Iterator[str]:
    """In what a run differs from the one without shortcuts, in lines; none where they say the same."""
    if full.code != other.code:
        yield f"exit code {full.code} without shortcuts, {other.code} with them"
    if full.err != other.err:
        yield from _lines("standard error", full.err, other.err)
    if full.out != other.out:
        ours, theirs = (Counter(_items(one.out)) for one in (full, other))
        for told, missing in (("without shortcuts", ours - theirs), ("with them", theirs - ours)):
            yield from (f"only {told}: {item[:400]}" for item in list(missing.elements())[:SHOWN])
        yield from _lines("standard output", full.out, other.out)


def _items(out: bytes) -> list[str]:
    """The findings or deployments of a document, each as one line."""
    try:
        document = json.loads(out)
    except ValueError:
        return []
    return [json.dumps(item) for key in LISTS for item in document.get(key, ())]


def _lines(stream: str, full: bytes, other: bytes) -> Iterator[str]:
    """The first line in which two streams differ."""
    pairs = zip_longest(full.splitlines(), other.splitlines(), fillvalue=b"(nothing)")
    number, pair = next(((number, pair) for number, pair in enumerate(pairs, 1) if pair[0] != pair[1]), (0, None))
    for told, line in zip(("without shortcuts", "with them"), pair or (), strict=False):
        yield f"{stream}, line {number}, {told}: {line.decode('utf-8', 'replace')[:400]}"


def ways(each: bool) -> Iterator[tuple[str, str, str]]:
    """How a folder is read besides without any shortcut: a name, what is left out, and the cache that is used."""
    yield "all on, cold", "", "cache"
    yield "all on, warm", "", "cache"
    yield "no cache", "cache", "none"
    for shortcut in shortcuts.SHORTCUTS if each else ():
        yield f"without {shortcut}", shortcut, shortcut


def main(arguments: Sequence[str] | None = None, say: Callable[[str], None] = print) -> int:
    """Compare, and print a line for each run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="what is read; nothing is written there")
    parser.add_argument("--command", action="append", choices=sorted(COMMANDS))
    parser.add_argument("--each", action="store_true", help="leave out each shortcut by itself, too")
    parser.add_argument("--jobs", default="", metavar="N", help="without shortcuts too, N processes look at files")
    given = parser.parse_args(arguments)
    unequal = 0
    for command in given.command or sorted(COMMANDS):
        with TemporaryDirectory() as place:
            runs = Runs(command, given.folder, Path(place), say)
            every = ",".join(one for one in shortcuts.SHORTCUTS if one != "workers" or not given.jobs)
            full = runs.said("all off", every, "off", *(("--jobs", given.jobs) if given.jobs else ()))
            for told, without, cache in ways(given.each):
                lines = list(difference(full, runs.said(told, without, cache)))
                unequal += bool(lines)
                for line in lines:
                    say(f"  {line}")
    return 1 if unequal else 0


if __name__ == "__main__":
    sys.exit(main())
