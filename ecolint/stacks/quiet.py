"""Which platforms say nothing where nothing stands around: they need not be asked there."""

from __future__ import annotations

from ecolint.stacks.vocabulary import Choice, Key, Test, Vocabulary


def quiet(platform: Vocabulary) -> bool:
    """Whether every key of a platform can stand in the surroundings alone, and every fact follows from what is written.

    Where nothing stands around, all of its keys are absent then, and so are its facts.
    """
    return (
        platform.platform
        and not platform.uses
        and not platform.beside
        and all(map(_around, platform.keys.values()))
        and all(map(_follows, (choice for choices in platform.facts.values() for choice in choices)))
    )


def _around(key: Key) -> bool:
    elsewhere = (key.keyword, key.flag, key.env, key.mapping, key.condition, key.image, key.callee, key.virtual)
    return not any(elsewhere) and key.positional is None and not key.default


def _follows(choice: Choice) -> bool:
    """Whether a value is taken only from a key, or from a combination of keys, or where something is written."""
    taken = choice.source is not None or choice.combined is not None
    return any(map(_positive, choice.when)) or (taken and choice.version is None and not choice.unknown)


def _positive(test: Test) -> bool:
    """Whether a test fails for what is absent."""
    if test.written is not None:
        return test.written
    return test.where is not None or bool(test.like) or None not in test.values
