"""The room where the user's own measurements are fetched, as the settings name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecolint.settings import Settings, SettingsError
from ecolint.speech import say

if TYPE_CHECKING:
    from ecolint.evidence import Table
    from ecolint.evidence.own import Own


def own(settings: Settings) -> Own | None:
    """The measurements that the settings name, None where they name none. Read again only where a file has changed.

    Raises SettingsError, with the place of the setting, for a file that cannot be used at all.
    """
    if not settings.evidence:
        return None
    from ecolint.evidence.own import BadFile
    from ecolint.evidence.own import own as fetch

    try:
        return fetch(settings.evidence)
    except BadFile as error:
        path, _, line = settings.origins.get("evidence", "").rpartition(":")
        said = say("`evidence`: {file}", file=str(error))
        raise SettingsError(said, path or None, int(line) if path else None) from error


def table_of(settings: Settings) -> Table | None:
    """The rows that estimates rest on under these settings, None for the shipped ones alone. Raises SettingsError."""
    found = own(settings)
    return found.table if found is not None else None
