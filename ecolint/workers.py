"""The workers' room: processes that look at files side by side, and what hands the files out and gathers the results.

A worker that dies takes only the file with it that it died of. Workers end with whoever started them, however that
ends: they are told to, they find nobody at the other end, or they see that they have been left.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from ecolint.ending import expected
from ecolint.looking import Looking, Seen, Task

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from ecolint.cache import Note

SMALLEST = 8
"""Tasks that are handed out together at the end; at the beginning more are, so that neighbours meet one worker."""
PATIENCE = 5.0
"""Seconds that a worker is given to end, before it is killed."""
WATCH = 0.5
"""Seconds after which a worker that is busy looks whether it has been left."""


class Result(NamedTuple):
    """What came of one task: what was seen, the texts of the files that it tells places of, and what it complained of.

    `died` where the worker did; `again` where what was seen cannot be handed over, or nobody could be found to look, so
    that whoever asked has to look himself; `stopped` says what the user has to mend first.
    """

    number: int
    seen: Seen | None = None
    texts: dict[str, str] = {}  # noqa: RUF012 - never changed
    complaints: str = ""
    died: bool = False
    again: bool = False
    stopped: str | None = None


def forks() -> bool:
    """Whether a worker is made as a copy of this process, which has all that it knows; not of one with threads."""
    import threading

    return sys.platform == "linux" and threading.active_count() == 1


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
            if not self._start():
                break
        while any(worker.busy is not None for worker in self._workers):
            for line in wait([worker.line for worker in self._workers if worker.busy is not None]):
                worker = next(one for one in self._workers if one.line is line)
                try:
                    message = worker.line.recv()
                except (EOFError, OSError):
                    yield from self._lost(worker)
                    continue
                if isinstance(message, Result):
                    if message.stopped is not None:
                        self._stop(message.number)
                    yield message
                    continue
                self.notes += message
                step(len(worker.busy or ()))
                self._hand_out(worker)
        for rest in self._left:  # no worker could be started
            yield from (Result(number, again=True) for number in rest)

    def _start(self) -> bool:
        """Whether one more worker could be started; a machine may have no process left, or no memory for it."""
        import multiprocessing

        copied = forks()
        context: Any = multiprocessing.get_context("fork" if copied else "spawn")
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):
                stream.flush()
        ours, theirs = context.Pipe()
        closed = [worker.line for worker in self._workers] + [ours] if copied else []
        process = context.Process(
            target=_work, args=(self._looking, self._tasks, theirs, closed, os.getpid()), daemon=True
        )
        worker = _Worker(process, ours)
        try:
            with _uninterrupted(copied):
                process.start()
                self._workers.append(worker)
        except OSError:
            ours.close()
            return False
        finally:
            theirs.close()
        self._hand_out(worker)
        return True

    def _stop(self, number: int) -> None:
        """Have nothing looked at behind a task: the run ends with it, or with one before."""
        self._left = [range(rest.start, min(rest.stop, number)) for rest in self._left if rest.start < number]

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


@contextmanager
def _uninterrupted(copied: bool) -> Iterator[None]:
    """Keep whatever ends a run waiting: a process that is just being made would not know what to do with it."""
    if os.name != "posix":
        yield
        return
    if not copied:
        from multiprocessing.resource_tracker import ensure_running

        ensure_running()  # where it has to be started, that lets the signals through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_ENDING = {getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)}


# --- in a worker ------------------------------------------------------------------------------------------------------


def _work(looking: Looking, tasks: Sequence[Task], line: Connection, closed: Sequence[Connection], owner: int) -> None:
    """What a worker does: look at the tasks that it is handed, until there is nobody to hand it any."""
    _prepare(owner)
    for other in closed:
        other.close()
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            for number in range(*line.recv()):
                if _left(owner):
                    return
                result = _looked(looking, number, tasks[number])
                if result is not None:
                    _hand_over(line, result)
                    if result.stopped is not None:
                        break
            line.send(looking.cache.notes())


def _prepare(owner: int) -> None:
    """Know what to do when the run ends early."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this was interrupted too, and ends it
    signal.signal(signal.SIGTERM, _end)
    if os.name == "posix":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
        signal.signal(signal.SIGALRM, lambda *_: _end() if _left(owner) else None)
        signal.setitimer(signal.ITIMER_REAL, WATCH, WATCH)


def _left(owner: int) -> bool:
    """Whether whoever started this is no more."""
    if os.name == "posix":
        return os.getppid() != owner
    from multiprocessing import parent_process

    parent = parent_process()
    return parent is not None and not parent.is_alive()


def _end(*_: object) -> None:
    """End in good order: what is half written is taken away."""
    sys.exit(1)


def _looked(looking: Looking, number: int, task: Task) -> Result | None:
    """What came of looking at a task; None where nothing did."""
    with redirect_stderr(io.StringIO()) as said:
        try:
            seen = looking.look(task)
        except expected() as error:
            return Result(number, stopped=str(error))
        return None if seen is None else _handed(looking, number, seen, said.getvalue())


def _handed(looking: Looking, number: int, seen: Seen, complaints: str) -> Result:
    """What is handed over of a task: with the texts of all files that it tells places of."""
    if seen.judged is None:
        return Result(number, seen, complaints=complaints)
    from ecolint.cache.packing import packed

    done = packed(seen.judged.outcome)
    if done is None:
        return Result(number, again=True)
    others = sorted(done[1] - {seen.judged.path})  # its own text is handed over with what was judged
    return Result(number, seen, looking.texts(others), complaints)


def _hand_over(line: Connection, result: Result) -> None:
    """Send a result, or that it cannot be sent: a pickle has its bound on nesting."""
    from multiprocessing.reduction import ForkingPickler

    try:
        data = ForkingPickler.dumps(result)
    except RecursionError:
        data = ForkingPickler.dumps(Result(result.number, again=True))
    line.send_bytes(data)
