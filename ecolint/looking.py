"""The room where one file after another is looked at: what is known of it, what its bytes tell, and what is in it.

Nothing is imported here but what it takes to find nothing: `ecolint.judging` is, for the first file that may hold
something.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ecolint import files
from ecolint.cache import NOTHING, Cache
from ecolint.consulted import digest
from ecolint.decisions import check_gpu
from ecolint.ending import LastResort
from ecolint.frame import Problem
from ecolint.readers import linked, may_be_linked, sieve, syntax_of
from ecolint.settings import Finder, Settings
from ecolint.stacks import words

if TYPE_CHECKING:
    from ecolint.judging import Judged, Judging
    from ecolint.project import Projects


LARGE = 500_000
"""Bytes of a file before which memory is tidied up."""


class Task(NamedTuple):
    """A file to look at. `status` is what the disk said of it before it was opened, and `content` what its content was
    known by when it had that status; None where nobody asked, or nobody knows."""

    file: files.File
    status: os.stat_result | None = None
    content: bytes | None = None


class Seen(NamedTuple):
    """What came of one file: why it could not be read, or what it holds; `crashed` where it met an internal error."""

    problem: Problem | None = None
    judged: Judged | None = None
    crashed: bool = False


class Looking:
    """Looks at files, and keeps what they have in common.

    Without `judge` files are only read. With `fix` fixes are written, with `diff` shown, the `unsafe` ones too.
    """

    def __init__(
        self,
        finder: Finder,
        cache: Cache,
        *,
        judge: bool = True,
        fix: bool = False,
        diff: bool = False,
        unsafe: bool = False,
        verbose: bool = False,
    ) -> None:
        self.finder, self.cache, self.judge = finder, cache, judge
        self._mending = {"fix": fix, "diff": diff, "unsafe": unsafe}
        self._verbose = verbose
        self._triggers: dict[tuple[tuple[str, ...], str], files.Triggers] = {}
        self._tests: dict[int, tuple[Settings, Settings]] = {}
        self._known_gpus: set[str | None] = {None}
        self._projects: Projects | None = None
        self._judging: Judging | None = None

    def __reduce__(self) -> tuple[object, ...]:
        """Another process begins anew."""
        told = {"judge": self.judge, "verbose": self._verbose, **self._mending}
        return _again, (self.finder.overrides, self.cache.place, told)

    def tasks(self, found: Sequence[files.File]) -> list[Task]:
        """What is left to look at of these files, after those that are known to hold nothing.

        What is known to hold nothing by itself is left where other files may speak of it.
        """
        if not self.cache.indexed:
            return [Task(file) for file in found]
        left = []
        for file in found:
            try:
                status = os.stat(file.location)
            except OSError:
                left.append(Task(file))
                continue
            content = self.cache.unchanged(file.location, status, self.settings(file), judged=self.judge)
            if content != NOTHING or may_be_linked(file.path):
                left.append(Task(file, status, content))
        return left

    def settings(self, file: files.File) -> Settings:
        """The settings of a file; the same object for files that have the same."""
        settings = self.finder.for_file(file.location)
        if not file.test:
            return settings
        if id(settings) not in self._tests:
            self._tests[id(settings)] = settings, replace(settings, context="test")
        return self._tests[id(settings)][1]

    def look(self, task: Task) -> Seen | None:
        """What is in a file; None where nothing is. Raises what the user has to mend first."""
        with LastResort(task.file.path, self._verbose) as boundary:
            return self._seen(task)
        return Seen(crashed=boundary.caught)

    def texts(self, paths: Sequence[str] | None = None) -> dict[str, str]:
        """The texts of the files that answers were taken from: of these, or of all."""
        if self._judging is None or self._projects is None:
            return {}
        if paths is None:
            return dict(self._projects.texts)
        found = ((path, self._projects.text(path)) for path in paths)
        return {path: text for path, text in found if text is not None}

    def _seen(self, task: Task) -> Seen | None:
        file, settings = task.file, self.settings(task.file)
        spoken_of = self._spoken_of(file, settings)
        if task.content == NOTHING and (spoken_of is None or not spoken_of(None)):
            return None
        if task.content and task.status is not None:
            known = self._judge().known(file, task.content, settings)
            if known is not None:
                self._check_gpu(settings)
                return Seen(judged=known) if known.outcome.tells else None
        loaded = files.load(file, settings.max_file_size, self._triggers_of(settings, file.path), spoken_of)
        if isinstance(loaded, Problem):
            return Seen(loaded)
        if loaded is None:
            if task.status is not None:
                self.cache.note(file.location, task.status, NOTHING, settings)
            return None
        self._check_gpu(settings)
        content = digest(loaded.data) if self.cache.enabled else b""
        if len(loaded.data) > LARGE:
            gc.collect(1)  # what files before it left behind would lie beside what it takes
        judged = self._judge().file(file, loaded, settings, content, task.status)
        return Seen(judged=judged) if judged.tells else None

    def _judge(self) -> Judging:
        if self._judging is None:
            from ecolint.judging import Judging

            self._judging = Judging(self._of_projects(), self.cache, judge=self.judge, **self._mending)
        return self._judging

    def _of_projects(self) -> Projects:
        if self._projects is None:
            from ecolint.project import Projects

            self._projects = Projects(self.finder.roots, self.cache.content if self.cache.enabled else None)
        return self._projects

    def _spoken_of(self, file: files.File, settings: Settings) -> Callable[[str | None], bool] | None:
        """What tells from the text of a file that holds no trigger whether other files may give it a meaning; without
        a text, whether they may whatever it holds. None where the syntax of the file knows no such thing."""
        reader, limit = linked(file.path), settings.max_file_size
        if reader is None:
            return None
        return lambda text: reader.spoken_of(file.path, text, self._of_projects().of(file.location, limit))

    def _triggers_of(self, settings: Settings, path: str) -> files.Triggers:
        key = (settings.stacks, syntax_of(path))
        if key not in self._triggers:
            asked = words(settings.stacks)
            self._triggers[key] = files.Triggers(asked.of(key[1]), asked.keys, sieve(path, asked))
        return self._triggers[key]

    def _check_gpu(self, settings: Settings) -> None:
        if settings.gpu not in self._known_gpus:
            check_gpu(settings)
            self._known_gpus.add(settings.gpu)


def _again(overrides: Mapping[str, object], place: tuple[str, str, bool, bool], told: Mapping[str, bool]) -> Looking:
    return Looking(Finder(overrides), Cache(*place), **told)
