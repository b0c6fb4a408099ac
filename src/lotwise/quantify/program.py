"""Finding, querying and running external programs; their failures become one-line errors."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from lotwise.errors import EnvironmentFault, InputError
from lotwise.files.atomic import make_directory

_ALMOST_NOTHING: Final = 1 << 20
_POLL_SECONDS: Final = 1.0
PATIENCE_SECONDS: Final = 10.0
"""A program is stopped if the disk to which it writes is full for this many seconds."""

_NO_SPACE: Final = re.compile(r"no space left|disk quota exceeded|disk is full", re.IGNORECASE)
_LONGEST_CITATION: Final = 200
# Lines in which the programs report what went wrong.
_COMPLAINT: Final = re.compile(
    r"error|exception|not found|fail|fatal|cannot|could not|terminate|no valid", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One finished call of an external program, for the provenance."""

    program: str
    version: str
    command: tuple[str, ...]
    exit_status: int
    log: str


def find_program(name: str, *, configured: Path | None, install: str) -> Path:
    """Find a program at the configured path or in PATH.

    Raises
    ------
    InputError
        The configured path is not a program.
    EnvironmentFault
        The program was not found; the message says how to install it.
    """
    if configured is not None:
        if not (configured.is_file() and os.access(configured, os.X_OK)):
            raise InputError(
                f"is not an executable file; give the path of the program {name}", path=configured
            )
        return configured.absolute()  # a bare name would be searched in PATH
    found = shutil.which(name)
    if found is None:
        raise EnvironmentFault(f"there is no program {name} in PATH", remedy=install)
    return Path(found)


def ask_version(command: Sequence[str | Path], pattern: str) -> str:
    """Run ``command`` and return the version in its output.

    Raises
    ------
    EnvironmentFault
        The program does not run, or does not print a version.
    """
    try:
        said = subprocess.run(  # noqa: S603, the program is the user's own choice
            [str(part) for part in command],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentFault(f"cannot be run ({error})", path=str(command[0])) from error
    found = re.search(pattern, said.stdout + said.stderr)
    if found is None:
        raise EnvironmentFault(
            f"was run with {shlex.join(map(str, command[1:]))!r} and printed no version",
            path=str(command[0]),
            remedy="check that this is the right program and that it is installed completely",
        )
    return found.group(1)


def run_program(command: Sequence[str | Path], *, version: str, log: Path, workspace: Path) -> Call:
    """Run ``command``, writing all its output to ``log``.

    Parameters
    ----------
    log
        Appended to, after a line with the command.
    workspace
        Output directory of the program; checked if the disk may be full.

    Raises
    ------
    EnvironmentFault
        The program was killed, does not start, or the disk is full.
    InputError
        The program ended with an exit status other than 0.
    """
    spelled = tuple(str(part) for part in command)
    name = Path(spelled[0]).name
    make_directory(log.parent)
    with log.open("a", encoding="utf-8", errors="replace") as record:
        record.write(f"$ {shlex.join(spelled)}\n")
        record.flush()
        start = record.tell()
        status = _run_watched(spelled, record, workspace)
    printed = _read_from(log, start)
    if status != 0:
        require_disk(workspace, log=log, printed=printed, name=name)
        _raise_failure(name, status, printed, log)
    return Call(program=name, version=version, command=spelled, exit_status=status, log=str(log))


def _run_watched(command: tuple[str, ...], record: TextIO, workspace: Path) -> int:
    """Run ``command`` until it ends, or until the disk has been full for a while.

    If salmon 1.10 cannot write, it does not end but waits for ever.
    """
    try:
        process = subprocess.Popen(  # noqa: S603, the program is the user's own choice
            command,
            stdin=subprocess.DEVNULL,
            stdout=record,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that its children end with it
        )
    except OSError as error:
        raise EnvironmentFault(f"cannot be started ({error})", path=command[0]) from error
    try:
        with _ended_with_us(process):
            return _wait(process, command, record, workspace)
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def _ended_with_us(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End a program and its children if lotwise is killed and cannot do it (SIGKILL).

    The signal that Linux can send when a parent dies would reach the program, but not its
    children, such as RSEM's aligner. A shell therefore waits for a line from lotwise through a
    pipe; if lotwise has ended, it reads the end of the file instead.
    """
    with subprocess.Popen(  # noqa: S603, the words are fixed and the number is ours
        ["/bin/sh", "-c", 'read done || kill -KILL "-$1"', "sh", str(process.pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as watcher:
        try:
            yield
        finally:
            if watcher.stdin is not None:
                with suppress(OSError):
                    watcher.stdin.write(b"done\n")


def _wait(
    process: subprocess.Popen[bytes], command: tuple[str, ...], record: TextIO, workspace: Path
) -> int:
    n_full = 0
    while True:
        try:
            return process.wait(_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            n_full = n_full + 1 if _is_full(workspace) else 0
        if n_full * _POLL_SECONDS >= PATIENCE_SECONDS:
            raise EnvironmentFault(
                f"{Path(command[0]).name} could not write: the disk is full",
                path=workspace,
                remedy=f"free disk space and run again; see the log {record.name}",
            )


def _is_full(workspace: Path) -> bool:
    return shutil.disk_usage(workspace).free < _ALMOST_NOTHING


def require_disk(workspace: Path, *, log: Path, printed: str = "", name: str) -> None:
    """Raise :class:`EnvironmentFault` if a failure was caused by a full disk."""
    if _is_full(workspace) or _NO_SPACE.search(printed):
        raise EnvironmentFault(
            f"{name} could not write: the disk is full",
            path=workspace,
            remedy=f"free disk space and run again; see the log {log}",
        )


def _raise_failure(name: str, status: int, printed: str, log: Path) -> None:
    if status < 0:
        number = -status
        known = {item.value: item.name for item in signal.Signals}
        raise EnvironmentFault(
            f"{name} was killed by {known.get(number, f'signal {number}')}",
            remedy=f"check whether the limit of memory or time was reached; see the log {log}",
        )
    raise InputError(
        f"{name} ended with exit status {status}: {_cite(printed)!r}",
        remedy=f"see the log {log}",
    )


def _read_from(log: Path, start: int) -> str:
    with log.open("rb") as record:
        record.seek(start)
        return record.read().decode("utf-8", errors="replace")


def _cite(printed: str) -> str:
    """Return the most informative line: the first that reports an error, else the last."""
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    complaints = [line for line in lines if _COMPLAINT.search(line)]
    chosen = (complaints or lines[-1:] or ["nothing"])[0]
    return chosen[:_LONGEST_CITATION]
