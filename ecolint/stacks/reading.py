"""From folders of vocabulary files to the vocabularies in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ecolint.stacks import StackError
from ecolint.stacks.hearing import heard
from ecolint.stacks.loading import contents_of, load
from ecolint.stacks.vocabulary import Vocabulary


def read(folders: Iterable[str]) -> tuple[Vocabulary, ...]:
    """The vocabularies of all these folders; of two with one name the later one counts. Raises StackError."""
    texts: list[tuple[str, str]] = []
    for folder in map(Path, folders):
        if not folder.is_dir():
            raise StackError(str(folder), 1, "no such folder; the setting 'stacks' names folders of vocabulary files")
        texts += [(path.name, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.toml"))]
    contents = contents_of(text for _, text in texts)
    found: dict[str, Vocabulary] = {}
    for name, text in texts:
        vocabulary = load(text, name, contents)
        found[vocabulary.name] = vocabulary
    every = tuple(_wrapped(one, tuple(found.values())) for one in found.values())
    return tuple(replace(one, heard=heard(one)) if one.platform else one for one in every)


def _wrapped(one: Vocabulary, every: tuple[Vocabulary, ...]) -> Vocabulary:
    """A vocabulary with the uses that wrappers of its objects have, as far as it has the keys for them."""
    offered = [use for wrapper in every if one.name in wrapper.wraps for use in wrapper.uses if use not in one.uses]
    uses = [use for use in offered if {*use.keys, *use.sets, *use.per_item} <= one.keys.keys()]
    return replace(one, uses=(*one.uses, *uses)) if uses else one
