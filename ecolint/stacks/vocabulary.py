"""What a vocabulary says: how a serving stack is recognised, how its settings are spelled, what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from ecolint.model import Scalar, Service
from ecolint.shaped import dataclass


@dataclass(frozen=True, slots=True)
class Test:
    """A condition on one key or fact: one of some values, a pattern, whether it is written, or where it stands."""

    name: str
    values: tuple[Scalar, ...] = ()
    like: tuple[str, ...] = ()
    written: bool | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A value under a condition: the first choice whose tests all hold is taken."""

    value: Scalar = None
    combined: tuple[str, tuple[str, ...]] | None = None
    """The keys that are combined instead, and how: "lower", "product" or "decoder"."""
    source: str | None = None
    """The key whose value is taken instead of `value`."""
    when: tuple[Test, ...] = ()
    version: str | None = None
    assured: bool = True
    unknown: bool = False
    """Under this condition nobody can tell the value."""
    sure: bool = False
    """Passed over where its condition, or its version, is not known to hold: another choice may still be known."""
    together: bool = False
    """Holds only where its keys are written on one path: not where each depends on a decision of its own."""


@dataclass(frozen=True, slots=True)
class Key:
    """A setting of the stack, and how each syntax spells it (the first spelling is the one that is written)."""

    name: str
    type: str
    lenient: bool = False
    """Written "word?": data of another type is not meant for this key, rather than a value nobody can read."""
    default: tuple[Choice, ...] = ()
    """Empty: no documented default, an unwritten key is absent."""
    keyword: tuple[str, ...] = ()
    prefer: tuple[Choice, ...] = ()
    """Which keyword to write, by library version."""
    flag: tuple[str, ...] = ()
    off: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    mapping: tuple[str, ...] = ()
    surroundings: tuple[str, ...] = ()
    condition: tuple[str, ...] = ()
    """Patterns of what tests ask: the key is what the arms that are taken say about it, or what they
    deny: "!x !y"."""
    positional: int | None = None
    image: bool = False
    in_object: str | None = None
    flat: bool = False
    """The library takes the object's keys one by one and makes the object itself."""
    outside: str | None = None
    """Versions in which the key may also stand outside its object."""
    only: tuple[str, ...] = ()
    """Patterns of the callees that take this key; empty: all."""
    within: tuple[str, ...] = ()
    """Arguments whose object carries the key too, where it is to be seen."""
    of: tuple[str, ...] = ()
    """Patterns of the classes of its object that take it; empty: all."""
    seldom: bool = False
    """Hardly ever written: an unseen splat, or words of a command line, do not make it unknown."""
    named: bool = False
    """What counts is that the key is written at all: it stands where its name does, not where its value was written."""
    virtual: bool = False
    advice: str | None = None
    symbol: str | None = None
    present: bool = False
    """The flag takes no value: its presence is the setting."""
    callee: bool = False
    """The key is the qualified name of what is called."""
    home: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Nested dictionaries that an unwritten key is written to, each with the callees that is true of (none: all)."""
    stays: bool = False
    """Nothing works without it: no fix takes it away."""
    spelled: Mapping[str, str] = field(default_factory=dict)
    """How values are written of which the stack has a name of its own: float16 is `fp16`."""
    behind: tuple[str, ...] = ()
    """Stretches of text of which one must stand in the value: what is behind it is meant, of an image without its tag.
    A value without any is not meant for this key."""


@dataclass(frozen=True, slots=True)
class ObjectSpec:
    """An argument that carries keys in an object or a plain dictionary."""

    name: str
    calls: tuple[str, ...] = ()
    mapping: bool = False
    needed_by: tuple[str, ...] = ()
    """Without any of these keys switched on the object is removed."""
    also: tuple[str, ...] = ()
    """Further classes that are taken here, but that another vocabulary knows where they stand alone."""
    arguments: tuple[str, ...] = ()
    """The arguments that the object is passed as, or their positions; the first is written."""
    nested: tuple[str, ...] = ()
    """Dictionaries inside the object that its keys may stand in."""
    ignores: tuple[str, ...] = ()
    """Patterns of its classes that ignore keywords they do not know, in silence."""
    takes: tuple[str, ...] = ()
    """Further keywords that those classes know, of which nothing is concluded."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Every class whose object carries the keys."""
        return (*self.calls, *self.also)


@dataclass(frozen=True, slots=True)
class Ineffective:
    """Keys that do nothing, although they are written, where the tests all hold."""

    keys: tuple[str, ...]
    when: tuple[Test, ...]
    reason: str
    fact: str = "dead_setting"
    version: str | None = None
    assured: bool = True


@dataclass(frozen=True, slots=True)
class UseSpec:
    """What a later call on the object says: keys among its arguments, and virtual keys that it sets."""

    calls: tuple[str, ...]
    keys: tuple[str, ...] = ()
    sets: Mapping[str, Scalar] = field(default_factory=dict)
    per_item: Mapping[str, Scalar] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    """Patterns of the callees or wrappers whose objects are meant; empty: all."""
    request: str | None = None
    """The virtual key that takes how the call answers the requests of a service, where it stands in one."""
    spreads: bool = False
    """Seen in one branch, it makes what it sets unknown in all others: what is trained there is hardly served here."""
    nested: tuple[str, ...] = ()
    """Arguments of the call whose object carries keys too."""
    words: tuple[str, ...] = ()
    """Words that, anywhere in the module, make what is set doubtful, even about objects that are followed."""
    gives: bool = False
    """The call gives something back that stands for the object: a pipeline, an adapted model, a chain."""
    followed: bool = False
    """The call is telling enough to be looked for on what functions of other modules of the project give back."""
    shares: bool = False
    """Calls that are under way at the same time share a batch: a loop that only starts them asks for no item alone."""


@dataclass(frozen=True, slots=True)
class LaunchSpec:
    """Calls that start a container, and which of their arguments hold its image and its environment."""

    calls: tuple[str, ...]
    image: str | None = None
    """The argument, or a key of what one holds: `custom_image.url`."""
    env: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    """Arguments that hold the words it is handed, the program first."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Arguments that stand for variables of the environment."""
    without_image: str | None = None
    """The image where none is named."""
    commands: tuple[tuple[str, ...], ...] = ()
    """Programs with the verbs that start a container, where it is a command line that does."""
    groups: tuple[str, ...] = ()
    """Words that may stand between program and verb."""
    switches: tuple[str, ...] = ()
    """Options without a value; any other takes one."""
    env_options: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    """Options that bring in variables nobody can see."""
    entrypoint: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    """Options that are told among the surroundings, and their paths there."""
    image_options: tuple[str, ...] = ()
    """Options that name the image, where it is no word of its own."""
    env_lists: tuple[str, ...] = ()
    """Options whose value holds several variables, between commas."""
    secret_lists: tuple[str, ...] = ()
    """The same, where the values are the names of what they are taken from."""
    program_lists: tuple[str, ...] = ()
    """Options whose value holds the program in the place of the image's own, its words between commas."""
    word_lists: tuple[str, ...] = ()
    """Options whose value holds words for the container, between commas."""
    word_options: tuple[str, ...] = ()
    """Options whose value is a command line for the container, in one text."""
    hiding: tuple[str, ...] = ()
    """Options that may say all of it otherwise."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a platform speaks of: where none of it is named in an invocation, it says nothing."""

    paths: tuple[str, ...] = ()
    """Names among the surroundings; `beginnings` are those of such names."""
    beginnings: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    calls: tuple[str, ...] | None = ()
    """Patterns of calls whose arguments it reads; None: any."""
    tests: bool = False
    """It reads what decides on the branches."""
    uses: bool = False
    """It reads what later calls say."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """One stack (or a platform, whose facts join those of any stack that runs on it)."""

    name: str
    path: str
    library: str
    framework: str = ""
    """What runs the model, where the vocabulary is of something that hands its settings on; empty: itself."""
    platform: bool = False
    heard: Heard | None = None
    """Without what a platform says nothing (`ecolint.stacks.hearing`); None where it may always."""
    calls: tuple[str, ...] = ()
    likely_calls: tuple[str, ...] = ()
    local_calls: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    """Patterns among `calls` whose objects may well do something else than generate: at most likely."""
    commands: tuple[tuple[str, ...], ...] = ()
    scripts: tuple[str, ...] = ()
    """Scripts that start the stack, of names that many have: only with a flag among `telling` behind them."""
    runners: tuple[str, ...] = ()
    """Functions of the library that run a command line."""
    images: tuple[str, ...] = ()
    likely_images: tuple[str, ...] = ()
    """Patterns of images that are taken for the stack's where flags of it are handed to them."""
    other_images: tuple[str, ...] = ()
    """Patterns of images that fit the others, and run something else: a router, a client, a benchmark."""
    unnamed: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """What stands around a container without an image, where this stack's is put in: paths and patterns of values."""
    starters: tuple[str, ...] = ()
    """Patterns of names of scripts that start the server of its images, where nobody sees what they hold."""
    version_tag: tuple[str, ...] = ()
    """Names of images of which the tag is the library's version."""
    mapping_any: tuple[str, ...] = ()
    mapping_also: tuple[str, ...] = ()
    mapping_least: int = 1
    """How many of `mapping_any`, or of `mapping_also` beside one of them, a settings file must hold."""
    mapping_none: tuple[str, ...] = ()
    """Keys that, anywhere in the document, say that it is something else: a recipe for training."""
    mapping_others: tuple[str, ...] = ()
    """Keys beside them that only another stack has."""
    mapping_where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """What keys of the settings file, or paths around it, must hold: a name and patterns of its value."""
    folder: str = ""
    """The file of a folder of weights that says how they were saved: the vocabulary reads it for whoever loads them."""
    records: tuple[str, ...] = ()
    """Patterns of keys that, anywhere in the document, say that it records what was done, whatever the stack."""
    trainings: tuple[str, ...] = ()
    """Patterns of keys that, anywhere in the document, say that what it configures is trained, whatever the stack."""
    mapping_syntaxes: tuple[str, ...] = ()
    """The syntaxes of its settings files, where they are written in nothing else; empty: any."""
    mapping_open: bool = False
    """Whoever reads the settings adds flags that stand elsewhere: what is not written is unknown."""
    underscores: bool = False
    """In the names of flags `_` and `-` are the same."""
    attached: tuple[str, ...] = ()
    """Short flags whose value may be written right behind them: `-O3`."""
    alone: tuple[str, ...] = ()
    """Further flags that take no value, every one: where they are listed, an argument may stand behind any flag."""
    several: tuple[str, ...] = ()
    """Further flags that take every word up to the next flag."""
    optional: tuple[str, ...] = ()
    """Further flags that take a value or none."""
    telling: tuple[str, ...] = ()
    """Flags that no other program has: a container of an unknown image that is given one is the stack's."""
    flag_variables: tuple[str, ...] = ()
    """Patterns of variables of the environment that may hold flags."""
    flag_keys: tuple[str, ...] = ()
    """Keys of a settings file that may hold flags, as a list or as one text."""
    variables: tuple[str, ...] = ()
    """Patterns of variables that name the stack: one that holds flags of it is enough to know it by."""
    files: tuple[str, ...] = ()
    """Flags that name a file of further flags: what is not on the command line may stand there."""
    requirements: tuple[str, ...] = ()
    """Libraries whose pins the vocabulary reads."""
    nested: tuple[str, ...] = ()
    packed: Mapping[str, str] = field(default_factory=dict)
    """Nested dictionaries that may be written as one text, and the syntax of the text (`ecolint.stacks.packed`)."""
    wraps: tuple[str, ...] = ()
    """Vocabularies whose objects this library wraps: its uses are uses of theirs too."""
    objects: Mapping[str, ObjectSpec] = field(default_factory=dict)
    keys: Mapping[str, Key] = field(default_factory=dict)
    uses: tuple[UseSpec, ...] = ()
    beside: tuple[UseSpec, ...] = ()
    """What calls elsewhere in the same module make doubtful about objects that cannot be followed."""
    facts: Mapping[str, tuple[Choice, ...]] = field(default_factory=dict)
    combined: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    """Facts made of several keys: "lower" is the least of those that are known, "product" multiplies them, "decoder"
    counts the parameters of a model of that shape."""
    ineffective: tuple[Ineffective, ...] = ()
    triggers: tuple[str, ...] = ()
    overrules: tuple[str, ...] = ()
    """Facts of a platform that hold whatever the stack says."""
    at_least: tuple[str, ...] = ()
    """Facts of a platform that hold unless the stack is told of more than is reserved in one place."""
    at_most: tuple[str, ...] = ()
    """Facts of a platform that hold unless less is known to be used."""
    launches: tuple[LaunchSpec, ...] = ()
    services: tuple[Service, ...] = ()
