"""Equivalence of batches gene by gene: equivalent within a margin, different, or inconclusive."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from lotwise.config.evidence import EquivalenceMethod
from lotwise.errors import InputError
from lotwise.evidence.equivalence import EquivalenceRecord
from lotwise.expression.labels import replicate_groups, unit_of
from lotwise.expression.layers import tpm_of
from lotwise.files.tables import from_columns
from lotwise.metrics.correlation import pearson_matrix
from lotwise.metrics.equivalence import (
    DIFFERENT,
    EQUIVALENT,
    INCONCLUSIVE,
    NOT_EXPRESSED,
    NOT_TESTED,
    Equivalence,
    moderated_equivalence,
    wald_equivalence,
)
from lotwise.metrics.equivalence import equivalence as welch_equivalence
from lotwise.metrics.feature_sets import THRESHOLD
from lotwise.metrics.moments import BoolArray, FloatArray, IntArray
from lotwise.tl.agreement import NO_COUNTS, counts_by_sample
from lotwise.tl.deseq2 import FoldChange, fit_deseq2
from lotwise.tl.pairs import evenly, store

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    from anndata import AnnData

ONE_REPLICATE: Final = "a batch has only one replicate"
TOO_MANY: Final = "not tested: too many pairs of batches"
SILENT: Final = "below {:g} {} in both batches"
# Maximum number of rows in a table of every feature and pair of batches.
MOST_ROWS = 2_000_000
_HALF_A_COUNT: Final = 0.5
_UNTESTED: Final[dict[EquivalenceMethod, str]] = {
    "moderated": "",
    "welch": "does not vary",
    "deseq2": "fewer than 10 counts, or an outlying count",
}


class BatchPair(NamedTuple):
    """Two batches of one condition, with the rows of their replicates."""

    batch_a: str
    batch_b: str
    condition: str
    rows_a: IntArray
    rows_b: IntArray

    @property
    def names(self) -> tuple[str, str]:
        """Names of the two batches, unique for each batch and condition."""
        return (f"{self.condition}: {self.batch_a}", f"{self.condition}: {self.batch_b}")


def equivalence(
    expression: AnnData,
    *,
    method: EquivalenceMethod = "moderated",
    margin: float = 1.0,
    alpha: float = 0.05,
    threshold: float = THRESHOLD,
) -> None:
    """Test every feature of every two batches of one condition for equivalence within a margin.

    Differences are log2 ratios of TPM relative to the median ratio. There is no pseudo-count, so a
    two-fold change has the same size at low and high expression. A TPM of 0 is replaced by the TPM
    of half a count.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``, and ``counts`` for ``deseq2``; batches need
        at least two replicates.
    method
        ``moderated``: t with variances moderated across features of similar expression. ``welch``:
        Welch's t for each feature separately. ``deseq2``: Wald tests of the counts with PyDESeq2's
        size factors and dispersions. This takes minutes for a transcriptome, and does not correct
        for transcript lengths that differ between samples.
    margin
        Largest acceptable log2 ratio.
    alpha
        False discovery rate of the features called equivalent, and of those called different.
    threshold
        Mean TPM that a feature must reach in one of the batches. Features below it are not tested;
        their outcome is "not expressed".

    Returns
    -------
    Nothing; the result is the table ``equivalence``
    (:class:`~lotwise.evidence.equivalence.EquivalenceRecord`). Batches with one replicate are "not
    tested" and have one row, with feature ``*``. If the table would exceed 2 million rows, some
    pairs of batches are "not tested" as well. The pairs are then sorted by R between their two
    batches, and the tested pairs are evenly spaced in this order.

    Raises
    ------
    InputError
        No layer ``tpm``, an unknown method, or a number out of range.
    EnvironmentFault
        PyDESeq2 is not installed.

    References
    ----------
    Smyth 2004, 10.2202/1544-6115.1027; Schuirmann 1987, 10.1007/BF01068419; Love, Huber and
    Anders 2014, 10.1186/s13059-014-0550-8 (``lessAbs``); Muzellec et al. 2023,
    10.1093/bioinformatics/btad547 (PyDESeq2).

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.equivalence(gene)
    >>> gene.uns["lotwise"]["equivalence"][["outcome", "reason"]].values[0].tolist()
    ['not tested', 'a batch has only one replicate']
    """
    if not margin > 0 or not 0 < alpha < 1:
        raise InputError(f"margin must be > 0 and alpha in (0, 1), got {margin} and {alpha}")
    if method not in _UNTESTED:
        raise InputError(
            f"unknown method of equivalence {method!r}",
            remedy=f"choose from {', '.join(_UNTESTED)}",
        )
    if not threshold > 0:
        raise InputError(f"threshold must be > 0, got {threshold}")
    tpm = tpm_of(expression)
    counts = counts_by_sample(expression)
    every = _pairs(expression)
    with_replicates = [pair for pair in every if min(pair.rows_a.size, pair.rows_b.size) > 1]
    chosen = _with_room(tpm, with_replicates)
    replicated, tested_pairs = ({pair.names for pair in some} for some in (with_replicates, chosen))
    fits = _fits(expression, counts, chosen) if method == "deseq2" else {}
    log_tpm = log_tpm_without_pseudocount(tpm, counts)
    features = expression.var_names.astype(str).to_numpy(dtype=object)
    silent = SILENT.format(threshold, unit_of(expression))
    tables = []
    for pair in every:
        expressed = (
            np.maximum(tpm[pair.rows_a].mean(axis=0), tpm[pair.rows_b].mean(axis=0)) >= threshold
        )
        tested: Equivalence | str
        if pair.names not in replicated:
            tested = ONE_REPLICATE
        elif pair.names not in tested_pairs:
            tested = TOO_MANY
        elif not expressed.any():
            tested = silent
        elif method == "deseq2":
            fit = fits[pair.names]
            tested = (
                fit
                if isinstance(fit, str)
                else wald_equivalence(
                    fit.difference[expressed],
                    standard_error=fit.standard_error[expressed],
                    margin=margin,
                    alpha=alpha,
                )
            )
        else:
            x, y = like_composition(log_tpm, pair, expressed, tpm)
            test = moderated_equivalence if method == "moderated" else welch_equivalence
            tested = test(x, y, margin=margin, alpha=alpha)
        tables.append(_table(pair, method, features, tested, expressed=expressed, silent=silent))
    store(
        expression,
        EquivalenceRecord.table,
        from_columns(tables, EquivalenceRecord),
        {"method": method, "margin": margin, "alpha": alpha, "threshold": threshold},
    )


def log_tpm_without_pseudocount(tpm: FloatArray, counts: Sequence[FloatArray | None]) -> FloatArray:
    """Return log2 TPM in which a TPM of 0 is replaced by the TPM of half a count of the feature.

    If the count of a feature is 0 in every sample, the result is -inf. If the counts of any sample
    are unknown, a TPM of 0 is instead replaced by half of the sample's lowest TPM above 0.
    """
    floor = np.empty_like(tpm)
    if any(sample is None for sample in counts):
        for row, sample in enumerate(tpm):
            present = sample[sample > 0]
            floor[row] = _HALF_A_COUNT * (present.min() if present.size else 0.0)
    else:
        counted = np.stack([sample for sample in counts if sample is not None])
        depth = counted.sum(axis=1, keepdims=True)
        # TPM per count; where the sample has 0, from the other samples, scaled by depth.
        worth = np.divide(tpm * depth, counted, out=np.zeros(tpm.shape), where=counted > 0)
        n_known = np.maximum((worth > 0).sum(axis=0), 1)
        floor = _HALF_A_COUNT * (worth.sum(axis=0) / n_known) / np.maximum(depth, 1)
    with np.errstate(divide="ignore"):
        logs: FloatArray = np.log2(np.where(tpm > 0, tpm, floor))
    return logs


def like_composition(
    log_tpm: FloatArray, pair: BatchPair, expressed: BoolArray, tpm: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Divide each sample by the median ratio of its TPM to the geometric mean of all samples."""
    rows = np.concatenate([pair.rows_a, pair.rows_b])
    values = log_tpm[np.ix_(rows, np.flatnonzero(expressed))]
    in_all = (tpm[np.ix_(rows, np.flatnonzero(expressed))] > 0).all(axis=0)
    if in_all.any():
        common = values[:, in_all]
        values = values - np.median(common - common.mean(axis=0), axis=1)[:, None]
    return values[: pair.rows_a.size], values[pair.rows_a.size :]


def _pairs(expression: AnnData) -> list[BatchPair]:
    """Return the pairs of batches of one condition, in the order of the samples."""
    found = []
    groups = replicate_groups(expression)
    for (one, rows_a), (other, rows_b) in combinations(groups.items(), 2):
        if one[1] == other[1]:
            rows = (np.array(rows_a, dtype=np.intp), np.array(rows_b, dtype=np.intp))
            found.append(BatchPair(one[0], other[0], one[1], *rows))
    return found


def _with_room(tpm: FloatArray, pairs: list[BatchPair]) -> list[BatchPair]:
    """Choose pairs of batches at even steps of R if the table has no room for all."""
    room = max(2, MOST_ROWS // max(tpm.shape[1], 1))
    if len(pairs) <= room:
        return pairs
    r = [
        pearson_matrix(
            np.log2([tpm[one.rows_a].mean(axis=0) + 1, tpm[one.rows_b].mean(axis=0) + 1])
        )
        for one in pairs
    ]
    kept = evenly(np.array([matrix[0, 1] for matrix in r]), room)
    return [pairs[place] for place in sorted(kept.tolist())]


def _fits(
    expression: AnnData, counts: Sequence[FloatArray | None], pairs: list[BatchPair]
) -> dict[tuple[str, str], FoldChange | str]:
    """Fit the counts of all samples that have them, once; return which pairs lack counts."""
    known = np.array([sample is not None for sample in counts])
    if not known.any():
        return dict.fromkeys([pair.names for pair in pairs], NO_COUNTS)
    of_sample = np.empty(expression.n_obs, dtype=object)
    for (batch, condition), rows in replicate_groups(expression).items():
        of_sample[rows] = f"{condition}: {batch}"
    enough = {
        pair.names: all(known[rows].sum() > 1 for rows in (pair.rows_a, pair.rows_b))
        for pair in pairs
    }
    found = fit_deseq2(
        np.stack([sample for sample in counts if sample is not None]),
        batches=of_sample[known].astype(str),
        pairs=[pair.names for pair in pairs if enough[pair.names]],
    )
    return {
        pair.names: found[pair.names]
        if enough[pair.names]
        else _without_counts(expression.obs_names[~known & np.isin(of_sample, pair.names)])
        for pair in pairs
    }


def _without_counts(samples: pd.Index[str]) -> str:
    named = " and ".join(samples)
    return f"{NO_COUNTS} of {named}, so a batch has fewer than two samples with counts"


def _table(
    pair: BatchPair,
    method: EquivalenceMethod,
    features: npt.NDArray[np.object_],
    found: Equivalence | str,
    *,
    expressed: BoolArray,
    silent: str,
) -> dict[str, npt.NDArray[Any]]:
    """Return whole columns: one record per feature would take longer than the tests."""
    nan = float("nan")
    if isinstance(found, str):
        features, size = np.array(["*"], dtype=object), 1
        told: dict[str, npt.NDArray[Any]] = {
            **{name: np.array([nan]) for name in ("difference", "p_equivalent", "p_different")},
            "outcome": np.array([NOT_TESTED], dtype=object),
            "reason": np.array([found], dtype=object),
        }
    else:
        size = features.size
        places = np.flatnonzero(expressed)
        # Rows refer to few strings: converted from an array of text, each would have its own.
        outcome = np.full(size, NOT_EXPRESSED, dtype=object)
        for one in (EQUIVALENT, DIFFERENT, INCONCLUSIVE):
            outcome[places[found.outcome == one]] = one
        reason = np.full(size, silent, dtype=object)
        reason[places] = ""
        reason[places[np.isnan(found.p_equivalent)]] = _UNTESTED[method]

        def spread(values: FloatArray) -> FloatArray:
            whole = np.full(size, nan)
            whole[places] = values
            return whole

        told = {
            "difference": spread(found.difference),
            "p_equivalent": spread(found.p_equivalent_adjusted),
            "p_different": spread(found.p_different_adjusted),
            "outcome": outcome,
            "reason": reason,
        }
    names = {
        "batch_a": pair.batch_a,
        "batch_b": pair.batch_b,
        "condition": pair.condition,
        "method": method,
    }
    repeated = {
        name: np.broadcast_to(np.array([text], dtype=object), size) for name, text in names.items()
    }
    return repeated | told | {"feature": features}
