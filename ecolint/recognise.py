"""Who is it: the stack that knows an invocation, by its callee, command, image or the keys of a settings file."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

from ecolint.model import Entry, Invocation, Table
from ecolint.shaped import dataclass
from ecolint.stacks import command, dotted
from ecolint.stacks.calling import of_call
from ecolint.stacks.containers import contained
from ecolint.stacks.flags import flagged, told
from ecolint.stacks.strands import Token, hidden, joined, listed, strand, text
from ecolint.stacks.vocabulary import ObjectSpec, Vocabulary
from ecolint.wildcards import fits_any


@dataclass(frozen=True, slots=True)
class Recognised:
    """An invocation, the vocabulary that knows it, and the parts its keys may stand in."""

    invocation: Invocation
    vocabulary: Vocabulary
    command: command.CommandLine | None = None
    bare_object: ObjectSpec | None = None
    """The invocation is itself the object that carries keys (a configuration that nobody was seen to use)."""
    likely: bool = False
    tokens: tuple[Token, ...] = ()
    """The words that the command line was read from."""
    opened: bool = False
    """There may be further words that nobody can see."""

    @property
    def callee(self) -> str:
        """The qualified name of what is called; empty where nothing is."""
        return self.invocation.name if self.invocation.call is not None else ""


_Way: TypeAlias = Callable[[Invocation, Vocabulary, command.Names], "Recognised | None"]


def recognise(invocation: Invocation, vocabularies: tuple[Vocabulary, ...]) -> Recognised | None:
    """The stack whose vocabulary knows this invocation, or the container that it starts."""
    invocation = launched(invocation, vocabularies)
    if _recorded(invocation, vocabularies):
        return None
    stacks = [vocabulary for vocabulary in vocabularies if not vocabulary.platform]
    # what a container runs tells more than the settings beside it
    ways: tuple[_Way, ...] = (_recognised,)
    if invocation.image and invocation.mapping is not None:
        ways = (_container, *ways)
    if invocation.syntax == "dockerfile":
        ways = (*ways, _built_upon)
    names = command.names_in(invocation.words.entries) if invocation.words is not None else command.Names()
    for way in ways:
        for vocabulary in stacks:
            found = way(invocation, vocabulary, names)
            if found is not None:
                return found
    return None


def _recognised(invocation: Invocation, vocabulary: Vocabulary, names: command.Names) -> Recognised | None:
    if invocation.call is not None:
        name = invocation.name
        if matches(name, vocabulary.calls):
            return Recognised(invocation, vocabulary, likely=invocation.likely or matches(name, vocabulary.doubtful))
        bare = next((o for o in vocabulary.objects.values() if matches(name, o.calls)), None)
        if bare is not None:
            return Recognised(invocation, vocabulary, bare_object=bare, likely=True)
        if invocation.likely and matches(name, (*vocabulary.likely_calls, *vocabulary.local_calls)):
            return Recognised(invocation, vocabulary, likely=True)
        return None
    if invocation.mapping is not None:
        if invocation.mapping.name:
            known = invocation.mapping.name in vocabulary.requirements
            return Recognised(invocation, vocabulary) if known else None
        if vocabulary.mapping_syntaxes and invocation.syntax not in vocabulary.mapping_syntaxes:
            return None
        # a key that holds a table is described there (a schema, the inputs of a workflow), not set
        tables = {*vocabulary.objects, *vocabulary.nested}
        keys = {e.name for e in invocation.mapping.entries if e.name in tables or not _holds_table(e)}
        named = (*vocabulary.mapping_any, *vocabulary.mapping_also, *vocabulary.mapping_none)
        keys |= {name for name in named if "." in name and dotted.holds(invocation.mapping, name)}
        if (
            not vocabulary.requirements
            and keys & set(vocabulary.mapping_any)
            and len(keys & {*vocabulary.mapping_any, *vocabulary.mapping_also}) >= vocabulary.mapping_least
            and not (keys | set(invocation.beside)) & set(vocabulary.mapping_none)
            and not any(dotted.holds(invocation.mapping, name) for name in vocabulary.mapping_others)
            and all(_says(invocation, name, patterns) for name, patterns in vocabulary.mapping_where)
        ):
            tokens, opened = tuple(listed(invocation.mapping, vocabulary)), vocabulary.mapping_open
            line = command.parse(tokens, vocabulary, opened)
            return Recognised(invocation, vocabulary, line, None, not vocabulary.mapping_syntaxes, tokens, opened)
        return None
    return _container(invocation, vocabulary, names)


def _says(invocation: Invocation, name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a key of a mapping, or a path around it, is known to hold what fits one of the patterns.

    One whose name ends in `?` may be missing too.
    """
    name, optional = name.removesuffix("?"), name.endswith("?")
    for table in (invocation.mapping, invocation.surroundings):
        for reached in dotted.reach(table, name) if table is not None else ():
            value = reached.entry.value if reached.entry is not None else ()
            if value:
                return all(one.kind == "known" and matches(str(one.data), patterns) for one in value)
            optional = optional and reached.entry is not None
    return optional


def _recorded(invocation: Invocation, vocabularies: tuple[Vocabulary, ...]) -> bool:
    """Whether settings or a command stand among what was measured with them: a record deploys nothing."""
    return invocation.call is None and _beside(
        invocation, tuple(pattern for vocabulary in vocabularies for pattern in vocabulary.records)
    )


def trains(invocation: Invocation, vocabularies: tuple[Vocabulary, ...]) -> bool:
    """Whether settings stand in a file of a training: what generates there writes samples to learn from."""
    patterns = tuple(pattern for vocabulary in vocabularies for pattern in vocabulary.trainings)
    return invocation.mapping is not None and _beside(invocation, patterns)


def _beside(invocation: Invocation, patterns: tuple[str, ...]) -> bool:
    """Whether a key of the document that something stands in fits one of the patterns."""
    return bool(patterns) and any(matches(key, patterns) for key in invocation.beside)


def _holds_table(entry: Entry) -> bool:
    return any(isinstance(one.data, Table) for one in entry.value)


def _container(invocation: Invocation, vocabulary: Vocabulary, names: command.Names) -> Recognised | None:
    """The stack whose server a container or a command line starts."""
    table = invocation.words
    words = table.entries if table is not None else ()
    start, likely = command.starts(words, names, vocabulary), False
    if start is None:
        start, likely = _served(invocation, words, vocabulary)
        if start is None:
            return None
    tokens = list(joined(invocation.env, vocabulary))
    if invocation.mapping is not None:
        tokens += listed(invocation.mapping, vocabulary)
    if table is not None:
        tokens += strand(table, vocabulary, start)
    bare = not tokens and _bare(invocation, vocabulary)
    opened = (table is not None and table.open) or hidden(invocation.env, vocabulary) or bare
    opened = opened or any(_flag(entry) in vocabulary.files for entry in words) or _unnamed(invocation, vocabulary)
    line = command.parse(tokens, vocabulary, opened)
    return Recognised(invocation, vocabulary, line, None, likely, tuple(tokens), opened)


def _served(invocation: Invocation, words: tuple[Entry, ...], vocabulary: Vocabulary) -> tuple[int | None, bool]:
    """Where the arguments of a server begin that a container's image or environment tells of; likely where by name."""
    image = invocation.image[0].data if len(invocation.image) == 1 else None
    named = isinstance(image, str) and not matches(image, vocabulary.other_images)
    if named and matches(str(image), vocabulary.images):
        start = command.entered(words, vocabulary)
        scripted = start is None and command.started_by_script(words, vocabulary)
        return (len(words), True) if scripted else (start, False)
    if named and matches(str(image), vocabulary.likely_images) and words:
        start = command.entered(words, vocabulary)
        if start is not None and any(flagged(text(word), vocabulary) for word in words[start:]):
            return start, True
    if _unnamed(invocation, vocabulary):
        return command.entered(words, vocabulary), False
    if _tells(invocation, vocabulary):
        return len(words), True
    sent_on = isinstance(image, str) and not named
    return (0, True) if not sent_on and _own_flags(invocation, words, vocabulary) else (None, False)


def _built_upon(invocation: Invocation, vocabulary: Vocabulary, names: command.Names) -> Recognised | None:
    """The stack whose image a Dockerfile builds upon to run a script of its own: what that serves is not seen here."""
    image = invocation.image[0].data if len(invocation.image) == 1 else None
    words = invocation.words.entries if invocation.words is not None else ()
    if not isinstance(image, str) or not command.scripted(words):
        return None
    if not matches(image, vocabulary.images) or matches(image, vocabulary.other_images):
        return None
    return Recognised(invocation, vocabulary, command.parse((), vocabulary, True), None, True, (), True)


def _unnamed(invocation: Invocation, vocabulary: Vocabulary) -> bool:
    """Whether a container that names no image stands where this stack's is put in, with words of its own."""
    return (
        bool(vocabulary.unnamed)
        and not invocation.image
        and invocation.call is None
        and all(_says(invocation, name, patterns) for name, patterns in vocabulary.unnamed)
    )


def _flag(entry: Entry) -> str:
    """The flag that a word is, without its value."""
    return (text(entry) or "").partition("=")[0]


def _own_flags(invocation: Invocation, words: tuple[Entry, ...], vocabulary: Vocabulary) -> bool:
    """Whether the arguments of a container whose image nobody knows hold a flag that this stack alone has."""
    if not words or not _flag(words[0]).startswith("-") or not (invocation.image or invocation.surroundings):
        return False
    return any(told(text(word), vocabulary) for word in words)


def _bare(invocation: Invocation, vocabulary: Vocabulary) -> bool:
    """Whether a container says nothing but its image: what it is to serve is then said elsewhere, or when it starts."""
    if invocation.words is not None or invocation.mapping is not None:
        return False
    env = invocation.env.entries if invocation.env is not None else ()
    spelled = {name for key in vocabulary.keys.values() for name in key.env}
    return not any(entry.name in spelled or entry.name == "**" for entry in env)


def _tells(invocation: Invocation, vocabulary: Vocabulary) -> bool:
    """Whether a variable of the environment that is this stack's own holds flags of it."""
    env = invocation.env
    if env is None or not vocabulary.variables:
        return False
    return any(token.table is not None for token in joined(env, vocabulary, vocabulary.variables))


@lru_cache(maxsize=1 << 14)
def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a qualified name or an image fits one of the patterns, case and dots as written."""
    return fits_any(name, patterns)


# --- containers that code starts --------------------------------------------------------------------------------------


def launched(invocation: Invocation, vocabularies: tuple[Vocabulary, ...]) -> Invocation:
    """A call or a command line that starts a container, as that container; any other invocation as it is."""
    call = invocation.call
    if call is None:
        return contained(invocation, vocabularies)
    for vocabulary in vocabularies:
        for spec in vocabulary.launches:
            if matches(invocation.name, spec.calls):
                return of_call(invocation, call, spec)
    return invocation
