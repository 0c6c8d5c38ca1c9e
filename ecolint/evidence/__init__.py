"""The evidence: measured rows, printed claims, and the estimator that speaks from the rows alone."""

from ecolint.evidence.estimating import estimate, shipped
from ecolint.evidence.measuring import PROTOCOL, doubts, how_to_measure, why_measure
from ecolint.evidence.rows import (
    DATASET,
    DOI,
    DOIS,
    VERSION,
    Claim,
    Row,
    claims,
    dataset_line,
    describe_row,
    own_line,
    rows,
)
from ecolint.evidence.table import Table

__all__ = [
    "DATASET",
    "DOI",
    "DOIS",
    "PROTOCOL",
    "VERSION",
    "Claim",
    "Row",
    "Table",
    "claims",
    "dataset_line",
    "describe_row",
    "doubts",
    "estimate",
    "how_to_measure",
    "own_line",
    "rows",
    "shipped",
    "why_measure",
]
