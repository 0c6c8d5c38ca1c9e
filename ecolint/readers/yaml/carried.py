"""What a compose service carries out: what its image runs of its own accord, or the script that its command names."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ecolint.model import Invocation, Source, Table
from ecolint.readers.yaml.built import Built, upon
from ecolint.readers.yaml.environments import Environment
from ecolint.readers.yaml.nodes import resolved
from ecolint.readers.yaml.tables import Document, Field
from ecolint.readers.yaml.texts import text_of

if TYPE_CHECKING:
    from ecolint.readers.dockerfile.copying import Copy, Script
    from ecolint.readers.dockerfile.running import Line
    from ecolint.readers.dockerfile.stages import Stage

COMMANDS = frozenset({"entrypoint", "command"})
MAX_MOUNTS = 100
"""Files and folders that one service mounts of which the places are told."""


class Carried:
    """The container of one service: its files are those of its image, and what is mounted over them."""

    def __init__(
        self, document: Document, fields: Mapping[str, Field], base: Built | None, env: Environment, service: Invocation
    ) -> None:
        self.document, self.base, self.env = document, base, env
        self.commanded, self.entered = not COMMANDS.isdisjoint(fields), "entrypoint" in fields
        self.mounts = tuple(_mounts(document, fields["volumes"])) if "volumes" in fields else ()
        self.stage = self._stage(service)

    def _stage(self, service: Invocation) -> Stage:
        """The stage of the service's image, with the variables of the service."""
        from ecolint.readers.dockerfile.expanding import Text
        from ecolint.readers.dockerfile.stages import Stage

        stage = self.base.stage if self.base is not None else Stage("", service.place, service.image)
        texts = {
            # what a word of the image's script is, it is where the service gives the variable its value
            name: Text(one.value, one.lead, one.place, "constant" if one.how == "literal" else one.how)
            for name, one in self.env.texts.items()
        }
        entries = {entry.name: entry for entry in self.env.table.entries} if self.env.table is not None else {}
        return replace(stage, env={**stage.env, **entries}, texts={**stage.texts, **texts}, last_env=None)

    def find(self, name: str) -> Script | None:
        """The script that a file of the container is."""
        from ecolint.readers.dockerfile.copying import found_script

        folder, document = self.stage.workdir, self.document
        mounted = found_script(name, folder, self.mounts, Source(document.path, document.text), self._look)
        if mounted is not None or self.base is None:
            return mounted
        return found_script(name, folder, self.stage.copies, Source(self.base.path, self.base.text), self._look)

    def _look(self, path: str) -> Source | None:
        return self.document.given(posixpath.relpath(path, posixpath.dirname(self.document.path) or "."))

    def runs(self, service: Invocation) -> list[Invocation]:
        """What is run: the image's own commands where the service says none, those of its script, else its words."""
        from ecolint.readers.dockerfile.copying import named_script
        from ecolint.readers.dockerfile.running import carried_out, running

        base, path = self.base, self.document.path
        if base is not None and base.runs and not self.commanded:
            return self._made(service, running(base.path, self.stage, self.find).lines)
        own = service.words
        texts = [entry.value[0].data if len(entry.value) == 1 else None for entry in own.entries] if own else []
        named = [text if isinstance(text, str) else None for text in texts]
        found = self._made(service, carried_out(base.path if base is not None else path, self.stage, self.find, named))
        if found and named_script(named[-1:]) is not None:
            return found  # no word stands behind the script
        if base is None:
            return [service, *found]
        told = own is not None or service.env is not None
        return [*([upon(self.document, service, base, self.entered)] if told else []), *found]

    def _made(self, service: Invocation, lines: Iterable[Line]) -> list[Invocation]:
        """Commands that stand in other files, as what the service runs: its own file is where it is told."""
        open_ = self.env.table is not None and self.env.table.open
        made = []
        for line in lines:
            env = replace(line.env, open=line.env.open or open_, writable=False) if line.env is not None else None
            if env is not None and service.env is not None and set(env.entries) == set(service.env.entries):
                env = service.env
            one = replace(service, words=line.words, env=env, branches=service.branches | line.branches)
            if self.base is not None:
                one = upon(self.document, one, self.base, commanded=True)
            files = (self.document.path, *one.joined, *line.joined, *_files(line.words))
            made.append(replace(one, joined=tuple(dict.fromkeys(files))))
        return made


def _files(words: Table | None) -> tuple[str, ...]:
    return (words.place.path,) if words is not None else ()


def _mounts(document: Document, volumes: Field) -> Iterator[Copy]:
    """Files and folders beside the compose file that a service mounts, in the short form and the long one."""
    from ecolint.readers.dockerfile.copying import Copy

    for item in resolved(volumes.value)[0].children[:MAX_MOUNTS]:
        bare = resolved(item)[0]
        if bare.kind == "mapping":
            fields = document.fields(bare).by_name
            said = [
                text_of(document, fields[name].value, {}, True).value for name in ("source", "target") if name in fields
            ]
        else:
            said = list((text_of(document, item, {}, True).value or "").split(":")[:2])
        if len(said) == 2 and said[0] and said[1] and said[0].startswith("."):
            yield Copy(posixpath.normpath(said[1]), posixpath.normpath(said[0]))
