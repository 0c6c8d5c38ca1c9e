"""The name room: what the names that people give say about one and several."""

from __future__ import annotations

import re

BATCH = re.compile(r"batch|shard|^bs$|(^|_)group(?:s|ed)?$", re.IGNORECASE)
"""Names of things that hold several inputs."""

TEXT = re.compile(
    r"(?:^|_)(?:text|content|document|doc|article|transcript|transcription|story|string|paper|book|page|body|note|passage)$",
    re.IGNORECASE,
)
"""Names of one text, of which a cut is a text too."""

BATCHES = re.compile(
    r"batches|batched|loader|chunks|chunked|shards|groups|minibatch|batch_iter|iter_batch", re.IGNORECASE
)
"""Names of things whose elements hold several inputs."""

CUTS_TEXT = re.compile(r"split|wrap|chunk_text|text_chunk|sentence|paragraph|tokenize|segment", re.IGNORECASE)
"""Functions that cut one text into texts."""

MAKES_ONE = re.compile(
    r"^(?:join|format|format_map|read|read_text|strip|lstrip|rstrip|replace|lower|upper|decode|open|loads|dumps|str|repr"
    r"|next|convert|getvalue|fill|removeprefix|removesuffix|title|capitalize|substitute|safe_substitute"
    r"|item|len|int|imread|render|random|choice|fromarray)$"
)
"""Methods and functions that give one thing, whatever they are given."""

MAKES_MANY = re.compile(
    r"^(?:split|rsplit|splitlines|readlines|listdir|glob|iterdir|findall|range|enumerate|zip|repeat|repeat_interleave"
    r"|expand|sample|choices|batch_decode|values|keys)$"
)
"""Methods and functions that give several things."""

KEEPS = re.compile(
    r"tok|encod|process|template|tensor|array|prepare|collat|^(?:to|cuda|cpu|half|float|unsqueeze|squeeze|copy|deepcopy"
    r"|items|dict|list|tuple|sorted|reversed|tolist|numpy|cat|stack|view|reshape|clone|detach|contiguous|pop|update"
    r"|long|int|type|resize|ones_like|zeros_like|full_like|ne|eq|bool|crop|rename|from_numpy|asarray)$",
    re.IGNORECASE,
)
"""What tokenises, moves or copies: it gives as many as it is given."""

PUTS_TOGETHER = re.compile(r"^(?:cat|concat|concatenate)$")
"""What puts tensors together, along the batch or along the text."""

DRAWS = re.compile(r"^(?:choice|choices|sample)$")
"""What draws anew in every round."""

ASIDE = re.compile(
    r"max_|min_|num_|return_|add_|skip_|truncat|padding|device|dtype|verbose|clean_up|tokenizer|model$|length|desc$|total$"
)
"""Keywords that say how, not what."""

TUNING_CLASS = re.compile(
    r"(?:Params|Config|Criteria|CriteriaList|Processor|ProcessorList|Streamer|Request)$|^set_seed$"
)
"""Classes of which an object says how to generate, not from what."""

INPUT = re.compile(
    r"(?!eos|pad|bos|bad|stop|forced|suppress|begin|decoder_start)\w*(?:input|prompt|quer|question|text|messag|msgs|image"
    r"|pixel|patches$|embed|feature|audio|video|ids$|conversation|content|document|sentence|sequence|speech|chat)"
)
"""Keywords of a generating call under which its input goes in."""

SWEEP = re.compile(
    r"(^|_)(models?|configs?|cfgs?|temps?|temperatures?|seeds?|epochs?|trials?|runs?|attempts?|retry|retries|devices?|gpus?|"
    r"ranks?|layers?|folds?|steps?|iters?|iterations?|repeats?|rounds?|checkpoints?|ckpts?|variants?|precisions?|dtypes?|"
    r"backends?|thresholds?)(_|$|name|path|id)",
    re.IGNORECASE,
)
"""Names of what is tried out in turn rather than worked through."""

WRAPPERS = frozenset(
    {"tqdm", "enumerate", "list", "sorted", "reversed", "track", "iter", "tuple", "set", "islice", "notebook_tqdm"}
)

ONE = re.compile(
    r"(?:prompt|query|question|text|messages?|msgs?|conversation|conv|chat|inputs?|ids|instruction|sentence|article|document"
    r"|image|passage|content|source|src|sample|example|item|row|record|entry|line|instance|request|code|story|review|note"
    r"|^[qpxst]|sent|utterance|dialog|dialogue|problem|post|tweet|comment|paragraph|string|str|encoded|encoding|tokenized)$",
    re.IGNORECASE,
)
"""Names of one input, whoever made it."""

SEEN = re.compile(r"pixel|image|img|video|audio|visual|frame|grid|patch|picture|photo|vision|sound|wave", re.IGNORECASE)
"""Names of what is seen or heard beside a text."""

AGENT = re.compile(
    r"(?:^|_)(?:tok|tokenizer|processor|model|lm|llm|device|pipe|pipeline|encoder|args|config|cfg|opts?|logger|self|cls|params)$",
    re.IGNORECASE,
)
"""Names of what works on inputs and is none."""

_WORDS = re.compile(r"[A-Za-z][a-z]*|[A-Z]+")
_SINGULAR = re.compile(
    r"(?:ss|us|is|ous|messages?|msgs|inputs?|ids|tokens|kwargs|args|params|features|pixels?|values|embeds|embeddings"
    r"|images?|patches|frames|videos|audios|pictures|photos|docs|contexts?|turns|options|choices|tools|news|series|process|address"
    r"|class|this|hits|logits|encodings|encoded|masks|data|settings|analysis|lens|bytes|contents|pics|imgs|history|stats"
    r"|demos|shots|examples|passages|parts|pieces|segments|constraints|instructions|details|facts|notes|has|was)$",
    re.IGNORECASE,
)
AMOUNT = re.compile(r"(?:num|n|nb|max|min|total|top|use|do|is|has|with|no|stop|bad|eos|skip)_", re.IGNORECASE)
_LISTED = re.compile(r"(?:^|\W)(?:list|List|Sequence|Iterable|tuple|Tuple)\s*\[")
_CHAT = re.compile(r"(?i)dict|message|tensor|image|int\b")


def several(name: str) -> bool:
    """True for a name in the plural, as a list of inputs has."""
    if AMOUNT.match(name):
        return False
    last = _WORDS.findall(name)
    word = last[-1] if last else ""
    if word.lower() in ("list", "lst", "batch"):
        return True
    return word.lower().endswith("s") and len(word) > 3 and _SINGULAR.search(word) is None


def feeds(name: str) -> bool:
    """True for a name under which inputs go in, rather than settings."""
    return not AMOUNT.match(name) and (INPUT.match(name) is not None or ONE.search(name) is not None)


def annotated(annotation: str) -> bool:
    """True for a parameter that is said to be a list of inputs."""
    return _LISTED.search(annotation) is not None and _CHAT.search(annotation) is None and "Union" not in annotation


def single(annotation: str) -> bool:
    """True for a parameter that is said to be one text."""
    return annotation.strip() in ("str", "Optional[str]", "str | None", "Image", "Image.Image")
