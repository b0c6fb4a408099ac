"""Scatter plots of pairs as binned counts; the page plots the pair that a reader chooses."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
import numpy.typing as npt
import polars as pl
from anndata.io import read_elem, sparse_dataset

from lotwise import keys
from lotwise.errors import InputError
from lotwise.report.packing import packed
from lotwise.report.run_tables import LevelFindings, Row
from lotwise.report.words import r_words

WIDTH: Final = 0.25
MOST_TPM: Final = 1e6
MOST_PAIRS: Final = 300
MOST_NAMED: Final = 20
_BLOCK_VALUES: Final = 2**20

Bins = npt.NDArray[np.int64]


def n_bins_of(pseudocount: float) -> int:
    """Return the number of bins from TPM 0 to a million, the range of any sample.

    Examples
    --------
    >>> n_bins_of(1.0), n_bins_of(0.01)
    (80, 107)
    """
    return int(_place_of(MOST_TPM, pseudocount)) + 1


def bin_of(tpm: npt.ArrayLike, pseudocount: float) -> Bins:
    """Return the bin of each value: quarters of a log2 unit, starting at TPM 0.

    Examples
    --------
    >>> bin_of([0.0, 1.0, 1e6], pseudocount=1.0)
    array([ 0,  4, 79])
    """
    place = _place_of(np.asarray(tpm, dtype=np.float64), pseudocount)
    bins: Bins = np.clip(place, 0, n_bins_of(pseudocount) - 1).astype(np.int64)
    return bins


def _place_of(tpm: npt.ArrayLike, pseudocount: float) -> npt.NDArray[np.float64]:
    log_tpm = np.log2(np.asarray(tpm) + pseudocount) - np.log2(pseudocount)
    return np.asarray(np.floor(log_tpm / WIDTH))


def cloud_of(bins_a: Bins, bins_b: Bins, *, n_bins: int) -> tuple[list[int], list[int]]:
    """Count the features in each bin of a pair.

    Returns
    -------
    The non-empty bins (``a * n_bins + b``, each as the difference from the one before, which
    compresses better) and their counts.

    Examples
    --------
    >>> cloud_of(np.array([0, 0, 2]), np.array([0, 0, 1]), n_bins=80)
    ([0, 161], [2, 1])
    """
    counts = np.bincount(bins_a * n_bins + bins_b, minlength=n_bins * n_bins)
    filled = np.flatnonzero(counts)
    return np.diff(filled, prepend=0).tolist(), counts[filled].tolist()


def pack_pairs(level: LevelFindings, pairs: Sequence[Row], *, decimals: int) -> str:
    """Pack the clouds of pairs, and the features that lower each R most.

    Parameters
    ----------
    level
        Level with expression and tables.
    pairs
        Rows of ``pairs`` over all features, in the order of the selection list.
    decimals
        Decimals of R.

    Returns
    -------
    JSON, gzipped, in base64: what ``page.js`` unpacks.

    Raises
    ------
    InputError
        The expression is missing or lacks a sample of the pairs.
    """
    if not pairs:
        return ""
    samples = list(dict.fromkeys(row[end] for row in pairs for end in ("sample_a", "sample_b")))
    pseudocount = float(pairs[0]["pseudocount"])
    n_bins = n_bins_of(pseudocount)
    bins = _bins_of(level.h5ad, samples, pseudocount)
    places = {name: place for place, name in enumerate(samples)}
    named, features = _named(level, pairs)
    offered = [
        {
            "a": places[row["sample_a"]],
            "b": places[row["sample_b"]],
            "r": r_words(row["pearson"], decimals),
            "within": row["relation"] == "within",
            "cloud": cloud_of(
                *(bins[row[end]].astype(np.int64) for end in ("sample_a", "sample_b")),
                n_bins=n_bins,
            ),
            "named": named.get((row["sample_a"], row["sample_b"]), []),
        }
        for row in pairs
    ]
    batches = {row[f"sample_{end}"]: row[f"batch_{end}"] for row in pairs for end in ("a", "b")}
    content: dict[str, Any] = {
        "width": WIDTH,
        "start": math.log2(pseudocount),
        "bins": n_bins,
        "pseudocount": pseudocount,
        "unit": level.unit,
        "samples": samples,
        "batches": [batches[name] for name in samples],
        "features": features,
        "pairs": offered,
    }
    return packed(json.dumps(content, separators=(",", ":"), allow_nan=False))


def _named(
    level: LevelFindings, pairs: Sequence[Row]
) -> tuple[dict[tuple[str, str], list[list[float | None]]], list[list[str]]]:
    """Return the features of a pair that deviate most, with TPM, log2 ratio and share of 1 - R."""
    wanted = pl.LazyFrame({end: [row[end] for row in pairs] for end in ("sample_a", "sample_b")})
    rows = (
        level.scan("contributions")
        .filter(pl.col("rank").is_between(1, MOST_NAMED))
        .join(wanted, on=["sample_a", "sample_b"], how="semi")
        .sort("sample_a", "sample_b", "rank")
        .collect()
        .to_dicts()
    )
    places: dict[tuple[str, str], int] = {}
    named: dict[tuple[str, str], list[list[float | None]]] = {}
    for row in rows:
        place = places.setdefault((row["feature"], row["gene_name"]), len(places))
        values: list[float | None] = [_short(row[key]) for key in ("tpm_a", "tpm_b", "share")]
        # A feature of one sample alone has no ratio.
        ratio = row["log2_ratio"]
        values.insert(2, None if math.isnan(ratio) else _short(ratio))
        named.setdefault((row["sample_a"], row["sample_b"]), []).append([place, *values])
    return named, [list(feature) for feature in places]


def _short(value: float) -> float:
    """Return a value rounded to five digits; a point in the plot cannot show more."""
    return 0.0 if math.isnan(value) else float(f"{value:.5g}")


def _bins_of(
    path: Path, samples: Sequence[str], pseudocount: float
) -> dict[str, npt.NDArray[np.uint16]]:
    """Return the bin of each feature of the samples, read in blocks that fit into memory."""
    if not path.is_file():
        raise InputError("no such file", path=path, remedy="write it with `lotwise expression`")
    with h5py.File(path, "r") as store:
        known = {str(name): row for row, name in enumerate(read_elem(store["obs"]).index)}
        missing = [name for name in samples if name not in known]
        if missing:
            raise InputError(
                f"has no sample {missing[0]!r}, although {path.stem}.pairs.tsv contains it",
                path=path,
                remedy="run `lotwise correlate` again",
            )
        layer = store["layers"][keys.TPM]
        sparse = not isinstance(layer, h5py.Dataset)
        stored = sparse_dataset(layer) if sparse else layer
        n_samples, n_features = stored.shape
        # Values are packed in chunks of several samples: each is unpacked once.
        height, width = (None if sparse else layer.chunks) or (1, n_features)
        width *= max(1, _BLOCK_VALUES // (height * width))
        bins = np.empty((len(samples), n_features), dtype=np.uint16)
        rows = np.array([known[name] for name in samples])
        for top in range(0, n_samples, height):
            places = np.flatnonzero((rows >= top) & (rows < top + height))
            if not places.size:
                continue
            for left in range(0, n_features, width):
                block = stored[top : top + height, left : left + width]
                tpm = (block.toarray() if sparse else block)[rows[places] - top]
                bins[places, left : left + width] = bin_of(tpm, pseudocount)
    return dict(zip(samples, bins, strict=True))
