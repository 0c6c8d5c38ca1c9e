"""Patterns mean what Python's own say."""

from __future__ import annotations

from fnmatch import fnmatchcase

from hypothesis import given
from hypothesis import strategies as st

from ecolint.wildcards import Patterns, fits, fits_any


@given(st.text("ab.", max_size=8), st.text("ab.*", max_size=6))
def test_a_name_fits_what_python_says_that_it_fits(name: str, pattern: str) -> None:
    assert fits(name, pattern) == fnmatchcase(name, pattern)


@given(st.text("ab\n", max_size=5), st.text("a*?[]!", max_size=6))
def test_other_wildcards_and_line_ends_are_as_python_has_them(name: str, pattern: str) -> None:
    assert fits(name, pattern) == fnmatchcase(name, pattern)


@given(st.text("ab.", max_size=6), st.lists(st.text("ab.*?", max_size=4), max_size=4))
def test_many_patterns_say_what_each_says(name: str, patterns: list[str]) -> None:
    assert Patterns(patterns).match(name) == any(fnmatchcase(name, pattern) for pattern in patterns)


def test_one_of_several_is_enough() -> None:
    assert fits_any("vllm/vllm-openai", ("other", "*vllm*openai*"))
    assert not fits_any("vllm", ())
