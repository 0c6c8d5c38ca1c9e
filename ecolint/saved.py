"""What the folders of a project say of the weights in them: their format, their size and where they come from."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ecolint.meaning import evaluate
from ecolint.model import Fact, Wanted
from ecolint.readers import Lookup, reader_of
from ecolint.recognise import Recognised
from ecolint.slots import Slots
from ecolint.stacks.vocabulary import Vocabulary

MAX_FOLDERS = 12
"""Folders above a file from which a path is tried: where a program is started nobody can tell."""
_REFERENCE = re.compile(r"[\w./-][\w .@+/-]{0,300}")


class Saved:
    """The weights that the settings of one file may mean, each folder looked at once."""

    def __init__(self, path: str, project: Lookup, vocabularies: tuple[Vocabulary, ...]) -> None:
        self.path, self.project = path, project
        self.vocabularies = tuple(one for one in vocabularies if one.folder)
        self._known: dict[str, Mapping[str, Fact]] = {}

    def facts(self, reference: str) -> Mapping[str, Fact]:
        """What the folder that a model's name means says of its weights; nothing where the project has no such folder.

        A relative path may start at the file's folder or at any above it, the project's root included.
        """
        if reference not in self._known:
            self._known[reference] = self._read(reference) if _REFERENCE.fullmatch(reference) else {}
        return self._known[reference]

    def _read(self, reference: str) -> Mapping[str, Fact]:
        for vocabulary in self.vocabularies:
            for path in self._files(f"{reference}/{vocabulary.folder}"):
                found = self._told(path, vocabulary)
                if found is not None:
                    return found
        return {}

    def _files(self, reference: str) -> tuple[str, ...]:
        """The files of the project that a path may mean, the nearest one first: the same for all files of a folder."""

        def there() -> tuple[str, ...]:
            fixed = reference.startswith("/") or not reference.rpartition("/")[0].strip("./")
            tried = (f"{'../' * up}{reference}" for up in range(1 if fixed else MAX_FOLDERS))
            paths = (self.project.path(one, self.path) for one in tried)
            return tuple(path for path in paths if self.project.source(path) is not None)

        return self.project.kept(("saved", self.path.rpartition("/")[0], reference), there)

    def _told(self, path: str, vocabulary: Vocabulary) -> Mapping[str, Fact] | None:
        source = self.project.source(path) if path != self.path else None
        reader = reader_of(path)
        if source is None or reader is None:
            return None
        keys = tuple(name for key in vocabulary.keys.values() for name in key.mapping)
        reading = reader.read(source, Wanted(triggers=keys, keys=keys), self.project)
        whole = next((one for one in reading.invocations if one.mapping is not None), None)
        if whole is None:
            return None
        return evaluate(vocabulary, Slots(Recognised(whole, vocabulary), {}, {}).settings(), {})
