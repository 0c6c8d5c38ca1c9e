"""Scripts inside scripts: `sh -c "…"`, `ssh host "…"`, `eval`, here-documents that a shell is given."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING

from ecolint.model import Branches
from ecolint.readers.shell.commands import Assigned, Choice, Command, Heredoc, Word
from ecolint.readers.shell.expanding import gathered
from ecolint.readers.shell.ropes import Option, Piece, Rope
from ecolint.shaped import dataclass

if TYPE_CHECKING:
    from tree_sitter import Node

    from ecolint.readers.shell.walking import Walker

SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "su", "runuser"})
"""Programs that run the word behind `-c`, or what they are given to read."""
_CARRIERS = frozenset({"ssh", "tmux", "screen", "eval", "watch", "xterm", "byobu"})
"""Programs that hand a quoted word to a shell somewhere."""
_READERS = frozenset({"ssh", "sbatch", "qsub"})
"""Programs that have a shell run what they are given to read."""
_SAYING = frozenset({"echo", "printf"})
_SCRIPTS = (".sh", ".bash")
_SHEBANG = re.compile(r"[ \t]*#![ \t]*(?:/\S+/)?(?:env[ \t]+(?:-S[ \t]+)?)?(?:ba|da|k|z)?sh\b")
_RUN_OPTION = re.compile(r"-[a-z]*c\Z")
MAX_LEVEL = 4
"""Scripts inside one another."""

UNSEEN, MANY = "\ue000", "\ue001"
"""Stand in a script for what the shell outside fills in: one word, or none or many."""


@dataclass(slots=True)
class _Text:
    """A script as the inner shell gets it, with the place of every character in the outer one."""

    text: str = ""
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    pieces: list[Piece | None] = field(default_factory=list)
    """What a character comes from, where that is not the script's own text."""
    origins: list[int] = field(default_factory=list)
    """Where a character was written that a variable brings in; -1 where it is written nowhere."""


def scripts(walker: Walker, made: Command, nodes: Sequence[Node]) -> bool:
    """Read the scripts among a command's words; False where there are none, and the command stands as it is."""
    found, before = _found(made.words)
    if not found or walker.level >= MAX_LEVEL:
        return False
    read = False
    for at in found:
        for branches, text in _of_word(walker, made.words[at], nodes):
            if text.text.strip():
                read = True
                _run(walker, text, before, replace(made, branches=made.branches | branches))
    return read


def _found(words: Sequence[Word]) -> tuple[list[int], Sequence[Word]]:
    """The words that are scripts, and the words that stand before what they start."""
    names = [_program(word) for word in words]
    shell = next((index for index, name in enumerate(names) if name in SHELLS), None)
    if shell is None:
        if names[0] not in _CARRIERS:
            return [], ()
        quoted = [at for at in range(1, len(names)) if words[at].quoted or names[0] == "eval"]
        return [at for at in quoted if words[at].text is None or re.search(r"\s", words[at].text or "")], ()
    options = (at for at in range(shell + 1, len(names) - 1) if _RUN_OPTION.match(words[at].text or ""))
    option = next(options, None)
    if option is None:
        return [], ()
    between = words[shell + 1 : option]
    if any(" " in (word.text or "") for word in between):
        return [], ()
    # The shell may be named before the image that it is started in.
    first = shell - (shell > 0 and words[shell - 1].text == "--entrypoint")
    return [option + 1], [*words[:first], *(word for word in between if not (word.text or "").startswith("-"))]


def _program(word: Word) -> str:
    return (word.text or "").removeprefix("--entrypoint=").rpartition("/")[2]


def heredoc(walker: Walker, node: Node, given: Sequence[tuple[Word, ...]], target: str) -> None:
    """The body of a here-document: a script where a shell is given it, where it is written to one, or begins as one."""
    body = next((child for child in node.children if child.type == "heredoc_body"), None)
    start = next((child for child in node.children if child.type == "heredoc_start"), None)
    end = next((child for child in node.children if child.type == "heredoc_end"), None)
    if body is None or start is None:
        return
    first = walker.script.rfind("\n", 0, body.start_byte) + 1
    last = walker.script.rfind("\n", 0, end.start_byte if end is not None else body.end_byte) + 1
    last = max(last, first)
    written = [target, *(_written_to(words) for words in given)]
    target = next((one for one in written if one), "")
    for words in dict.fromkeys(given):
        walker.heredocs.append(Heredoc(words, first, last, target))
    given_to_shell = any(_reads_script(words) for words in given)
    is_script = given_to_shell or target.endswith(_SCRIPTS) or _SHEBANG.match(walker.script, first) is not None
    if not is_script or walker.level >= MAX_LEVEL:
        return
    literal = walker.expander.source(start)[:1] in ("'", '"', "\\")
    if literal:
        text = _exact(walker.script, first, last)
    else:
        options = walker.expander.body(body, first, last)
        if options is None or len(options) != 1:
            return
        text = _laid_out(options[0][1])
    _run(walker, text, (), Command((), walker.exported, walker.arms()))


def _written_to(words: Sequence[Word]) -> str:
    """The file that `tee` writes."""
    names = [_program(word) for word in words]
    at = names.index("tee") if "tee" in names[:3] else len(names)
    return next((word.text for word in words[at + 1 :] if word.text and not word.text.startswith("-")), "")


def _reads_script(words: Sequence[Word]) -> bool:
    names = [(word.text or "").rpartition("/")[2] for word in words]
    return names[0] in _READERS or any(name in SHELLS for name in names)


def _run(walker: Walker, text: _Text, before: Sequence[Word], outer: Command) -> None:
    """Read an inner script; its commands stand behind the words that start it."""
    from ecolint.readers.shell.tree import Unreadable, parse
    from ecolint.readers.shell.walking import Walker

    def foreign(start: int, end: int) -> bool:
        return UNSEEN in text.text[start:end] or MANY in text.text[start:end]

    env = {one.name: one.value.text for one in outer.env}
    label = f"{walker.label}:{text.starts[0] if text.starts else 0}"
    inner = Walker(text.text, env, foreign, label, walker.level + 1)
    inner.depth = walker.depth
    try:
        script = inner.run(parse(text.text))
    except Unreadable:
        return
    walker.steps += script.steps
    walker.comments += [_span(text, start, end) for start, end in script.comments]
    for one in script.commands:
        only_said = one.words[0].text in _SAYING
        words = (*(() if only_said else before), *(_placed(text, word) for word in one.words))
        env_gained = tuple(Assigned(a.name, _placed(text, a.value)) for a in one.env)
        arms = frozenset([*outer.branches, *one.branches])
        walker.commands.append(Command(words, (*outer.env, *env_gained), arms, outer.open or one.open))


def _span(text: _Text, start: int, end: int) -> tuple[int, int]:
    if not text.starts:
        return 0, 0
    start = min(start, len(text.starts) - 1)
    last = min(max(end - 1, start), len(text.ends) - 1)
    return text.starts[start], max(text.ends[last], text.starts[start])


def _placed(text: _Text, word: Word) -> Word:
    """A word of the inner script where it stands in the outer one."""
    start, end = _span(text, word.start, word.end)
    several = word.several or (word.text is None and text.text[word.start : word.end] == MANY)
    choices = []
    how = word.how
    for choice in word.choices or (Choice(word.text, word.start, word.end, word.how),):
        sources = text.pieces[choice.start : choice.end]
        filled = [piece for piece in sources if piece is not None]
        if filled and choice.how == "literal":
            how = next((piece.how for piece in filled if piece.how == "default"), "constant")
            choice = replace(choice, how=how)
        at = _written(text, choice)
        shared = choice.shared or any(p.shared for p in filled) or 0 < len(filled) < len(sources)
        choices.append(replace(choice, start=at[0], end=at[1], shared=shared))
    plain = not word.choices and how == word.how
    return replace(word, start=start, end=end, several=several, how=how, choices=() if plain else tuple(choices))


def _written(text: _Text, choice: Choice) -> tuple[int, int]:
    """Where a text of the inner script is written in the outer one, maybe in an assignment."""
    origins = text.origins[choice.start : choice.end]
    if origins and -1 not in origins and origins == list(range(origins[0], origins[0] + len(origins))):
        return origins[0], origins[-1] + 1
    return _span(text, choice.start, choice.end)


def _of_word(walker: Walker, word: Word, nodes: Sequence[Node]) -> list[tuple[Branches, _Text]]:
    """The text of a word that is a script: as it is written, or the texts that its variables make of it."""
    for group in gathered(nodes, walker.script):
        if (group[0].start_byte, group[-1].end_byte) == (word.start, word.end):
            options: Sequence[Option] = walker.expander.options(group) or ()
            return [(branches, _laid_out(rope)) for branches, rope in options]
    return []


def _exact(script: str, start: int, end: int) -> _Text:
    places = range(start, end)
    return _Text(script[start:end], list(places), [at + 1 for at in places], [None] * len(places), list(places))


def _laid_out(rope: Rope) -> _Text:
    """The characters of a rope, each with its place; a piece that may be missing is unseen."""
    parts: list[str] = []
    found = _Text()
    for piece in rope:
        text = piece.text
        if text is None or piece.branches:
            text = MANY if piece.several or piece.branches else UNSEEN
        parts.append(text)
        exact = piece.exact and piece.text is not None and not piece.branches
        places = list(range(piece.start, piece.end)) if exact else [-1] * len(text)
        if exact and piece.site is None:
            found.starts += places
            found.ends += [at + 1 for at in places]
        else:
            start, end = piece.site or (piece.start, piece.end)
            found.starts += [start] * len(text)
            found.ends += [end] * len(text)
        found.origins += places
        found.pieces += [piece if piece.how != "literal" else None] * len(text)
    found.text = "".join(parts)
    return found
