"""The room where what was asked is checked: every error at once, a default for what is missing, and what that costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from ecolint import catalog
from ecolint.advisor import words
from ecolint.advisor.formats import meant, precision, precisions
from ecolint.evidence.table import Table
from ecolint.model import Workload
from ecolint.speech import Said, say

MODEL_EXAMPLE = "mistralai/Mistral-7B-Instruct-v0.2"
BATCH = (1, 64)
PROMPT = (128, 4096)
GENERATED = (1, 2048)
"""What may be asked for, as the EcoCompute skill v2.5.0 validates it ("Input Parameters")."""
DTYPES: Mapping[str, str] = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16", "tf32": "float32"}
FRAMEWORKS = ("transformers", "vllm", "tgi", "sglang", "ollama", "llama.cpp", "tensorrt-llm")
COUNTRY = "US average"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One parameter that cannot be used: what is wrong with the value, what would do, and an example."""

    option: str
    value: str
    wrong: Said
    valid: str = ""
    nearest: str | None = None
    example: str = ""
    instead: str | None = None
    """What the corrected command says in its place; None leaves the option out."""


class Refused(Exception):
    """Parameters that cannot be used, all of them, and the command as it might be meant."""

    def __init__(self, troubles: tuple[Trouble, ...], corrected: str) -> None:
        super().__init__("; ".join(f"{one.option}: {one.wrong}" for one in troubles))
        self.troubles, self.corrected = troubles, corrected


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters as they were written, by option; what was not written is not there."""

    command: str
    model: str | None
    options: Mapping[str, str] = field(default_factory=dict)
    several: bool = False
    """Whether several precisions may be named, as columns."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What is to be advised on, checked. None is what was not said and has no default."""

    model: str
    params_b: float | None
    gpu: str | None
    gpu_count: int
    precision: str | None
    dtype: str | None
    batch: int | None
    framework: str | None
    workload: Workload
    columns: tuple[str, ...] = ()
    """The precisions to hold side by side, by evidence key; empty for all that were measured."""
    hours_a_day: float | None = None
    defaults: tuple[Said, ...] = ()
    """What was filled in, and what it costs in confidence."""
    shown: tuple[Said, ...] = ()
    """Conversions, as they were made."""
    unnamed_gpu: bool = False
    """Nobody said which GPU: every figure has one star at most."""


def checked(asked: Asked, workload: Workload, table: Table, described: bool = True) -> Setup:
    """The parameters, each in its range. Raises `Refused` with everything that is wrong with them.

    `workload` are the settings' own assumptions. `described` is False where a file describes the deployment: then
    nothing is filled in that the file may say.
    """
    return _Check(asked, table).setup(workload, described)


class _Check:
    def __init__(self, asked: Asked, table: Table) -> None:
        self.asked, self.table = asked, table
        self.troubles: list[Trouble] = []
        self.defaults: list[Said] = []
        self.shown: list[Said] = []
        self.hours: float | None = None

    def setup(self, workload: Workload, described: bool) -> Setup:
        params = self.number("--params", 1e-3, 2000.0, "7.6", billions=True)
        model = self.model(params) if described else self.asked.model or ""
        gpu = self.gpu()
        count = self.whole("--gpu-count", 1, 1024, "2")
        columns = self.columns()
        told = columns[0] if len(columns) == 1 else None
        dtype = self.dtype(told)
        batch = self.whole("--batch-size", *BATCH, "8", self.batch_hint)
        framework = self.framework()
        workload = self.loads(self.lengths(workload))
        if self.troubles:
            raise Refused(tuple(self.troubles), self.corrected())
        size = params if params is not None else _size(model)
        unnamed = gpu is None and described
        if unnamed:
            gpu = nearest_gpu(self.table, model, size)
            self.defaults.append(
                say(
                    "no --gpu: {gpu} stands in, the measured one nearest in size, and every figure has one star",
                    gpu=gpu,
                )
            )
        if described:
            saved = catalog.checkpoint(model) if told is None and dtype is None else None
            if saved is not None:
                text = say("no --precision: the model's name says {quantization}", quantization=saved.quantization)
                self.defaults.append(text)
            elif told is None and dtype is None:
                told = "fp16"
                self.defaults.append(say("no --precision: fp16 is assumed; say so if it is another"))
            if batch is None:
                batch = 1
                self.defaults.append(say("no --batch-size: 1 is assumed, one request at a time"))
        return Setup(
            model=model,
            params_b=params,
            gpu=gpu,
            gpu_count=count or 1,
            precision=told,
            dtype=dtype,
            batch=batch,
            framework=framework,
            columns=tuple(precisions()[name].key for name in columns) if self.asked.several else (),
            workload=workload,
            hours_a_day=self.hours,
            defaults=tuple(self.defaults),
            shown=tuple(self.shown),
            unnamed_gpu=unnamed,
        )

    def written(self, option: str) -> str | None:
        return self.asked.options.get(option)

    def trouble(self, trouble: Trouble) -> None:
        self.troubles.append(trouble)

    # --- one parameter each -------------------------------------------------------------------------------------------

    def model(self, params: float | None) -> str:
        name = (self.asked.model or "").strip()
        if not name:
            wrong = say("a model is needed: a name, an id on the hub, or a file that describes a deployment")
            self.trouble(Trouble("MODEL", name, wrong, example=MODEL_EXAMPLE, instead=MODEL_EXAMPLE))
            return name
        if params is None and _size(name) is None:
            close = _close(name, [one.name for one in catalog.all_models()])
            wrong = say("the catalogue does not have it, and its name says no size")
            valid = say("any model, with its billions of parameters: --params 7.6")
            self.trouble(Trouble("MODEL", name, wrong, valid, close, "--params 7.6", f"{name} --params 7"))
        return name

    def gpu(self) -> str | None:
        name = self.written("--gpu")
        if name is None:
            return None
        cards = catalog.gpus(name)
        if cards:
            card = catalog.canonical(cards)
            return card.name if card is not None else name
        if catalog.vendor(name) not in (None, "NVIDIA"):
            return name
        measured = sorted({row.gpu_name for row in self.table.rows})
        close = _close(name.upper(), [one.name for one in catalog.all_gpus()])
        wrong = say("the catalogue has no such GPU; for one that it lacks, measure (docs/evidence.md tells how)")
        self.trouble(Trouble("--gpu", name, wrong, ", ".join(measured), close, "--gpu A100-80GB", measured[0]))
        return None

    def columns(self) -> tuple[str, ...]:
        """The precisions that are named, several of them separated by commas."""
        written = self.written("--precision")
        if written is None:
            return ()
        words = [word.strip() for word in written.split(",")] if self.asked.several else [written]
        found = [one.name if (one := precision(word)) is not None else None for word in words]
        instead = ",".join(name or meant(word) or "fp16" for word, name in zip(words, found, strict=True))
        names = tuple(precisions())
        for word, name in zip(words, found, strict=True):
            if name is None:
                near = meant(word) or _close(word.lower(), names)
                wrong = say("this is no precision")
                self.trouble(Trouble("--precision", word, wrong, ", ".join(names), near, "--precision nf4", instead))
        return tuple(dict.fromkeys(name for name in found if name is not None))

    def dtype(self, told: str | None) -> str | None:
        written = self.written("--dtype")
        if written is None:
            return None
        word = written.lower()
        if word in DTYPES:
            return DTYPES[word]
        known = {value: value for value in DTYPES.values()}
        if word in known:
            return word
        other = precision(written) or (precisions()[near] if (near := meant(written)) else None)
        quantized = other is not None and other.facts.get("quantization") != "none"
        if quantized and other is not None:
            wrong = say("this is a quantization and no number format: --precision {name}", name=other.name)
        else:
            wrong = say("this is no number format")
        close = _close(word, tuple(DTYPES))
        self.trouble(Trouble("--dtype", written, wrong, ", ".join(DTYPES), close, "--dtype bf16", close))
        return None

    def framework(self) -> str | None:
        written = self.written("--framework")
        if written is None:
            return None
        word = {"llama-cpp": "llama.cpp", "llamacpp": "llama.cpp", "trt-llm": "tensorrt-llm"}.get(
            written.lower(), written.lower()
        )
        if word in FRAMEWORKS:
            return word
        close = _close(word, FRAMEWORKS)
        wrong = say("no configuration is known for it")
        self.trouble(Trouble("--framework", written, wrong, ", ".join(FRAMEWORKS), close, "--framework vllm", close))
        return None

    def lengths(self, workload: Workload) -> Workload:
        prompt = self.whole("--prompt-tokens", *PROMPT, "512")
        generated = self.whole("--generated-tokens", *GENERATED, "256")
        return replace(
            workload,
            prompt_tokens=prompt or workload.prompt_tokens,
            generated_tokens=generated or workload.generated_tokens,
        )

    def loads(self, workload: Workload) -> Workload:
        workload = self.grid(workload)
        requests = self.whole("--requests-per-month", 1, 10**13, "1000000")
        if requests is not None:
            workload = replace(workload, requests_per_month=requests)
        said = self.written("--workload")
        if said is None:
            return workload
        if requests is not None:
            wrong = say("--requests-per-month says the same: write one of them")
            self.trouble(Trouble("--workload", said, wrong, example='--workload "10,000 users/day"'))
            return workload
        try:
            load = words.load(said)
        except words.NoSuchWorkload:
            wrong = say("these words are not understood")
            valid = '"10,000 users/day", "500 requests an hour", "1 GB of text", "2 million tokens", "8 hours a day"'
            self.trouble(Trouble("--workload", said, wrong, valid, example='--workload "10,000 users/day"'))
            return workload
        self.shown.append(load.shown)
        self.hours = load.hours_a_day
        if load.tokens is not None:
            self.shown.append(say("text is taken as generated: energy is measured for each generated token"))
            return replace(workload, requests_per_month=max(1, round(load.tokens / workload.generated_tokens)))
        return replace(workload, requests_per_month=max(1, round(load.requests))) if load.requests else workload

    def grid(self, workload: Workload) -> Workload:
        """Price and grid: a region gives both, and what is said outright wins over it."""
        name = self.written("--region")
        if name is not None:
            region = catalog.region(name)
            if region is None:
                close = _close(name, [one.name for one in catalog.all_regions()])
                wrong = say("the catalogue has no such region")
                self.trouble(Trouble("--region", name, wrong, nearest=close, example="--region France", instead=close))
            else:
                known = region.price_per_kwh if region.price_per_kwh is not None else workload.price_per_kwh
                workload = replace(
                    workload, region=region.name, carbon_intensity=region.carbon_intensity, price_per_kwh=known
                )
                if region.price_per_kwh is None:
                    self.shown.append(
                        say("{region}: no price is known, ${price:g} a kWh stands in", region=region.name, price=known)
                    )
        price = self.number("--price-per-kwh", 0.0, 100.0, "0.12")
        carbon = self.number("--carbon-intensity", 0.0, 5000.0, "390")
        pue = self.number("--pue", 1.0, 5.0, "1.1")
        if price is not None or carbon is not None:
            workload = replace(workload, region=say("as set"))
        return replace(
            workload,
            price_per_kwh=workload.price_per_kwh if price is None else price,
            carbon_intensity=workload.carbon_intensity if carbon is None else carbon,
            pue=workload.pue if pue is None else pue,
        )

    # --- numbers ------------------------------------------------------------------------------------------------------

    def whole(
        self, option: str, low: int, high: int, example: str, hint: Callable[[int], str] | None = None
    ) -> int | None:
        written = self.written(option)
        if written is None:
            return None
        try:
            number = int(written.replace(",", "").replace("_", ""))
        except ValueError:
            wrong, near = say("a whole number is needed"), None
        else:
            if low <= number <= high:
                return number
            nearest = low if number < low else high
            wrong, near = say("out of range"), str(nearest)
            if hint is not None and number > high:
                wrong = say("out of range; {hint}", hint=hint(number))
        valid = say("{low} to {high}", low=low, high=high)
        self.trouble(Trouble(option, written, wrong, valid, near, f"{option} {example}", near or example))
        return None

    def batch_hint(self, number: int) -> str:
        return say(
            "no batch above {most} was measured: an engine that batches continuously decides by itself", most=BATCH[1]
        )

    def number(self, option: str, low: float, high: float, example: str, billions: bool = False) -> float | None:
        """A number in its range; in `billions` it may say so, or say millions: 7.6B, 494M."""
        written = self.written(option)
        if written is None:
            return None
        text, factor = written.strip().lower(), 1.0
        if billions and text.endswith(("b", "m")):
            text, factor = text[:-1], 1.0 if text.endswith("b") else 1e-3
        try:
            found = float(text) * factor
        except ValueError:
            found = float("nan")
        if low <= found <= high:
            return found
        wrong, valid = say("a number in this range is needed"), say("{low:g} to {high:g}", low=low, high=high)
        self.trouble(Trouble(option, written, wrong, valid, example=f"{option} {example}", instead=example))
        return None

    # --- the command as it might be meant -----------------------------------------------------------------------------

    def corrected(self) -> str:
        instead = {one.option: one.instead for one in self.troubles}
        model = instead.get("MODEL", self.asked.model) or MODEL_EXAMPLE
        parts = ["ecolint", self.asked.command, *(_quoted(word) for word in model.split(" ") if word)]
        for option, value in self.asked.options.items():
            said = instead.get(option, value)
            if said is not None:
                parts += [option, _quoted(said)]
        return " ".join(parts)


def _quoted(word: str) -> str:
    import shlex

    return shlex.quote(word)


def _size(name: str) -> float | None:
    known = catalog.model(name) if name else None
    return known.active_b if known is not None else None


def _close(word: str, known: list[str] | tuple[str, ...]) -> str | None:
    lowered = {one.lower(): one for one in known}
    found = get_close_matches(word.lower(), list(lowered), n=1, cutoff=0.5)
    return lowered[found[0]] if found else None


def nearest_gpu(table: Table, model: str, size: float | None) -> str:
    """The measured GPU that measured this model, else the size nearest to it; of several the one with most rows."""
    known = catalog.model(model)
    name = known.name if known is not None else model

    def rank(gpu: str) -> tuple[float, int, str]:
        rows = [row for row in table.rows if row.gpu_name == gpu]
        if any(row.model == name for row in rows):
            return 0.0, -len(rows), gpu
        apart = min(max(row.size_b / size, size / row.size_b) for row in rows) if size else 1.0
        return apart, -len(rows), gpu

    return min({row.gpu_name for row in table.rows}, key=rank)
