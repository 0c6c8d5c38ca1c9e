"""Scripts and manifests inside a Terraform file, read where they stand by the readers of their own syntax."""

from __future__ import annotations

import re

from ecolint.model import HOLE, Source
from ecolint.readers.terraform.tree import File, Node

_SOLID = re.compile(r"[^\r\n]")
_FILLED = re.compile(r"\$\{[^{}\n]*\}|%\{[^{}\n]*\}")
_DOCUMENT = re.compile(r"\s*(?:(?:#[^\n]*\n|---[ \t]*\n)\s*)*(?:[\w.\-\"'/]+:(?:\s|\Z)|- |[\[{]\s*[\[{\"\n])")


def is_script(source: Source, node: Node) -> bool:
    """Whether a here-document is a script for a shell."""
    first = source.text[node.inner : node.outer].lstrip().split("\n", 1)[0]
    return first.startswith("#!") and re.search(r"\b(?:ba|da|z|k|a)?sh\b", first) is not None


def is_document(source: Source, node: Node) -> bool:
    """Whether a here-document is YAML, or JSON, which is one style of it: a manifest, the values of a chart."""
    return _DOCUMENT.match(source.text, node.inner, node.outer) is not None


def names_of(source: Source, file: File) -> dict[Node, str]:
    """The names that here-documents get as files: keys of a ConfigMap's data, the `filename` beside a `content`.

    One that Terraform leaves lines out of is not named: nobody can tell which stand in the file.
    """
    names: dict[Node, str] = {}
    for node in file.nodes():
        for pair in node.pairs:
            if pair.value.kind != "script" or "%{" in source.text[pair.value.inner : pair.value.outer]:
                continue
            names[pair.value] = pair.name
            target = node.get("filename") if pair.name == "content" else None
            if target is not None:
                path = target.data if isinstance(target.data, str) else target.parts
                name = path.rpartition("/")[2]
                names[pair.value] = "" if HOLE in name else name
    return names


def masked(source: Source, start: int, end: int, shell: bool = True) -> Source:
    """The file with nothing but a range in it; what Terraform puts there is what nobody can see, as long as before."""
    text = source.text
    inside = text[start:end]
    if shell:
        inside = _FILLED.sub(_hidden, inside)
    blank = _SOLID.sub
    return Source(source.path, blank(" ", text[:start]) + inside + blank(" ", text[end:]), source.bom)


def _hidden(match: re.Match[str]) -> str:
    """A variable that nobody sets in the place of what Terraform fills in: of the same length, and unknown.

    Where it stands alone it is taken for one word, as it is meant: in quotes.
    """
    length = len(match.group())
    if match.group().startswith("%"):
        return " " * length
    before, behind = match.string[match.start() - 1 : match.start()], match.string[match.end() : match.end() + 1]
    if length >= 6 and before in (" ", "\t", "=") and not behind.strip():
        return '"${' + "_" * (length - 5) + '}"'
    return "${" + "_" * (length - 3) + "}"
