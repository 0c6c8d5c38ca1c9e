"""The room where the shape of a decoder, as its configuration states it, becomes a number of parameters."""

from __future__ import annotations

from collections.abc import Mapping

from ecolint.model import Scalar

FAMILIES = frozenset({"llama", "mistral", "qwen2", "qwen3"})
"""Families that are counted here: grouped attention, a gated layer, two norms. Read from models/{family}/modeling_*.py
of transformers 4.57.6."""
LARGEST = 1 << 24
"""No width, vocabulary or number of layers is larger: beyond it a file says something else."""


def decoder_parameters(shape: Mapping[str, Scalar]) -> float | None:
    """Billions of parameters of a decoder with the shape that a config.json states; None where that is not all of it.

    Embeddings, attention (qwen2 adds a bias to queries, keys and values, qwen3 norms the heads of the first two), the
    gated layer and the norms. An output layer is counted unless it is tied to the embeddings; who ties says so.
    """
    family, width, heads = shape.get("model_type"), _whole(shape, "hidden_size"), _whole(shape, "num_attention_heads")
    inner, layers, words = (_whole(shape, name) for name in ("intermediate_size", "num_hidden_layers", "vocab_size"))
    if family not in FAMILIES or width is None or heads is None or inner is None or layers is None or words is None:
        return None
    groups = _whole(shape, "num_key_value_heads") or heads
    each = _whole(shape, "head_dim") or width // heads
    asked, kept = heads * each, groups * each
    layer = 2 * width * asked + 2 * width * kept + 3 * width * inner + 2 * width
    layer += asked + 2 * kept if family == "qwen2" else 2 * each if family == "qwen3" else 0
    embeddings = words * width * (1 if shape.get("tie_word_embeddings") is True else 2)
    return (embeddings + layers * layer + width) / 1e9


def _whole(shape: Mapping[str, Scalar], name: str) -> int | None:
    value = shape.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < LARGEST else None
