"""Files that appear whole or not at all: a temporary name, then a rename."""

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

if TYPE_CHECKING:
    from filelock import FileLock

# Temporary names tell machine, process and a random number, then the name to be.
_TEMPORARY: Final = re.compile(r"\.tmp-([0-9a-f]{8})-(\d+)-[0-9a-f]{8}-(.+)", re.DOTALL)
_FORGOTTEN_SECONDS: Final = 86_400.0
# Of 255 bytes that a file system takes; 40 tell the writer.
_LONGEST_ENDING: Final = 210
_KEPT_OF_ENDING: Final = 60
_SOON_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 600.0
"""How long a lock is waited for where the work under it is short."""

_logger = logging.getLogger(__name__)


@contextmanager
def atomic_path(target: Path | str) -> Iterator[Path]:
    r"""Give a temporary path beside ``target`` that becomes ``target`` on success.

    The suffixes of ``target`` are kept, so that writers that look at them work.
    On any exception, an interruption included, the temporary file is removed and
    an older ``target`` stays as it was. What a killed process left is removed when the same
    ``target`` is written next: at once where it ran on this machine, else after a day.

    Raises
    ------
    InputError
        The directory cannot be written.
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
            # Made at once, so that an unwritable place is found before the work.
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        with _machine_blamed_for(target):
            yield temporary
        with _blaming(target):
            temporary.replace(target)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_directory(target: Path | str) -> Iterator[Path]:
    """Give a temporary directory beside ``target`` that replaces ``target`` on success.

    Raises as :func:`atomic_path` does.
    """
    target = Path(target)
    make_directory(target.parent)
    _sweep(target)
    temporary = _temporary_beside(target)
    with _blaming(target):
        temporary.mkdir()
    try:
        with _machine_blamed_for(target):
            yield temporary
        with _blaming(target):
            _exchange(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _exchange(temporary: Path, target: Path) -> None:
    """Put a directory in the place of an older one, which is gone only when the new one is there.

    A directory that is not empty cannot be replaced at once, as a file can.
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
    """Hold ``lock``, a file of its own, against other processes; wait for the one that has it.

    Parameters
    ----------
    lock
        The file; what holds it is the operating system, so that a killed process frees it.
    patience
        Seconds to wait.

    Raises
    ------
    InputError
        The directory cannot be written.
    EnvironmentFault
        Another process held it for longer than ``patience``.
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
            f"another process has held this lock for {patience:,.0f} s",
            path=lock,
            remedy="end that process and run again",
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
    """Create ``directory`` and its parents; a fault says why it cannot be."""
    with _blaming(directory):
        directory.mkdir(parents=True, exist_ok=True)


def _temporary_beside(target: Path) -> Path:
    writer = f"{machine()}-{os.getpid()}-{secrets.token_hex(4)}"
    return target.with_name(f".tmp-{writer}-{_ending(target.name)}")


def _ending(name: str) -> str:
    """Return the last part of a temporary name: the name to be, or what stands for a long one.

    File systems take 255 bytes. The end of a long name is kept: writers look at suffixes.
    """
    if len(os.fsencode(name)) <= _LONGEST_ENDING:
        return name
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
    return f"{digest}-{os.fsdecode(os.fsencode(name)[-_KEPT_OF_ENDING:])}"


def _sweep(target: Path) -> None:
    """Remove what killed processes left of ``target``; what a living one writes stays."""
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
    """Name the file whose writing failed for want of what the machine has not."""
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
            remedy="name a place that you may write to",
        ) from error


def environment_fault(words: str, target: Path) -> EnvironmentFault:
    """Make a fault of what :func:`~lotwise.files.machine.machine_fault` says of a file."""
    problem, _, remedy = words.partition("; ")
    return EnvironmentFault(problem, path=target, remedy=remedy)
