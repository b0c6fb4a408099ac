"""Work that goes on in other processes while this one does something else.

Each process is a new Python that is sent functions and their arguments through a pipe. It never
imports the script or notebook of the caller again, as `multiprocessing` does, so an unguarded
script needs nothing special. What a call writes must not depend on where it runs.
"""

from __future__ import annotations

import logging
import os
import pickle
import signal
import subprocess
import sys
import traceback
import warnings
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from types import FrameType, TracebackType
from typing import Any, Final, NoReturn, Self, cast

from lotwise.errors import EnvironmentFault, LotwiseError
from lotwise.files.process import end_with, name_process
from lotwise.files.written import add_written, note_written
from lotwise.workers import n_threads

# The paths come first: lotwise itself may lie on one that only the caller knows.
_PROGRAM: Final = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from lotwise.run.processes import serve; serve()"
)
# A process that is told to end removes what it has not finished.
_PATIENCE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a call in another process came to."""

    error: Exception | None
    warned: list[warnings.WarningMessage] = field(default_factory=list)
    written: dict[Path, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Task:
    function: Callable[..., object]
    arguments: tuple[object, ...]
    answer: Future[_Answer | None]


class Beside:
    """Runs functions in processes beside this one; on leaving the context all have ended.

    Together with this process they are at most :func:`~lotwise.workers.n_threads`; with one
    thread everything runs here. This process takes over what no other has begun when it has
    nothing else to do. The first error in the order of the calls is raised, and warnings are
    given, on leaving.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> with Beside() as beside:
    ...     beside.run(Path.touch, folder / "made")
    >>> (folder / "made").exists()
    True
    """

    def __init__(self) -> None:
        # Without a Python to start (an embedded one) everything runs here.
        self._n = n_threads() - 1 if sys.executable else 0
        self._pool = ThreadPoolExecutor(max(self._n, 1))
        self._children: list[subprocess.Popen[bytes]] = []
        self._idle: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        self._tasks: list[_Task] = []

    def run(self, function: Callable[..., object], *arguments: object) -> None:
        """Run a function of a module, here or beside; its result is dropped."""
        if self._n == 0:
            function(*arguments)
            return
        if len(self._children) < self._n:
            self._idle.put(self._start())
        answer = self._pool.submit(self._send, function, arguments)
        self._tasks.append(_Task(function, arguments, answer))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._finish()
        except BaseException:
            self._end(at_once=True)
            raise
        self._end(at_once=error is not None)

    def _finish(self) -> None:
        for task in reversed(self._tasks):
            if task.answer.cancel():
                task.function(*task.arguments)
        for task in self._tasks:
            if task.answer.cancelled():
                continue
            answer = task.answer.result()
            if answer is None:
                task.function(*task.arguments)
                continue
            add_written(answer.written)
            for one in answer.warned:
                warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
            if answer.error is not None:
                raise answer.error

    def _end(self, *, at_once: bool) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        for child in self._children:
            if at_once:
                child.terminate()
            else:
                cast("Any", child.stdin).close()
        for child in self._children:
            try:
                child.wait(_PATIENCE_SECONDS if at_once else None)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._pool.shutdown()
        for child in self._children:
            for pipe in (child.stdin, child.stdout):
                with suppress(OSError):
                    cast("Any", pipe).close()

    def _send(
        self, function: Callable[..., object], arguments: tuple[object, ...]
    ) -> _Answer | None:
        """Have an idle process run a call; None where the call cannot be sent."""
        try:
            call = pickle.dumps((function, arguments), protocol=pickle.HIGHEST_PROTOCOL)
        except Exception:  # noqa: BLE001, anything may be raised by what cannot be packed
            return None
        child: Any = self._idle.get()
        try:
            child.stdin.write(call)
            child.stdin.flush()
            answer: _Answer = pickle.load(child.stdout)  # noqa: S301, of a process of our own
        except (OSError, EOFError) as error:
            raise EnvironmentFault(
                f"a process of this run ended unexpectedly (exit status {child.wait()})",
                remedy="check whether there is enough memory, or run with '--threads 1'",
            ) from error
        finally:
            self._idle.put(child)
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(  # noqa: S603, this Python
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        self._children.append(child)
        stdin = cast("Any", child.stdin)
        pickle.dump(sys.path, stdin)
        level = logging.getLogger().getEffectiveLevel()
        pickle.dump((name_process(os.getpid()), level), stdin)
        return child


def serve() -> None:
    """Run the calls that come through the standard input, until it ends."""
    told: list[int] = []

    def leave(number: int, _frame: FrameType | None) -> NoReturn:
        told.append(number)
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, leave)
    # An interruption of the terminal comes to all processes; the first one ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    # Nothing that is printed may come between the answers.
    os.dup2(2, 1)
    parent, level = pickle.load(sys.stdin.buffer)  # noqa: S301
    logging.basicConfig(level=level, format="%(message)s", stream=sys.stderr)
    end_with(parent)
    # Python drops what is raised while it clears away an object: then the call was finished.
    while not told:
        try:
            function, arguments = pickle.load(sys.stdin.buffer)  # noqa: S301
        except EOFError:
            return
        answers.write(_packed(_answer(function, arguments)))
        answers.flush()


def _packed(answer: _Answer) -> bytes:
    """Return an answer as bytes; an error that cannot be sent goes as its words."""
    try:
        packed = pickle.dumps(answer)
        pickle.loads(packed)  # noqa: S301, our own bytes: some errors are packed and not unpacked
    except Exception:  # noqa: BLE001, anything may be raised by what cannot be packed
        return pickle.dumps(_Answer(RuntimeError(repr(answer.error))))
    return packed


def _answer(function: Callable[..., object], arguments: tuple[object, ...]) -> _Answer:
    error = None
    with note_written() as written, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            function(*arguments)
        except Exception as raised:  # noqa: BLE001, it is raised again by the caller
            error = raised
            if not isinstance(raised, LotwiseError):
                error.add_note(traceback.format_exc())
    for one in warned:
        one.source = None
    return _Answer(error, warned, written)
