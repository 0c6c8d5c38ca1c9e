"""Pins settle version conditions only where every allowed version agrees."""

from __future__ import annotations

import pytest

from ecolint.stacks.versions import holds, parse


@pytest.mark.parametrize(
    ("pinned", "condition", "answer"),
    [
        ("==4.46.3", "transformers<5", True),
        ("==5.1.0", "transformers<5", False),
        (">=4.40,<5", "transformers<5", True),
        (">=4.40", "transformers<5", None),
        ("<6", "transformers<5", None),
        ("~=4.46", "transformers<5", True),
        ("==4.*", "transformers<5", True),
        (">=5", "transformers>=5", True),
        (">4.99", "transformers>=5", None),
        ("", "transformers<5", None),
        (">=4.56", "transformers>=4.56", True),
        (">=4.55.4", "transformers>=4.56", None),
        ("===what", "transformers<5", None),
    ],
)
def test_a_pin_decides_only_where_all_its_versions_agree(pinned: str, condition: str, answer: bool | None) -> None:
    assert holds(condition, {"transformers": pinned}) is answer


def test_an_unpinned_library_decides_nothing() -> None:
    assert holds("transformers<5", {"torch": "==2.4"}) is None


@pytest.mark.parametrize("text", ["transformers", "<5", "transformers <= five", ""])
def test_what_is_no_condition_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"no version|version condition"):
        parse(text)
