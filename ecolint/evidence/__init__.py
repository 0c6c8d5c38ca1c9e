"""The evidence: measured rows, printed claims, and the estimator that speaks from the rows alone."""

from ecolint.evidence.estimating import estimate, shipped
from ecolint.evidence.measuring import PROTOCOL, doubts, how_to_measure, why_measure
from ecolint.evidence.rows import Claim, Row, claims, describe_row, rows
from ecolint.evidence.table import Table

__all__ = [
    "PROTOCOL",
    "Claim",
    "Row",
    "Table",
    "claims",
    "describe_row",
    "doubts",
    "estimate",
    "how_to_measure",
    "rows",
    "shipped",
    "why_measure",
]
