"""Alignment of samples to the same features in the same order."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from lotwise.errors import InputError, SharedFeaturesWarning, warn
from lotwise.expression.abundance import Abundance
from lotwise.expression.comparability import InvalidComparison
from lotwise.expression.identifiers import strip_versions
from lotwise.wording import percent

# If a larger fraction of a sample's TPM is on features that others lack, R changes.
_MOST_LOST: Final = 0.05


class Aligned(NamedTuple):
    """Samples with the same features in the same order, and the TPM lost by it."""

    read: dict[str, Abundance]
    invalid: tuple[InvalidComparison, ...] = ()


def align_features(read: Mapping[str, Abundance], *, min_shared: float) -> Aligned:
    """Return every sample with the features shared by all, in the order of the first sample.

    If names differ, they are compared without the versions of Ensembl and RefSeq if more are
    shared then; the features keep the names of the first sample.

    Raises
    ------
    InputError
        The features shared by all are fewer than ``min_shared`` of all features, or none.
    """
    names = list(read)
    first = read[names[0]].features
    if all(same_names(first, read[name].features) for name in names):
        return Aligned(dict(read))
    keys_of = {name: read[name].features for name in names}
    n_shared = len(_common(keys_of))
    plain = {name: strip_versions(features) for name, features in keys_of.items()}
    if not any(features.is_duplicated().any() for features in plain.values()):
        n_plain = len(_common(plain))
        if n_plain > n_shared:
            keys_of = plain
            named = _common({name: read[name].features for name in names})
            rest = max(_share_outside(abundance, named) for abundance in read.values())
            warn(
                "the version numbers of identifiers differ between samples and are ignored, so "
                f"{n_plain - n_shared:,} more features match. If version numbers were used, up to "
                f"{percent(rest)} of the TPM of a sample would not be compared",
                SharedFeaturesWarning,
            )
    shared, union = _common(keys_of), set().union(*(set(own.to_list()) for own in keys_of.values()))
    invalid: tuple[InvalidComparison, ...] = ()
    share = len(shared) / len(union)
    if share < 1:
        of_first = set(keys_of[names[0]].to_list())
        odd = next((name for name in names if set(keys_of[name].to_list()) != of_first), names[0])
        came = (
            f"{len(shared):,} of {len(union):,} features ({percent(share)}) are common to all "
            f"{len(names)} samples; the features of {odd!r} differ from those of {names[0]!r}"
        )
        if share < min_shared or not shared:
            raise InputError(
                f"{came}; at least {percent(min_shared)} are required" if shared else came,
                path=read[odd].path,
                remedy="quantify all samples with one annotation, or use a lower '--min-shared'",
            )
        lost = {
            name: _share_outside(dataclasses.replace(read[name], features=own), shared)
            for name, own in keys_of.items()
        }
        most = max(lost, key=lambda name: lost[name])
        came += (
            f"; the other features have up to {percent(lost[most])} of the TPM of a sample "
            f"(the highest percentage is in {most!r})"
        )
        warn(
            f"{came}; only common features are compared",
            SharedFeaturesWarning,
        )
        if lost[most] > _MOST_LOST:
            invalid = (
                InvalidComparison(
                    "mixed_references",
                    f"{came}; R does not include these other features; quantify all samples with "
                    "one annotation",
                ),
            )
    kept = [at for at, key in enumerate(keys_of[names[0]].to_list()) if key in shared]
    order = keys_of[names[0]].gather(kept)
    features = first.gather(kept)
    return Aligned(
        {name: _take(read[name], keys_of[name], order, features) for name in names}, invalid
    )


def _common(keys_of: Mapping[str, pl.Series]) -> set[str]:
    return set.intersection(*(set(own.to_list()) for own in keys_of.values()))


def _share_outside(abundance: Abundance, shared: set[str]) -> float:
    """Return the fraction of a sample's TPM on features that are not shared."""
    outside = ~abundance.features.is_in(list(shared)).to_numpy()
    return float(abundance.tpm[outside].sum() / abundance.tpm.sum())


def same_names(first: pl.Series, second: pl.Series) -> bool:
    """Return whether two samples have the same features in the same order."""
    return first is second or (len(first) == len(second) and bool((first == second).all()))


def _take(
    abundance: Abundance, keys: pl.Series, order: pl.Series, features: pl.Series
) -> Abundance:
    row_of = {key: row for row, key in enumerate(keys.to_list())}
    rows = np.array([row_of[key] for key in order.to_list()], dtype=np.int64)
    return dataclasses.replace(
        abundance,
        features=features,
        tpm=abundance.tpm[rows],
        counts=abundance.counts[rows],
        length=abundance.length[rows],
        fpkm=None if abundance.fpkm is None else abundance.fpkm[rows],
        genes=None if abundance.genes is None else abundance.genes.gather(rows.tolist()),
        symbols=None if abundance.symbols is None else abundance.symbols.gather(rows.tolist()),
        bootstrap_counts=(
            None if abundance.bootstrap_counts is None else abundance.bootstrap_counts[:, rows]
        ),
        part_tpm=None if abundance.part_tpm is None else abundance.part_tpm[:, rows],
    )
