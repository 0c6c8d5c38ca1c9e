"""Deployments that stand in several files, as seen from one of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ecolint.model import Invocation, Source, Wanted
from ecolint.readers.yaml.configmaps import maps_of, users_of
from ecolint.readers.yaml.nodes import Unreadable, documents

if TYPE_CHECKING:
    from ecolint.readers import Lookup


def joined(source: Source, wanted: Wanted, project: Lookup) -> list[Invocation]:
    """The invocations of other files in which this one takes part."""
    return list(_with_config_maps(source, wanted, project))


def _with_config_maps(source: Source, wanted: Wanted, project: Lookup) -> Iterator[Invocation]:
    """The containers of files beside this one that take variables from its ConfigMaps."""
    from ecolint.readers.yaml import invocations_of, open_document

    for user in users_of(source, project, open_document):
        maps = maps_of(user, source, project, open_document)
        for base, text in documents(user.text):
            triggers = [trigger for trigger in wanted.triggers if trigger in text]
            if not triggers or "onfigMap" not in text:
                continue
            try:
                document, roots = open_document(user, base, text)
            except Unreadable:
                continue  # told where that file is read
            document.maps = maps
            for root in roots:
                for one in invocations_of(document, root, triggers):
                    if source.path in one.joined:
                        yield one
