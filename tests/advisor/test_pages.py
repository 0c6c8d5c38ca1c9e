"""Pages: the same figures in every form, as wide as they may be, colours where wanted, EcoLobster on request."""

from __future__ import annotations

import json
import re

import pytest
from advisor_samples import COMMANDS, answer

from ecolint.advisor.answer import Answer, Chart, Code, Grid, Listing, Text
from ecolint.advisor.pages import Paper, as_json, as_markdown, as_text
from ecolint.dataset import DOIS
from ecolint.lobster import greeting
from ecolint.report._summary import MOODS
from ecolint.speech import Said, Voice

MISTRAL = "mistralai/Mistral-7B-Instruct-v0.2"


def asked(command: str, **options: object) -> Answer:
    seen = {"observed_throughput": 9.9} if command == "diagnose" else {}
    return answer(command, MISTRAL, **{"gpu": "A800", "precision": "int8_default", **seen, **options})


def numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:[.,]\d+)*", text))


def cells(found: Answer) -> list[str]:
    told: list[str] = [found.title, found.conclusion]
    for block in found.blocks:
        if isinstance(block, Text):
            told += block.sentences
        elif isinstance(block, Listing):
            told += block.items
        elif isinstance(block, Grid):
            told += [cell for row in block.rows for cell in row]
        elif isinstance(block, Chart):
            told += [bar.note for bar in block.bars]
        elif isinstance(block, Code):
            told += [block.text, *block.caveats]
    return told


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_text_and_markdown_hold_the_same_figures(command: str) -> None:
    found = asked(command)
    text, markdown = as_text(found, Paper(Voice(), 240)), as_markdown(found, Paper(Voice()))
    wanted = numbers(" ".join(cells(found)))
    assert wanted <= numbers(text)
    assert wanted <= numbers(markdown)


def test_the_figures_are_those_of_the_object() -> None:
    """C5-32 in three forms, at the digits that a page shows."""
    found = asked("compare", precision="int8_pure", batch_size=32)
    data = json.loads(as_json(found, Paper(Voice())))
    (one,) = (each for each in data["columns"] if each["precision"] == "int8_pure")
    energy, speed = one["energy_j_per_1k_tokens"], one["throughput_tok_s"]
    shown = f"{energy['central']:.0f} ({energy['low']:.0f} … {energy['high']:.0f})"
    assert shown == "392 (321 … 479)"
    for page in (as_text(found, Paper(Voice(), 200)), as_markdown(found, Paper(Voice()))):
        assert shown in page
        assert f"{speed['central']:.0f} ({speed['low']:.0f} … {speed['high']:.0f})" in page


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_page_ends_with_where_its_figures_come_from(command: str) -> None:
    found = asked(command)
    for page in (as_text(found, Paper(Voice())), as_markdown(found, Paper(Voice()))):
        assert all(doi in page.rpartition("Evidence:")[2] for doi in DOIS)
    data = json.loads(as_json(found, Paper(Voice())))
    assert (data["schema"], data["tool"]["name"], data["protocol"]) == (1, "ecolint", command)
    assert data["evidence"]["rows"] == 161
    assert data["settings"]["requests_per_month"] == 1_000_000


@pytest.mark.parametrize("width", [40, 72, 100])
@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_a_page_is_as_wide_as_it_may_be(command: str, width: int) -> None:
    found = asked(command)
    code = [line for block in found.blocks if isinstance(block, Code) for line in block.text.splitlines()]
    for line in as_text(found, Paper(Voice(), width)).splitlines():
        assert len(line) <= width or line.strip() in code  # what is copied is never broken


def test_a_chinese_character_takes_two_cells() -> None:
    found = Answer("x", "标题", "结论", "green", (Text("标签", ("字" * 90,)), Listing("标题", ("字" * 90,))))
    lines = as_text(found, Paper(Voice(), 60)).splitlines()
    body = [line for line in lines if "字" in line]
    assert sum(line.count("字") for line in body) == 180
    assert all(sum(2 if ord(each) > 0x2E80 else 1 for each in line) <= 60 for line in body)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_colours_are_there_only_where_they_are_wanted(command: str) -> None:
    found = asked(command)
    plain, coloured = as_text(found, Paper(Voice())), as_text(found, Paper(Voice(), colour=True))
    assert "\x1b" not in plain
    assert "\x1b[" in coloured
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in stripped.splitlines()] == [line.rstrip() for line in plain.splitlines()]


def test_bars_are_as_long_as_their_figures() -> None:
    found = asked("compare", gpu="RTX 5090")
    (chart,) = (block for block in found.blocks if isinstance(block, Chart))
    lines = [line for line in as_text(found, Paper(Voice())).splitlines() if "█" in line]
    longest = max(bar.value for bar in chart.bars)
    for bar, line in zip(chart.bars, lines, strict=True):
        assert line.count("█") == max(1, round(32 * bar.value / longest))
        assert line.count("█") + line.count("·") == 32


@pytest.mark.parametrize("mood", sorted(MOODS))
def test_the_lobster_says_one_line_and_changes_no_number(mood: str) -> None:
    found = asked("compare")
    changed = Answer(found.protocol, found.title, found.conclusion, mood, found.blocks, found.data)  # type: ignore[arg-type]
    for form in (as_text, as_markdown):
        quiet, spoken = form(changed, Paper(Voice(), 200)), form(changed, Paper(Voice(), 200, lobster=True))
        assert f"[{mood}]" in spoken
        assert "EcoLobster" not in quiet
        assert numbers(quiet) == numbers(spoken)
        assert len(spoken.splitlines()) - len(quiet.splitlines()) <= 2
    assert as_json(changed, Paper(Voice(), lobster=True)) == as_json(changed, Paper(Voice()))
    assert not numbers(greeting(mood))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "mood"),
    [
        ({"precision": "fp16", "batch_size": 64}, "green"),
        ({"precision": "fp16", "batch_size": 1}, "yellow"),
        ({"precision": "int8_default", "batch_size": 8}, "orange"),
        ({"precision": "fp8", "batch_size": 8, "gpu": "RTX 5090"}, "red"),
    ],
)
def test_the_mood_is_that_of_the_worst_finding(options: dict[str, object], mood: str) -> None:
    assert asked("estimate", **options).mood == mood


def test_markdown_shows_names_as_they_are() -> None:
    found = answer("compare", "someone/my_own*model-7b", gpu="A800", precision="int8_pure")
    page = as_markdown(found, Paper(Voice()))
    assert "my\\_own\\*model-7b" in page.splitlines()[0]
    table = [line for line in page.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table[:10]}) == 1


def spoken(data: object) -> list[str]:
    """Texts of an answer that were not said with a template and hold words."""
    if isinstance(data, (Text, Listing, Grid, Chart, Code)):
        parts: list[str] = []
        if isinstance(data, Text):
            parts = [data.label, *data.sentences]
        elif isinstance(data, Listing):
            parts = [data.heading, *data.items]
        elif isinstance(data, Grid):
            parts = [data.heading, *data.head, *(cell for row in data.rows for cell in row)]
        elif isinstance(data, Chart):
            parts = [data.heading, *(bar.name for bar in data.bars), *(bar.note for bar in data.bars)]
        else:
            parts = [data.heading, *data.caveats]
        return [part for part in parts if not isinstance(part, Said) and re.search(r"[a-z]{3,} [a-z]{2,}", part)]
    return []


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_sentence_can_be_said_in_another_language(command: str) -> None:
    for options in ({}, {"gpu": "MI300X"}, {"gpu": "H100", "gpu_count": 2}, {"precision": "fp8"}):
        found = asked(command, **options)
        assert isinstance(found.title, Said)
        assert isinstance(found.conclusion, Said)
        kept = [text for block in found.blocks for text in spoken(block)]
        # Rows are described as the dataset has them.
        assert [text for text in kept if not re.match(r"[A-D]\d-\d", text)] == []
