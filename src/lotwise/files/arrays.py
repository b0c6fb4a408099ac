"""Named arrays in one ``.npz`` file."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zipfile import BadZipFile

import numpy as np

from lotwise.errors import InputError
from lotwise.files.atomic import atomic_path

if TYPE_CHECKING:
    from numpy.typing import NDArray

# TypeError: a single array in a `.npy` is not an archive.
_DAMAGE: Final = (OSError, EOFError, ValueError, KeyError, TypeError, BadZipFile, zlib.error)


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays to a compressed ``.npz``."""
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **arrays)


def read_arrays(path: Path, names: Iterable[str], *, what: str, remedy: str) -> dict[str, Any]:
    """Return arrays of a ``.npz``.

    Parameters
    ----------
    path
        The file.
    names
        Names of the arrays that it must have.
    what, remedy
        For the message: what the file contains, and how to get it.

    Raises
    ------
    InputError
        The file is missing, damaged, or lacks an array.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "a.npz"
    >>> write_arrays(path, {"depth": np.array([3, 1])})
    >>> read_arrays(path, ["depth"], what="depths", remedy="")
    {'depth': array([3, 1])}
    """
    try:
        # Opened here: numpy leaves the file of a damaged archive open.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return {name: archive[name] for name in names}
    except _DAMAGE as error:
        raise InputError(f"cannot be read as {what} ({error})", path=path, remedy=remedy) from None
