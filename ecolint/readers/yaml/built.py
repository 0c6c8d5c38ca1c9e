"""What a compose service is built from: the image, the variables and the entry point that its Dockerfile gives it."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from ecolint.model import Invocation, Table, Value
from ecolint.readers.yaml.nodes import Node, resolved
from ecolint.readers.yaml.tables import Document
from ecolint.readers.yaml.texts import text_of
from ecolint.shaped import dataclass

if TYPE_CHECKING:
    from ecolint.readers.dockerfile.expanding import Text
    from ecolint.readers.dockerfile.stages import Stage

DOCKERFILE = "Dockerfile"


@dataclass(frozen=True, slots=True)
class Built:
    """The stage of a Dockerfile that a service is built from, with the path and the text of that file."""

    path: str
    stage: Stage
    text: str

    @property
    def runs(self) -> bool:
        """Whether the stage says what its image runs."""
        return self.stage.entrypoint is not None or self.stage.command is not None

    @property
    def image(self) -> Value:
        """What the stage is built upon."""
        return self.stage.image


def built(document: Document, build: Node) -> Built | None:
    """The stage that `build` names; None where its Dockerfile is not in the project, or cannot be told."""
    context, name, target, given = _asked(document, build)
    if context is None or name is None or "://" in context or context.startswith("git@"):
        return None
    source = document.given(posixpath.normpath(posixpath.join(context, name)))
    if source is None:
        return None
    from ecolint.readers.dockerfile.instructions import parsed
    from ecolint.readers.dockerfile.stages import stages

    found = stages(source.path, parsed(source.text), given)
    named = [one for one in found if target is None or one.name.lower() == target.lower()]
    return Built(source.path, named[-1], source.text) if named else None


def _asked(document: Document, build: Node) -> tuple[str | None, str | None, str | None, dict[str, Text]]:
    """The context, the Dockerfile, the target and the arguments of a build; None where one of them is unknown."""
    node = resolved(build)[0]
    if node.kind != "mapping":
        return text_of(document, node, {}, compose=True).value, DOCKERFILE, None, {}
    fields = document.fields(node).by_name
    if "dockerfile_inline" in fields:
        return None, None, None, {}
    said = {
        key: text_of(document, fields[key].value, {}, compose=True).value
        for key in ("context", "dockerfile", "target")
        if key in fields
    }
    if None in said.values():
        return None, None, None, {}
    given = _arguments(document, fields["args"].value) if "args" in fields else {}
    return said.get("context") or ".", said.get("dockerfile") or DOCKERFILE, said.get("target"), given


def _arguments(document: Document, node: Node) -> dict[str, Text]:
    """What the arguments of a build are given, in either form."""
    from ecolint.readers.dockerfile.expanding import Text

    bare = resolved(node)[0]
    found: dict[str, Text] = {}
    if bare.kind == "mapping":
        for name, one in document.fields(bare).by_name.items():
            text = text_of(document, one.value, {}, compose=True)
            found[name] = Text(text.value or None, text.lead, text.place, text.how)
    for item in bare.children if bare.kind == "sequence" else ():
        text = text_of(document, item, {}, compose=True)
        name, _, value = (text.value if text.value is not None else text.lead).partition("=")
        found[name] = Text(value or None if text.value is not None else None, value, text.place, text.how)
    return found


def upon(document: Document, found: Invocation, base: Built, commanded: bool) -> Invocation:
    """A service's command on top of the image that it is built as. `commanded`: it has an entry point of its own."""
    entries = tuple(base.stage.env.values())
    own = {entry.name for entry in found.env.entries} if found.env is not None else set()
    kept = tuple(entry for entry in entries if entry.name not in own)
    env = found.env or Table("yaml.env", found.place, (), writable=False)
    env = replace(env, entries=(*kept, *env.entries), writable=env.writable and not kept)
    words = found.words
    run = base.stage.entrypoint
    if words is not None and not commanded and run is not None:
        words = _behind(words, base) if run.words is not None else None
    joined = tuple(dict.fromkeys((document.path, base.path)))
    unknown = len(base.image) == 1 and base.image[0].kind == "unknown"
    return replace(found, image=found.image if unknown else base.image, env=env, words=words, joined=joined)


def _behind(words: Table, base: Built) -> Table:
    """Words behind those of the image's entry point."""
    from ecolint.readers.dockerfile.running import running

    run = base.stage.entrypoint
    lines = running(base.path, replace(base.stage, command=None)).lines if run is not None else ()
    first = lines[0].words.entries if lines and lines[0].words is not None else ()
    entries = (*first, *words.entries)
    return replace(words, entries=tuple(replace(entry, name=str(index)) for index, entry in enumerate(entries)))
