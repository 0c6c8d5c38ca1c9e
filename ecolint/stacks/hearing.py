"""What must stand somewhere for a platform to say anything: one of which nothing stands there need not be asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ecolint.stacks.vocabulary import Choice, Heard, Key, Test, Vocabulary


def heard(platform: Vocabulary) -> Heard | None:
    """Where the keys are written without which no fact of a platform holds; None where it may speak without any.

    Of every choice of a fact one key is enough: where it is absent the choice is passed by, whatever the others say.
    """
    if not platform.platform or platform.beside or platform.nested or platform.packed:
        return None
    keys: dict[str, Key] = {}
    for names in _needed(platform, keys):
        if names is None:
            return None
        keys.update((name, platform.keys[name]) for name in names)
    if not all(map(_told, keys.values())):
        return None
    spelled = [key for key in keys.values() if key.keyword or key.positional is not None]
    paths = [path for key in keys.values() for path in key.surroundings]
    return Heard(
        paths=_once(path for path in paths if "*" not in path),
        beginnings=_once(path.partition("*")[0] for path in paths if "*" in path),
        variables=_once(name for key in keys.values() for name in key.env),
        settings=_once(name for key in keys.values() for name in key.mapping),
        calls=None if any(not key.only for key in spelled) else _once(name for key in spelled for name in key.only),
        tests=any(key.condition for key in keys.values()),
        uses=bool(platform.uses),
    )


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _needed(platform: Vocabulary, chosen: Mapping[str, Key]) -> Iterator[tuple[str, ...] | None]:
    """For each way to a fact the keys of which none may be absent for it to hold; None where it needs none."""
    for _, keys in platform.combined.values():
        yield keys
    for choices in platform.facts.values():
        for choice in choices:
            yield _of_choice(choice, platform, chosen)


def _of_choice(choice: Choice, platform: Vocabulary, chosen: Mapping[str, Key]) -> tuple[str, ...] | None:
    telling = [test.name for test in choice.when if _positive(test) and test.name in platform.keys]
    if telling:
        return (next((name for name in telling if name in chosen), telling[0]),)
    taken = choice.combined[1] if choice.combined is not None else (choice.source,) if choice.source is not None else ()
    names = tuple(dict.fromkeys((*taken, *(test.name for test in choice.when))))
    sure = choice.version is None and not choice.unknown and platform.keys.keys() >= set(names)
    return names if taken and sure else None


def _positive(test: Test) -> bool:
    """Whether a test fails for what is absent."""
    if test.written is not None:
        return test.written
    return test.where is not None or bool(test.like) or None not in test.values


def _told(key: Key) -> bool:
    """Whether it can be told from the names in an invocation's tables alone that a key is absent."""
    elsewhere = (key.flag, key.off, key.image, key.callee, key.virtual, key.in_object, key.within)
    return not any(elsewhere) and not key.default and not any("." in name for name in (*key.env, *key.mapping))
