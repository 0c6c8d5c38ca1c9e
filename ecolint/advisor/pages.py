"""The room where answers are printed: text for a terminal (with rich, imported here alone), Markdown, JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from unicodedata import east_asian_width

from ecolint.advisor.answer import Answer, Block, Chart, Code, Grid, Listing, Text
from ecolint.dataset import dataset_line
from ecolint.lobster import greeting
from ecolint.model import Mood
from ecolint.shaped import dataclass
from ecolint.speech import Voice

WIDTH = 100
_LABEL = 14
_BAR = 32
_COLOURS: Mapping[Mood, str] = {
    "green": "green",
    "yellow": "yellow",
    "orange": "dark_orange",
    "red": "red",
    "gray": "bright_black",
}


@dataclass(frozen=True, slots=True)
class Paper:
    """Where an answer goes: how wide it is, whether it has colours, the language, and whether the lobster speaks."""

    voice: Voice
    width: int = WIDTH
    colour: bool = False
    lobster: bool = False


def as_json(answer: Answer, paper: Paper) -> str:
    """The answer's object. Its sentences are in the paper's language, its names and numbers the same in all."""
    told = {"protocol": answer.protocol, "conclusion": answer.conclusion, "mood": answer.mood, **answer.data}
    return json.dumps(_spoken(told, paper.voice), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _spoken(data: Any, voice: Voice) -> Any:
    if isinstance(data, str):
        return voice(data)
    if isinstance(data, Mapping):
        return {str(key): _spoken(value, voice) for key, value in data.items()}
    if isinstance(data, Sequence):
        return [_spoken(value, voice) for value in data]
    return data


# --- Markdown ---------------------------------------------------------------------------------------------------------


def as_markdown(answer: Answer, paper: Paper) -> str:
    """A page with a heading for each part."""
    voice = paper.voice
    lines = [f"# {_escaped(voice(answer.title))}", ""]
    if paper.lobster:
        lines += [f"> {_escaped(voice(greeting(answer.mood)))}", ""]
    lines += [f"**{_escaped(voice(answer.conclusion))}**", ""]
    for block in answer.blocks:
        lines += [*_markdown(block, voice), ""]
    return "\n".join([*lines, "---", _escaped(voice(dataset_line()))]) + "\n"


def _markdown(block: Block, voice: Voice) -> Iterator[str]:
    if isinstance(block, Text):
        yield f"**{_escaped(voice(block.label))}**: {_escaped(_joined(block.sentences, voice))}"
    elif isinstance(block, Listing):
        yield from (f"## {_escaped(voice(block.heading))}", "")
        for place, item in enumerate(block.items, 1):
            yield f"{f'{place}.' if block.numbered else '*'} {_escaped(voice(item))}"
    elif isinstance(block, Grid):
        yield from (f"## {_escaped(voice(block.heading))}", "")
        yield _row(block.head, voice)
        yield "|" + "---|" * len(block.head)
        yield from (_row(row, voice) for row in block.rows)
    elif isinstance(block, Chart):
        yield from (f"## {_escaped(voice(block.heading))}", "", "```text")
        yield from _bars(block, voice)
        yield "```"
    else:
        yield from (f"## {_escaped(voice(block.heading))}", "")
        if block.text:
            yield from (f"```{block.language}", block.text, "```")
        for caveat in block.caveats:
            yield f"* {_escaped(voice(caveat))}"


def _row(cells: Sequence[str], voice: Voice) -> str:
    return "| " + " | ".join(_escaped(voice(cell)).replace("|", "\\|") for cell in cells) + " |"


def _escaped(text: str) -> str:
    """A text that Markdown takes as it stands."""
    for mark in ("\\", "`", "*", "_", "<", ">", "#"):
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())


# --- text -------------------------------------------------------------------------------------------------------------


def as_text(answer: Answer, paper: Paper) -> str:
    """A page for a terminal."""
    from rich.console import Console

    out = io.StringIO()
    console = Console(
        file=out,
        width=paper.width,
        force_terminal=paper.colour,
        color_system="truecolor" if paper.colour else None,
        no_color=not paper.colour,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
    )
    voice = paper.voice
    console.print(voice(answer.title), style="bold")
    if paper.lobster:
        console.print(voice(greeting(answer.mood)), style=_COLOURS[answer.mood])
    console.print()
    console.print(voice(answer.conclusion), style=_COLOURS[answer.mood])
    for block in answer.blocks:
        console.print()
        _print(block, console, voice, paper)
    console.print()
    console.print(voice(dataset_line()), style="dim")
    return "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines())


def _print(block: Block, console: Any, voice: Voice, paper: Paper) -> None:
    from rich.text import Text as Styled

    if isinstance(block, Text):
        for place, line in enumerate(_wrapped(_joined(block.sentences, voice), paper.width - _LABEL, console)):
            console.print(Styled.assemble((_padded(voice(block.label) if place == 0 else ""), "bold"), line))
    elif isinstance(block, Listing):
        console.print(voice(block.heading), style="bold")
        for place, item in enumerate(block.items, 1):
            mark = f"{place}. " if block.numbered else "- "
            for number, line in enumerate(_wrapped(voice(item), paper.width - 2 - len(mark), console)):
                console.print(f"  {mark if number == 0 else ' ' * len(mark)}{line}")
    elif isinstance(block, Grid):
        console.print(voice(block.heading), style="bold")
        console.print(_grid(block, voice))
    elif isinstance(block, Chart):
        console.print(voice(block.heading), style="bold")
        for line, bar in zip(_bars(block, voice), block.bars, strict=True):
            console.print(f"  {line}", style=_COLOURS[bar.mood])
    else:
        _code(block, console, voice, paper)


def _code(block: Code, console: Any, voice: Voice, paper: Paper) -> None:
    console.print(voice(block.heading), style="bold")
    for line in block.text.splitlines():
        console.print(f"  {line}", soft_wrap=True)
    for caveat in block.caveats:
        for number, line in enumerate(_wrapped(voice(caveat), paper.width - 4, console)):
            console.print(f"  {'- ' if number == 0 else '  '}{line}")


def _grid(block: Grid, voice: Voice) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for place, cell in enumerate(block.head):
        table.add_column(voice(cell), justify="left" if place == 0 else "right", overflow="fold")
    for row in block.rows:
        table.add_row(*map(voice, row))
    return table


def _bars(block: Chart, voice: Voice) -> Iterator[str]:
    """One line a bar: the longest is full, and none is empty."""
    longest = max((bar.value for bar in block.bars), default=0.0)
    width = max((_cells(voice(bar.name)) for bar in block.bars), default=0)
    for bar in block.bars:
        length = max(1, round(_BAR * bar.value / longest)) if longest > 0 else 0
        name = voice(bar.name)
        yield f"{name}{' ' * (width - _cells(name))}  {'█' * length}{'·' * (_BAR - length)}  {voice(bar.note)}"


def _cells(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(2 if east_asian_width(each) in "WF" else 1 for each in text)


def _joined(sentences: Sequence[str], voice: Voice) -> str:
    return voice.say("; ").join(map(voice, sentences))


def _wrapped(text: str, width: int, console: Any) -> list[str]:
    """Lines of so many cells: a Chinese character takes two."""
    from rich.text import Text as Styled

    lines = Styled(" ".join(text.split())).wrap(console, max(20, width))
    return [line.plain.rstrip() for line in lines] or [""]


def _padded(label: str) -> str:
    return label + " " * max(1, _LABEL - _cells(label))


FORMS: Mapping[str, Callable[[Answer, Paper], str]] = {"text": as_text, "markdown": as_markdown, "json": as_json}
