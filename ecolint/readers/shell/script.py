"""Simple commands of a shell script: words with their places, assignments, and variables as far as they are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ecolint.readers.shell.commands import Script


def split(
    script: str,
    env: Mapping[str, str | None],
    unknown: Callable[[int, int], bool] = lambda start, end: False,
    joined: frozenset[int] = frozenset(),
    label: str = "",
) -> Script:
    """The simple commands of a script in order, in time linear in it.

    `env` are the variables that stand outside (None: unknown). `unknown` says that a template writes part of a range.
    `joined` are the offsets of newlines that a template swallows. `label` makes the ids of decisions unique.

    Where the grammar cannot follow, what stands before and behind is read all the same, and a command that is cut
    short is open; the offset is one of the script's problems.
    """
    from ecolint.readers.shell.tree import Unreadable, parse
    from ecolint.readers.shell.walking import Walker

    try:
        root = parse(script, joined)
    except Unreadable as error:
        return Script((), problems=((0, str(error)),))
    return Walker(script, env, unknown, label).run(root)
