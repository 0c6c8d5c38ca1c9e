"""The room where what was asked is checked: every error at once, a default for what is missing, and what that costs."""

from __future__ import annotations

from collections.abc import Mapping

from ecolint import catalog
from ecolint.advisor.assumed import Assumed
from ecolint.advisor.formats import meant, precision, precisions
from ecolint.advisor.limits import OBJECTIVES, Limits, Observation
from ecolint.advisor.parameters import MODEL_EXAMPLE, Asked, Parameters, Trouble, listed, nearest
from ecolint.advisor.parameters import Refused as Refused
from ecolint.evidence.points import SAME_SIZE
from ecolint.evidence.table import Table
from ecolint.model import Workload
from ecolint.shaped import dataclass
from ecolint.speech import Said, say

BATCH = (1, 64)
"""What may be asked for, as the EcoCompute skill v2.5.0 validates it ("Input Parameters")."""
DTYPES: Mapping[str, str] = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16", "tf32": "float32"}
FRAMEWORKS = ("transformers", "vllm", "tgi", "sglang", "ollama", "llama.cpp", "tensorrt-llm")
_SPELLED = {"llama-cpp": "llama.cpp", "llamacpp": "llama.cpp", "trt-llm": "tensorrt-llm", "trtllm": "tensorrt-llm"}
_NO_LIMITS, _NOTHING_SEEN = Limits(), Observation()
_BILLIONS = {"b": 1.0, "m": 1e-3}


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
    limits: Limits = _NO_LIMITS
    observed: Observation = _NOTHING_SEEN
    hours_a_day: float | None = None
    defaults: tuple[Said, ...] = ()
    """What was filled in, and what it costs in confidence."""
    missing: frozenset[str] = frozenset()
    """The options that were filled in."""
    shown: tuple[Said, ...] = ()
    """Conversions, as they were made."""

    @property
    def unnamed_gpu(self) -> bool:
        """Nobody said which GPU: every figure has one star at most."""
        return "--gpu" in self.missing


def checked(asked: Asked, workload: Workload, table: Table, described: bool = True) -> Setup:
    """The parameters, each in its range. Raises `Refused` with everything that is wrong with them.

    `workload` are the settings' own assumptions. `described` is False where a file describes the deployment: then
    nothing is filled in that the file may say.
    """
    return _Check(asked, table).setup(workload, described)


class _Check(Parameters):
    def __init__(self, asked: Asked, table: Table) -> None:
        super().__init__(asked)
        self.table = table
        self.defaults: list[Said] = []
        self.missing: set[str] = set()

    def setup(self, workload: Workload, described: bool) -> Setup:
        params = self.number("--params", 1e-3, 2000.0, "7.6", _BILLIONS)
        model = self.model(params) if described else self.asked.model or ""
        gpu = self.gpu()
        count = self.whole("--gpu-count", 1, 1024, "2")
        columns = self.columns()
        told = columns[0] if len(columns) == 1 else None
        dtype = self.dtype(told)
        batch = self.whole("--batch-size", *BATCH, "8", _large_batch)
        framework = self.framework()
        limits, observed = self.limits(), self.observed()
        assumed = Assumed(self, workload)
        if self.troubles:
            raise Refused(tuple(self.troubles), self.command(workload, described))
        if described:
            size = params if params is not None else _size(model)
            gpu = gpu if gpu is not None else self.missing_gpu(model, size)
            told = told if told is not None else self.missing_precision(model, dtype)
            batch = batch if batch is not None else self.missing_batch()
        if self.asked.command in ("optimize", "recommend"):
            self.missing_objective(limits)
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
            workload=assumed.workload,
            limits=limits,
            observed=observed,
            hours_a_day=assumed.hours,
            defaults=tuple(self.defaults),
            missing=frozenset(self.missing),
            shown=tuple(assumed.shown),
        )

    def command(self, workload: Workload, described: bool) -> str:
        """The command as it might be meant; what is right by itself may still contradict a correction."""
        asked = self.corrected()
        if asked == self.asked:
            return ""
        try:
            _Check(asked, self.table).setup(workload, described)
        except Refused as again:
            return again.corrected
        return str(asked)

    # --- one parameter each -------------------------------------------------------------------------------------------

    def model(self, params: float | None) -> str:
        name = (self.asked.model or "").strip()
        if not name:
            wrong = say("a model is needed: a name, an id on the hub, or a file that describes a deployment")
            self.trouble(Trouble("MODEL", name, wrong, example=MODEL_EXAMPLE, instead=MODEL_EXAMPLE))
            return name
        known = catalog.model(name)
        size = known.active_b if known is not None else None
        if size is None and params is None and self.written("--params") is None:
            close = nearest(name, [one.name for one in catalog.all_models()])
            wrong = say("no file has this name, the catalogue lacks such a model, and the name says no size")
            valid = say("any model, with its billions of parameters: --params 7.6")
            also = () if close is not None else (("--params", "7.6"),)
            self.trouble(Trouble("MODEL", name, wrong, valid, close, MODEL_EXAMPLE, close, also))
        elif params is not None and (trouble := wrong_size(name, params, self.written("--params") or "")) is not None:
            self.trouble(trouble)
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
        close = nearest(name, [one.name for one in catalog.all_gpus()], 0.8)
        measured = sorted({row.gpu_name for row in self.table.rows})
        wrong = say("the catalogue has no such GPU; for one that it lacks, measure (docs/evidence.md tells how)")
        valid = say("{gpus} were measured, and others of the catalogue are estimated from them", gpus=listed(measured))
        instead = close or nearest_gpu(self.table, self.asked.model or MODEL_EXAMPLE, None)
        self.trouble(Trouble("--gpu", name, wrong, valid, close, "--gpu A100-80GB", instead))
        return None

    def columns(self) -> tuple[str, ...]:
        """The precisions that are named, several of them separated by commas."""
        written = self.written("--precision")
        if written is None:
            return ()
        names = tuple(precisions())
        asked = [word.strip() for word in written.split(",")] if self.asked.several else [written]
        found = [one.name if (one := precision(word)) is not None else None for word in asked]
        near = [name or meant(word) or nearest(word, names) for word, name in zip(asked, found, strict=True)]
        instead = listed(list(dict.fromkeys(one for one in near if one))).replace(" ", "") or "fp16"
        for word, name, close in zip(asked, found, near, strict=True):
            if name is None:
                wrong = say("nothing was measured for such a precision")
                trouble = Trouble("--precision", word, wrong, listed(names), close, "--precision nf4", instead)
                self.trouble(trouble)
        return tuple(dict.fromkeys(name for name in found if name is not None))

    def dtype(self, told: str | None) -> str | None:
        written = self.written("--dtype")
        if written is None:
            return None
        word = written.lower()
        value = DTYPES.get(word) or next((one for one in DTYPES.values() if one == word), None)
        if value is None:
            other = precision(written) or (precisions()[near] if (near := meant(written)) else None)
            wrong = say("this is no number format")
            if other is not None and other.facts.get("quantization") != "none":
                wrong = say("this is a quantization and no number format: --precision {name}", name=other.name)
            close = nearest(word, tuple(DTYPES))
            self.trouble(Trouble("--dtype", written, wrong, listed(tuple(DTYPES)), close, "--dtype bf16", close))
            return None
        plain = precisions()[told].facts if told is not None else {}
        if plain.get("quantization") == "none" and plain.get("dtype") != value:
            wrong = say("--precision {name} is another number format: write one of them", name=told)
            self.trouble(Trouble("--dtype", written, wrong, valid=say("{name}, or none", name=told)))
        return value

    def framework(self) -> str | None:
        written = self.written("--framework")
        if written is None:
            return None
        word = _SPELLED.get(written.lower(), written.lower())
        if word in FRAMEWORKS:
            return word
        close = nearest(word, FRAMEWORKS, 0.5)
        wrong = say("no configuration is known for it")
        self.trouble(Trouble("--framework", written, wrong, listed(FRAMEWORKS), close, "--framework vllm", close))
        return None

    def limits(self) -> Limits:
        objective = self.written("--objective") or OBJECTIVES[0]
        if objective not in OBJECTIVES:
            close = nearest(objective, OBJECTIVES, 0.5)
            wrong = say("this is no objective")
            trouble = Trouble("--objective", objective, wrong, listed(OBJECTIVES), close, "--objective energy", close)
            self.trouble(trouble)
        return Limits(
            vram_gb=self.positive("--max-vram", "24"),
            latency_s=self.positive("--max-latency", "10"),
            throughput=self.positive("--min-throughput", "50"),
            price_per_hour=self.positive("--price-per-hour", "2"),
            objective=objective,
        )

    def observed(self) -> Observation:
        throughput = self.positive("--observed-throughput", "9.9")
        power = self.positive("--observed-power", "95")
        seen = self.written("--observed-throughput") or self.written("--observed-power")
        if self.asked.command == "diagnose" and seen is None:
            wrong, example = say("an observation is needed: throughput, power or both"), "--observed-throughput 9.9"
            self.trouble(Trouble("--observed-throughput", "", wrong, example=example, instead="9.9"))
        return Observation(throughput, power)

    # --- what is missing ----------------------------------------------------------------------------------------------

    def fill(self, option: str, text: Said) -> None:
        self.missing.add(option)
        self.defaults.append(text)

    def missing_gpu(self, model: str, size: float | None) -> str:
        name = nearest_gpu(self.table, model, size)
        text = say(
            "no --gpu: {gpu} stands in, the measured one nearest in size, and every figure has one star", gpu=name
        )
        self.fill("--gpu", text)
        return name

    def missing_precision(self, model: str, dtype: str | None) -> str | None:
        if dtype is not None:
            return None
        saved = catalog.checkpoint(model)
        if saved is not None:
            text = say("no --precision: the model's name says {quantization}", quantization=saved.quantization)
            self.defaults.append(text)
            return None
        self.fill("--precision", say("no --precision: fp16 is assumed, which costs no star; say so if it is another"))
        return "fp16"

    def missing_batch(self) -> int:
        text = say("no --batch-size: 1 is assumed, one request at a time, which costs no star")
        self.fill("--batch-size", text)
        return 1

    def missing_objective(self, limits: Limits) -> None:
        if self.written("--objective") is None:
            self.fill("--objective", say("no --objective: energy per request; throughput or cost may rank otherwise"))
        elif limits.objective == "cost" and limits.price_per_hour is None:
            self.fill("--price-per-hour", say("no --price-per-hour: cost is that of electricity alone"))


def wrong_size(model: str, params_b: float, written: str) -> Trouble | None:
    """What is wrong with a size that is said of a model that the catalogue has."""
    known = catalog.model(model)
    if known is None or known.total_b is None or known.how == "name":
        return None
    if known.total_b / SAME_SIZE <= params_b <= known.total_b * SAME_SIZE:
        return None
    wrong = say("the catalogue has {size:.3g}B for {model}", size=known.total_b, model=known.name)
    return Trouble("--params", written, wrong, valid=say("that size, or a model of another name"))


def _large_batch(number: int) -> Said:
    return say(
        "no batch above {most} was measured: an engine that batches continuously decides by itself", most=BATCH[1]
    )


def _size(name: str) -> float | None:
    known = catalog.model(name) if name else None
    return known.active_b if known is not None else None


def nearest_gpu(table: Table, model: str, size: float | None) -> str:
    """The measured GPU that measured this model, else the size nearest to it; of several the one with most rows."""
    known = catalog.model(model)
    name = known.name if known is not None else model
    size = size if size is not None else known.active_b if known is not None else None

    def rank(gpu: str) -> tuple[float, int, str]:
        rows = [row for row in table.rows if row.gpu_name == gpu]
        if any(row.model == name for row in rows):
            return 0.0, -len(rows), gpu
        apart = min(max(row.size_b / size, size / row.size_b) for row in rows) if size else 1.0
        return apart, -len(rows), gpu

    return min({row.gpu_name for row in table.rows}, key=rank)
