"""Where each character of a YAML scalar's value stands in the file, as far as they map one to one."""

from __future__ import annotations

from dataclasses import replace

from ecolint.readers.yaml.nodes import Node


def offsets(text: str, node: Node, base: int = 0) -> list[int] | None:
    """The file offset of every character of a scalar's value, or None where escapes or folding break the relation.

    `text` is what the parser read, `base` its offset in the file. Line breaks that folding turns into a space map to
    where the break stands. Linear in the scalar.
    """
    if base:
        node = replace(node, start=node.start - base, end=node.end - base)
        found = offsets(text, node)
        return found and [at + base for at in found]
    if node.style in ("|", ">"):
        stream = _block(text, node)
    elif node.style in ("'", '"'):
        stream = list(range(node.start + 1, node.end - 1))
    else:
        stream = list(range(node.start, node.end))
    return None if stream is None else _align(text, stream, node)


def _block(text: str, node: Node) -> list[int] | None:
    """Offsets of a block scalar's content without its indentation."""
    header = text.find("\n", node.start, node.end)
    if header < 0:
        return [] if not node.value.strip() else None
    content = next((line for line in node.value.split("\n") if line.strip()), "")
    inner = len(content) - len(content.lstrip(" "))
    stream: list[int] = []
    indent: int | None = None
    at = header + 1
    while at <= node.end:
        end = text.find("\n", at)
        end = end if 0 <= end < node.end else node.end
        line = text[at:end]
        if indent is None and line.strip():
            indent = len(line) - len(line.lstrip(" ")) - inner
        skip = min(indent or 0, len(line) - len(line.lstrip(" "))) if line.strip() else min(indent or 0, len(line))
        stream.extend(range(at + skip, end))
        if end < len(text):
            stream.append(end)
        at = end + 1
    return stream


def _align(text: str, stream: list[int], node: Node) -> list[int] | None:
    value, style = node.value, node.style
    result: list[int] = []
    at = 0
    folds = style != "|"
    for char in value:
        if at < len(stream) and text[stream[at]] == "\r" and char != "\r":
            at += 1
        if at >= len(stream):
            # the final line break of a block scalar may stand behind the trimmed end
            if char == "\n" and style in ("|", ">") and stream:
                result.append(stream[-1])
                continue
            return None
        here = text[stream[at]]
        if folds and here in " \t\n\r" and char in " \n" and style not in (">",):
            at = _folded(text, stream, at, char, result)
            if at < 0:
                return None
            continue
        if style == '"' and here == "\\":
            return None
        if style == "'" and here == "'":
            if char != "'":
                return None
            result.append(stream[at])
            at += 2
            continue
        if style == ">" and here == "\n" and char != "\n":
            if char == " " and (at + 1 >= len(stream) or text[stream[at + 1]] != " "):
                result.append(stream[at])
                at += 1
                continue
            while at < len(stream) and text[stream[at]] in "\r\n":
                at += 1
            here = text[stream[at]] if at < len(stream) else ""
        if here != char:
            return None
        result.append(stream[at])
        at += 1
    return result


def _folded(text: str, stream: list[int], at: int, char: str, result: list[int]) -> int:
    """White space in a flow scalar: as written, or a line break with its indentation as one space or newline."""
    end = at
    if at and text[stream[at - 1]] in " \t":  # inside a run that holds no line break
        if text[stream[at]] != char:
            return -1
        result.append(stream[at])
        return at + 1
    while end < len(stream) and text[stream[end]] in " \t\r\n":
        end += 1
    run = "".join(text[stream[index]] for index in range(at, end))
    if "\n" not in run:
        if text[stream[at]] != char:
            return -1
        result.append(stream[at])
        return at + 1
    breaks = run.count("\n")
    if char == " " and breaks == 1:
        result.append(stream[at])
        return end
    if char == "\n" and breaks == 2:
        result.append(stream[at])
        return end
    return -1
