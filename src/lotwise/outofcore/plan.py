"""Division of samples into panels so that the work fits into the allowed memory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from lotwise.errors import InputError

_UNITS: Final = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_MEMORY: Final = re.compile(r"\s*([\d.]+)\s*([KMGT]?)(I?)B?\s*", re.IGNORECASE)
# Python with the libraries, BLAS's own buffers and a chunk during decompression.
_RESERVED: Final = 400 * 10**6
# A panel is multiplied with strips of another: one in use, one read, one being read.
_STRIPS: Final = 8
_STRIPS_HELD: Final = 3
_FEWEST_ROWS: Final = 8
_SINGLE, _DOUBLE = 4, 8
# Samples along a chunk of the result: 64 MB, far below the 2 GB limit of Blosc.
MOST_OF_CHUNK: Final = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Samples per panel, samples per strip of a panel, and bytes read from the store at once."""

    panel: int
    strip: int
    read_bytes: int

    @property
    def chunk(self) -> int:
        """Number of samples along each side of a square chunk of the result matrix.

        A chunk has the samples of a whole panel, or of an equal part of a large panel.
        """
        return -(-self.panel // _n_chunks(self.panel))

    def starts(self, n_samples: int) -> range:
        """Return the first sample of each panel."""
        return range(0, n_samples, self.panel)

    def n_panels(self, n_samples: int) -> int:
        """Return the number of panels for this number of samples."""
        return len(self.starts(n_samples))


def make_plan(n_samples: int, n_features: int, *, memory: int) -> Plan:
    """Return the largest panels that fit.

    Parameters
    ----------
    n_samples, n_features
        Size of the larger set of samples.
    memory
        Total bytes that a process may use.

    Returns
    -------
    Panels of nearly equal size, so that no small panel remains. If there are several panels, each
    consists of whole chunks of the result. A block can then be written without reading other
    blocks.

    Raises
    ------
    InputError
        Too little memory for the smallest panel.

    Examples
    --------
    >>> make_plan(10_000, 60_000, memory=2 * 10**9)
    Plan(panel=3334, strip=417, read_bytes=200000000)
    """
    free = memory - _RESERVED

    def cost(panel: int) -> int:
        strip = -(-panel // _STRIPS)
        held = (panel + _STRIPS_HELD * strip) * n_features * _SINGLE
        # The product in both precisions, a comparison of it, and a square of results.
        return held + panel * strip * (_SINGLE + 3 * _DOUBLE) + panel * panel * _SINGLE

    if cost(_FEWEST_ROWS) > free:
        needed = (cost(_FEWEST_ROWS) + _RESERVED) / 1e9
        raise InputError(
            f"{n_features:,} features need {needed:.2g} GB of memory, but "
            f"{memory / 1e9:.2g} GB are allowed",
            remedy="allow more memory",
        )
    least, most = _FEWEST_ROWS, max(n_samples, _FEWEST_ROWS)
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if cost(middle) <= free else (least, middle - 1)
    n_panels = -(-max(n_samples, 1) // least)
    panel = -(-max(n_samples, 1) // n_panels)
    while n_panels > 1 and _in_whole_chunks(panel) > least:
        n_panels += 1
        panel = -(-n_samples // n_panels)
    if n_panels > 1:
        panel = _in_whole_chunks(panel)
    return Plan(panel=panel, strip=-(-panel // _STRIPS), read_bytes=max(free // 8, 1))


def _n_chunks(panel: int) -> int:
    return -(-panel // MOST_OF_CHUNK)


def _in_whole_chunks(panel: int) -> int:
    """Return the next larger panel size that is a multiple of its chunks."""
    n_chunks = _n_chunks(panel)
    return -(-panel // n_chunks) * n_chunks


def parse_memory(text: str | int) -> int:
    """Return an amount of memory in bytes.

    Units such as GB are powers of 1,000, and units such as GiB are powers of 1,024.

    Raises
    ------
    InputError
        The text is not an amount of memory.

    Examples
    --------
    >>> parse_memory("2GB"), parse_memory("1.5 GiB"), parse_memory(10**9)
    (2000000000, 1610612736, 1000000000)
    """
    if isinstance(text, int):
        return text
    found = _MEMORY.fullmatch(text)
    try:
        amount = float(found[1]) if found else 0.0
    except ValueError:
        amount = 0.0
    if not found or not amount > 0 or (found[3] and not found[2]):
        raise InputError(
            f"{text!r} is not an amount of memory",
            remedy="write it like '2GB', '1.5GiB' or '800MB'",
        )
    power = _UNITS[found[2].upper()]
    binary = 1024 ** (len(str(power)) // 3) if found[3] else power
    return int(amount * binary)
