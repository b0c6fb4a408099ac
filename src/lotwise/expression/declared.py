"""The size that an HDF5 file declares, checked before it is read."""

from __future__ import annotations

import math
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from lotwise.errors import InputError

# A matrix of zeros compresses to about a thousandth.
_MOST_PACKED: Final = 2_000
_SMALL: Final = 1 << 30
UNREADABLE: Final = (OSError, KeyError, TypeError, ValueError, RuntimeError, AttributeError)
"""Exceptions of HDF5 and AnnData for damaged files; circular links raise RuntimeError."""


def require_plausible(path: Path, unpacked: BytesIO | None = None) -> None:
    """Raise an error if a file declares far more than it can contain and would fill the memory.

    Parameters
    ----------
    path
        The file, for messages.
    unpacked
        Its content, if it is compressed.

    Raises
    ------
    InputError
        The file declares more than 1 GB and 2,000 times its size.
    """
    import h5py

    declared = 0

    def count(_name: str, item: Any) -> None:
        nonlocal declared
        if isinstance(item, h5py.Dataset):
            declared += math.prod(item.shape or ()) * item.dtype.itemsize

    try:
        with h5py.File(unpacked or path, mode="r") as file:
            file.visititems(count)
    except UNREADABLE:
        return  # the reader reports what is wrong with it
    size = len(unpacked.getbuffer()) if unpacked else path.stat().st_size
    if declared > max(_SMALL, _MOST_PACKED * size):
        raise InputError(
            f"declares {declared / 1e9:,.0f} GB of data, but the file contains only "
            f"{size / 1e9:.2g} GB",
            path=path,
            remedy="the file is damaged: write it again",
        )
