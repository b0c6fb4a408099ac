"""Samples that hold the same library: copies, the same reads quantified again, shared reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from lotwise.expression.abundance import Floats

# Copies may have been rounded; two libraries never agree so closely in every feature.
_ROUNDING_TPM: Final = 0.011
_ROUNDING_SHARE: Final = 1e-4
# With one or two features, all samples may have the same proportions.
_FEWEST_FEATURES: Final = 3

# The same reads quantified again by salmon, or copies rounded or scaled by someone, agree to this
# share of TPM in 98 % of features and more; two libraries (6 of GEUVADIS) in 1 to 4 %.
_AGAIN_SHARE: Final = 2e-3
_AGAIN_FEATURES: Final = 0.8
_FEWEST_AGAIN: Final = 50
_DECIMALS: Final = (0, 1)
_FINEST: Final = 0.01
_IN_UNITS: Final = 100
# Of pairs that differ by more in these features (log2), no more is computed.
_SCREENED: Final = 64
_SCREENED_OF: Final = 1000
_FAR: Final = 0.02

# Chi-square per feature between two libraries is 1 if they differ by counting alone, and more in
# cells. Half of the reads against all of them gives 1/3, two halves of three 1/2.
_SHARED_READS: Final = 0.7
_FEWEST_COUNTS: Final = 10
_FEWEST_COUNTED: Final = 300


def find_copies(tpm_of: Mapping[str, Floats]) -> list[tuple[str, str]]:
    """Return the pairs of samples whose TPM are equal except for rounding."""
    known = {name: tpm for name, tpm in tpm_of.items() if np.count_nonzero(tpm) >= _FEWEST_FEATURES}
    names, tpm = list(known), list(known.values())
    if not names:
        return []
    # Copies have nearly the same weighted sum. Few other pairs do, so that few are compared fully.
    weights = np.linspace(0.5, 1.5, tpm[0].size)
    # Not by @, whose threads cost more than the sum.
    sums = np.array([np.einsum("i,i", values, weights) for values in tpm])
    tolerance = 2 * (_ROUNDING_TPM * np.sqrt(weights.size) + _ROUNDING_SHARE * sums.max())
    order = np.argsort(sums, kind="stable")
    pairs = []
    for at, row in enumerate(order.tolist()):
        for other in order[at + 1 :].tolist():
            if sums[other] - sums[row] > tolerance:
                break
            if _are_copies(tpm[row], tpm[other]):
                pairs.append((min(row, other), max(row, other)))
    return [(names[first], names[second]) for first, second in sorted(pairs)]


def _are_copies(first: Floats, second: Floats) -> bool:
    tolerance = _ROUNDING_TPM + _ROUNDING_SHARE * np.maximum(first, second)
    return bool((np.abs(first - second) <= tolerance).all())


def find_repeats(tpm_of: Mapping[str, Floats]) -> list[tuple[str, str]]:
    """Return the pairs of samples that agree more closely than two separate libraries can agree.

    Such as the same reads quantified twice, or a copy that was scaled or rounded to whole numbers.
    Copies are among them, unless there are few features.
    """
    names, tpm = list(tpm_of), list(tpm_of.values())
    units = [_unit_of(values) for values in tpm]
    return [
        (names[first], names[second])
        for first, second in _screened(tpm)
        if _are_repeats(tpm[first], tpm[second], unit=max(units[first], units[second]))
    ]


def _screened(tpm: list[Floats]) -> Iterator[tuple[int, int]]:
    """Yield the pairs of rows that are alike, but for a factor, in some of the highest features."""
    if len(tpm) < 2:
        return
    lowest = np.minimum.reduce(tpm)
    highest = np.argsort(-lowest, kind="stable")[:_SCREENED_OF]
    highest = highest[lowest[highest] > 0]
    if not highest.size:
        return
    places = highest[np.linspace(0, highest.size - 1, min(_SCREENED, highest.size)).astype(int)]
    logs = np.log2(np.array([values[places] for values in tpm]))
    for row in range(len(tpm) - 1):
        ratios = logs[row + 1 :] - logs[row]
        ratios -= np.median(ratios, axis=1, keepdims=True)
        near = np.median(np.abs(ratios), axis=1) < _FAR
        yield from ((row, row + 1 + int(other)) for other in np.flatnonzero(near))


def _unit_of(tpm: Floats) -> float:
    """Return the last decimal of rounded values; finer ones are the same."""
    for decimals in _DECIMALS:
        if (tpm == np.round(tpm, decimals)).all():
            return float(10.0**-decimals)
    return _FINEST


def _are_repeats(first: Floats, second: Floats, *, unit: float) -> bool:
    high = np.minimum(first, second) >= _IN_UNITS * unit
    if np.count_nonzero(high) < _FEWEST_AGAIN:
        return False
    x, y = first[high], second[high]
    y = y * np.median(x / y)
    tolerance = 0.55 * unit + _AGAIN_SHARE * np.maximum(x, y)
    return bool((np.abs(x - y) <= tolerance).mean() >= _AGAIN_FEATURES)


def find_shared_reads(counts: Floats) -> list[tuple[int, int]]:
    """Return the pairs of rows whose counts differ by less than counting noise.

    Two libraries differ by counting noise at least, however alike the cells are.

    Parameters
    ----------
    counts
        Samples x features, of genes if possible: isoforms that cannot be told apart share their
        reads evenly, which takes noise away. Rows with NaN or without counts are left
        out.
    """
    counted = [
        row
        for row in range(len(counts))
        if np.isfinite(counts[row]).all() and (counts[row] > 0).any()
    ]
    if len(counted) < 2:
        return []
    known = counts[counted]
    eligible = np.flatnonzero(known.mean(axis=0) >= _FEWEST_COUNTS)
    if eligible.size < _FEWEST_COUNTED:
        return []
    # Features of all abundances decide whether a pair is looked at in full.
    some = known[:, eligible[np.linspace(0, eligible.size - 1, _FEWEST_COUNTED).astype(int)]]
    totals = known.sum(axis=1)
    found = []
    for row in range(len(known) - 1):
        near = _dispersion(some[row], some[row + 1 :], totals[row], totals[row + 1 :])
        for other in (row + 1 + np.flatnonzero(near < 1)).tolist():
            pair = _dispersion(known[row], known[[other]], totals[row], totals[[other]])
            if pair[0] < _SHARED_READS:
                found.append((counted[row], counted[other]))
    return found


def _dispersion(first: Floats, others: Floats, total: float, totals: Floats) -> Floats:
    """Return chi-square per feature of a sample with each of several others; 1 is counting noise.

    NaN with too few features that have counts.
    """
    sums = first + others
    share = (total / (total + totals))[:, np.newaxis]
    counted = sums >= _FEWEST_COUNTS
    squares = ((1 - share) * first - share * others) ** 2 / (share * (1 - share))
    squares = np.divide(squares, sums, out=np.zeros_like(sums), where=counted)
    n_counted = counted.sum(axis=1)
    enough = n_counted >= _FEWEST_COUNTED / 2
    dispersion: Floats = np.where(enough, squares.sum(axis=1) / np.maximum(n_counted, 1), np.nan)
    return dispersion
