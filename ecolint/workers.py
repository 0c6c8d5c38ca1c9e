"""The workers' room: processes that look at files side by side, and what hands the files out and gathers the results.

A worker that dies takes only the file with it that it died of. Workers end with whoever started them, however that
ends: they are told to, they find nobody at the other end, or they see that they have been left.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from ecolint.ending import Stopped, expected
from ecolint.looking import Looking, Seen, Task

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from ecolint.cache import Note

SMALLEST = 8
"""Tasks that are handed out together at the end; at the beginning more are, so that neighbours meet one worker."""
PATIENCE = 5.0
"""Seconds that a worker is given to end, before it is killed."""


class Result(NamedTuple):
    """What came of one task: what was seen, and the texts of the files that it tells places of. `died` where the worker
    did; `again` where what was seen cannot be handed over, so that whoever asked has to look himself."""

    number: int
    seen: Seen | None = None
    texts: dict[str, str] = {}  # noqa: RUF012 - never changed
    died: bool = False
    again: bool = False


def available() -> int:
    """How many processes can run at once."""
    if sys.version_info >= (3, 13):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


class _Worker:
    """One worker as its owner sees it: what it is busy with."""

    def __init__(self, process: BaseProcess, line: Connection) -> None:
        self.process, self.line = process, line
        self.busy: range | None = None


class Workers:
    """A number of workers that look at tasks. Leaving the block ends them, at once where it is left by an error."""

    def __init__(self, looking: Looking, tasks: Sequence[Task], jobs: int) -> None:
        self._looking, self._tasks, self._jobs = looking, tasks, jobs
        self._workers: list[_Worker] = []
        self._left: list[range] = [range(len(tasks))] if tasks else []
        self.notes: list[Note] = []
        """What the workers noted for the index of the cache."""

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *error: object) -> None:
        for worker in self._workers:
            worker.line.close()
            if error[0] is not None:
                worker.process.terminate()
        for worker in self._workers:
            worker.process.join(PATIENCE)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()

    def results(self, step: Callable[[int], None]) -> Iterator[Result]:
        """What came of the tasks, as it comes; `step` is told how many are done."""
        from multiprocessing.connection import wait

        for _ in range(min(self._jobs, len(self._tasks))):
            self._start()
        while any(worker.busy is not None for worker in self._workers):
            for line in wait([worker.line for worker in self._workers if worker.busy is not None]):
                worker = next(one for one in self._workers if one.line is line)
                try:
                    message = worker.line.recv()
                except (EOFError, OSError):
                    yield from self._lost(worker)
                    continue
                if isinstance(message, Stopped):
                    raise message
                if isinstance(message, Result):
                    yield message
                    continue
                self.notes += message
                step(len(worker.busy or ()))
                self._hand_out(worker)

    def _start(self) -> None:
        import multiprocessing
        import threading

        # A copy of this process has all that it knows; it must not be made of one that has threads.
        forks = sys.platform == "linux" and threading.active_count() == 1
        context: Any = multiprocessing.get_context("fork" if forks else "spawn")
        ours, theirs = context.Pipe()
        closed = [worker.line for worker in self._workers] + [ours] if forks else []
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):
                stream.flush()
        process = context.Process(
            target=_work, args=(self._looking, self._tasks, theirs, closed, os.getpid()), daemon=True
        )
        process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        self._hand_out(worker)

    def _hand_out(self, worker: _Worker) -> None:
        """Give a worker the next tasks: a share of what is left, so that all of them end together."""
        worker.busy = None
        if self._left:
            rest = self._left.pop()
            size = max(SMALLEST, len(rest) // (2 * self._jobs))
            worker.busy, rest = rest[:size], rest[size:]
            if rest:
                self._left.append(rest)
            with suppress(OSError):  # one that has died is noticed when it is listened to
                worker.line.send((worker.busy.start, worker.busy.stop))

    def _lost(self, worker: _Worker) -> Iterator[Result]:
        """A worker died: what it was busy with is halved until the one task is alone that it died of."""
        busy = worker.busy or range(0)
        worker.line.close()
        worker.process.join(PATIENCE)
        self._workers.remove(worker)
        if len(busy) == 1:
            yield Result(busy.start, died=True)
        elif busy:
            middle = len(busy) // 2
            self._left += [busy[middle:], busy[:middle]]
        if self._left:
            self._start()


def _work(looking: Looking, tasks: Sequence[Task], line: Connection, closed: Sequence[Connection], owner: int) -> None:
    """What a worker does: look at the tasks that it is handed, until there is nobody to hand it any."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it was interrupted too, and ends it
    signal.signal(signal.SIGTERM, _end)
    for other in closed:
        other.close()
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            for number in range(*line.recv()):
                if os.name == "posix" and os.getppid() != owner:
                    return
                try:
                    seen = looking.look(tasks[number])
                except expected() as error:
                    line.send(Stopped(str(error)))
                    return
                if seen is not None:
                    _hand_over(line, _handed(looking, number, seen))
            line.send(looking.cache.notes())


def _end(*_: object) -> None:
    """End in good order: what is half written is taken away."""
    sys.exit(1)


def _hand_over(line: Connection, result: Result) -> None:
    """Send a result, or that it cannot be sent: a pickle has its bound on nesting."""
    try:
        line.send(result)
    except RecursionError:
        line.send(Result(result.number, again=True))


def _handed(looking: Looking, number: int, seen: Seen) -> Result:
    """What is handed over of a task: with the texts of all files that it tells places of."""
    if seen.judged is None:
        return Result(number, seen)
    from ecolint.cache.packing import packed

    done = packed(seen.judged.outcome)
    return Result(number, again=True) if done is None else Result(number, seen, looking.texts(sorted(done[1])))
