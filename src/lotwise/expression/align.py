"""Bring samples to the same features in the same order."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping

import numpy as np
import polars as pl

from lotwise.errors import InputError, SharedFeaturesWarning
from lotwise.expression.abundance import Abundance


def align_features(read: Mapping[str, Abundance], *, min_shared: float) -> dict[str, Abundance]:
    """Give every sample the features that all have, in the order of the first.

    Raises
    ------
    InputError
        The features common to all are less than ``min_shared`` of all features, or none.
    """
    names = list(read)
    first = read[names[0]].features
    if all(same_names(first, read[name].features) for name in names):
        return dict(read)
    shared, union = set(first.to_list()), set(first.to_list())
    odd = ""
    for name in names:
        own = set(read[name].features.to_list())
        if not odd and own != union:
            odd = name
        shared &= own
        union |= own
    share = len(shared) / len(union)
    if share < 1:
        came = (
            f"{len(shared):,} of {len(union):,} features ({share:.1%}) are common to all "
            f"{len(names)} samples; {odd!r} differs from {names[0]!r}"
        )
        if share < min_shared or not shared:
            raise InputError(
                f"{came}; at least {min_shared:.0%} are needed" if shared else came,
                path=read[odd].path,
                remedy="quantify all samples on one annotation, or lower min_shared (--min-shared)",
            )
        warnings.warn(
            f"{came}; only common features are compared", SharedFeaturesWarning, stacklevel=4
        )
    kept = [feature for feature in first.to_list() if feature in shared]
    return {name: _take(read[name], kept) for name in names}


def same_names(first: pl.Series, second: pl.Series) -> bool:
    """Tell whether two samples have the same features in the same order."""
    return first is second or (len(first) == len(second) and bool((first == second).all()))


def _take(abundance: Abundance, kept: list[str]) -> Abundance:
    row_of = {name: row for row, name in enumerate(abundance.features.to_list())}
    rows = np.array([row_of[name] for name in kept], dtype=np.int64)
    return dataclasses.replace(
        abundance,
        features=abundance.features.gather(rows.tolist()),
        tpm=abundance.tpm[rows],
        counts=abundance.counts[rows],
        length=abundance.length[rows],
        fpkm=None if abundance.fpkm is None else abundance.fpkm[rows],
        genes=None if abundance.genes is None else abundance.genes.gather(rows.tolist()),
        symbols=None if abundance.symbols is None else abundance.symbols.gather(rows.tolist()),
        bootstrap_counts=(
            None if abundance.bootstrap_counts is None else abundance.bootstrap_counts[:, rows]
        ),
    )
