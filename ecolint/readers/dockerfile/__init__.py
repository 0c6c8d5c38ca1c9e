"""Reads and rewrites Dockerfiles: what the container of each stage runs, with which variables, and what it installs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ecolint.model import Change, Comment, Edit, Invocation, Pin, Problem, Reading, Source, Span, Table, Value, Wanted
from ecolint.speech import say

if TYPE_CHECKING:
    from ecolint.readers import Lookup
    from ecolint.readers.dockerfile.copying import Script
    from ecolint.readers.dockerfile.stages import Stage

NAMES = (
    *("dockerfile", "dockerfile.*", "*.dockerfile", "dockerfile-*", "dockerfile_*", "*.dockerfile.*"),
    *("containerfile", "containerfile.*", "*.containerfile"),
)


def read(source: Source, wanted: Wanted, project: Lookup) -> Reading:
    """The container of every stage that is built for its own sake; nothing where the file holds none of the triggers.

    An instruction that cannot be read costs only itself. What a template of another language decides is one Problem.
    """
    if not any(trigger in source.text for trigger in wanted.triggers):
        return Reading()
    from ecolint.readers.dockerfile.instructions import parsed
    from ecolint.readers.dockerfile.running import running
    from ecolint.readers.dockerfile.stages import beneath, stages, targets

    if "{%" in source.text:
        at = source.text.count("\n", 0, source.text.index("{%")) + 1
        return Reading(problems=(Problem(source.path, at, say("its instructions are written by a template"), True),))
    file = parsed(source.text)
    found: list[Invocation] = []
    comments = list(file.comments)
    for stage in targets(stages(source.path, file)):
        ran = running(source.path, stage, _finder(source, stage, project))
        comments += ran.comments
        libraries = tuple(pin for one in beneath(stage) for pin in (*one.pins, *_listed(source, one, project)))
        name = f"stage {stage.name}"
        for line in ran.lines:
            made = Invocation("dockerfile", stage.place, name, words=line.words, env=line.env, image=stage.image)
            found.append(replace(made, branches=line.branches, installs=libraries, joined=line.joined))
    problems = [
        Problem(source.path, source.text.count("\n", 0, at), say("a here-document has no end"), whole_file=False)
        for at in file.unclosed[:1]
    ]
    return Reading(tuple(found), _comments(source.text, comments), tuple(problems))


def _finder(source: Source, stage: Stage, project: Lookup) -> Callable[[str], Script | None]:
    """How the scripts of a stage's image are found."""
    from ecolint.readers.dockerfile.copying import found_script

    return lambda name: found_script(name, stage.workdir, stage.copies, source, project.source)


def _listed(source: Source, stage: Stage, project: Lookup) -> Iterator[Pin]:
    """What the files of requirements say that a stage installs, as far as they are copied from the project."""
    from ecolint.readers import requirements
    from ecolint.readers.dockerfile.copying import found_script

    for name, folder in stage.lists:
        found = found_script(name, folder, stage.copies, source, project.source)
        if found is not None:
            yield from requirements.pins(Source(found.path, found.text))


def _comments(text: str, places: Sequence[tuple[int, int]]) -> tuple[Comment, ...]:
    """The comments of a file; its head are the comment lines before anything else."""
    found: list[Comment] = []
    head, heading = 0, True
    for start, end in sorted(set(places)):
        line = text.rfind("\n", 0, start) + 1
        alone = not text[line:start].strip()
        heading = heading and alone and not text[head:start].strip()
        head = end
        found.append(Comment(text[start + 1 : end].strip(), Span(start, end), alone, heading))
    return tuple(found)


def rewrite(source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """The edits that make all `changes` in one table. Raises CannotEdit where there is no right edit."""
    from ecolint.readers.dockerfile.write import edits

    return edits(source, table, changes)


def pins(source: Source) -> tuple[Pin, ...]:
    """What the RUN instructions of every stage install, in order."""
    if "install" not in source.text:
        return ()
    from ecolint.readers.dockerfile.instructions import parsed
    from ecolint.readers.dockerfile.stages import stages

    found = [pin for stage in stages(source.path, parsed(source.text)) for pin in stage.pins]
    return tuple(sorted(found, key=lambda pin: pin.place.span))


def constants(source: Source) -> Mapping[str, Value]:
    """Dockerfiles export no constants."""
    return {}
