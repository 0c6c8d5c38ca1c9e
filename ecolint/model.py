"""The vocabulary of ecolint: frozen shapes that the layers hand to each other, without logic.

Units: spans are character offsets into the decoded text without its byte order mark, end exclusive. A notebook's
text is its script (`ecolint.cells`): every span says by itself which cell it stands in, and reports count lines there.
Energies are joules per 1,000 generated tokens, memory is in decimal gigabytes, parameters in billions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, TypeAlias

from ecolint.frame import Problem as Problem
from ecolint.frame import Report as Report
from ecolint.frame import Workload as Workload
from ecolint.shaped import dataclass
from ecolint.speech import Told

# --- places -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of characters in one decoded text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A span in a file. `path` is relative to the project root with `/`."""

    path: str
    span: Span


# --- what is written --------------------------------------------------------------------------------------------------

Scalar: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Symbol:
    """A dotted name that is not a literal, resolved through imports: `torch.float16`."""

    name: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list or tuple as written."""

    items: tuple[Value, ...]
    open: bool = False
    """True where further items exist that nobody can see."""


HOLE = "\ufffd"
"""Stands for the parts of a template that are made at run time."""


@dataclass(frozen=True, slots=True)
class Template:
    """A text of which only parts are known: the data of an unknown value, for those who can use the parts."""

    text: str


Branches: TypeAlias = frozenset[tuple[str, int]]
"""The arms that must be taken, as (decision id, arm). Empty: always."""

ALWAYS: Branches = frozenset()

Kind = Literal["known", "absent", "unknown"]
How = Literal[
    "literal",
    "constant",
    "fallback",
    "default",
    "setting",
    "name",
    "image",
    "catalog",
    "derived",
    "platform",
    "checkpoint",
]
"""How something is known. A "fallback" is written out where whoever installs it may say otherwise; a "default" holds
where nothing else is said; a "checkpoint" says it of itself, in a folder that a setting means."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """One thing a value can be: known (with its data), absent (not written) or unknown (made at run time)."""

    kind: Kind
    data: Data = None
    place: Place | None = None
    """Where the data itself was written (the literal, not the name that refers to it)."""
    how: How = "literal"
    branches: Branches = ALWAYS
    shared: bool = False
    """True where the text is read from more than one place (an anchor, a constant used twice): never rewritten."""
    told: tuple[tuple[str, int, Scalar], ...] = ()
    """What further arms say that it is: decision, arm, value. A test of the same name came before."""


Value: TypeAlias = tuple[Alternative, ...]
"""Every alternative of one value; exactly one of them holds in any variant."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One named part of a table, as written: a keyword argument, a mapping key, an environment variable, a word.

    `name` is the keyword, key or variable as written, or the position ("0", "1", …) for positional arguments and words.
    `place` covers the whole entry (`key: value`, `name=value`) without separators.
    """

    name: str
    value: Value
    place: Place
    branches: Branches = ALWAYS


@dataclass(frozen=True, slots=True)
class Table:
    """A group of entries that can be read and rewritten together.

    `syntax` names the editor: "python.call", "python.dict", "yaml.mapping", "yaml.words", "yaml.env",
    "shell.words", "shell.env", "toml.table".
    `name` is the qualified name of the callee for calls, else empty. `open` says that there may be entries nobody can
    see (`**kwargs`, a templated block): a missing key is then unknown, not absent. `writable` is False where an edit
    would touch shared or generated text.
    """

    syntax: str
    place: Place
    entries: tuple[Entry, ...]
    name: str = ""
    open: bool = False
    writable: bool = True


Data: TypeAlias = Scalar | Symbol | Items | Table | Template


Request = Literal["", "single", "several", "streamed", "person"]
"""How a call answers the requests of a service: not at all, one request at a time, several at once, while somebody
reads along, or for a person in front of a screen."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What is true where an arm is taken: `subject`, as written ("torch.cuda.is_available()", "args.device"; "except"
    where it handles an error), has `value` (True if merely tested), or has another one where `holds` is False."""

    subject: str
    value: Scalar
    holds: bool


@dataclass(frozen=True, slots=True)
class Use:
    """What later code does to the object that an invocation made.

    `name` is "{}.generate" for a method of the object, "{}.config=" where attributes of a part of it are set, or the
    qualified name of a function that takes the object ("torch.compile"). `per_item` is True where it stands in a loop
    over single items, None where nobody can tell.
    """

    name: str
    place: Place
    table: Table | None = None
    per_item: bool | None = False
    branches: Branches = ALWAYS
    likely: bool = False
    """True where the object reached this call by a heuristic (a helper, an attribute), not by a plain variable."""
    request: Request = ""
    through: str = ""
    """The wrapper that stands for the object where this happens ("transformers.pipeline"); empty: the object itself."""
    concurrent: bool = False
    """True where the loop only starts it, in threads or coroutines: many are under way at the same time."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """Something that starts or configures a model, as written and not yet understood.

    A Python call has `call`; a command has `words` and `env`, in a container `image` too; a
    configuration file has `mapping`.
    `surroundings` are dotted paths of what stands around: a container's resources, node selection and pod, the
    decorators around a Python call by qualified callee and keyword ("x.*" stands for unseen entries below "x").
    `name` is the qualified callee, or what the reader calls the thing ("container vllm"). `uses` is the later life of
    the object. `training` is not the reader's to say.
    """

    syntax: str
    place: Place
    name: str = ""
    call: Table | None = None
    words: Table | None = None
    env: Table | None = None
    image: Value = ()
    mapping: Table | None = None
    surroundings: Table | None = None
    uses: tuple[Use, ...] = ()
    branches: Branches = ALWAYS
    """What must be taken for the invocation to happen at all."""
    in_loop: bool = False
    """It happens again for every item of a loop that does not choose what is made."""
    in_handler: bool = False
    """It happens again for every request of a service, or every interaction with a page."""
    likely: bool = False
    """True where recognising the callee took a heuristic (a class held in a variable)."""
    conditions: Mapping[tuple[str, int], tuple[Condition, ...]] = field(default_factory=dict, hash=False)
    """What the tests of decisions say, by decision and arm: an entry for every arm, empty where a test is not plain."""
    installs: tuple[Pin, ...] = ()
    """The libraries that are installed where it runs, as far as that is written beside it."""
    beside: tuple[str, ...] = ()
    """What else stands in the same module or document: the functions of `Wanted.functions` that are called there and
    the words of `Wanted.words`, or the keys of every mapping; for a command those of the document itself."""
    joined: tuple[str, ...] = ()
    """The files it is put together from, where they are several: each of them tells the findings that stand in it."""


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment's text without its marker, and where it stands; `alone` where nothing else is on its line."""

    text: str
    span: Span
    alone: bool
    in_head: bool = False
    """True in the file's first comment block."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read: `text` has no byte order mark; `bom` says that the file began with one.

    Of a notebook it is the script: its cells, each closed by a mark.
    """

    path: str
    text: str
    bom: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader found in one file."""

    invocations: tuple[Invocation, ...] = ()
    comments: tuple[Comment, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Pin:
    """A library requirement: PEP 440 specifier text (may be empty) or the address of a nightly build, and where.

    `library` is "index" for a package index of nightly builds. `text` is the requirement as the file writes it.
    """

    library: str
    specifier: str
    place: Place
    text: str = ""
    branches: Branches = ALWAYS
    """What must be taken for it to be installed: a test of a script."""


@dataclass(frozen=True, slots=True)
class Service:
    """How a framework calls the code that answers a request. All names are patterns of qualified names.

    A function answers requests that carries one of `decorators` (with `path`, only where the first argument is one),
    is given to one of `callbacks`, or is one of `functions`, has one of `parameters` and stands beside all of `beside`.
    So does one of `methods` of a class that has one of `classes` as a base or decorator, or one of `class_names` and
    all of `beside` among its methods. Where `imports` are given, one of these packages must be imported.
    """

    name: str
    imports: tuple[str, ...] = ()
    decorators: tuple[str, ...] = ()
    path: bool = False
    callbacks: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    passes: tuple[str, ...] = ()
    """Functions that are given what others returned: "predict_fn(_, model_fn)"."""
    once: tuple[str, ...] = ()
    """Decorators of what runs once, at start-up."""
    batched: tuple[str, ...] = ()
    """Decorators of functions that get the requests which arrived together."""
    batching: tuple[str, ...] = ()
    """Words that, anywhere in the file, say that requests which arrive together are collected."""
    watched: tuple[str, ...] = ()
    """Words that, in the function, say that a person looks at what it returns."""
    several: bool = False
    """The function may be given several requests at once."""
    job: bool = False
    """The function may as well be a job that runs once."""
    person: bool = False
    """A person in front of a screen waits for the answer."""
    reruns: bool = False
    """The whole script runs again on every interaction."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the vocabularies ask of readers, so that readers need not know what anything means.

    `calls`: patterns of qualified callee names (`*` matches within and across dots). `likely_calls`: patterns accepted
    with `likely`, on receivers nobody can tell, when a wanted object is among the arguments. `local_calls`: patterns,
    with a leading dot, of callees that a module of the project defines. `objects`: callees whose result configures a
    model. `methods`: attribute names of later uses. `parts`: attributes of the object whose own attributes are set
    later. `functions`: patterns of qualified functions that take the object. `words`: what is looked for anywhere.
    `commands`: names of programs, or of modules behind `-m`, of which command lines are wanted. `runners`: functions of
    libraries that run a command line.
    `wrappers`: patterns of functions and classes whose result stands for the object they take. `passing`: patterns of
    uses of which it does not matter how often they happen. `works`: the methods by which an object does its work.
    `triggers`: words of which one must stand in a file before it is read at all; `keys` those by which a file of
    settings is known. `services`: how requests arrive. `paths`: dotted paths from the root of a document,
    "document.resources.accelerators", that are to be told. `companions`: what other commands of a script say,
    "beside.ollama.pull".
    `anchors`: further triggers by the syntax (the reader's name) in which they tell something.
    """

    calls: tuple[str, ...] = ()
    likely_calls: tuple[str, ...] = ()
    local_calls: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    passing: tuple[str, ...] = ()
    works: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    runners: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    wrappers: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    services: tuple[Service, ...] = ()
    paths: tuple[str, ...] = ()
    companions: tuple[str, ...] = ()
    anchors: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def words_of(self, syntax: str) -> tuple[str, ...]:
        """The words of which one must stand in a file of this syntax before it is read at all."""
        return (*self.triggers, *self.anchors.get(syntax, ()))


Made: TypeAlias = tuple[tuple[tuple[int, ...], str], ...]
"""What a function gives back: where in it models stand (index paths into tuples), and the calls that made them."""


# --- writing ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Construct:
    """An object to be written: the qualified class and its keyword arguments."""

    name: str
    arguments: tuple[tuple[str, Written], ...]


Written: TypeAlias = Scalar | Symbol | Construct


@dataclass(frozen=True, slots=True)
class SetEntry:
    """Give an existing entry another value, in place."""

    entry: Entry
    value: Written


@dataclass(frozen=True, slots=True)
class AddEntry:
    """Add an entry. For words, `name` is the whole word to add ("--max-num-seqs") and `value` None or the next word."""

    name: str
    value: Written


@dataclass(frozen=True, slots=True)
class RemoveEntry:
    """Remove an entry with its separator."""

    entry: Entry


Change: TypeAlias = SetEntry | AddEntry | RemoveEntry


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Replace one span of a file by `text`."""

    path: str
    span: Span
    text: str


class CannotEdit(Told):
    """No single right edit exists; the message says why, and the fix becomes manual."""


# --- what it means ----------------------------------------------------------------------------------------------------

FactType = Literal["str", "number", "bool"]

FACTS: Mapping[str, FactType] = {
    "framework": "str",
    "model": "str",
    "params_b": "number",
    "active_params_b": "number",
    "gpu": "str",
    "gpu_count": "number",
    "gpu_memory_gb": "number",
    "gpu_share": "str",
    "reserved_gpus": "number",
    "sharding": "number",
    "data_parallel": "number",
    "memory_share": "number",
    "architecture": "str",
    "dtype": "str",
    "quantization": "str",
    "backend": "str",
    "int8_threshold": "number",
    "compute_dtype": "str",
    "batch_size": "number",
    "max_concurrency": "number",
    "usual_concurrency": "number",
    "execution": "str",
    "attention": "str",
    "kv_cache_dtype": "str",
    "use_cache": "bool",
    "prefix_caching": "bool",
    "context_length": "number",
    "input_length": "number",
    "context_extended": "bool",
    "model_context": "number",
    "kv_room": "str",
    "uncounted": "str",
    "kv_tokens": "number",
    "weights_gib": "number",
    "kv_cache_gib": "number",
    "memory_needed_gib": "number",
    "memory_available_gib": "number",
    "fitting_length": "number",
    "nightly": "str",
    "removed_keyword": "str",
    "generates": "bool",
    "needs_eager": "bool",
    "conflict": "str",
    "dead_setting": "str",
    "stray_setting": "str",
    "unknown_setting": "str",
    "reason": "str",
    "meant_setting": "str",
    "looped": "bool",
    "served": "str",
    "reloaded": "str",
    "precision": "str",
    "device": "str",
    "task": "str",
    "workload": "str",
    "context": "str",
}
"""Facts of a deployment and their types.

How memory is shared out: `gpu_share` says that the platform hands out less than a card (part, shared);
`reserved_gpus` is what the platform reserves, `sharding` how many GPUs one copy of the weights is spread over,
`data_parallel` how many copies there are; `memory_share` the part of a GPU's memory that the engine takes; `kv_room`
what it keeps room for in it: one sequence of the length written, else of the model's whole window (window), one of the
length written (written), or batch times length (batch); `uncounted` names a setting that moves memory elsewhere.
`model_context` is the longest window that the model is known to have, `context_extended` that settings stretch it,
`context_length` what is asked for, `input_length` the part of it that prompts may take. What follows is added up in GiB
(`ecolint.memory`): `weights_gib`, `kv_cache_gib` for `kv_tokens`, their sum, what the GPUs have, `fitting_length`.

`context` is production, interactive, offline or test; `gpu` a catalogue name;
`precision` the evidence key derived from the others; `device` is cuda where an NVIDIA GPU is asked for, or names what
else it runs on (cpu, mps, rocm, tpu, …); `prefix_caching` is false where the beginnings that prompts share are computed
again for each; `max_concurrency` is how many requests an engine takes at a time, `usual_concurrency` how many it takes
where nobody says so and that is few; `nightly` the package or image that is a nightly build; `served` how a service
answers requests (see `Request`); `reloaded` why the model is loaded again and again (handler, loop); `needs_eager` is
true where only eager attention gives what the program needs; `task` what the model does: generation, or embedding,
classification, image, …; `conflict` names settings that contradict each other; `dead_setting` one that has no effect,
for `reason`; `stray_setting` one without the switch that it belongs to; `unknown_setting` a keyword that is none, where
`meant_setting` may have been meant."""

DESCRIBED = "described"
"""The syntax of a deployment that somebody tells, and no file: there is nothing to edit."""

GENERATION = "generation"
"""The task of a model that writes text: all measurements are of it."""

ABSENT = "absent"
UNKNOWN = "unknown"
KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Fact:
    """One normalised fact. `sources` are the texts it was read from, most telling first; `assured` is False where it
    rests on a heuristic, an assumed version or an overridable default."""

    kind: Kind
    value: Scalar = None
    sources: tuple[Place, ...] = ()
    how: How = "literal"
    assured: bool = True


@dataclass(frozen=True, slots=True)
class Deployment:
    """One consistent reading of an invocation: its facts in one variant of its branches."""

    stack: str
    place: Place
    facts: Mapping[str, Fact]
    invocation: Invocation
    variant: Branches = ALWAYS
    settings: Mapping[str, Fact] = field(default_factory=dict)
    """Raw settings by the stack's key name, as written, effective or not."""
    parts: tuple[Mapping[str, Fact], ...] = ()
    """Facts that hold several times (dead settings): each part is judged on its own, `facts` has them all in one."""
    entries: frozenset[Place] = frozenset()
    """Where the settings' entries stand, whether or not they have an effect."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Pinned libraries: PEP 440 specifier text by normalised name; a library that is not here is not pinned."""


# --- judgement --------------------------------------------------------------------------------------------------------

Level = Literal["red", "yellow", "green", "gray"]
Mood = Literal["green", "yellow", "orange", "red", "gray"]
Certainty = Literal["certain", "likely"]
Applicability = Literal["safe", "unsafe", "manual"]
Verdict = Literal["costs", "saves", "undetermined"]

RED_ABOVE = 30.0
"""Percent: an estimate that lies wholly above it is a trap."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A central value between a low and a high one (90 %)."""

    central: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Published:
    """A claim as its source prints it: quoted, never computed with."""

    text: str
    source: str
    note: str | None = None
    """What the rows say instead, where they contradict the claim."""


@dataclass(frozen=True, slots=True)
class Monthly:
    """The configured workload's difference a month between what is written and what could be."""

    kwh: Interval
    usd: Interval
    kg_co2: Interval
    equivalent: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """Energy of what is written against a better deployment. `overhead_percent` is (now / better − 1) × 100."""

    compared_with: Mapping[str, Scalar]
    overhead_percent: Interval | None
    verdict: Verdict = "undetermined"
    confidence: int | None = None
    confidence_reasons: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    published: Published | None = None
    current_j_per_1k: Interval | None = None
    better_j_per_1k: Interval | None = None
    monthly: Monthly | None = None


@dataclass(frozen=True, slots=True)
class Fix:
    """One way to reach a better deployment. `set` are the facts that change; `edits` are empty for manual fixes."""

    title: str
    applicability: Applicability
    set: Mapping[str, Scalar]
    advice: str | None = None
    estimate: Estimate | None = None
    edits: tuple[Edit, ...] = ()
    expected: Mapping[str, Fact] = field(default_factory=dict)
    """Every fact as it must read once the edits are made; empty for manual fixes."""
    text: str = ""
    """What the fix writes, for whoever must write it by hand."""


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Why a finding is not shown."""

    by: Literal["inline", "baseline", "settings"]
    reason: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One judgement about one deployment."""

    code: str
    name: str
    level: Level
    certainty: Certainty
    message: str
    place: Place
    deployment: Deployment
    estimate: Estimate | None = None
    fixes: tuple[Fix, ...] = ()
    suppressed: Suppressed | None = None
    detail: tuple[tuple[str, str], ...] = ()
    """A small table that shows how the finding was reckoned: label and value."""
    by_traffic: bool = False
    """Whether the size of the waste depends on how many requests arrive together."""
