"""The steps of a run: prepare a panel, correlate two panels. Each reads and writes files."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from threadpoolctl import threadpool_limits

from lotwise.errors import InputError
from lotwise.files.atomic import atomic_path
from lotwise.outofcore.neighbours import NeighbourTable
from lotwise.outofcore.plan import Plan
from lotwise.outofcore.rows import Method, Prepared, Rows, correlate_rows, prepare_rows
from lotwise.outofcore.source import Source
from lotwise.outofcore.work import Work

# Samples prepared at once; in float64 they are small compared with a panel.
_PREPARED_AT_ONCE: Final = 16
# Rows of a square that are mirrored at once.
_MIRRORED_AT_ONCE: Final = 128


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Job:
    """A run: correlations within one set of samples, or between queries and a reference.

    It can be sent to another process that sees the same files.
    """

    work: Work
    reference: Source
    queries: Source | None
    method: Method
    plan: Plan
    # Number of neighbours to keep of each sample; 0 keeps every R.
    k: int
    threads: int | None

    @property
    def sources(self) -> dict[str, Source]:
        """Return the sets of samples by the name of their files."""
        return {"reference": self.reference} | ({"query": self.queries} if self.queries else {})

    @property
    def first(self) -> str:
        """Return the name of the set that is correlated with the reference."""
        return "query" if self.queries else "reference"

    def panels(self, which: str) -> list[tuple[int, int]]:
        """Return start and stop of each panel of a set."""
        n_samples = self.sources[which].n_samples
        borders = [*self.plan.starts(n_samples), n_samples]
        return list(pairwise(borders))

    def to_prepare(self) -> list[tuple[str, int]]:
        """Return the panels that are not prepared."""
        return [
            (which, panel)
            for which in self.sources
            for panel in range(len(self.panels(which)))
            if not self._is_prepared(which, panel)
        ]

    def _is_prepared(self, which: str, panel: int) -> bool:
        # The size is checked too: after a crash a file may have its name but not its content.
        start, stop = self.panels(which)[panel]
        n_bytes = (stop - start) * self.reference.n_features * np.dtype(np.float32).itemsize
        rows = self.work.rows(which, panel)
        return (
            self.work.moments(which, panel).is_file()
            and rows.is_file()
            and rows.stat().st_size == n_bytes
        )

    def tiles(self) -> list[tuple[int, int]]:
        """Return the pairs of panels, each once if a set is correlated with itself."""
        second = range(len(self.panels("reference")))
        first = range(len(self.panels(self.first)))
        return [(i, j) for i in first for j in second if self.queries or j >= i]

    def to_correlate(self) -> list[tuple[int, int]]:
        """Return the pairs of panels that have no result."""
        return [tile for tile in self.tiles() if not self.work.tile(*tile).is_file()]


def prepare_panel(job: Job, which: str, panel: int) -> None:
    """Write the rows and the moments of one panel.

    Raises
    ------
    InputError
        A value is negative, but its logarithm is needed.
    """
    source = job.sources[which]
    start, stop = job.panels(which)[panel]
    moments = []

    def prepare(first: int, piece: np.ndarray) -> Prepared:
        try:
            return prepare_rows(piece, method=job.method, pseudocount=source.pseudocount)
        except InputError as error:
            sample = source.samples[first + int((piece < 0).any(axis=1).argmax())]
            raise InputError(
                f"sample {sample!r}: {error.problem}", path=source.path, remedy=error.remedy
            ) from None

    with (
        atomic_path(job.work.rows(which, panel)) as temporary,
        temporary.open("wb") as file,
        ThreadPoolExecutor(job.threads) as pool,
    ):
        for block in source.blocks(start, stop, most_bytes=job.plan.read_bytes):
            starts = range(0, len(block), _PREPARED_AT_ONCE)
            pieces = (block[at : at + _PREPARED_AT_ONCE] for at in starts)
            for prepared in pool.map(prepare, (start + at for at in starts), pieces):
                prepared.rows.tofile(file)
                moments.append(prepared.moments())
            start += len(block)
    job.work.save_moments(which, panel, np.concatenate(moments, axis=1))


def correlate_panels(job: Job, first: int, second: int, held: Prepared | None = None) -> Prepared:
    """Correlate two panels, strip by strip, and write the result.

    ``held`` is the first panel, if it is already in memory. The first panel is returned; give it as
    ``held`` to the next call.
    """
    start, stop = job.panels(job.first)[first]
    begin, end = job.panels("reference")[second]
    rows = held or _panel(job, job.first, first)
    same = job.queries is None and first == second
    shape = stop - start, end - begin
    keep = _Neighbours(job, shape, start, begin) if job.k else _Square(shape)
    with _blas(job.threads):
        for at, strip in _strips(job, second):
            # For a panel with itself, only the part on and above the diagonal.
            behind = at + len(strip.rows) if same else len(rows.rows)
            keep.add(at, correlate_rows(rows.first(behind), strip))
    job.work.save_tile(first, second, keep.arrays(mirrored=same))
    return rows


class _Square:
    """All R of two panels."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._r = np.empty(shape, dtype=np.float32)

    def add(self, at: int, r: np.ndarray) -> None:
        self._r[: len(r), at : at + r.shape[1]] = r

    def arrays(self, *, mirrored: bool) -> dict[str, np.ndarray]:
        if mirrored:
            # Strips reach the diagonal and a little below it, so the upper triangle is complete.
            _mirror(self._r)
        return {"r": self._r}


def _mirror(r: np.ndarray) -> None:
    """Copy the upper triangle of a square into the lower one, in place.

    This is done in bands, since the indices of a triangle need twice the memory of the square.
    """
    for start in range(0, len(r), _MIRRORED_AT_ONCE):
        stop = min(start + _MIRRORED_AT_ONCE, len(r))
        r[start:stop, :start] = r[:start, start:stop].T
        corner = r[start:stop, start:stop]
        below = np.tril_indices(stop - start, -1)
        corner[below] = corner.T[below]


class _Neighbours:
    """The nearest of each sample of two panels, in both directions if they are from one set."""

    def __init__(self, job: Job, shape: tuple[int, int], start: int, begin: int) -> None:
        self._start, self._begin = start, begin
        self._both = job.queries is None
        self._rows = NeighbourTable(shape[0], k=job.k)
        self._columns = NeighbourTable(shape[1], k=job.k)

    def add(self, at: int, r: np.ndarray) -> None:
        if self._both:
            first = np.arange(len(r))[:, None] + self._start
            second = np.arange(r.shape[1]) + self._begin + at
            # A sample is not a neighbour of itself, and each pair occurs once.
            r[first >= second] = np.nan
            self._columns.offer(r.T, rows_from=at, columns_from=self._start)
        self._rows.offer(r, rows_from=0, columns_from=self._begin + at)

    def arrays(self, *, mirrored: bool) -> dict[str, np.ndarray]:
        del mirrored
        found = {f"first_{name}": array for name, array in self._rows.entries().items()}
        if self._both:
            found |= {f"second_{name}": array for name, array in self._columns.entries().items()}
        return found


def _panel(job: Job, which: str, panel: int) -> Prepared:
    start, stop = job.panels(which)[panel]
    return _read(job, which, panel, 0, stop - start)


def _read(job: Job, which: str, panel: int, start: int, stop: int) -> Prepared:
    n_features = job.reference.n_features
    rows: Rows = np.fromfile(
        job.work.rows(which, panel),
        dtype=np.float32,
        count=(stop - start) * n_features,
        offset=start * n_features * np.dtype(np.float32).itemsize,
    ).reshape(stop - start, n_features)
    return Prepared.joined(rows, np.load(job.work.moments(which, panel))[:, start:stop])


def _strips(job: Job, panel: int) -> Iterator[tuple[int, Prepared]]:
    """Yield the strips of a panel with their positions; one is read while another is in use."""
    start, stop = job.panels("reference")[panel]
    places = [*range(0, stop - start, job.plan.strip), stop - start]
    with ThreadPoolExecutor(1) as pool:
        coming = None
        for at, end in pairwise(places):
            following = at, pool.submit(_read, job, "reference", panel, at, end)
            if coming is not None:
                yield coming[0], coming[1].result()
            coming = following
        if coming is not None:
            yield coming[0], coming[1].result()


def _blas(threads: int | None) -> AbstractContextManager[object]:
    return threadpool_limits(threads, user_api="blas") if threads else nullcontext()
