"""Lots before and after a change of the process, compared by one number per lot."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from math import comb
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

from lotwise.errors import InputError
from lotwise.metrics.moments import BoolArray, FloatArray, as_vector

NAN: Final = float("nan")
FEWEST_LOTS: Final = 2
# Up to this many labellings are all tried; otherwise random ones are drawn.
MOST_LABELLINGS: Final = 20_000
N_SIMULATED: Final = 20_000
FEWEST_PRE_LOTS: Final = 3


class ProcessChange(NamedTuple):
    """Two one-sided tests of the difference of lot means against a margin.

    ``difference`` is the mean of the lots after the change minus the mean of the lots before it.
    ``lower`` and ``upper`` are the limits of its interval with coverage ``1 - 2 alpha``. ``p`` is
    the larger p of the two tests. ``reason`` states why there is no answer.
    """

    difference: float
    lower: float
    upper: float
    p: float
    equivalent: str
    reason: str


class PermutationP(NamedTuple):
    """Share of the labellings of lots with a difference at least as large as the one observed."""

    p: float
    smallest_possible: float
    n_labellings: int
    exact: bool


class QualityRange(NamedTuple):
    """Mean -+ k standard deviations of the lots before the change."""

    lower: float
    upper: float
    reason: str


def process_change(
    pre: npt.ArrayLike,
    post: npt.ArrayLike,
    *,
    margin: float,
    alpha: float = 0.05,
    planned: tuple[int, int] = (FEWEST_LOTS, FEWEST_LOTS),
) -> ProcessChange:
    """Test whether the mean of the lots changed by less than a margin.

    Welch's t on values of lots, against -margin and +margin (Schuirmann 1987). A lot is one
    observation, whatever its number of samples.

    Parameters
    ----------
    pre, post
        One value per lot, before and after the change.
    margin
        Largest acceptable difference, > 0.
    alpha
        Rate at which a difference at the margin is called equivalent, in (0, 0.5).
    planned
        Planned numbers of lots before and after. If there are fewer lots, the answer is "not
        assessable".

    Returns
    -------
    ``equivalent`` is "no" where equivalence was not shown. This does not show a difference.

    Raises
    ------
    InputError
        A margin, alpha or plan out of range.

    References
    ----------
    Schuirmann 1987, J Pharmacokinet Biopharm 15:657, 10.1007/BF01068419.

    Examples
    --------
    >>> found = process_change([5.0, 5.1, 4.9, 5.0], [5.1, 5.0, 5.1], margin=0.5)
    >>> found.equivalent, round(found.difference, 3)
    ('yes', 0.067)
    """
    before, after = as_vector(pre, name="pre"), as_vector(post, name="post")
    _check(margin, alpha)
    if min(planned) < FEWEST_LOTS:
        raise InputError(f"{min(planned)} lots were planned; at least {FEWEST_LOTS} are needed")
    known = bool(before.size and after.size)
    difference = float(after.mean() - before.mean()) if known else NAN
    few = [
        f"{found} {phase} lots of {needed} planned"
        for phase, found, needed in zip(
            ("pre", "post"), (before.size, after.size), planned, strict=True
        )
        if found < needed
    ]
    if few:
        return ProcessChange(difference, NAN, NAN, NAN, "not assessable", "; ".join(few))
    error, freedom = _welch(before[None], after[None])
    if error[0] == 0:
        reason = "the lots of a phase all have the same value"
        return ProcessChange(difference, NAN, NAN, NAN, "not assessable", reason)
    half = float(stdtrit(freedom[0], 1 - alpha) * error[0])
    p = float(stdtr(freedom[0], (abs(difference) - margin) / error[0]))
    equivalent = "yes" if p <= alpha else "no"
    return ProcessChange(difference, difference - half, difference + half, p, equivalent, "")


def quality_range(pre: npt.ArrayLike, *, k: float) -> QualityRange:
    """Return the range of the lots before the change, mean -+ k standard deviations.

    Raises
    ------
    InputError
        k is not > 0.

    Examples
    --------
    >>> quality_range([4.0, 5.0, 6.0], k=3)
    QualityRange(lower=2.0, upper=8.0, reason='')
    """
    values = as_vector(pre, name="pre")
    if not k > 0:
        raise InputError(f"k must be > 0, got {k}")
    if values.size < FEWEST_PRE_LOTS:
        reason = f"a range needs at least {FEWEST_PRE_LOTS} pre lots, but there are {values.size}"
        return QualityRange(NAN, NAN, reason)
    centre, half = float(values.mean()), k * float(values.std(ddof=1))
    return QualityRange(centre - half, centre + half, "")


def permutation_p(
    values_of: Callable[[BoolArray], FloatArray], *, is_post: npt.ArrayLike, seed: int = 0
) -> PermutationP:
    """Return the permutation p of the difference of means between pre and post lots.

    The labels pre and post are permuted over the lots. The test assumes no distribution, and p
    cannot be below ``smallest_possible``.

    Parameters
    ----------
    values_of
        Function that returns the value of every lot, given the labels (True for post). If the
        attribute does not depend on the labels, it returns the same values each time.
    is_post
        True for each lot after the change.
    seed
        Random seed. If there are more than 20,000 labellings, 20,000 of them are drawn at random.

    Examples
    --------
    >>> values = np.array([1.0, 1.1, 0.9, 2.0, 2.1])
    >>> permutation_p(lambda _: values, is_post=[False, False, False, True, True]).p
    0.1
    """
    observed = np.asarray(is_post, dtype=bool)
    n, n_post = observed.size, int(observed.sum())
    if not 0 < n_post < n:
        return PermutationP(NAN, NAN, 0, exact=True)
    n_every = comb(n, n_post)
    exact = n_every <= MOST_LABELLINGS
    rng = np.random.default_rng(seed)
    chosen = (
        combinations(range(n), n_post)
        if exact
        else (tuple(rng.choice(n, n_post, replace=False)) for _ in range(MOST_LABELLINGS))
    )

    def distance(labels: BoolArray) -> float:
        values = values_of(labels)
        return abs(float(values[labels].mean() - values[~labels].mean()))

    limit = distance(observed)
    # Sums in a different order differ in the last digits.
    limit -= 1e-9 * max(limit, 1e-300)
    n_tried = n_as_large = 0
    for places in chosen:
        labels = np.zeros(n, dtype=np.bool_)
        labels[list(places)] = True
        n_tried += 1
        n_as_large += distance(labels) >= limit
    if not exact:  # the observed labelling is one of them
        n_tried, n_as_large = n_tried + 1, n_as_large + 1
    return PermutationP(n_as_large / n_tried, 1 / n_tried, n_every, exact)


def z_to_pre(correlations: npt.ArrayLike, *, is_post: npt.ArrayLike) -> FloatArray:
    """Return each lot's mean Fisher's z to the lots before the change.

    Each of the ``k`` lots before the change is compared with the other ``k - 1``. This narrows the
    spread of their values by the factor ``(k - 2) / (k - 1)``. The spread is therefore multiplied
    by ``(k - 1) / (k - 2)``, so that lots before and after have the same spread.

    Parameters
    ----------
    correlations
        Lots x lots, symmetric, in (-1, 1) off the diagonal.
    is_post
        True for each lot after the change, False for each lot before it (at least three).

    Raises
    ------
    InputError
        Not a square matrix, labels of another length, or fewer than three lots before the change.

    Examples
    --------
    >>> z_to_pre(np.full((4, 4), 0.9), is_post=[False, False, False, True]).round(3).tolist()
    [1.472, 1.472, 1.472, 1.472]
    """
    matrix, post = np.asarray(correlations, dtype=np.float64), np.asarray(is_post, dtype=bool)
    if matrix.shape != (post.size, post.size):
        raise InputError(f"got {post.size} lots, but the correlations have shape {matrix.shape}")
    pre = np.flatnonzero(~post)
    if pre.size < FEWEST_PRE_LOTS:
        raise InputError(
            f"there must be >= {FEWEST_PRE_LOTS} lots before the change, got {pre.size}"
        )
    with np.errstate(divide="ignore"):
        z = np.arctanh(matrix)
    np.fill_diagonal(z, 0.0)
    n_others = np.where(post, pre.size, pre.size - 1)
    found: FloatArray = z[:, pre].sum(axis=1) / n_others
    of_pre = found[pre]
    found[pre] = of_pre.mean() + (of_pre - of_pre.mean()) * (pre.size - 1) / (pre.size - 2)
    return found


def planned_power(
    planned: tuple[int, int],
    *,
    margin: float,
    sd: float,
    difference: float = 0.0,
    alpha: float = 0.05,
    seed: int = 0,
) -> float:
    """Return the power of planned numbers of lots to show equivalence, by simulation.

    Parameters
    ----------
    planned
        Lots before and after the change.
    margin
        As in :func:`process_change`.
    sd
        Standard deviation between lots, > 0, for example of earlier lots.
    difference
        True difference.
    alpha
        As in :func:`process_change`.
    seed
        Random seed of the 20,000 simulated studies.

    Raises
    ------
    InputError
        A number out of range, or fewer than two lots.

    Examples
    --------
    >>> round(planned_power((6, 3), margin=1.0, sd=0.3), 2)
    0.94
    """
    _check(margin, alpha)
    if not sd > 0:
        raise InputError(f"sd must be > 0, got {sd}")
    if min(planned) < FEWEST_LOTS:
        raise InputError(f"{min(planned)} lots were planned; at least {FEWEST_LOTS} are needed")
    rng = np.random.default_rng(seed)
    before = sd * rng.normal(size=(N_SIMULATED, planned[0]))
    after = difference + sd * rng.normal(size=(N_SIMULATED, planned[1]))
    error, freedom = _welch(before, after)
    found = np.abs(after.mean(axis=1) - before.mean(axis=1))
    return float(np.mean(stdtr(freedom, (found - margin) / error) <= alpha))


def _check(margin: float, alpha: float) -> None:
    if not margin > 0:
        raise InputError(f"margin must be > 0, got {margin}")
    if not 0 < alpha < 0.5:
        raise InputError(f"alpha must be in (0, 0.5), got {alpha}")


def _welch(pre: FloatArray, post: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the standard error of each row's difference, and Satterthwaite's freedom."""
    parts = [values.var(axis=1, ddof=1) / values.shape[1] for values in (pre, post)]
    total = parts[0] + parts[1]
    weights = sum(
        part**2 / (values.shape[1] - 1) for part, values in zip(parts, (pre, post), strict=True)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        freedom = total**2 / weights
    return np.sqrt(total), freedom
