"""Pins settle version conditions only where every allowed version agrees."""

from __future__ import annotations

import pytest

from ecolint.stacks.versions import holds, parse, tagged


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


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("x/server:v0.6.3", "==0.6.3"),
        ("r.io:5000/x/server:v0.8.5.post1-cu124@sha256:ab", "==0.8.5.post1"),
        ("x/server:2.4.0-rocm", "==2.4.0"),
        ("x/server:0.6.0a0", "==0.6.0a0"),
        ("x/server:latest", None),
        ("x/server:?", None),
        ("x/server", None),
        ("r.io:5000/x/server", None),
        ("x/server:sha-0123456", None),
        ("x/server:12", None),
        ("x/server:v1.2.x", None),
        ("x/server-tools:v1.2.3", None),
    ],
)
def test_an_image_tag_says_the_version_where_the_image_is_known_for_it(image: str, version: str | None) -> None:
    assert tagged(image, ("*x/server",)) == version
