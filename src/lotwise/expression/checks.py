"""Checks that values are TPM, before anything is compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from lotwise.errors import InputError, TpmSumWarning, warn
from lotwise.expression.abundance import Abundance, Floats
from lotwise.expression.identifiers import plain_names
from lotwise.expression.scale import (
    FEWEST,
    HIGHEST_LOG2,
    LEAST_SUM,
    LEAST_WHOLE,
    are_log_counts,
    are_logarithms,
    are_multiples,
    are_whole_numbers,
    chance_of_a_million,
    contradicts,
    share_of_whole_numbers,
)
from lotwise.wording import counted

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

# Values declared not to be TPM have no expected sum.
TpmSum = Literal["million", "any", "unchecked"]

_MILLION: Final = 1e6
_SUM: Final = "TPM sum to"
_MULTIPLES: Final = "all values are multiples of one number, as counts per million (CPM) are"
# RSEM and others print few decimals: a sum may deviate by rounding only.
_ROUNDING: Final = 0.005
# log2 of the smallest pseudocount in use, 1e-9, is -29.9.
_LOWEST_LOG2: Final = -40.0
# Totals of counts of different libraries differ by more than this.
_SAME_TOTAL: Final = 1e-5
# Probability at which rounded TPM are taken to sum to a million by chance.
_BY_CHANCE: Final = 1e-3
# Rows of STAR, HTSeq and samtools below the features.
_SUMMARIES: Final = (
    "N_unmapped",
    "N_multimapping",
    "N_noFeature",
    "N_ambiguous",
    "__no_feature",
    "__ambiguous",
    "__too_low_aQual",
    "__not_aligned",
    "__alignment_not_unique",
    "*",
)


def check_tpm(sample: str, abundance: Abundance, *, tpm_sum: TpmSum = "million") -> str:
    """Raise an error for values that are not TPM; return a notice if their sum is not a million.

    Parameters
    ----------
    sample
        Name of the sample, for messages.
    abundance
        The values as read.
    tpm_sum
        ``"million"`` refuses a sum outside 900,000 to 1,005,000, which TPM of all features
        cannot have; ``"any"`` accepts it with a warning, for a matrix that was reduced to some
        of its features.

    Returns
    -------
    The notice, empty if there is none.

    Raises
    ------
    InputError
        Negative, infinite or NaN TPM; values on log scale; counts or FPKM instead of TPM.
    """
    check_values(sample, abundance)
    if tpm_sum == "unchecked":
        return ""
    total = float(abundance.tpm.sum())
    if total == 0:
        raise InputError(
            f"sample {sample!r}: every TPM is 0, so nothing was quantified",
            path=abundance.path,
            remedy="check the quantifier's log; possible causes: the reads are of another "
            "species, or there are no reads",
        )
    may_be_cpm = abundance.quantifier == "matrix" and are_multiples(abundance.tpm)
    if abs(total - _MILLION) <= _ROUNDING * _MILLION:
        if may_be_cpm and tpm_sum == "any":
            return f"{abundance.path}: sample {sample!r}: {_MULTIPLES}"
        if may_be_cpm:
            raise InputError(
                f"sample {sample!r}: all values are multiples of one number, so these are counts "
                "per million (CPM), not TPM, unless rounded values were scaled again",
                path=abundance.path,
                remedy="use the TPM of the quantifier; if the values are CPM of 3' reads, use "
                "from_frame with unit='cpm'; if TPM or FPKM were rounded and then scaled, use "
                "'tpm_sum: any' (--tpm-sum any)",
            )
        return ""
    came = f"sample {sample!r}: {_SUM} {total:,.0f}, not 1,000,000"
    if (
        tpm_sum == "any"
        and total < _MILLION
        and not are_logarithms(abundance.tpm)
        and not are_whole_numbers(abundance.tpm)
    ):
        return f"{abundance.path}: {came}{f', and {_MULTIPLES}' if may_be_cpm else ''}"
    if are_logarithms(abundance.tpm):
        raise InputError(
            f"{came}, and the largest TPM is {abundance.tpm.max():.4g}, so the values are "
            "already on log scale",
            path=abundance.path,
            remedy="give TPM without log transform; lotwise computes the logarithms",
        )
    if are_whole_numbers(abundance.tpm):
        raise InputError(
            f"{came}, and all are whole numbers, so these are counts, not TPM",
            path=abundance.path,
            remedy="divide the counts by the effective lengths and scale them to a million, or "
            "use the quantifier's own files",
        )
    if not LEAST_SUM <= total <= (1 + _ROUNDING) * _MILLION:
        raise InputError(
            f"{came}, so these are FPKM, counts, or TPM of a subset of the features",
            path=abundance.path,
            remedy="convert FPKM by TPM = FPKM / sum(FPKM) * 1e6; "
            + (
                "TPM of a subset of the features sum to less than a million"
                if tpm_sum == "any"
                else "for a subset of the features use 'tpm_sum: any' (--tpm-sum any)"
            ),
        )
    return f"{abundance.path}: {came}"


def check_rarefied(read: Mapping[str, Abundance]) -> None:
    """Raise an error if TPM of a matrix are counts that were drawn to a depth of a million.

    Such counts pass the check of the sum. TPM rounded to whole numbers differ from a million, if
    only by a few; all samples together decide.

    Raises
    ------
    InputError
        All values are whole numbers, and those of each sample sum to exactly a million.
    """
    chances = [
        chance_of_a_million(one.tpm) if one.quantifier == "matrix" else 1.0 for one in read.values()
    ]
    if read and max(chances) < 1 and math.prod(chances) < _BY_CHANCE:
        name, one = next(iter(read.items()))
        raise InputError(
            f"sample {name!r}: all values are whole numbers, and those of every sample sum to "
            "exactly 1,000,000, so these are counts drawn to one depth (rarefied), not TPM",
            path=one.path,
            remedy="use the TPM of the quantifier; for TPM that were rounded to this sum, use "
            "'tpm_sum: any' (--tpm-sum any)",
        )


def check_counts(read: Mapping[str, Abundance]) -> None:
    """Raise an error if counts that were given beside a matrix of TPM are not those of the TPM.

    The files of a quantifier have both in one table, so they are not checked. Counts of another
    sample, and counts that were normalised to different sums, are not recognised.

    Raises
    ------
    InputError
        Counts of other features, counts of one sum per sample, or logarithms of counts.
    """
    given = {
        name: one
        for name, one in read.items()
        if one.quantifier == "matrix" and np.isfinite(one.counts).any()
    }
    remedy = "give the estimated counts of the quantifier, or leave the counts out"
    for name, one in given.items():
        counts = one.counts
        if are_log_counts(counts):
            raise InputError(
                f"sample {name!r}: the largest count is only {counts.max():.4g}, so these seem to "
                "be logarithms of counts",
                path=one.path,
                remedy=remedy,
            )
        if contradicts(counts, one.tpm):
            raise InputError(
                f"sample {name!r}: features with high TPM do not have high counts, so these "
                "TPM were not computed from these counts",
                path=one.path,
                remedy="check that counts and TPM have the same order of features and samples",
            )
    totals = np.array([one.counts.sum() for one in given.values()])
    normalised = totals.size > 1 or abs(totals.sum() - _MILLION) <= _SAME_TOTAL * _MILLION
    if normalised and totals.size and np.ptp(totals) <= _SAME_TOTAL * totals.mean():
        name, one = next(iter(given.items()))
        if (
            np.count_nonzero(one.counts) >= FEWEST
            and share_of_whole_numbers(one.counts) < LEAST_WHOLE
        ):
            every = "the counts of every sample" if totals.size > 1 else "the counts"
            raise InputError(
                f"sample {name!r}: {every} sum to {totals[0]:,.0f}, and hardly any count is a "
                "whole number, so these are normalised values such as CPM",
                path=one.path,
                remedy=remedy,
            )


def check_unit(read: Mapping[str, Abundance], unit: str) -> None:
    """Raise an error for values that are not of a unit other than TPM.

    Raises
    ------
    InputError
        Negative, infinite or NaN values; counts, logarithms or other scales that were given as
        CPM.
    """
    for name, abundance in read.items():
        check_values(name, abundance)
    if unit != "CPM":
        return
    totals = np.array([one.tpm.sum() for one in read.values()])
    for (name, one), total in zip(read.items(), totals.tolist(), strict=True):
        is_whole = one.tpm.size >= FEWEST and are_whole_numbers(one.tpm)
        if is_whole or total > (1 + _ROUNDING) * _MILLION:
            words = ", and all are whole numbers" if is_whole else ", which is more than a million"
            raise InputError(
                f"sample {name!r}: CPM sum to {total:,.0f}{words}",
                path=one.path,
                remedy="divide the counts of a sample by their sum and multiply them by a million",
            )
        if one.tpm.size >= FEWEST and are_logarithms(one.tpm):
            raise InputError(
                f"sample {name!r}: the largest CPM is {one.tpm.max():.4g}, so the values are "
                "logarithms",
                path=one.path,
                remedy="give the unit with its logarithm, such as 'log2(CPM + 1)', or undo the "
                "logarithm (numpy.expm1 for scanpy's log1p)",
            )
    is_one = totals.size > 1 and np.ptp(totals) <= _SAME_TOTAL * totals.mean()
    if is_one and 0 < totals[0] < (1 - _ROUNDING) * _MILLION:
        name, one = next(iter(read.items()))
        raise InputError(
            f"sample {name!r}: CPM of every sample sum to {totals[0]:,.0f}, not to a million",
            path=one.path,
            remedy="multiply the CPM so that they sum to a million, or use unit='normalized'",
        )


def warn_of_sums(notices: Iterable[str]) -> str:
    """Warn once of the notices of :func:`check_tpm` on all samples; return them in words."""
    told = list(filter(None, notices))
    if not told:
        return ""
    words = f"{told[0]}{f' ({len(told) - 1} more such samples)' if len(told) > 1 else ''}"
    remedy = (
        ". R is computed without the missing features; give the TPM of all features if they were "
        "not left out on purpose"
        if _SUM in words
        else ""
    )
    warn(f"{words}{remedy}", TpmSumWarning)
    return words


def check_features(sample: str, abundance: Abundance) -> None:
    """Raise an error for features that occur more than once, have no name or are none.

    Raises
    ------
    InputError
        There is such a feature; the message gives its rows.
    """
    # By the names that are kept: for GENCODE's a|b|c, that is a.
    features = plain_names(abundance.features)
    if features.n_unique() < len(features):  # twice as fast as to mark the duplicates
        rows = features.is_duplicated().arg_true()
        name = features[rows[0]]
        twice = (features == name).arg_true()
        raise InputError(
            f"sample {sample!r}: feature {name!r} also occurs in row "
            f"{abundance.row_of(int(twice[0])):,}"
            if abundance.first_row is not None
            else f"sample {sample!r}: feature {name!r} occurs {len(twice)} times",
            path=abundance.path,
            row=abundance.row_of(int(twice[1])),
            remedy="each feature must have one row only; remove or rename the second row",
        )
    summaries = features.is_in(_SUMMARIES)
    if summaries.any():
        row = int(summaries.arg_true()[0])
        raise InputError(
            f"sample {sample!r}: {features[row]!r} is not a feature, but a summary of reads "
            "without a feature",
            path=abundance.path,
            row=abundance.row_of(row),
            remedy="remove such rows before TPM are computed",
        )
    if (abundance.features == "").any():
        raise InputError(
            f"sample {sample!r}: a feature has no name",
            path=abundance.path,
            row=abundance.row_of(int((abundance.features == "").arg_true()[0])),
            remedy="give the feature a name, or remove the row",
        )


def check_values(sample: str, abundance: Abundance) -> None:
    """Raise an error for negative, infinite or missing values.

    Raises
    ------
    InputError
        There is such a value; the message gives its row.
    """
    for what, values, column, may_be_absent in (
        ("TPM", abundance.tpm, abundance.tpm_column, False),
        ("the count", abundance.counts, abundance.counts_column, True),
    ):
        if may_be_absent and np.isnan(values).all():
            continue
        refuse_wrong(
            sample,
            what,
            values,
            abundance.features,
            remedy="check the quantifier's log and quantify the sample again",
            scale="counts" if may_be_absent else "TPM",
            path=abundance.path,
            row_of=abundance.row_of,
            column=column,
        )


def refuse_wrong(
    sample: str,
    what: str,
    values: Floats,
    features: Sequence[str] | pl.Series | pd.Index,
    *,
    remedy: str,
    scale: str = "values",
    path: Path | None = None,
    row_of: Callable[[int], int | None] = lambda _: None,
    column: str | None = None,
) -> None:
    """Raise an error if a value of a sample is negative, infinite or NaN.

    Parameters
    ----------
    sample
        Name of the sample.
    what
        What a value is, for the message.
    values, features
        The values of the sample, and the names of their features.
    remedy
        What to do about such a value, unless the values are logarithms.
    scale
        What to give instead of logarithms.
    path, row_of, column
        The file, the row of a feature in it, and the column.

    Raises
    ------
    InputError
        There is such a value.
    """
    # Minimum and maximum of values with NaN are NaN.
    if values.size == 0 or (values.min() >= 0 and values.max() < np.inf):
        return
    wrong = ~np.isfinite(values) | (values < 0)
    at = int(np.flatnonzero(wrong)[0])
    came = (
        f"sample {sample!r}: {what} of {str(features[at])!r} is {values[at]:g} "
        f"({counted(int(wrong.sum()), 'such value')})"
    )
    if np.isfinite(values).all() and _LOWEST_LOG2 <= values.min() < values.max() <= HIGHEST_LOG2:
        raise InputError(
            f"{came} and the largest value is {values.max():.4g}, so the values are already on "
            "log scale",
            path=path,
            remedy=f"give {scale} without log transform; lotwise computes the logarithms",
        )
    raise InputError(
        f"{came}, but each value must be a number >= 0",
        path=path,
        row=row_of(at),
        column=column,
        remedy=remedy,
    )
