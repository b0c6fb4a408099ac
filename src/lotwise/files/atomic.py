"""Files that appear whole or not at all: a temporary name, then a rename."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import socket
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from lotwise.errors import EnvironmentFault, InputError

_DISK_IS_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
# Temporary names tell machine, process and a random number, then the name to be.
_TEMPORARY: Final = re.compile(r"\.tmp-([0-9a-f]{8})-(\d+)-[0-9a-f]{8}-(.+)", re.DOTALL)
_FORGOTTEN_SECONDS: Final = 86_400.0


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
        The disk is full.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
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
        with _disk_full_of(target):
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
        with _disk_full_of(target):
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
def exclusive(lock: Path) -> Iterator[None]:
    """Hold ``lock``, a file of its own, against other processes; wait for the one that has it.

    Raises
    ------
    InputError
        The directory cannot be written.
    """
    from filelock import FileLock

    make_directory(lock.parent)
    held = FileLock(lock)
    with _blaming(lock):
        held.acquire()
    try:
        yield
    finally:
        held.release()


def make_directory(directory: Path) -> None:
    """Create ``directory`` and its parents; a fault says why it cannot be."""
    with _blaming(directory):
        directory.mkdir(parents=True, exist_ok=True)


def is_disk_full(error: OSError) -> bool:
    """Tell whether ``error`` means that no space is left (HDF5 says so only in words)."""
    return error.errno in _DISK_IS_FULL or os.strerror(errno.ENOSPC) in str(error)


def _temporary_beside(target: Path) -> Path:
    writer = f"{_machine()}-{os.getpid()}-{secrets.token_hex(4)}"
    return target.with_name(f".tmp-{writer}-{target.name}")


def _machine() -> str:
    return f"{zlib.crc32(socket.gethostname().encode()):08x}"


def _sweep(target: Path) -> None:
    """Remove what killed processes left of ``target``; what a living one writes stays."""
    with suppress(OSError):
        for left in target.parent.glob(".tmp-*"):
            told = _TEMPORARY.fullmatch(left.name)
            if (
                told is not None
                and told[3] == target.name
                and _is_left(left, told[1], int(told[2]))
            ):
                if left.is_dir():
                    shutil.rmtree(left)
                else:
                    left.unlink()


def _is_left(temporary: Path, machine: str, process: int) -> bool:
    if machine != _machine():
        return time.time() - temporary.stat().st_mtime > _FORGOTTEN_SECONDS
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


@contextmanager
def _disk_full_of(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if is_disk_full(error):
            raise _disk_full(target) from error
        raise


@contextmanager
def _blaming(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if is_disk_full(error):
            raise _disk_full(target) from error
        raise InputError(
            f"cannot be written ({error.strerror or error})",
            path=target,
            remedy="name a place that you may write to",
        ) from error


def _disk_full(target: Path) -> EnvironmentFault:
    return EnvironmentFault("the disk is full", path=target, remedy="free some space and run again")
