"""Files that are written completely or not at all: under a temporary name, then renamed."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lotwise.errors import EnvironmentFault, InputError, LotwiseError
from lotwise.files.machine import machine_fault
from lotwise.files.process import machine
from lotwise.files.written import add_content

if TYPE_CHECKING:
    from filelock import FileLock

# Temporary names contain the machine, the process, a random number and the final name.
_TEMPORARY: Final = re.compile(r"\.tmp-([0-9a-f]{8})-(\d+)-[0-9a-f]{8}-(.+)", re.DOTALL)
_FORGOTTEN_SECONDS: Final = 86_400.0
# File systems allow 255 bytes; 40 of them identify the writer.
_LONGEST_ENDING: Final = 210
_KEPT_OF_ENDING: Final = 60
_SOON_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 600.0
"""Seconds to wait for a lock that other processes hold only briefly."""

_logger = logging.getLogger(__name__)


@contextmanager
def atomic_path(target: Path | str) -> Iterator[Path]:
    r"""Yield a temporary path in the folder of ``target`` that is renamed to it on success.

    The suffixes of ``target`` are kept, because some writers depend on them. On any exception,
    including an interruption, the temporary file is removed and an existing ``target`` is not
    changed. Temporary files of a killed process are removed when the same ``target`` is written
    next: at once if it ran on this machine, else after one day.

    Raises
    ------
    InputError
        The directory is not writable.
    EnvironmentFault
        The disk is full, or a limit of the process is reached.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> with atomic_path(folder / "r.tsv") as temporary:
    ...     _ = temporary.write_text("r\n0.99\n")
    >>> sorted(path.name for path in folder.iterdir())
    ['r.tsv']
    """
    target = Path(target)
    make_directory(target.parent)
    _sweep(target)
    temporary = _temporary_beside(target)
    try:
        with _blaming(target):
            # Created now, so that an unwritable directory is found before the work.
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        with _machine_blamed_for(target):
            yield temporary
        with _blaming(target):
            add_content(target, temporary)
            temporary.replace(target)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_directory(target: Path | str) -> Iterator[Path]:
    """Yield a temporary directory beside ``target`` that replaces ``target`` on success.

    Raises the same errors as :func:`atomic_path`.
    """
    target = Path(target)
    with scratch_directory(target) as temporary:
        yield temporary
        with _blaming(target):
            _exchange(temporary, target)


@contextmanager
def scratch_directory(beside: Path | str) -> Iterator[Path]:
    """Yield an empty directory next to the path ``beside``; it is removed at the end.

    What a killed process left there is removed when the same path is written next. Raises the same
    errors as :func:`atomic_path`.
    """
    beside = Path(beside)
    make_directory(beside.parent)
    _sweep(beside)
    scratch = _temporary_beside(beside)
    with _blaming(beside):
        scratch.mkdir()
    try:
        with _machine_blamed_for(beside):
            yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _exchange(temporary: Path, target: Path) -> None:
    """Replace a directory; the old one is removed only after the new one is in place.

    Unlike a file, a directory that is not empty cannot be replaced in one step.
    """
    older = _temporary_beside(target)
    try:
        if target.is_dir() and not target.is_symlink():
            target.rename(older)
        temporary.replace(target)
    finally:
        if older.is_dir() and not target.exists():
            older.rename(target)
        shutil.rmtree(older, ignore_errors=True)


@contextmanager
def exclusive(lock: Path, *, patience: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Lock a file against other processes; wait while another process holds the lock.

    Parameters
    ----------
    lock
        The lock file. The operating system holds the lock, so that a killed process frees it.
    patience
        Seconds to wait.

    Raises
    ------
    InputError
        The directory is not writable.
    EnvironmentFault
        Another process held the lock for longer than ``patience``.
    """
    from filelock import FileLock

    make_directory(lock.parent)
    held = FileLock(lock)
    with _blaming(lock):
        is_held = _acquired(held, min(_SOON_SECONDS, patience))
        if not is_held:
            _logger.warning("%s: waiting for another process that holds this lock", lock)
            is_held = _acquired(held, patience)
    if not is_held:
        raise EnvironmentFault(
            f"another process has been using this lock file for {patience:,.0f} s",
            path=lock,
            remedy="wait for that process or end it, and run again",
        )
    try:
        yield
    finally:
        held.release()


def _acquired(lock: FileLock, seconds: float) -> bool:
    from filelock import Timeout

    try:
        lock.acquire(timeout=seconds)
    except Timeout:
        return False
    return True


def make_directory(directory: Path) -> None:
    """Create ``directory`` and its parents; an error says why it is not possible."""
    with _blaming(directory):
        directory.mkdir(parents=True, exist_ok=True)


def _temporary_beside(target: Path) -> Path:
    writer = f"{machine()}-{os.getpid()}-{secrets.token_hex(4)}"
    return target.with_name(f".tmp-{writer}-{_ending(target.name)}")


def _ending(name: str) -> str:
    """Return the last part of a temporary name: the final name, shortened if it is long.

    File systems allow 255 bytes. The end of a long name is kept, because writers use the suffix.
    """
    if len(os.fsencode(name)) <= _LONGEST_ENDING:
        return name
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
    return f"{digest}-{os.fsdecode(os.fsencode(name)[-_KEPT_OF_ENDING:])}"


def _sweep(target: Path) -> None:
    """Remove temporary files of ``target`` left by killed processes, not by running ones."""
    with suppress(OSError):
        for left in target.parent.glob(".tmp-*"):
            told = _TEMPORARY.fullmatch(left.name)
            if (
                told is not None
                and told[3] == _ending(target.name)
                and _is_left(left, told[1], int(told[2]))
            ):
                if left.is_dir():
                    shutil.rmtree(left)
                else:
                    left.unlink()


def _is_left(temporary: Path, place: str, process: int) -> bool:
    if place != machine():
        # A folder is as old as what was written last in it.
        written = max(path.stat().st_mtime for path in (temporary, *temporary.rglob("*")))
        return time.time() - written > _FORGOTTEN_SECONDS
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


@contextmanager
def _machine_blamed_for(target: Path) -> Iterator[None]:
    """Convert errors of the machine (disk, memory, limits) to a fault that names the file."""
    try:
        yield
    except LotwiseError:
        raise
    except Exception as error:
        if fault := machine_fault(error):
            raise environment_fault(fault, target) from error
        raise


@contextmanager
def _blaming(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if fault := machine_fault(error):
            raise environment_fault(fault, target) from error
        raise InputError(
            f"cannot be written ({error.strerror or error})",
            path=target,
            remedy="choose a folder in which you can write",
        ) from error


def environment_fault(words: str, target: Path) -> EnvironmentFault:
    """Return the error for a file, from a message of :func:`.machine_fault`."""
    problem, _, remedy = words.partition("; ")
    return EnvironmentFault(problem, path=target, remedy=remedy)
