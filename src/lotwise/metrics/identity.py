"""Who and what a sample is: sex from expression, and panels of markers."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from lotwise.errors import InputError
from lotwise.metrics.moments import BoolArray, FloatArray, as_matrix, as_vector, refuse_negative

Direction = Literal["present", "absent"]
Sex = Literal["female", "male", "mixed", "unknown"]

# Orders apart in human cells: tens of TPM in one sex, sequencing errors in the other.
SEX_PRESENT_TPM: Final = 1.0


class SexCall(NamedTuple):
    """Sex of each sample by expression, and the TPM it rests on."""

    sex: tuple[Sex, ...]
    x_tpm: FloatArray
    y_tpm: FloatArray
    reasons: tuple[str, ...]


class PanelCheck(NamedTuple):
    """Whether each marker holds in each sample (samples x markers)."""

    holds: BoolArray
    n_holding: npt.NDArray[np.intp]
    n_markers: int
    reason: str


def call_sex(
    female_tpm: npt.ArrayLike, male_tpm: npt.ArrayLike, *, present_from: float = SEX_PRESENT_TPM
) -> SexCall:
    """Call the sex of each sample from its expression of XIST and of genes of Y.

    Parameters
    ----------
    female_tpm
        Samples: TPM of XIST.
    male_tpm
        Samples: summed TPM of the genes of Y.
    present_from
        TPM from which either counts as expressed.

    Returns
    -------
    ``female`` XIST alone, ``male`` Y alone, ``mixed`` both (a mixture, or X inactivation in male
    cells), ``unknown`` neither (loss of Y, or erosion of X inactivation, common in pluripotent
    lines): the reason says so.

    Raises
    ------
    InputError
        Other lengths, or negative or not finite TPM.

    Examples
    --------
    >>> call_sex([50, 0, 20, 0], [0, 80, 30, 0.1]).sex
    ('female', 'male', 'mixed', 'unknown')
    """
    xist, y_genes = as_vector(female_tpm, name="female_tpm"), as_vector(male_tpm, name="male_tpm")
    if xist.size != y_genes.size:
        raise InputError(f"female_tpm has {xist.size} samples, male_tpm {y_genes.size}")
    refuse_negative(xist, name="female_tpm")
    refuse_negative(y_genes, name="male_tpm")
    words: dict[tuple[bool, bool], tuple[Sex, str]] = {
        (True, False): ("female", ""),
        (False, True): ("male", ""),
        (True, True): ("mixed", "XIST and genes of Y are both expressed"),
        (False, False): ("unknown", "neither XIST nor genes of Y are expressed"),
    }
    calls = [
        words[bool(x >= present_from), bool(y >= present_from)]
        for x, y in zip(xist, y_genes, strict=True)
    ]
    return SexCall(
        sex=tuple(sex for sex, _ in calls),
        x_tpm=xist,
        y_tpm=y_genes,
        reasons=tuple(reason for _, reason in calls),
    )


def check_panel(
    tpm: npt.ArrayLike,
    *,
    directions: tuple[Direction, ...],
    present_from: float = 1.0,
    absent_below: float = 1.0,
) -> PanelCheck:
    """Check whether markers are present or absent as expected.

    Parameters
    ----------
    tpm
        Samples x markers, of the markers that are annotated.
    directions
        What is expected of each marker.
    present_from
        A marker expected present holds at this TPM or more.
    absent_below
        A marker expected absent holds below this TPM.

    Returns
    -------
    One answer a sample and marker; without markers there is none, and the reason says so.

    Raises
    ------
    InputError
        Other shapes, an unknown direction, or negative or not finite TPM.

    Examples
    --------
    >>> check_panel([[5.0, 0.1], [0.2, 0.0]], directions=("present", "absent")).holds
    array([[ True,  True],
           [False,  True]])
    """
    matrix = as_matrix(tpm, name="tpm")
    refuse_negative(matrix, name="tpm")
    if len(directions) != matrix.shape[1]:
        raise InputError(f"there are {len(directions)} directions for {matrix.shape[1]} markers")
    unknown = sorted(set(directions) - {"present", "absent"})
    if unknown:
        raise InputError(f"direction {unknown[0]!r} is not known, needed 'present' or 'absent'")
    wanted = np.array([direction == "present" for direction in directions], dtype=bool)
    holds = np.where(wanted[None, :], matrix >= present_from, matrix < absent_below)
    return PanelCheck(
        holds=holds,
        n_holding=np.count_nonzero(holds, axis=1),
        n_markers=matrix.shape[1],
        reason="" if matrix.shape[1] else "no marker of the panel is annotated",
    )
