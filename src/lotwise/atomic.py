"""Files that appear whole or not at all: a temporary name, then a rename."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lotwise.errors import InputError, SurroundingsError

_DISK_IS_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def atomic_path(target: Path | str) -> Iterator[Path]:
    r"""Give a temporary path beside ``target`` that becomes ``target`` on success.

    The suffixes of ``target`` are kept, so that writers that look at them work.
    On any exception, an interruption included, the temporary file is removed and
    an older ``target`` stays as it was.

    Raises
    ------
    InputError
        The directory cannot be written.
    SurroundingsError
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
    temporary = _temporary_beside(target)
    with _blaming(target):
        temporary.mkdir()
    try:
        with _disk_full_of(target):
            yield temporary
        with _blaming(target):
            if target.exists():
                shutil.rmtree(target)
            temporary.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def make_directory(directory: Path) -> None:
    """Create ``directory`` and its parents; a fault says why it cannot be."""
    with _blaming(directory):
        directory.mkdir(parents=True, exist_ok=True)


def is_disk_full(error: OSError) -> bool:
    """Tell whether ``error`` means that no space is left (HDF5 says so only in words)."""
    return error.errno in _DISK_IS_FULL or os.strerror(errno.ENOSPC) in str(error)


def _temporary_beside(target: Path) -> Path:
    return target.with_name(f".tmp-{secrets.token_hex(4)}-{target.name}")


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


def _disk_full(target: Path) -> SurroundingsError:
    return SurroundingsError(
        "the disk is full", path=target, remedy="free some space and run again"
    )
