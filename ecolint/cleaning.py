"""The command room of the cache: what ecolint keeps between runs, and how to be rid of it."""

from __future__ import annotations

import click

from ecolint.terminal import printed

_HELP = {"help_option_names": ["-h", "--help"]}


@click.group(context_settings=_HELP)
def cache() -> None:
    """What ecolint keeps between runs."""


@cache.command(context_settings=_HELP)
def clean() -> int:
    """Empty the cache."""
    from ecolint.cache.filing import clean as empty
    from ecolint.cachefolder import folder
    from ecolint.ending import OK
    from ecolint.run import here
    from ecolint.speech import Voice

    count, size = empty(folder())
    voice = Voice(here({}).locale)
    told: dict[str, object] = {"size": size / 1e6, "folder": folder()}
    if count == 1:
        printed(voice.say("removed 1 file, {size:.1f} MB from {folder}", **told) + "\n")
    else:
        printed(voice.say("removed {count} files, {size:.1f} MB from {folder}", count=count, **told) + "\n")
    return OK
