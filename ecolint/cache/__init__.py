"""What earlier runs found out, and whether it still holds: the one door to the index of files and the kept outcomes.

Whatever goes wrong with the disk or with what lies there, a cache answers as if nothing had been kept.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from ecolint.cache.index import NOTHING, Index, Note
from ecolint.cache.store import Store
from ecolint.consulted import Answers, Consultation, Consulted, digest

if TYPE_CHECKING:
    from pathlib import Path

    from ecolint.cache.keys import Digests
    from ecolint.model import Source
    from ecolint.settings import Settings
    from ecolint.verify import Outcome

__all__ = ["NOTHING", "Asked", "Cache", "Note"]


class Asked(Protocol):
    """What a project is asked for when a kept outcome is looked at (`ecolint.project.Project`)."""

    root: Path
    limit: int
    changes: int

    def answer(self, consultation: Consultation) -> bytes:
        """What the project answers now."""
        ...

    def source(self, path: str) -> Source | None:
        """The text of a file of the project."""
        ...


class Cache:
    """The cache of one run. One that is not `enabled` knows nothing and keeps nothing.

    Locations are absolute paths. A status is what `os.stat` says, taken *before* the file is read. A process that was
    forked may use the cache it was born with: it keeps outcomes itself and hands its `notes` back to its parent, which
    takes them and closes the cache.
    """

    def __init__(self, folder: str, root: str, enabled: bool = True, indexed: bool = True) -> None:
        self.enabled, self.indexed = enabled, enabled and indexed
        self._folder, self._root = folder, root
        self._store = Store(folder)
        self._index: Index | None = None
        self._digests: Digests | None = None
        self._asking: Callable[[str, os.stat_result], bytes | None] | None = None
        self._asked: Settings | None = None
        self._judged = True
        self._bundles: dict[tuple[int, int, bytes], bytes] = {}

    @property
    def place(self) -> tuple[str, str, bool, bool]:
        """What another process makes the same cache of."""
        return self._folder, self._root, self.enabled, self.indexed

    @classmethod
    def open(cls, root: str, enabled: bool = True, indexed: bool = True) -> Cache:
        """The cache for files below a root. Nothing is read before it is needed.

        One that is not `indexed` knows outcomes alone: for a few files its index would cost more than it saves.
        """
        from ecolint.cachefolder import folder

        return cls(folder() if enabled else "", root, enabled, indexed)

    # --- files that have not changed

    def unchanged(
        self, location: str, status: os.stat_result, settings: Settings, *, judged: bool = True
    ) -> bytes | None:
        """What is known of a file that need not be opened: NOTHING, or the digest of its content; else None.

        NOTHING is said of a file in which nothing is found under these settings, whatever else the project holds.
        """
        if not self.indexed:
            return None
        if settings is not self._asked or judged is not self._judged or self._asking is None:
            scans = (self._known().scanning(settings), self._known().judging(settings, judged))
            self._asking, self._asked, self._judged = self._files().asking(scans), settings, judged
        return self._asking(location, status)

    def note(
        self, location: str, status: os.stat_result, verdict: bytes, settings: Settings, *, judged: bool | None = None
    ) -> None:
        """Remember the verdict on a file: NOTHING, or the digest of its content.

        `judged` tells, where a file was read and then held NOTHING, whether rules were asked; None says that it did not
        pass the byte scan.
        """
        if self.indexed:
            known = self._known()
            scan = known.scanning(settings) if judged is None else known.judging(settings, judged)
            self._files().note(location, status, verdict, scan)

    def content(self, location: str, status: os.stat_result) -> bytes:
        """The digest of a file's content, which is read where nothing is known of it. Raises OSError."""
        known = self._files().content(location, status) if self.indexed else None
        if known is None:
            with open(location, "rb") as file:
                known = digest(file.read())
            if self.indexed:
                self._files().note(location, status, known, b"")
        return known

    def notes(self) -> list[Note]:
        """What was noted since the cache was opened or this was last asked: a worker hands it to its parent."""
        return self._files().taken() if self.indexed else []

    def take(self, notes: Iterable[Note]) -> None:
        """Remember what another process noted."""
        if self.indexed:
            self._files().take(notes)

    # --- outcomes

    def key(
        self, path: str, location: str, content: bytes, settings: Settings, project: Asked, *, judged: bool = True
    ) -> bytes:
        """What the outcome of a file is kept under: everything it depends on besides the rest of its project.

        `path` is how the file is shown, `content` the digest of its bytes; `judged` is False where no rule is asked.
        """
        if not self.enabled:
            return b""
        where = (path, location, str(project.root), os.getcwd())
        told = (*where, content, self._known().judging(settings, judged), project.limit)
        return self._known().key(told)

    def outcome(self, key: bytes, project: Asked) -> Outcome | None:
        """What was kept under a key, where all that it rests on in the project is as it was then.

        The texts of other files of which it tells places are read, so that a report finds them.
        """
        found = self._store.read(key) if self.enabled else None
        if found is None:
            return None
        own, summaries, bundles, paths, packed = found
        if not (
            _holds(own, project)
            and all(_holds(below, project) or _holds({one: told}, project) for one, (told, below) in summaries.items())
            and all(self._bundled(bundle, project) == answer for bundle, answer in bundles.items())
        ):
            return None
        from ecolint.cache.packing import unpacked

        outcome = unpacked(packed)
        if outcome is not None:
            for path in paths:
                project.source(path)
        return outcome

    def keep(self, key: bytes, path: str, consulted: Consulted | None, outcome: Outcome) -> bool:
        """Keep the outcome of the file shown as `path`, with what it rests on (`Project.consulted`).

        Whether the file holds nothing, whatever else the project holds: then a note says as much, and nothing is kept.
        Neither is it where nobody knows what the outcome rests on.
        """
        if not self.enabled or consulted is None:
            return False
        from ecolint.cache.packing import packed

        if consulted.nothing and not outcome.tells:
            return True
        done = packed(outcome)
        if done is None:
            return False
        data, paths = done
        bundles = {}
        for part in consulted.bundles:
            questions = sorted(part)
            bundles[self._store.bundle(questions)] = _together(questions, part)
        summaries = {one: (answer, dict(below)) for one, (answer, below) in consulted.summaries.items()}
        self._store.write(key, (dict(consulted.own), summaries, bundles, sorted(paths - {path}), data))
        return False

    def _bundled(self, bundle: bytes, project: Asked) -> bytes:
        """What the project answers now to the questions of a bundle, all in one; empty where the bundle is lost."""
        place = (id(project), project.changes, bundle)
        if place not in self._bundles:
            questions = self._store.questions(bundle)
            answers = {one: project.answer(one) for one in questions or ()}
            self._bundles[place] = _together(questions, answers) if questions is not None else b""
        return self._bundles[place]

    # --- the end

    def close(self, covered: Sequence[str] = ()) -> None:
        """Write the index, and see to it that the cache stays small.

        Of the folders that were `covered`, all of whose files were asked for, what is no longer there is forgotten.
        """
        if not self.enabled:
            return
        if self._index is not None:
            self._index.forget(covered)
            self._index.write()
        self._store.prune()

    # --- what is needed late

    def _files(self) -> Index:
        if self._index is None:
            from ecolint.cache.keys import tool

            self._index = Index(self._folder, self._root, tool())
        return self._index

    def _known(self) -> Digests:
        if self._digests is None:
            from ecolint.cache.keys import Digests

            self._digests = Digests()
        return self._digests


def _holds(answers: Answers, project: Asked) -> bool:
    """Whether a project answers as it did."""
    return all(project.answer(one) == answer for one, answer in answers.items())


def _together(questions: Sequence[Consultation] | None, answers: Mapping[Consultation, bytes]) -> bytes:
    return digest(b"\0".join(answers[one] for one in questions or ()))
