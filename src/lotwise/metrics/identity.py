"""Identity of samples: sex from expression, and panels of marker genes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from lotwise.errors import InputError
from lotwise.metrics.moments import BoolArray, FloatArray, as_matrix, as_vector, refuse_negative

Direction = Literal["present", "absent"]
Sex = Literal["female", "male", "mixed", "no Y expression", "unknown"]

EXPRESSED_TPM: Final = 1.0
# Male cells have tens to hundreds of TPM summed over the five genes. In female cells mapping errors
# give less than 1 TPM per gene, in one or two genes.
MALE_Y_TPM: Final = 5.0
MALE_N_GENES: Final = 2
# Within one donor, expression of Y varies with cell state and depth by a factor of about three. A
# swap between the sexes changes it by a factor of a hundred or more.
SWAP_FOLD: Final = 10.0
# Where fewer counts than this are expected on the genes of Y, there may be none by chance.
FEWEST_Y_COUNTS: Final = 5.0


class SexCall(NamedTuple):
    """Sex of each sample from expression, and the TPM it is based on."""

    sex: tuple[Sex, ...]
    x_tpm: FloatArray
    y_tpm: FloatArray
    reasons: tuple[str, ...]


class PanelCheck(NamedTuple):
    """Whether each marker is as expected in each sample (samples x markers)."""

    holds: BoolArray
    n_holding: npt.NDArray[np.intp]
    n_markers: int
    reason: str


def call_sex(
    female_tpm: npt.ArrayLike, male_tpm: npt.ArrayLike, *, present_from: float = EXPRESSED_TPM
) -> SexCall:
    """Call the sex of each sample from its expression of XIST and of genes of chromosome Y.

    Parameters
    ----------
    female_tpm
        TPM of XIST in each sample; all NaN where it is not annotated.
    male_tpm
        Samples x genes: TPM of each annotated gene of Y.
    present_from
        Smallest TPM at which a gene counts as expressed.

    Returns
    -------
    ``male``: the genes of Y sum to 5 TPM or more, and two of them (or the only one annotated)
    reach ``present_from``. ``mixed``: as male, but XIST is expressed too: a mixture, or a male
    line that expresses XIST. ``female``: XIST is expressed, and Y is not expressed as in male
    cells. ``no Y expression``: neither is expressed; female lines often lose XIST, and male lines
    sometimes lose Y. ``unknown``: a gene needed for the call is not annotated. The reason describes
    anything unusual.

    Raises
    ------
    InputError
        The lengths differ, or a TPM is negative or infinite.

    Examples
    --------
    >>> y = [[0, 0.2], [60, 20], [20, 10], [0, 0.1]]
    >>> call_sex([50, 0, 20, 0], y).sex
    ('female', 'male', 'mixed', 'no Y expression')
    """
    xist, y_genes = np.asarray(female_tpm, dtype=np.float64), as_matrix(male_tpm, name="male_tpm")
    as_vector(np.nan_to_num(xist, posinf=np.inf), name="female_tpm")
    if xist.size != y_genes.shape[0]:
        raise InputError(
            f"'female_tpm' has {xist.size} samples, but 'male_tpm' has {y_genes.shape[0]}"
        )
    refuse_negative(xist[~np.isnan(xist)], name="female_tpm")
    refuse_negative(y_genes, name="male_tpm")
    calls = [_sex_of(x, y, present_from) for x, y in zip(xist, y_genes, strict=True)]
    y_sums: FloatArray = y_genes.sum(axis=1) if y_genes.shape[1] else np.full(xist.size, np.nan)
    return SexCall(
        sex=tuple(sex for sex, _ in calls),
        x_tpm=xist,
        y_tpm=y_sums,
        reasons=tuple(reason for _, reason in calls),
    )


def _sex_of(xist: float, y_genes: FloatArray, present_from: float) -> tuple[Sex, str]:
    if not y_genes.size:
        also = "XIST and the genes of Y are" if np.isnan(xist) else "the genes of Y are"
        return "unknown", f"{also} not annotated"
    y_sum, n_expressed = float(y_genes.sum()), int(np.count_nonzero(y_genes >= present_from))
    has_xist, enough = xist >= present_from, y_sum >= MALE_Y_TPM
    if enough and n_expressed >= min(MALE_N_GENES, y_genes.size):
        if has_xist:
            return "mixed", "XIST and genes of Y are both expressed"
        return "male", ""
    if np.isnan(xist):
        return "unknown", "Y is not expressed as in male cells, and XIST is not annotated"
    few = f"only {n_expressed} of its genes reach {present_from:g} TPM"
    odd = f"XIST is not expressed; Y sums to {y_sum:.3g} TPM, but {few}" if enough else ""
    neither = "neither XIST nor genes of Y are expressed"
    return ("female", "") if has_xist else ("no Y expression", odd or neither)


def sex_agreement(
    y_tpm: npt.ArrayLike,
    donors: Sequence[str],
    *,
    y_counts: npt.ArrayLike | None = None,
    total_counts: npt.ArrayLike | None = None,
) -> tuple[str, ...]:
    """Return whether each sample's expression of Y agrees with the donor's other samples.

    Two samples of one donor disagree if their sums of Y genes differ more than ten-fold and at
    least one sum is 5 TPM or more. XIST is not used, because female lines often lose it. A sample
    gets "no" if at least half of the samples of its donor disagree with it. If one of three samples
    differs, only this sample gets "no". If half of the samples differ from the other half, all get
    "no", because sex does not show which ones were exchanged. Samples of different donors are never
    compared.

    Parameters
    ----------
    y_tpm
        Summed TPM of the genes of Y in each sample; NaN if no such gene is annotated.
    donors
        Donor of each sample; empty where unknown.
    y_counts, total_counts
        Counts of the genes of Y and of all genes in each sample, NaN where unknown. A sample with
        low Y is not judged if fewer than 5 counts of Y are expected at its depth. The expected
        count assumes the donor's highest expression of Y.

    Returns
    -------
    ``yes``, ``no``, or the reason why there is no answer.

    Raises
    ------
    InputError
        The lengths differ.

    Examples
    --------
    >>> sex_agreement([440, 460, 450, 0.1, 30], ["A", "A", "A", "A", ""])
    ('yes', 'yes', 'yes', 'no', 'donor not given')
    >>> sex_agreement([440, 0.1], ["A", "B"])
    ('only sample of its donor', 'only sample of its donor')
    """
    sums = np.asarray(y_tpm, dtype=np.float64)
    of_y, totals = (
        np.full(sums.shape, np.nan) if counts is None else np.asarray(counts, dtype=np.float64)
        for counts in (y_counts, total_counts)
    )
    if not sums.size == len(donors) == of_y.size == totals.size:
        raise InputError(
            f"'y_tpm' has {sums.size} samples, 'donors' has {len(donors)}, 'y_counts' has "
            f"{of_y.size} and 'total_counts' has {totals.size}; expected the same number"
        )
    labels = np.array(donors, dtype=object)
    answers = ["donor not given"] * sums.size
    for donor in dict.fromkeys(donors):
        if donor:
            rows = np.flatnonzero(labels == donor)
            told = _within_donor(sums[rows], of_y[rows], totals[rows])
            for row, answer in zip(rows, told, strict=True):
                answers[row] = answer
    return tuple(answers)


def _within_donor(sums: FloatArray, y_counts: FloatArray, totals: FloatArray) -> list[str]:
    if sums.size == 1:
        return ["only sample of its donor"]
    if np.isnan(sums).any():
        return ["genes of Y not annotated"] * sums.size
    highest = int(np.argmax(sums))
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = y_counts[highest] / totals[highest] * totals
    low = (sums[highest] >= MALE_Y_TPM) & (sums[highest] > SWAP_FOLD * sums)
    judged = np.flatnonzero(~(low & (expected < FEWEST_Y_COUNTS)))
    answers = ["too few counts to detect genes of Y"] * sums.size
    lower, higher = (f.outer(sums[judged], sums[judged]) for f in (np.minimum, np.maximum))
    disagree = (higher >= MALE_Y_TPM) & (higher > SWAP_FOLD * lower)
    for row, against in zip(judged, disagree.sum(axis=1), strict=True):
        answers[row] = "no" if against >= judged.size - against else "yes"
    if judged.size == 1:
        answers[judged[0]] = "only sample of its donor with enough counts"
    return answers


def check_panel(
    tpm: npt.ArrayLike,
    *,
    directions: tuple[Direction, ...],
    present_from: float = 1.0,
    absent_below: float = 1.0,
) -> PanelCheck:
    """Return whether markers are present or absent as expected.

    Parameters
    ----------
    tpm
        Samples x markers, for markers that are annotated.
    directions
        "present" or "absent" for each marker.
    present_from
        A marker expected to be present must have at least this TPM.
    absent_below
        A marker expected to be absent must be below this TPM.

    Returns
    -------
    One value per sample and marker; without markers it is empty, with a reason.

    Raises
    ------
    InputError
        The shapes do not match, a direction is unknown, or a TPM is negative or not finite.

    Examples
    --------
    >>> check_panel([[5.0, 0.1], [0.2, 0.0]], directions=("present", "absent")).holds
    array([[ True,  True],
           [False,  True]])
    """
    matrix = as_matrix(tpm, name="tpm")
    refuse_negative(matrix, name="tpm")
    if len(directions) != matrix.shape[1]:
        raise InputError(f"got {len(directions)} directions for {matrix.shape[1]} markers")
    unknown = sorted(set(directions) - {"present", "absent"})
    if unknown:
        raise InputError(f"unknown direction {unknown[0]!r}; choose from present, absent")
    wanted = np.array([direction == "present" for direction in directions], dtype=bool)
    holds = np.where(wanted[None, :], matrix >= present_from, matrix < absent_below)
    return PanelCheck(
        holds=holds,
        n_holding=np.count_nonzero(holds, axis=1),
        n_markers=matrix.shape[1],
        reason="" if matrix.shape[1] else "no marker of the panel is annotated",
    )
